"""Lengths of time on the calendar: where they begin, what they are called, which lie before. Pure; days have no zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dealwright.rules.spans import months_later

#: Months in one unit; days and weeks have none.
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_DAYS: Final = {"day": 1, "week": 7}
#: Buckets that one question may have.
MOST: Final = 400


@dataclass(frozen=True, slots=True)
class Between:
    """Days from ``since`` (included) to ``until`` (not included), and the unit in which they were asked for."""

    since: date
    until: date
    unit: str | None = None


def start(day: date, unit: str) -> date:
    """Return the first day of the unit that a day lies in; weeks begin on Monday (ISO 8601)."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    length = _MONTHS[unit]
    return date(day.year, (day.month - 1) // length * length + 1, 1)


def later(day: date, unit: str, count: int) -> date:
    """Return the day so many units later, or earlier where ``count`` is below zero."""
    if unit in _DAYS:
        return day + timedelta(days=_DAYS[unit] * count)
    return months_later(day, _MONTHS[unit] * count)


def last(unit: str, count: int, today: date) -> Between:
    """Return the last ``count`` units, the running one included, to its end."""
    running = start(today, unit)
    return Between(later(running, unit, 1 - count), later(running, unit, 1), unit)


def before(now: Between, how: str) -> Between:
    """Return what ``now`` is compared with.

    ``previous`` is as much time just before it: as many whole units where it is made of such, else as many days.
    ``year_before`` is the same days of the year before.
    """
    if how == "year_before":
        return Between(months_later(now.since, -12), months_later(now.until, -12), now.unit)
    if now.unit is not None and start(now.since, now.unit) == now.since and start(now.until, now.unit) == now.until:
        count = len(starts(now, now.unit))
        return Between(later(now.since, now.unit, -count), now.since, now.unit)
    return Between(now.since - (now.until - now.since), now.since, now.unit)


def starts(whole: Between, unit: str) -> list[date]:
    """Return the first day of each unit that has a day in ``whole``, rising; one more than :data:`MOST` at most."""
    found = [start(whole.since, unit)]
    while len(found) <= MOST:
        following = later(found[-1], unit, 1)
        if following >= whole.until:
            break
        found.append(following)
    return found


def named(day: date, unit: str) -> str:
    """Return the name of the unit that begins on a day: 2026, 2026-Q4, 2026-11, 2026-W48, 2026-11-23."""
    if unit == "day":
        return day.isoformat()
    if unit == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    if unit == "month":
        return f"{day:%Y-%m}"
    return f"{day.year}-Q{(day.month + 2) // 3}" if unit == "quarter" else str(day.year)
