"""Pictures of a calendar: its week as bars, a year as twelve months of days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from babel.dates import get_day_names, get_month_names
from flask_babel import format_date, get_locale

from dealwright.calendars import WEEKDAYS, span, taken_over
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from dealwright.calendars import Calendar, Span
    from dealwright.metadata.catalog import Catalog

_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of one day in percent of it; ``late`` tells that it goes on past midnight."""

    at: str
    width: str
    late: bool


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day of the week: its hours as they are typed, as bars, and how many there are."""

    key: str
    name: str
    text: str
    bars: tuple[Bar, ...]
    total: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a year.

    Attributes:
        kind: ``work``, ``off``, ``holiday``, ``makeup`` or ``short``.
        says: The day and what it is, in words.
        mine: Whether the admins have marked it.
    """

    date: str
    number: int
    kind: str
    says: str
    mine: bool
    today: bool


def week(document: Mapping[str, Any]) -> list[Weekday]:
    """Return the week of a calendar; hours that cannot be read are typed and not drawn."""
    names = get_day_names("wide", locale=get_locale())
    found = []
    for place, key in enumerate(WEEKDAYS):
        texts = [str(one) for one in document.get("week", {}).get(key, ())]
        spans = [one for text in texts if (one := _span(text)) is not None]
        total = sum(b - a for a, b in spans)
        found.append(Weekday(key, str(names[place]), ", ".join(texts), tuple(_bars(spans)), lasting(total)))
    return found


def lasting(minutes: int) -> str:
    """Return a number of minutes in words; empty for none."""
    if not minutes:
        return ""
    whole, rest = divmod(minutes, 60)
    return gettext("%(h)s h %(m)s min", h=whole, m=rest) if rest else gettext("%(h)s h", h=whole)


def _span(text: str) -> Span | None:
    try:
        a, b = span(text)
    except ValueError:
        return None
    return (a, b) if 0 <= a < _MINUTES and b <= 2 * _MINUTES else None


def _bars(spans: list[Span]) -> Iterator[Bar]:
    for a, b in spans:
        end = min(b, _MINUTES)
        yield Bar(f"{100 * a / _MINUTES:.3f}%", f"{100 * (end - a) / _MINUTES:.3f}%", b > _MINUTES)


def year(
    calendar: Calendar, number: int, document: Mapping[str, Any], below: Mapping[str, Any], now: date
) -> list[tuple[str, int, list[Day]]]:
    """Return the months of a year: name, empty places before the first day (weeks begin on Monday), days."""
    said, theirs = (one.get("years", {}).get(str(number), {}) for one in (document, below))
    mine = {
        *(
            {*said.get("holidays", ()), *said.get("workdays", ())}
            - {*theirs.get("holidays", ()), *theirs.get("workdays", ())}
        ),
        *(day for day, spans in said.get("hours", {}).items() if theirs.get("hours", {}).get(day) != spans),
    }
    months: list[tuple[str, int, list[Day]]] = []
    names = get_month_names("wide", context="stand-alone", locale=get_locale())
    day = date(number, 1, 1)
    while day.year == number:
        if day.day == 1:
            months.append((str(names[day.month]), day.weekday(), []))
        months[-1][2].append(_day(calendar, day, day.isoformat() in mine, day == now))
        day += timedelta(days=1)
    return months


def kinds() -> dict[str, str]:
    """Return what each kind of day is called."""
    return {
        "work": gettext("work"), "off": gettext("no work"), "holiday": gettext("holiday"),
        "makeup": gettext("make-up workday"), "short": gettext("other hours"),
    }  # fmt: skip


def _day(calendar: Calendar, day: date, mine: bool, today: bool) -> Day:
    spans, usual = calendar.hours(day), calendar.weekday(day)
    if spans == usual:
        kind = "work" if spans else "off"
    elif not spans:
        kind = "holiday"
    else:
        kind = "short" if usual else "makeup"
    said = f"{format_date(day, 'full')}: {kinds()[kind]}"
    return Day(day.isoformat(), day.day, kind, said, mine, today)


def known(catalog: Catalog, document: Mapping[str, Any]) -> set[int]:
    """Return the years whose holidays a calendar knows, its own and those that it takes over."""
    return {int(one) for each in taken_over(catalog, document) for one in each.get("years", {}) if str(one).isdigit()}
