"""The calendar of mainland China: the days of three notices, and what holds for a year whose notice is not out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dealwright import calendars, packs
from dealwright.calendars import Calendar
from dealwright.metadata.catalog import Catalog

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return packs.catalog([packs.read(packs.find()["calendar_cn"])], {"zone": "Asia/Shanghai"})


@pytest.fixture(scope="module")
def workdays(catalog: Catalog) -> Calendar:
    return calendars.of(catalog, "cn.workdays")


@pytest.mark.parametrize(
    ("first", "last", "working"),
    [
        # The notices say how long each holiday lasts, and on which days people work instead.
        (date(2024, 2, 10), date(2024, 2, 17), []),
        (date(2025, 1, 26), date(2025, 2, 5), [date(2025, 1, 26), date(2025, 1, 27), date(2025, 2, 5)]),
        (date(2025, 9, 28), date(2025, 10, 9), [date(2025, 9, 28), date(2025, 9, 29), date(2025, 9, 30), date(2025, 10, 9)]),
        (date(2026, 2, 14), date(2026, 2, 24), [date(2026, 2, 14), date(2026, 2, 24)]),
        (date(2026, 10, 1), date(2026, 10, 10), [date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 10)]),
    ],
)  # fmt: skip
def test_a_holiday_is_as_long_as_its_notice_says(
    workdays: Calendar, first: date, last: date, working: list[date]
) -> None:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert [day for day in days if workdays.is_workday(day)] == working


def test_a_year_without_a_notice_counts_by_its_weekdays_and_says_so(workdays: Calendar) -> None:
    # 2027 begins on a Friday: 52 weeks and that Friday. No holiday of it is invented, New Year's Day neither.
    assert workdays.is_workday(date(2027, 1, 1))
    assert workdays.count(date(2027, 1, 1), date(2028, 1, 1)) == 261
    assert workdays.missing(date(2026, 12, 1), date(2027, 6, 1)) == (2027,)
    assert workdays.missing(date(2024, 1, 1), date(2026, 12, 31)) == ()


def test_working_time_goes_over_the_end_of_what_is_known(workdays: Calendar) -> None:
    # Thursday, 31 December 2026, 17:00, and two hours of work: one is left of the day, one is of the next weekday.
    assert workdays.add(datetime(2026, 12, 31, 17, tzinfo=ZONE), timedelta(hours=2)) == datetime(
        2027, 1, 1, 10, tzinfo=ZONE
    )


def test_each_year_of_the_calendar_has_its_fact(catalog: Catalog) -> None:
    years = set(catalog.documents["calendar", "cn.workdays"]["years"])
    facts = {key[1]: one for key, one in catalog.documents.items() if key[0] == "fact"}
    assert (
        set(facts)
        == {f"cn.holidays_{year}" for year in years}
        == {f"cn.holidays_{year}" for year in (2024, 2025, 2026)}
    )
    assert {one["confidence"] for one in facts.values()} == {"verified"}
