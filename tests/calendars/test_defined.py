"""Calendars as documents: what they mean, what layers may add, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dealwright import calendars, packs
from dealwright.errors import NotFoundError
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument

WEEK = {day: ["09:00-18:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
HOURS = {"kind": "calendar", "id": "t.hours", "title": "Hours", "week": WEEK}
FRIDAY = datetime(2026, 11, 27, 15, tzinfo=UTC)


def catalog(*documents: dict[str, Any], zone: str = "UTC", **more: Any) -> Any:
    return load.catalog_of(documents, {"zone": zone}, with_base=True, **more)


def found(*documents: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in calendars.problems(catalog(*documents))]


@pytest.mark.parametrize(
    ("expiry", "opens", "closes"),
    [("2026-12-31", "2026-08-21", "2026-11-19"), ("2026-09-30", "2026-05-26", "2026-08-19")],
)
def test_the_window_to_renew_a_licence_lies_90_to_30_working_days_before_it_expires(
    expiry: str, opens: str, closes: str
) -> None:
    china = calendars.of(packs.catalog([packs.read(packs.find()["calendar_cn"])]), "cn.workdays")
    last = date.fromisoformat(expiry)
    assert (china.add_days(last, -90).isoformat(), china.add_days(last, -30).isoformat()) == (opens, closes)


def test_by_weekdays_alone_the_window_would_open_later() -> None:
    base = calendars.of(catalog())
    assert base.add_days(date(2026, 12, 31), -90) == date(2026, 8, 27)


def test_seven_calendar_days_do_not_move_over_the_holiday_of_october() -> None:
    known = datetime.fromisoformat("2026-09-28T15:00:00+08:00")
    due = calendars.later(catalog(), known, calendars.period("P7D"))
    assert due == datetime.fromisoformat("2026-10-05T15:00:00+08:00")


def test_the_workspace_has_working_hours_in_its_own_zone() -> None:
    calendar = calendars.of(catalog(zone="Asia/Shanghai"))
    assert calendar.add(datetime(2026, 11, 27, 9, tzinfo=UTC), timedelta(hours=2)) == datetime(
        2026, 11, 30, 2, tzinfo=UTC
    )


def test_a_calendar_takes_over_the_holidays_of_another_and_adds_its_own() -> None:
    country = {**HOURS, "id": "t.country", "years": {
        "2026": {"holidays": ["2026-12-25", "2026-12-26"], "workdays": ["2026-12-27"]}, "2027": {"holidays": []}}}  # fmt: skip
    shop = {
        **HOURS, "id": "t.shop", "holidays_from": "t.country", "workday_hours": ["10:00-12:00"],
        "years": {"2026": {"holidays": ["2026-12-24"], "hours": {"2026-12-26": ["09:00-10:00"]}}},
    }  # fmt: skip
    calendar = calendars.of(catalog(country, shop), "t.shop")
    spans = {day: calendar.hours(date(2026, 12, day)) for day in (23, 24, 25, 26, 27)}
    assert spans == {23: ((540, 1080),), 24: (), 25: (), 26: ((540, 600),), 27: ((600, 720),)}
    assert calendar.missing(date(2026, 1, 1), date(2028, 1, 1)) == (2028,)


def test_another_layer_adds_days_and_years_but_takes_no_holiday_away() -> None:
    hours = {**HOURS, "years": {"2026": {"holidays": ["2026-12-25"]}}}
    added = {
        "kind": "calendar", "extends": "t.hours",
        "years": {"2026": {"holidays": ["2026-12-24"]}, "2027": {"holidays": ["2027-01-01"]}},
        "overrides": [{"path": "#/years/2026/hours", "value": {"2026-12-25": ["10:00-11:00"]}},
                      {"path": "#/week/friday", "value": ["09:00-15:00"]}],
    }  # fmt: skip
    layers = [
        load.base(),
        Layer("t", "t", (SourcedDocument(hours, "hours.json"),)),
        Layer("c", "c", (SourcedDocument(added, "added.json"),), requires=frozenset({"t"})),
    ]
    calendar = calendars.of(load.catalog(layers), "t.hours")
    assert [calendar.hours(date(2026, 12, day)) for day in (24, 25)] == [(), ((600, 660),)]
    assert calendar.hours(date(2026, 12, 18)) == ((540, 900),)
    assert not calendar.is_workday(date(2027, 1, 1))


def test_hours_that_end_at_or_before_their_start_end_on_the_next_day() -> None:
    night = {**HOURS, "week": {"monday": ["22:00-06:00"], "tuesday": ["00:00-24:00"], "friday": ["08:00-08:00"]}}
    calendar = calendars.of(catalog({**night, "id": "t.night"}), "t.night")
    assert calendar.hours(date(2026, 11, 23)) == ((1320, 1800),)
    assert calendar.hours(date(2026, 11, 24)) == ((0, 1440),)
    assert calendar.hours(date(2026, 11, 27)) == ((480, 1920),)


def test_what_is_wrong_with_a_calendar_is_said_at_its_place() -> None:
    assert found(HOURS) == []
    assert found({**HOURS, "zone": "Asia/Bejing"}) == [("/zone", "unknown-zone")]
    assert found({**HOURS, "week": {"monday": []}}) == [("/week", "no-hours")]
    assert found({**HOURS, "week": {"monday": ["09:00-12:00", "11:00-13:00"]}}) == [("/week/monday", "overlap")]
    assert found({**HOURS, "holidays_from": "t.nothing"}) == [("/holidays_from", "unknown-name")]
    assert found({**HOURS, "holidays_from": "t.hours"}) == [("/holidays_from", "circular")]
    wrong = {"2026": {"holidays": ["2026-02-30", "2027-01-01", "2026-10-01"], "workdays": ["2026-10-01"]}}
    assert found({**HOURS, "years": wrong}) == [
        ("/years/2026/holidays/0", "no-such-day"),
        ("/years/2026/holidays/1", "other-year"),
        ("/years/2026/workdays/0", "twice"),
    ]


def test_an_unknown_calendar_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="there is no calendar"):
        calendars.of(catalog(), "t.nothing")


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("PT4H", "2026-11-27T19:00"),
        ("P1D", "2026-11-28T15:00"),
        ("P1W", "2026-12-04T15:00"),
        ("P1DT30M", "2026-11-28T15:30"),
        ("P3WD", "2026-12-02T15:00"),
        ("P1WDT2H", "2026-11-30T17:00"),
    ],
)
def test_a_period_of_working_days_counts_by_the_calendar_and_any_other_as_time_that_passes(
    text: str, then: str
) -> None:
    world = catalog()
    length = calendars.period(text)
    assert calendars.later(world, FRIDAY, length) == datetime.fromisoformat(f"{then}+00:00")
    assert calendars.earlier(world, calendars.later(world, FRIDAY, length), length) == FRIDAY


@pytest.mark.parametrize("text", ["", "P", "PT", "3WD", "P3", "P1Y", "P1M", "P-1D", "P1WD2W", "PT1S", "P0.5D"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        calendars.period(text)


def test_a_parameter_counts_its_unit() -> None:
    days = {"kind": "parameter", "id": "t.days", "type": "integer", "title": "Days", "default": 2}
    world = catalog(days)

    def then(unit: str | None) -> str:
        given = {"param": "days"} if unit is None else {"param": "days", "unit": unit}
        return calendars.later(world, FRIDAY, calendars.said(world, given, "t")).strftime("%m-%dT%H:%M")

    assert {unit: then(unit) for unit in (None, *calendars.UNITS)} == {
        None: "11-29T15:00", "minute": "11-27T15:02", "hour": "11-27T17:00", "day": "11-29T15:00",
        "week": "12-11T15:00", "month": "01-27T15:00", "working_day": "12-01T15:00",
    }  # fmt: skip


def test_a_month_later_than_its_31st_day_is_the_last_day_of_a_shorter_month() -> None:
    world = catalog({"kind": "parameter", "id": "t.months", "type": "integer", "title": "Months", "default": 1})
    by = calendars.said(world, {"param": "months", "unit": "month"}, "t")
    assert calendars.later(world, datetime(2028, 1, 31, 8, tzinfo=UTC), by) == datetime(2028, 2, 29, 8, tzinfo=UTC)
