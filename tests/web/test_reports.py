"""Pages of reports in both languages: chart and table, links to the records, filters, what may not be seen."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from dealwright.records import Workspace
from dealwright.web import charts
from dealwright.web.charts import Bar
from pages import Person, deal, text

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


def test_a_report_is_a_chart_a_table_and_the_records_behind_each_figure(admin: Person, workspace: Workspace):
    for name, budget in (("Large", "900"), ("Small", "50")):
        deal(workspace, name=name, budget=budget)
    page = admin.get("/reports/t.funnel")
    assert page.status_code == 200
    assert '<svg class="chart" role="img"' in page.text
    assert "Lead 2 0 0 2 0" in text(page)
    address = re.search(r'href="(/reports/t.funnel/records[^"]+figure=entered[^"]*)"', page.text)[1].replace(
        "&amp;", "&"
    )
    behind = admin.get(address)
    assert re.findall(r'<a class="ttl" href="[^"]+">([^<]+)</a>', behind.text) == ["Large", "Small"]
    assert "Funnel: Entered" in text(behind)
    assert "950" in text(admin.get("/reports/t.budgets"))


def test_a_report_speaks_the_reader_s_language(admin: Person, workspace: Workspace):
    deal(workspace, budget="1")
    page = text(admin.get("/reports/t.funnel", **{"Accept-Language": "zh-CN"}))
    assert "漏斗" in page
    assert "推进率（全部）" in page
    assert "报表" in text(admin.get("/reports", **{"Accept-Language": "zh-CN"}))
    assert "总览" in text(admin.get("/dashboards/t.overview", **{"Accept-Language": "zh-CN"}))


def test_a_report_is_taken_away_as_a_file_headed_as_on_its_page(admin: Person, workspace: Workspace):
    deal(workspace, budget="1")
    menu = admin.get("/reports/t.funnel?compare=previous")
    address = re.findall(r'href="([^"]+format=csv)"', menu.text)[0].replace("&amp;", "&")
    sheet = admin.get(address)
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="t.funnel.csv"'
    heads, first = sheet.get_data().decode("utf-8-sig").splitlines()[:2]
    assert heads.startswith("Stage,Entered,")
    assert first.startswith("Lead,1,")
    assert admin.get("/reports/t.funnel/export?format=pdf").status_code == 400


def test_a_dashboard_holds_its_reports_under_one_time(admin: Person, workspace: Workspace):
    deal(workspace, budget="70")
    page = admin.get("/dashboards/t.overview?since=2020-01-01&until=2020-12-31")
    assert text(page).count("2020-01-01 – 2020-12-31") == 3
    assert "Nothing is counted in this time." in text(page)
    assert "/reports/t.funnel?since=2020-01-01&amp;until=2020-12-31" in page.text


def test_what_may_not_be_seen_is_on_no_page(admin: Person, clerk: Person, guest: Person):
    assert "Costs" in text(admin.get("/reports"))
    assert "Costs" not in text(clerk.get("/reports"))
    assert "Funnel" in text(clerk.get("/reports"))
    assert clerk.get("/reports/t.costs").status_code == 404
    assert "Costs" not in text(clerk.get("/dashboards/t.overview"))
    assert guest.get("/reports/t.funnel").status_code == 404
    assert guest.get("/dashboards/t.overview").status_code == 404
    assert "No report is there for you yet." in text(guest.get("/reports"))


def test_what_cannot_be_used_is_said_and_the_report_is_there(admin: Person, workspace: Workspace):
    deal(workspace, budget="70")
    for query, said in (
        ("filter=budgt > 3", "budgt"),
        ("since=yesterday", "“yesterday” is no day"),
        ("since=2026-02-01&until=2026-01-01", "choose an earlier day"),
        ("compare=never", "it may be none, previous, year_before"),
    ):
        page = admin.get(f"/reports/t.budgets?{query}")
        assert page.status_code == 422
        assert said in text(page)
        assert "70" in text(page)


def test_what_is_out_of_the_ordinary_is_on_one_page_with_why_and_the_way_there(
    admin: Person, guest: Person, workspace: Workspace
):
    assert 'href="/reports/unusual"' in admin.get("/reports").text
    page = text(admin.get("/reports/unusual"))
    assert "Nothing is out of the ordinary." in page
    assert "异常一览" in text(admin.get("/reports/unusual", **{"Accept-Language": "zh-CN"}))
    assert "/reports/unusual" not in guest.get("/reports").text
    assert guest.get("/reports/unusual").status_code == 200
