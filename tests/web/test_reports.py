"""Pages of reports in both languages: chart and table, links to the records, filters, what may not be seen."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from dealwright.web import charts
from dealwright.web.charts import Bar

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [
    Bar("East <b>", 60.0, "60 %", low=40.0, high=80.0, goal=50.0),
    Bar("华东区域销售团队的第一小组成员", 30.0, "30 %", ghost=45.0),
    Bar("None", None, "–"),
]


def drawn(markup):
    return ET.fromstring(str(markup).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


@pytest.mark.parametrize(
    "chart",
    [
        charts.bars("Title & more", "Told", ROWS),
        charts.funnel("Title & more", "Told", ROWS),
        charts.lines("Title & more", "Told", ["a", "b", "c"], ROWS),
        charts.pareto("Title & more", "Told", ROWS),
        charts.heat_map("Title & more", "Told", ["x"], ["a", "b", "c"], [ROWS]),
        charts.bars("Title & more", "Told", []),
    ],
)
def test_a_chart_is_valid_named_escaped_and_has_no_style_of_its_own(chart):
    root = drawn(chart)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Title & more"
    assert root.findtext(f"{SVG}desc") == "Told"
    assert "style" not in str(chart)
    assert "<b>" not in str(chart)
    numbers = [float(one) for one in re.findall(r' (?:x|width|cx|x1|x2)="(-?[0-9.]+)"', str(chart))]
    assert all(-1 <= one <= charts.WIDTH + 1 for one in numbers)
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', str(chart)))
    assert all(one == "none" or one.startswith("var(--") for one in colours)


def test_bars_are_as_long_as_their_values():
    root = drawn(charts.bars("T", "D", [Bar("a", 50.0, "50"), Bar("b", 25.0, "25")]))
    first, second = (float(one.get("width")) for one in root.findall(f"{SVG}rect"))
    assert first == pytest.approx(2 * second, abs=0.2)


def test_a_heat_map_is_darkest_where_most_is():
    cells = [[Bar("", 10.0, "10"), Bar("", 90.0, "90")], [None, Bar("", 50.0, "50")]]
    root = drawn(charts.heat_map("T", "D", ["x", "y"], ["a", "b"], cells))
    shades = {
        one.findtext(f"{SVG}title"): float(one.find(f"{SVG}rect").get("fill-opacity")) for one in root.iter(f"{SVG}g")
    }
    assert shades["x, a: 10"] < shades["y, b: 50"] < shades["x, b: 90"]
    assert len(shades) == 3


def test_a_gap_in_a_line_stays_a_gap():
    rows = [Bar("", 1.0, "1"), Bar("", 2.0, "2"), Bar("", None, "–"), Bar("", 3.0, "3"), Bar("", 4.0, "4")]
    root = drawn(charts.lines("T", "D", list("abcde"), rows))
    assert len(root.findall(f"{SVG}polyline")) == 2
