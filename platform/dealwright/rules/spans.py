"""Spans of time as rules write them: ``P7D``, ``-P3M``, ``PT24H``, or so many units as a parameter says.

Years and months are those of the calendar, cut to the end of a shorter month: three months after 30 November is
28 February. Weeks, days, hours and minutes are exact: a day is 24 hours, whatever a clock is set to. Working days are
those of the workspace's own calendar (``dealwright.calendars``) and keep the time of day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dealwright import calendars
from dealwright.errors import ConflictError, Problem
from dealwright.metadata import canonical, names

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from dealwright.calendars import Calendar
    from dealwright.metadata.catalog import Catalog

_ISO: Final = re.compile(
    r"(?P<sign>-?)P((?P<years>\d+)Y)?((?P<months>\d+)M)?((?P<weeks>\d+)W)?((?P<days>\d+)D)?((?P<workdays>\d+)WD)?"
    r"(T((?P<hours>\d+)H)?((?P<minutes>\d+)M)?)?\Z"
)
_UNITS: Final[Mapping[str, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
#: Units of a parameter that counts a span.
UNITS: Final = (*_UNITS, "month", "working_day")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: calendar months, then an exact rest. Either may be negative, but not against the other.

    Attributes:
        workdays: Working days of a calendar; the other two are zero then.
    """

    months: int = 0
    rest: timedelta = timedelta()
    workdays: int = 0

    @property
    def is_positive(self) -> bool:
        """Whether it leads forward."""
        return self.months > 0 or self.rest > timedelta() or self.workdays > 0

    def back(self) -> Span:
        """Return the same span the other way."""
        return Span(-self.months, -self.rest, -self.workdays)

    def later(self, moment: datetime, zone: ZoneInfo, calendar: Calendar | None = None) -> datetime | None:
        """Return the moment that lies this span after another, in UTC; None where there is none.

        Months keep the day and the time that clocks in ``zone`` show. There is no moment beyond the end of time, nor in
        a year whose holidays a calendar does not know and refuses to guess.
        """
        try:
            if self.workdays:
                return calendar.shift(moment, self.workdays).astimezone(UTC) if calendar is not None else None
            if self.months:
                local = moment.astimezone(zone)
                moment = _instant(months_later(local.date(), self.months), local, zone)
            return (moment + self.rest).astimezone(UTC)
        except (ConflictError, OverflowError, ValueError):
            return None


def parse(text: str) -> Span:
    """Return what an ISO 8601 duration says, with a minus before it and ``5WD`` for working days.

    Example:
        >>> parse("-P1M2D")
        Span(months=-1, rest=datetime.timedelta(days=-2), workdays=0)

    Raises:
        ValueError: If it is none, or mixes working days with anything else.
    """
    match = _ISO.match(text)
    parts = {key: int(value) for key, value in match.groupdict().items() if key != "sign" and value} if match else {}
    if match is None or not parts:
        raise ValueError(f"“{text}” is no duration; write one such as P7D, P3M or PT24H")
    workdays = parts.pop("workdays", 0)
    if workdays and parts:
        raise ValueError(f"“{text}” counts working days and something else; use one of them")
    months = parts.pop("years", 0) * 12 + parts.pop("months", 0)
    sign = -1 if match["sign"] else 1
    return Span(sign * months, sign * timedelta(**parts), sign * workdays)


def read(catalog: Catalog, rule: str, written: Any) -> Span | None:
    """Return the span that stands in the document of ``rule``; None if it says none, as :func:`problems` tells."""
    try:
        if isinstance(written, str):
            return parse(written)
        unit = written.get("unit", "day")
        parameter = catalog.parameter(str(written["param"]), names.namespace_of(rule))
        value = Decimal(parameter.value) if parameter is not None else None
        if value is None:
            return None
        if unit in ("month", "working_day"):
            whole = int(value)
            if value != whole:
                return None
            return Span(months=whole) if unit == "month" else Span(workdays=whole)
        return Span(rest=int(value * 60_000) * (_UNITS[unit] / 60_000))
    except (ArithmeticError, AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None


def calendar_of(catalog: Catalog, span: Span) -> Calendar | None:
    """Return the calendar that counts the working days of a span; None if it has none, or there is no calendar."""
    if not span.workdays or ("calendar", calendars.DEFAULT) not in catalog.documents:
        return None
    return calendars.of(catalog)


def days_of(catalog: Catalog, span: Span) -> str:
    """Return what the calendars say on which a span depends, as a text: another one, and its moments are others."""
    if not span.workdays:
        return ""
    said = [document for (kind, _), document in sorted(catalog.documents.items()) if kind == "calendar"]
    return canonical.text(said)


def problems(catalog: Catalog, rule: str, written: Any, pointer: str, *, forward: bool) -> list[Problem]:
    """Return why ``written`` is no span that can be used; that a parameter exists is looked at with all names.

    Args:
        catalog: The definitions.
        rule: Id of the rule in whose document it stands.
        written: A text, or an object with ``param`` and ``unit``.
        pointer: Where it stands.
        forward: Whether it must be longer than nothing.
    """
    if isinstance(written, str):
        try:
            found: Span | None = parse(written)
        except ValueError as error:
            return [Problem(pointer, "not-a-duration", str(error))]
    else:
        found = read(catalog, rule, written)
        if found is None:
            name = written.get("param") if isinstance(written, Mapping) else None
            parameter = catalog.parameter(str(name), names.namespace_of(rule))
            if parameter is None or parameter.value is None:
                return []
            text = f"the parameter “{name}” is {parameter.value}, which is no whole number of them"
            return [Problem(pointer, "not-a-duration", text)]
    if found is not None and found.workdays and calendar_of(catalog, found) is None:
        text = f"working days are counted by the calendar “{calendars.DEFAULT}”, which is not there; use days (P5D)"
        return [Problem(pointer, "no-calendar", text)]
    if found is not None and forward and not found.is_positive:
        return [Problem(pointer, "not-a-duration", "it must be longer than nothing; write a duration such as P7D")]
    return []


def months_later(day: date, months: int) -> date:
    """Return the same day of a later (or earlier) month, or the last of that month if it is shorter.

    Example:
        >>> months_later(date(2024, 1, 31), 1), months_later(date(2024, 2, 29), 12)
        (datetime.date(2024, 2, 29), datetime.date(2025, 2, 28))

    Raises:
        ValueError: If no calendar has it.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]) if 1 <= year <= 9999 else day.day)


def _instant(day: date, local: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, local.time(), zone).astimezone(UTC)
