"""Charts: what is drawn does not stand in the way of what is written."""

from __future__ import annotations

import re

from dealwright.web import charts


def test_the_longest_bar_ends_before_the_longest_figure():
    drawn = charts.bars(
        "Forecast", "", [charts.Bar("South", 2.0, "1,983,983.01", ghost=6.0), charts.Bar("East", 1.0, "2")]
    )
    ends = [float(x) + float(width) for x, width in re.findall(r'<rect x="([\d.]+)"[^>]* width="([\d.]+)"', drawn)]
    # 12 characters of 7.2 and a gap of 10 before the right edge of a drawing 400 wide: 303.6.
    assert max(ends) <= 303.7 < 400 - charts._VALUE
