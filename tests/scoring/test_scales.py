from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from dealwright.metadata.scores import Scale
from dealwright.scoring.scales import points
from scoring.heat import MOMENT, NOW, compiled, one, worked_out


def on(scale, value):
    return Fraction(*points(scale)(value, MOMENT))


STEPS = Scale(
    "steps", steps=((Decimal(0), Decimal(10)), (Decimal("1000000"), Decimal(40)), (Decimal("1E8"), Decimal(100)))
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("-0.01", 0, id="below the first step"),
        pytest.param("0", 10, id="on the first step"),
        pytest.param("999999.99", 10, id="just below the second"),
        pytest.param("1000000", 40, id="on the second"),
        pytest.param("99999999.99", 40, id="just below the last"),
        pytest.param("100000000", 100, id="on the last"),
        pytest.param("1E12", 100, id="far above"),
    ],
)
def test_a_step_begins_at_its_bound(value, expected):
    assert on(STEPS, Decimal(value)) == expected


@pytest.mark.parametrize(
    ("start", "end", "value", "expected"),
    [
        (0, 200, "50", Fraction(25)),
        (0, 3, "1", Fraction(100, 3)),
        (0, 200, "-1", 0),
        (0, 200, "201", 100),
        pytest.param(90, 0, "30", Fraction(200, 3), id="falling: 0 days are best"),
    ],
)
def test_linear_is_in_proportion_between_its_ends_and_exact(start, end, value, expected):
    assert on(Scale("linear", ends=(Decimal(start), Decimal(end))), Decimal(value)) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), "100"),
        (timedelta(days=30), "50"),
        (timedelta(days=60), "25"),
        (timedelta(days=15), "70.710678118655"),
        (timedelta(days=30, hours=23), "50"),
        pytest.param(timedelta(days=-3), "100", id="a moment that lies ahead"),
        (timedelta(days=1500), "0"),
    ],
)
def test_after_each_half_life_half_the_points_are_left_by_whole_days(age, expected):
    assert on(Scale("half_life", half_life=30), NOW - age) == Fraction(expected)


def test_age_counts_days_of_the_workspace_for_a_date_and_whole_days_for_a_moment():
    scale = Scale("age", steps=((Decimal(0), Decimal(100)), (Decimal(7), Decimal(40)), (Decimal(30), Decimal(0))))
    assert on(scale, date(2026, 11, 17)) == 100
    assert on(scale, date(2026, 11, 16)) == 40
    assert on(scale, datetime.fromisoformat("2026-11-16T12:00:01Z")) == 100
    assert on(scale, datetime.fromisoformat("2026-11-16T12:00:00Z")) == 40
    assert on(scale, date(2026, 10, 24)) == 0


def test_an_option_that_the_map_does_not_name_gives_nothing_and_of_several_the_best_counts():
    scale = Scale("map", points={"x": Decimal(20), "y": Decimal(90), "true": Decimal(60)})
    assert [on(scale, value) for value in ("x", "z", ["x", "y"], [], True, False)] == [20, 0, 90, 0, 60, 0]


def test_without_a_scale_a_condition_gives_all_or_nothing():
    score = compiled({"id": "big", "value": "a > 10", "weight": 1})
    assert worked_out(score, a="11").value == Decimal("100.00")
    assert worked_out(score, a="10").value == Decimal("0.00")


def test_parameters_stand_wherever_a_number_may():
    score = compiled(one("a", "a", {"param": "a_min"}, linear={"from": 0, "to": {"param": "a_min"}}))
    assert worked_out(score, a="35").value == Decimal("50.00")
