"""The laws of working time, on any calendar; beside a count minute by minute and the days of an independent library."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import chinese_calendar
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dealwright import calendars, packs
from dealwright.calendars import Calendar

ZONES = [
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Kathmandu",
]
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

moments = st.integers(0, 3 * 365 * 24 * 3600 * 1000).map(lambda millis: FIRST + timedelta(milliseconds=millis))
amounts = st.integers(0, 2000 * 3600 * 1000).map(lambda millis: timedelta(milliseconds=millis))


@st.composite
def hours(draw: st.DrawFn) -> list[tuple[int, int]]:
    bounds = sorted(draw(st.lists(st.integers(0, 36 * 4), max_size=4, unique=True)))
    return [(a * 15, b * 15) for a, b in zip(bounds[::2], bounds[1::2], strict=False)]


@st.composite
def any_calendar(draw: st.DrawFn) -> Calendar:
    week = [draw(hours()) for _ in range(7)]
    assume(any(week))
    dates = st.dates(date(2024, 1, 1), date(2026, 12, 31))
    days = draw(st.dictionaries(dates, hours(), max_size=10))
    return Calendar(ZoneInfo(draw(st.sampled_from(ZONES))), week, days=days)


@settings(max_examples=80, deadline=None)
@given(any_calendar(), moments, amounts)
def test_between_takes_back_what_add_has_added(calendar: Calendar, moment: datetime, amount: timedelta) -> None:
    assert calendar.between(moment, calendar.add(moment, amount)) == amount
    assert calendar.between(calendar.add(moment, -amount), moment) == amount


@settings(max_examples=80, deadline=None)
@given(any_calendar(), moments, amounts, amounts)
def test_adding_in_two_parts_is_adding_at_once(
    calendar: Calendar, moment: datetime, first: timedelta, second: timedelta
) -> None:
    assume(first and second)
    assert calendar.add(calendar.add(moment, first), second) == calendar.add(moment, first + second)
    assert calendar.add(calendar.add(moment, -first), -second) == calendar.add(moment, -first - second)


@settings(max_examples=80, deadline=None)
@given(any_calendar(), moments, moments, amounts)
def test_who_starts_later_ends_no_earlier(
    calendar: Calendar, one: datetime, other: datetime, amount: timedelta
) -> None:
    early, late = sorted((one, other))
    assert calendar.add(early, amount) <= calendar.add(late, amount)
    assert calendar.add(early, -amount) <= calendar.add(late, -amount)
    assert calendar.between(early, late) == -calendar.between(late, early) >= timedelta(0)


@settings(max_examples=80, deadline=None)
@given(any_calendar(), moments, amounts)
def test_backwards_is_the_inverse_of_forwards(calendar: Calendar, moment: datetime, amount: timedelta) -> None:
    start = calendar.next(moment)
    assert calendar.add(calendar.add(start, amount), -amount) == start or not amount


@settings(max_examples=80, deadline=None)
@given(any_calendar(), st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(1, 400), st.integers(1, 400))
def test_working_days_add_up_and_come_back(calendar: Calendar, day: date, first: int, second: int) -> None:
    there = calendar.add_days(day, first)
    assert calendar.add_days(there, second) == calendar.add_days(day, first + second)
    assert calendar.count(day + timedelta(days=1), there + timedelta(days=1)) == first
    start = calendar.add_days(day, 0)
    assert calendar.add_days(calendar.add_days(start, first), -first) == start


@settings(max_examples=50, deadline=None)
@given(any_calendar(), moments, st.integers(1, 200), st.integers(1, 200))
def test_shifting_by_working_days_adds_up(calendar: Calendar, moment: datetime, first: int, second: int) -> None:
    local = moment.astimezone(calendar.zone)
    assume(clock_time(4) < local.time())  # a time that the clocks jump over on some day is another one afterwards
    assert calendar.shift(calendar.shift(moment, first), second) == calendar.shift(moment, first + second)


@settings(max_examples=25, deadline=None)
@given(any_calendar(), moments, st.integers(1, 3 * 24 * 60))
def test_a_minute_is_worked_where_the_clock_shows_an_hour_of_the_day(
    calendar: Calendar, moment: datetime, minutes: int
) -> None:
    """Beside the slow way: looking at the clock each minute. Zones without clock changes on those days only."""
    start = moment.replace(second=0, microsecond=0)
    end = start + minutes * MINUTE
    offsets = {(start + timedelta(hours=h)).astimezone(calendar.zone).utcoffset() for h in range(-48, 24 * 5)}
    assume(len(offsets) == 1 and next(iter(offsets)).total_seconds() % 60 == 0)

    def worked(at: datetime) -> bool:
        local = at.astimezone(calendar.zone)
        minute = local.hour * 60 + local.minute
        today, before = calendar.hours(local.date()), calendar.hours(local.date() - timedelta(days=1))
        return any(a <= minute < b for a, b in today) or any(a <= minute + 1440 < b for a, b in before)

    counted = sum(worked(start + i * MINUTE) for i in range(minutes))
    assert calendar.between(start, end) == counted * MINUTE


def china() -> Calendar:
    return calendars.of(packs.catalog([packs.read(packs.find()["calendar_cn"])]), "cn.workdays")


def test_each_day_of_2024_to_2026_is_a_workday_where_the_library_chinesecalendar_says_so() -> None:
    calendar, day = china(), date(2024, 1, 1)
    different = []
    while day.year < 2027:
        if calendar.is_workday(day) != chinese_calendar.is_workday(day):
            different.append(day)
        day += timedelta(days=1)
    assert different == []


@settings(max_examples=50, deadline=None)
@given(st.dates(date(2024, 6, 1), date(2026, 6, 1)), st.integers(1, 120))
def test_working_days_in_china_agree_with_walking_day_by_day(day: date, count: int) -> None:
    def walked(step: int) -> date:
        here, left = day, count
        while left:
            here += timedelta(days=step)
            left -= chinese_calendar.is_workday(here)
        return here

    calendar = CHINA
    assert (calendar.add_days(day, count), calendar.add_days(day, -count)) == (walked(1), walked(-1))


CHINA = china()
