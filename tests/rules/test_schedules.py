"""When schedules run: the ends of months, the days on which clocks change, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

import deals
from dealwright.rules import schedules


def plan(zone="UTC", **spec):
    found = schedules.read(deals.workspace(), deals.rule("r", on={"schedule": spec}))
    assert found is not None
    return schedules.Schedule(found.every, found.on, found.month, found.at, found.cron, ZoneInfo(zone), found.filter)


def runs(found, start, count):
    return [one.strftime("%Y-%m-%d %H:%M") for one in islice(found.runs(at(start)), count)]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"every": "day", "at": "08:00"}, ["2026-01-30 08:00", "2026-01-31 08:00", "2026-02-01 08:00"]),
        ({"every": "week", "at": "07:30"}, ["2026-02-02 07:30", "2026-02-09 07:30", "2026-02-16 07:30"]),
        ({"every": "week", "on": "friday"}, ["2026-02-06 00:00", "2026-02-13 00:00", "2026-02-20 00:00"]),
        ({"every": "month"}, ["2026-02-01 00:00", "2026-03-01 00:00", "2026-04-01 00:00"]),
        ({"every": "month", "on": 31, "at": "23:00"}, ["2026-01-31 23:00", "2026-02-28 23:00", "2026-03-31 23:00"]),
        ({"every": "month", "on": "last", "at": "23:00"}, ["2026-01-31 23:00", "2026-02-28 23:00", "2026-03-31 23:00"]),
        ({"every": "quarter", "month": 3, "on": 15}, ["2026-03-15 00:00", "2026-06-15 00:00", "2026-09-15 00:00"]),
        ({"every": "year", "month": 2, "on": 29}, ["2026-02-28 00:00", "2027-02-28 00:00", "2028-02-29 00:00"]),
        ({"cron": "30 8 * * 1"}, ["2026-02-02 08:30", "2026-02-09 08:30", "2026-02-16 08:30"]),
        ({"cron": "0 0 29 2 *"}, ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
    ],
)
def test_a_schedule_runs_when_it_says(spec, expected):
    assert runs(plan(**spec), "2026-01-30 00:00", 3) == expected


def test_a_run_is_after_the_moment_and_never_at_it():
    daily = plan(every="day", at="08:00")
    assert daily.after(at("2026-01-30 08:00")) == at("2026-01-31 08:00")
    assert daily.after(at("2026-01-30 07:59")) == at("2026-01-30 08:00")


def test_the_zone_of_the_workspace_says_when_a_day_begins():
    last = plan("Asia/Shanghai", every="month", on="last", at="23:00")
    assert runs(last, "2026-01-30 00:00", 2) == ["2026-01-31 15:00", "2026-02-28 15:00"]


def test_a_time_that_clocks_pass_over_is_reached_an_hour_later():
    """In Berlin it is 03:00 right after 01:59 on 29 March 2026; that day 02:30 is 03:30, which is 01:30 UTC."""
    assert runs(plan("Europe/Berlin", every="day", at="02:30"), "2026-03-28 00:00", 3) == [
        "2026-03-28 01:30",
        "2026-03-29 01:30",
        "2026-03-30 00:30",
    ]


def test_a_time_that_clocks_show_twice_is_one_run_the_first_time():
    """In Berlin 02:30 comes twice on 25 October 2026: at 00:30 and 01:30 UTC."""
    for spec in ({"every": "day", "at": "02:30"}, {"cron": "30 2 * * *"}):
        assert runs(plan("Europe/Berlin", **spec), "2026-10-24 12:00", 2) == ["2026-10-25 00:30", "2026-10-26 01:30"]


def test_of_runs_that_were_missed_the_latest_is_made_up_for():
    monthly = plan(every="month", on="last", at="23:00")
    assert monthly.latest(at("2026-01-31 23:00"), at("2026-04-15 00:00")) == at("2026-03-31 23:00")
    assert monthly.latest(at("2026-01-31 23:00"), at("2026-01-31 23:00")) == at("2026-01-31 23:00")


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"cron": "* * * * *"}, "bad-cron"),
        ({"cron": "*/4 * * * *"}, "bad-cron"),
        ({"cron": "0,3 9 * * 1"}, "bad-cron"),
        ({"cron": "*/5 * * * *"}, None),
        ({"cron": "0 0 30 2 *"}, "bad-cron"),
        ({"cron": "0 0 * * * *"}, "bad-cron"),
        ({"cron": "at noon on every day"}, "bad-cron"),
        ({"every": "day", "on": "monday"}, "no-such-day"),
        ({"every": "week", "on": 3}, "no-such-day"),
        ({"every": "month", "on": "monday"}, "no-such-day"),
        ({"every": "quarter", "month": 4}, "no-such-month"),
        ({"every": "month", "month": 1}, "no-such-month"),
        ({"every": "year", "month": 12, "on": "last"}, None),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_a_problem(spec, code):
    found = schedules.problems(deals.workspace(), deals.rule("r", on={"schedule": spec}))
    assert [one.code for one in found] == ([code] if code else [])


def test_two_runs_lie_at_least_five_minutes_apart():
    found = list(islice(plan(cron="*/5 * * * *").runs(at("2026-01-01 00:00")), 50))
    assert min(b - a for a, b in pairwise(found)) == timedelta(minutes=5)
