"""Working time by hand: hours, nights, holidays, make-up days, and the days on which clocks are put on or back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dealwright.calendars import Calendar, MissingYearError

BERLIN = ZoneInfo("Europe/Berlin")
DAY = (9 * 60, 18 * 60)
OFFICE = Calendar(BERLIN, [[(9 * 60, 12 * 60), (13 * 60, 18 * 60)]] * 5 + [[], []])
HOUR = timedelta(hours=1)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def shown(moment: datetime, zone: ZoneInfo = BERLIN) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23T10:00", 1, "2026-11-23T11:00"),  # within a span
        ("2026-11-23T11:00", 2, "2026-11-23T14:00"),  # over lunch
        ("2026-11-23T10:00", 2, "2026-11-23T12:00"),  # to the end of a span, not to the start of the next
        ("2026-11-23T17:00", 2, "2026-11-24T10:00"),  # over the night
        ("2026-11-27T17:00", 2, "2026-11-30T10:00"),  # over the weekend
        ("2026-11-28T12:00", 1, "2026-11-30T10:00"),  # from the weekend on
        ("2026-11-23T06:00", 8, "2026-11-23T18:00"),  # from before the day: one whole day
        ("2026-12-31T17:00", 2, "2027-01-01T10:00"),  # over the year's end
        ("2026-11-24T10:00", -2, "2026-11-23T17:00"),  # back over the night
        ("2026-11-23T13:00", -1, "2026-11-23T11:00"),  # back from the start of a span
        ("2026-11-23T18:00", -5, "2026-11-23T13:00"),  # back to the start of a span, not to the end of the one before
        ("2026-11-29T12:00", -1, "2026-11-27T17:00"),
        ("2026-11-23T10:30", 0, "2026-11-23T10:30"),
        ("2026-01-01T00:00", 2088, "2026-12-31T18:00"),  # a year has 261 weekdays of 8 hours here
    ],
)
def test_working_hours_are_added_forwards_and_backwards(start: str, hours: int, end: str) -> None:
    assert shown(OFFICE.add(at(start), hours * HOUR)) == end


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23T10:00", "2026-11-23T11:00", 1),
        ("2026-11-23T11:00", "2026-11-23T14:00", 2),
        ("2026-11-23T17:00", "2026-11-24T10:00", 2),
        ("2026-11-27T18:00", "2026-11-30T09:00", 0),
        ("2026-11-24T10:00", "2026-11-23T17:00", -2),
        ("2025-12-31T17:00", "2027-01-01T10:00", 1 + 2088 + 1),
        ("2027-01-01T10:00", "2025-12-31T17:00", -2090),
    ],
)
def test_working_time_between_two_moments(start: str, end: str, hours: int) -> None:
    assert OFFICE.between(at(start), at(end)) == hours * HOUR


def test_the_next_and_the_previous_working_moment() -> None:
    assert shown(OFFICE.next(at("2026-11-23T12:30"))) == "2026-11-23T13:00"
    assert shown(OFFICE.next(at("2026-11-27T18:00"))) == "2026-11-30T09:00"
    assert shown(OFFICE.next(at("2026-11-23T09:00"))) == "2026-11-23T09:00"
    assert shown(OFFICE.previous(at("2026-11-23T12:30"))) == "2026-11-23T12:00"
    assert shown(OFFICE.previous(at("2026-11-23T09:00"))) == "2026-11-20T18:00"
    assert shown(OFFICE.previous(at("2026-11-23T18:00"))) == "2026-11-23T18:00"
    assert OFFICE.is_working(at("2026-11-23T09:00")) and not OFFICE.is_working(at("2026-11-23T18:00"))


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-27T15:00", 1, "2026-11-30T15:00"),
        ("2026-11-27T15:00", 3, "2026-12-02T15:00"),
        ("2026-11-30T15:00", -1, "2026-11-27T15:00"),
        ("2026-11-28T10:00", 1, "2026-12-01T00:00"),  # Saturday counts as the beginning of Monday
        ("2026-11-28T10:00", -1, "2026-11-27T00:00"),
        ("2026-11-28T10:00", 0, "2026-11-28T10:00"),
        ("2026-11-27T22:00", 1, "2026-11-30T22:00"),
    ],
)
def test_working_days_keep_the_time_of_day(start: str, days: int, end: str) -> None:
    assert shown(OFFICE.shift(at(start), days)) == end


def test_working_days_are_counted() -> None:
    assert OFFICE.count(date(2026, 11, 23), date(2026, 11, 30)) == 5
    assert OFFICE.count(date(2026, 11, 28), date(2026, 11, 30)) == 0
    assert OFFICE.count(date(2026, 1, 1), date(2027, 1, 1)) == 261
    assert OFFICE.count(date(2027, 1, 1), date(2026, 1, 1)) == -261
    assert OFFICE.add_days(date(2026, 11, 28), 1) == date(2026, 11, 30)
    assert OFFICE.add_days(date(2026, 11, 27), 1) == date(2026, 11, 30)
    assert OFFICE.add_days(date(2026, 11, 30), -1) == date(2026, 11, 27)
    assert OFFICE.add_days(date(2026, 11, 28), 0) == date(2026, 11, 30)


def test_holidays_make_up_days_and_short_days_replace_the_weekday() -> None:
    days = {
        date(2026, 12, 24): [(9 * 60, 12 * 60)],
        date(2026, 12, 25): [],
        date(2026, 12, 26): [DAY],
    }
    calendar = Calendar(BERLIN, [[DAY]] * 5 + [[], []], days=days)
    assert shown(calendar.add(at("2026-12-24T11:00"), 2 * HOUR)) == "2026-12-26T10:00"
    assert calendar.add_days(date(2026, 12, 24), 1) == date(2026, 12, 26)
    assert calendar.between(at("2026-12-24T00:00"), at("2026-12-28T00:00")) == 12 * HOUR


def test_a_night_shift_belongs_to_the_day_on_which_it_starts() -> None:
    night = Calendar(BERLIN, [[(22 * 60, 30 * 60)]] * 5 + [[], []])
    assert shown(night.add(at("2026-11-23T23:00"), 8 * HOUR)) == "2026-11-24T23:00"
    assert shown(night.add(at("2026-11-28T05:00"), HOUR)) == "2026-11-28T06:00"  # Friday's shift, on Saturday morning
    assert shown(night.next(at("2026-11-28T07:00"))) == "2026-11-30T22:00"
    assert not night.is_workday(date(2026, 11, 28))
    assert night.between(at("2026-12-31T22:00"), at("2027-01-01T06:00")) == 8 * HOUR
    assert night.between(at("2027-01-01T00:00"), at("2027-01-01T06:00")) == 6 * HOUR


def test_a_night_on_which_clocks_change_is_an_hour_shorter_or_longer() -> None:
    night = Calendar(BERLIN, [[(22 * 60, 30 * 60)]] * 7)
    assert night.between(at("2026-03-28T22:00"), at("2026-03-29T06:00")) == 7 * HOUR
    assert night.between(at("2026-10-24T22:00"), at("2026-10-25T06:00")) == 9 * HOUR
    assert shown(night.add(at("2026-03-28T22:00"), 7 * HOUR)) == "2026-03-29T06:00"


def test_hours_that_the_clocks_jump_over_are_not_worked() -> None:
    calendar = Calendar(BERLIN, [[(2 * 60 + 15, 2 * 60 + 45)]] * 7)
    assert calendar.between(at("2026-03-29T00:00"), at("2026-03-30T00:00")) == timedelta(0)
    calendar = Calendar(BERLIN, [[(2 * 60 + 30, 4 * 60)]] * 7)
    assert calendar.between(at("2026-03-29T00:00"), at("2026-03-30T00:00")) == HOUR
    assert shown(calendar.next(at("2026-03-29T00:00"))) == "2026-03-29T03:00"


def test_round_the_clock_is_the_time_that_passes() -> None:
    always = Calendar(BERLIN, [[(0, 24 * 60)]] * 7)
    start = at("2026-03-27T10:00")
    assert always.add(start, timedelta(days=400)) == start.astimezone(UTC) + timedelta(days=400)
    assert always.between(start, start.astimezone(UTC) + timedelta(days=9000)) == timedelta(days=9000)


def test_a_year_that_is_not_known_counts_by_its_weekdays_and_can_be_told() -> None:
    calendar = Calendar(BERLIN, [[DAY]] * 5 + [[], []], known=frozenset({2026}))
    assert calendar.add_days(date(2026, 12, 31), 1) == date(2027, 1, 1)
    assert calendar.missing(date(2026, 12, 31), date(2028, 1, 1)) == (2027, 2028)
    assert OFFICE.missing(date(2026, 12, 31), date(2028, 1, 1)) == ()


def test_a_calendar_that_refuses_to_guess_names_the_year() -> None:
    calendar = Calendar(BERLIN, [[DAY]] * 5 + [[], []], known=frozenset({2026}), refuses=True, name="the calendar “X”")
    assert calendar.add_days(date(2026, 1, 1), 10) == date(2026, 1, 15)
    with pytest.raises(MissingYearError, match="the calendar “X” knows no holidays of 2027"):
        calendar.add_days(date(2026, 12, 31), 1)
    with pytest.raises(MissingYearError):
        calendar.add(at("2026-12-31T17:00"), 2 * HOUR)


def test_a_calendar_without_working_time_says_so_and_does_not_search_for_ever() -> None:
    never = Calendar(BERLIN, [[]] * 7)
    assert never.between(at("2026-01-01T00:00"), at("2030-01-01T00:00")) == timedelta(0)
    with pytest.raises(ValueError, match="no such working time"):
        never.add(at("2026-01-01T00:00"), HOUR)
    with pytest.raises(ValueError, match="no such working time"):
        never.next(at("2026-01-01T00:00"))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        OFFICE.add(datetime(2026, 1, 1), HOUR)
