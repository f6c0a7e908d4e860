"""Lengths of time as documents write them: ISO 8601, and ``WD`` for working days.

PT4H  P1D  P2W  P1DT12H        time that passes, whatever the calendar
P3WD  P3WDT4H                  working days of a calendar (and time after them)
{"param": "stall_days", "unit": "working_day"}      so many of a unit
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright.calendars.defined import of

if TYPE_CHECKING:
    from dealwright.calendars.calendar import Calendar
    from dealwright.metadata.catalog import Catalog

_TEXT: Final = re.compile(
    r"P(?:(?P<working_days>\d{1,6})WD|(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?)?\Z"
)
_TIME: Final = frozenset({"minute", "hour", "day", "week"})
#: What a parameter may count.
UNITS: Final = (*sorted(_TIME), "month", "working_day")


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time.

    Attributes:
        months: Calendar months; the last day of a month stands for the days that it does not have.
        working_days: Days with work in a calendar, counted as :meth:`Calendar.shift` does.
        time: Time that passes.
    """

    time: timedelta = timedelta(0)
    working_days: int = 0
    months: int = 0

    def after(self, moment: datetime, calendar: Calendar, *, working: bool = False) -> datetime:
        """Return the moment that lies this much later. The calendar is asked for working days and, for months, its zone.

        With ``working`` the time is working time too: four hours from an hour before the end of a day end on the next.
        """
        if working and self.time:
            return calendar.add(Period(timedelta(0), self.working_days, self.months).after(moment, calendar), self.time)
        return self._from(moment, calendar, 1)

    def before(self, moment: datetime, calendar: Calendar) -> datetime:
        """Return the moment that lies this much earlier."""
        return self._from(moment, calendar, -1)

    def _from(self, moment: datetime, calendar: Calendar, sign: int) -> datetime:
        if self.months:
            local = moment.astimezone(calendar.zone)
            year, month = divmod(local.year * 12 + local.month - 1 + sign * self.months, 12)
            day = min(local.day, monthrange(year, month + 1)[1])
            moment = local.replace(year=year, month=month + 1, day=day).astimezone(moment.tzinfo)
        if self.working_days:
            moment = calendar.shift(moment, sign * self.working_days)
        return moment + sign * self.time


def period(text: str) -> Period:
    """Return the length of time that a text says.

    Example:
        >>> period("P3WD").working_days, period("P1DT12H").time
        (3, datetime.timedelta(days=1, seconds=43200))

    Raises:
        ValueError: If it says none; months and years have no fixed length and are written as a parameter with a unit.
    """
    match = _TEXT.match(text)
    if match is None or not any(match.groupdict().values()):
        raise ValueError(f"“{text}” is no duration of weeks, days, hours, minutes or working days such as P1D or P5WD")
    amounts = {unit: int(amount) for unit, amount in match.groupdict().items() if amount}
    return Period(working_days=amounts.pop("working_days", 0), time=timedelta(**amounts))


def written(given: Any, parameter: Callable[[str], Any]) -> Period:
    """Return the length of time that a document says: a text, or a parameter with a unit (days when absent).

    Args:
        given: ``"P1D"`` or ``{"param": name, "unit": unit}``.
        parameter: Returns the value of a parameter by the name in ``given``.

    Raises:
        ValueError: If it says none.
    """
    if isinstance(given, str):
        return period(given)
    if not isinstance(given, Mapping) or "param" not in given:
        raise ValueError(f"{given!r} is no length of time; write P1D or a parameter with a unit")
    return of_unit(parameter(given["param"]), given.get("unit", "day"))


def of_unit(amount: Any, unit: str) -> Period:
    """Return ``amount`` times a unit of :data:`UNITS`; a decimal is cut to whole minutes, working days and months."""
    if amount is None or isinstance(amount, bool):
        raise ValueError(f"{amount!r} is no number of {unit}s")
    if unit == "working_day":
        return Period(working_days=int(amount))
    if unit == "month":
        return Period(months=int(amount))
    if unit not in _TIME:
        raise ValueError(f"“{unit}” is no unit of time; use one of {', '.join(UNITS)}")
    minutes = int(amount * (timedelta(**{f"{unit}s": 1}) // timedelta(minutes=1)))
    return Period(time=timedelta(minutes=minutes))


def said(catalog: Catalog, given: Any, namespace: str) -> Period:
    """Return the length of time in a document of ``namespace``, with its parameter looked up (:func:`written`).

    Raises:
        ValueError: If it says none.
    """

    def value(name: str) -> Any:
        found = catalog.parameter(name, namespace)
        return found.value if found is not None else None

    return written(given, value)


def later(
    catalog: Catalog, moment: datetime, by: Period, calendar: str | None = None, *, working: bool = False
) -> datetime:
    """Return the moment that lies ``by`` later: what every due time, idle time and offset of a document asks.

    Args:
        catalog: The definitions in force.
        moment: From when.
        by: From :func:`period`, :func:`written` or :func:`said`.
        calendar: Whose working days count; None for the workspace's own, ``base.working_hours``.
        working: Whether hours count in its working time as well.

    Raises:
        NotFoundError: If there is no such calendar, and one is needed.
        MissingYearError: If the calendar does not know a year and refuses to guess.
    """
    if not by.working_days and not by.months and not working:
        return moment + by.time
    return by.after(moment, of(catalog, calendar), working=working)


def earlier(catalog: Catalog, moment: datetime, by: Period, calendar: str | None = None) -> datetime:
    """Return the moment that lies ``by`` earlier; otherwise as :func:`later`."""
    if not by.working_days and not by.months:
        return moment - by.time
    return by.before(moment, of(catalog, calendar))
