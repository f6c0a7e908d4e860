"""Formulas against values from their sources, worked by hand, or by the standard library."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright.insights import figures, periods
from dealwright.insights.periods import Between


def test_the_wilson_interval_is_that_of_published_examples():
    # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
    assert figures.wilson(81, 263) == (Decimal("25.53"), Decimal("36.62"))
    assert figures.wilson(15, 148) == (Decimal("6.24"), Decimal("16.05"))
    assert figures.wilson(0, 20) == (Decimal("0.00"), Decimal("16.11"))
    assert figures.wilson(1, 29) == (Decimal("0.61"), Decimal("17.18"))
    assert figures.wilson(0, 0) is None


@given(st.integers(0, 400), st.integers(1, 400))
def test_the_share_lies_in_its_interval_which_never_leaves_0_to_100(hits, cases):
    hits = min(hits, cases)
    low, high = figures.wilson(hits, cases)
    assert 0 <= low <= figures.share(hits, cases) <= high <= 100


@given(st.lists(st.integers(0, 60), min_size=2, max_size=80))
def test_quantiles_are_those_of_the_standard_library(values):
    counted = Counter(values)
    tenths = statistics.quantiles(values, n=10, method="inclusive")
    assert float(figures.quantile(counted, Fraction(9, 10))) == pytest.approx(tenths[8])
    assert float(figures.quantile(counted, Fraction(1, 2))) == pytest.approx(statistics.median(values))


def test_a_quantile_of_nothing_is_nothing_and_of_one_that_one():
    assert figures.quantile({}, Fraction(1, 2)) is None
    assert figures.quantile({7: 1}, Fraction(9, 10)) == 7


def test_the_curve_is_that_of_freireich_s_patients():
    # Remission in weeks of 21 patients under 6-MP (Freireich et al. 1963), the example of Kaplan-Meier in textbooks;
    # the curve as printed in Kleinbaum and Klein, "Survival Analysis", 3rd ed., table 2.1.
    ended = Counter([6, 6, 6, 7, 10, 13, 16, 22, 23])
    lasting = Counter([6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
    curve = figures.kaplan_meier(ended, lasting)
    printed = [(6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448)]
    assert [(time, round(left, 3)) for time, left in curve] == printed
    assert figures.half_gone(curve) == 23
    assert figures.half_gone(curve[:5]) is None


def test_a_value_is_odd_beside_its_own_history():
    usual = [10, 12, 11, 9, 10, 11]  # median 10.5, deviations .5 1.5 .5 1.5 .5 .5: MAD 0.5
    odd = figures.oddness(20, usual)
    assert (odd.usual, odd.spread, odd.far) == (10.5, 0.5, True)
    assert odd.z == pytest.approx(0.6745 * 9.5 / 0.5)
    assert not figures.oddness(12, usual).far
    assert figures.oddness(12, usual[:4]) is None


def test_where_most_are_equal_the_mean_deviation_stands_in():
    odd = figures.oddness(8, [5, 5, 5, 5, 5, 11])  # mean absolute deviation 1
    assert odd.z == pytest.approx(3 / 1.253314)
    assert figures.oddness(5, [5] * 6).z == 0
    assert figures.oddness(6, [5] * 6).far


def test_shares_run_up_to_the_whole():
    assert figures.running([Decimal(6), Decimal(3), Decimal(1)]) == [
        Decimal("60.00"),
        Decimal("90.00"),
        Decimal("100.00"),
    ]
    assert figures.running([Decimal(0)]) == [None]
    assert figures.share(1, 3) == Decimal("33.33")
    assert figures.share(1, 0) is None


def test_periods_begin_where_the_calendar_says():
    day = date(2026, 11, 23)  # a Monday
    assert [periods.start(day, unit) for unit in ("day", "week", "month", "quarter", "year")] == [
        day, day, date(2026, 11, 1), date(2026, 10, 1), date(2026, 1, 1)
    ]  # fmt: skip
    assert periods.start(date(2026, 11, 29), "week") == day
    names = {"day": "2026-11-23", "week": "2026-W48", "month": "2026-11", "quarter": "2026-Q4", "year": "2026"}
    assert {unit: periods.named(periods.start(day, unit), unit) for unit in names} == names


def test_the_last_periods_include_the_running_one():
    assert periods.last("quarter", 2, date(2026, 11, 23)) == Between(date(2026, 7, 1), date(2027, 1, 1), "quarter")
    assert periods.last("week", 1, date(2026, 11, 25)) == Between(date(2026, 11, 23), date(2026, 11, 30), "week")


def test_what_is_compared_is_as_long():
    halves = Between(date(2026, 7, 1), date(2027, 1, 1), "quarter")
    assert periods.before(halves, "previous") == Between(date(2026, 1, 1), date(2026, 7, 1), "quarter")
    assert periods.before(halves, "year_before") == Between(date(2025, 7, 1), date(2026, 1, 1), "quarter")
    days = Between(date(2026, 3, 1), date(2026, 3, 11))
    assert periods.before(days, "previous") == Between(date(2026, 2, 19), date(2026, 3, 1))


def test_periods_are_cut_at_a_bound():
    assert len(periods.starts(Between(date(1900, 1, 1), date(2026, 1, 1)), "day")) == periods.MOST + 1
    assert periods.starts(Between(date(2026, 1, 15), date(2026, 3, 1)), "month") == [date(2026, 1, 1), date(2026, 2, 1)]


def test_two_groups_differ_by_the_pairs_in_which_one_is_the_greater():
    # 1 2 2 and 2 3 4: of nine pairs none is greater, two are equal: U = 1. N = 6, ties 3³ − 3 = 24; spread 9/12 (7 − 24/30).
    z = figures.mann_whitney({1: 1, 2: 2}, {2: 1, 3: 1, 4: 1})
    assert z == pytest.approx((1 - 4.5) / (0.75 * (7 - 24 / 30)) ** 0.5)
    chance = random.Random(4)
    for _ in range(50):
        own, others = ([chance.randrange(8) for _ in range(chance.randrange(1, 20))] for _ in range(2))
        z = figures.mann_whitney(Counter(own), Counter(others))
        pairs = sum((a > b) + (a == b) / 2 for a in own for b in others)
        n, m, whole = len(own), len(others), Counter(own + others)
        spread = n * m / 12 * (n + m + 1 - sum(t**3 - t for t in whole.values()) / ((n + m) * (n + m - 1)))
        assert z == (pytest.approx((pairs - n * m / 2) / spread**0.5) if spread > 0 else None)
    assert figures.mann_whitney({}, {1: 1}) is figures.mann_whitney({1: 3}, {1: 2}) is None
