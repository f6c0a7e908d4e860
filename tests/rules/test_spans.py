"""Spans: months of the calendar, exact days, and what cannot be counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import deals
from dealwright.rules import spans
from dealwright.rules.spans import Span

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("P7D", Span(rest=timedelta(days=7))),
        ("PT24H", Span(rest=timedelta(hours=24))),
        ("P1Y2M", Span(months=14)),
        ("-P30D", Span(rest=timedelta(days=-30))),
        ("-P1M1DT1H30M", Span(months=-1, rest=-timedelta(days=1, hours=1, minutes=30))),
        ("P2W", Span(rest=timedelta(weeks=2))),
        ("P5WD", Span(workdays=5)),
        ("-P90WD", Span(workdays=-90)),
    ],
)
def test_a_duration_is_read_as_it_is_written(text, span):
    assert spans.parse(text) == span


@pytest.mark.parametrize("text", ["", "P", "PT", "7D", "P1.5D", "P1D2M", "PT5S", "P2D5WD", "--P1D", "P1H"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"duration|working days"):
        spans.parse(text)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 31), 3, date(2026, 4, 30)),
        (date(2026, 1, 31), 6, date(2026, 7, 31)),
        (date(2026, 1, 31), 9, date(2026, 10, 31)),
        (date(2024, 2, 29), 3, date(2024, 5, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
    ],
)
def test_months_end_with_the_month(day, months, later):
    assert spans.months_later(day, months) == later


def test_a_month_keeps_the_time_on_the_clock_and_a_day_is_24_hours():
    before = datetime(2026, 3, 28, 8, 0, tzinfo=UTC)  # 09:00 in Berlin, the day before clocks go forward
    assert Span(months=1).later(before, BERLIN) == datetime(2026, 4, 28, 7, 0, tzinfo=UTC)
    assert Span(rest=timedelta(days=1)).later(before, BERLIN) == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)


def test_what_lies_beyond_the_calendar_never_comes():
    assert Span(months=12 * 9000).later(datetime(2026, 1, 1, tzinfo=UTC), BERLIN) is None
    assert Span(rest=timedelta(days=99_999)).later(datetime(9990, 1, 1, tzinfo=UTC), BERLIN) is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("P5WD", None),
        ("P0D", "not-a-duration"),
        ("-P1D", "not-a-duration"),
        ({"param": "large", "unit": "day"}, None),
        ({"param": "none", "unit": "day"}, None),
    ],
)
def test_a_span_that_cannot_be_waited_for_is_a_problem(written, code):
    found = spans.problems(deals.workspace(), "sales.r", written, "/on/idle/for", forward=True)
    assert [one.code for one in found] == ([code] if code else [])


def test_a_parameter_counts_in_the_unit_that_stands_beside_it():
    read = spans.read(deals.workspace(), "sales.r", {"param": "days", "unit": "hour"})
    assert read == Span(rest=timedelta(hours=7))
    assert spans.read(deals.workspace(), "sales.r", {"param": "days", "unit": "month"}) == Span(months=7)
    assert spans.read(deals.workspace(), "sales.r", {"param": "days", "unit": "working_day"}) == Span(workdays=7)


def test_working_days_are_those_of_the_calendar_and_keep_the_time_of_day():
    friday = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)  # 15:00 in Shanghai
    calendar = spans.calendar_of(deals.workspace(), Span(workdays=3))
    assert Span(workdays=3).later(friday, BERLIN, calendar) == datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    assert Span(workdays=3).back().later(friday, BERLIN, calendar) == datetime(2026, 11, 17, 7, 0, tzinfo=UTC)
    assert spans.calendar_of(deals.workspace(), Span(months=3)) is None
