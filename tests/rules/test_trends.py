"""Trends: complete periods, exact numbers, and what is said where there is nothing to compare with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import deals
from dealwright.rules import trends
from dealwright.rules.trends import BASELINE, HELD, INSUFFICIENT, NOT_HELD

ORDERS = {"measure": "sum:amount", "of": "sales.cost", "via": "deal", "date": "created_at", "per": "month"}


def trend(periods=3, change="-15", **more):
    spec = {**ORDERS, "periods": periods, "change": change, **more}
    return trends.read(deals.workspace(), deals.rule("r", on={"trend": spec}))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1000, 850, 722, 613], HELD),
        ([1000, 850, 723, 614], NOT_HELD),  # 850 to 723 is 14.94 percent
        ([1000, 700, 690, 500], NOT_HELD),
        ([1000, 840, 700, 590], HELD),
        ([0, 100, 50, 20], BASELINE),
        ([1000, 0, 0, 0], BASELINE),
        ([1000, 500, 200, 0], HELD),
        ([1000, 850, 722, None], HELD),
        ([-5, -10, -20, -40], BASELINE),
        ([Decimal("0.20"), Decimal("0.17"), Decimal("0.1445"), Decimal("0.122825")], HELD),
        ([Decimal("0.20"), Decimal("0.17"), Decimal("0.1445"), Decimal("0.122826")], NOT_HELD),
    ],
)
def test_three_falls_in_a_row_by_at_least_fifteen_percent_each(values, verdict):
    assert trend().verdict(values, has_history=True) == verdict


def test_a_history_that_is_too_short_says_nothing():
    assert trend().verdict([None, None, 1000, 850], has_history=False) == INSUFFICIENT


@pytest.mark.parametrize(
    ("values", "verdict"), [([100, 140], HELD), ([100, 139], NOT_HELD), ([100, 60], NOT_HELD), ([100, 200], HELD)]
)
def test_a_rise_is_at_least_so_high(values, verdict):
    assert trend(1, "40").verdict(values, has_history=True) == verdict


@pytest.mark.parametrize(
    ("per", "moment", "days"),
    [
        ("month", "2026-03-01", ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01", "2026-03-01"]),
        ("quarter", "2026-05-20", ["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01", "2026-04-01"]),
        ("week", "2026-11-25", ["2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23"]),
    ],
)
def test_the_periods_are_the_last_complete_ones(per, moment, days):
    found = trend(per=per).boundaries(datetime.fromisoformat(moment).replace(hour=12, tzinfo=UTC))
    assert found == tuple(date.fromisoformat(day) for day in days)


def test_periods_have_names():
    day = date(2026, 11, 23)
    assert [trend(per=per).named(day) for per in ("week", "month", "quarter")] == ["2026-W48", "2026-11", "2026-Q4"]


@pytest.mark.parametrize(
    ("spec", "pointer", "code"),
    [
        ({"change": "0"}, "/on/trend/change", "no-change"),
        ({"periods": {"param": "large"}}, "/on/trend/periods", "out-of-range"),
        ({"via": "amount"}, "/on/trend/via", "wrong-field"),
        ({"date": "amount"}, "/on/trend/date", "wrong-field"),
        ({"measure": "sum:deal"}, "/on/trend/measure", "wrong-field"),
    ],
)
def test_what_cannot_be_compared_is_a_problem(spec, pointer, code):
    rule = deals.rule("r", on={"trend": {**ORDERS, "periods": 3, "change": "-15", **spec}})
    (problem,) = trends.problems(deals.workspace(), rule)
    assert (problem.pointer, problem.code) == (pointer, code)
