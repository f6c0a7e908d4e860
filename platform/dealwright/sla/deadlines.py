"""A deadline: a legal clock, in days or hours from a date of the record, or a window before one.

Nothing pauses it and no holiday moves it: days of law are calendar days unless the law says working days, and where it
does not say that an end on a holiday moves, it does not. Counting is cautious: working days and days from a date end
with the last day, and the day counted from is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dealwright import calendars, conditions
from dealwright.metadata.names import namespace_of
from dealwright.sla.policies import percent
from dealwright.sla.when import looks_elsewhere

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.calendars import Calendar
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document

#: Name of the step at which a window opens.
OPENED = "opened"
#: Name of the step at which a deadline is over.
DUE = "due"


@dataclass(frozen=True, slots=True)
class Reminder:
    """A step before the end: at a share of the time, or so many units before the end (of a window: before the date)."""

    id: str
    percent: int | None
    before: int | None


@dataclass(frozen=True, slots=True)
class Moments:
    """The moments of one deadline of one record.

    Attributes:
        start: From when time counts; of a window, when it opens.
        due: When it is over: what is met at this very moment is met in time.
        steps: Reminders by id, rising; of a window the first is its opening.
        assumed: Years without known holidays that working days were counted through.
    """

    start: datetime
    due: datetime
    steps: tuple[tuple[str, datetime], ...]
    assumed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline of an entity.

    Attributes:
        base: Own date or datetime field that it counts from (``from``).
        met: Condition that ends it.
        when: Condition under which it runs at all; None for always.
        amount: How many units after the base it is over; None for a window.
        window: How many units before the base a window opens and closes; None for an amount.
        unit: hour, calendar_day or working_day.
        calendar: Id of the calendar of working days, and in whose zone days begin.
        reads: The names of an environment that it reads.
        elsewhere: Whether a condition reads other records, whose changes nobody tells of: then each save is looked at.
    """

    id: str
    title: str
    entity: str
    base: str
    met: Condition
    when: Condition | None
    amount: int | None
    window: tuple[int, int] | None
    unit: str
    calendar: str | None
    reminders: tuple[Reminder, ...]
    reads: frozenset[str]
    elsewhere: bool

    def runs(self, env: Mapping[str, Any]) -> bool:
        """Tell whether it applies to a record."""
        return env.get(self.base) is not None and (self.when is None or self.when.evaluate(env) is True)

    def moments(self, catalog: Catalog, base: Any) -> Moments:
        """Return its moments for a value of the base.

        Raises:
            MissingYearError: If the calendar refuses a year that it does not know.
        """
        calendar = calendars.of(catalog, self.calendar)
        whole = not isinstance(base, datetime)
        day: date = base if whole else base.astimezone(calendar.zone).date()
        if self.window is not None:
            opens, closes = self.window
            start, due = self._begin(calendar, day, -opens), calendar.end_of(self._day(calendar, day, -closes))
        else:
            amount = self.amount or 0
            start = calendar.end_of(day) if whole else base
            due = self._due(calendar, start, day, amount, whole)
        steps = [(OPENED, start)] if self.window is not None else []
        steps += [(one.id, self._at(calendar, day, start, due, one)) for one in self.reminders if one.percent != 100]
        steps.sort(key=lambda one: one[1])
        first, last = sorted((day, due.astimezone(calendar.zone).date()))
        assumed = calendar.missing(first, last) if self.unit == "working_day" else ()
        return Moments(start, due, tuple(steps), assumed)

    def _due(self, calendar: Calendar, start: datetime, day: date, amount: int, whole: bool) -> datetime:
        if self.unit == "hour":
            return start + timedelta(hours=amount)
        if self.unit == "working_day" or whole:
            return calendar.end_of(self._day(calendar, day, amount))
        local = start.astimezone(calendar.zone)
        return calendar.at(local.date() + timedelta(days=amount), local.time())

    def _at(self, calendar: Calendar, day: date, start: datetime, due: datetime, one: Reminder) -> datetime:
        if one.percent is not None:
            return start + (due - start) * one.percent / 100
        before = one.before or 0
        if self.window is not None:
            return self._begin(calendar, day, -before)
        if self.unit == "hour":
            return due - timedelta(hours=before)
        if self.unit == "calendar_day":
            return due - timedelta(days=before)
        last = (due - timedelta(milliseconds=1)).astimezone(calendar.zone).date()
        return self._begin(calendar, last, -before)

    def _begin(self, calendar: Calendar, day: date, count: int) -> datetime:
        return calendar.end_of(self._day(calendar, day, count) - timedelta(days=1))

    def _day(self, calendar: Calendar, day: date, count: int) -> date:
        return calendar.add_days(day, count) if self.unit == "working_day" else day + timedelta(days=count)


def read(catalog: Catalog, identifier: str, document: Document) -> Deadline:
    """Return a deadline.

    Raises:
        ConditionError: If a condition is not valid.
    """

    def condition(source: str) -> Condition:
        return conditions.of(catalog, document["entity"], source, "clock", namespace=namespace_of(identifier))

    met = condition(document["met_when"])
    when = condition(document["when"]) if "when" in document else None
    window = document.get("window")
    return Deadline(
        id=identifier,
        title=document["title"],
        entity=document["entity"],
        base=document["from"],
        met=met,
        when=when,
        amount=document.get("hours", document.get("days")),
        window=(window["opens"], window["closes"]) if window is not None else None,
        unit="hour" if "hours" in document else document["unit"],
        calendar=document.get("calendar"),
        reminders=tuple(
            Reminder(one["id"], percent(one["at"]) if "at" in one else None, one.get("before"))
            for one in document.get("remind", ())
        ),
        reads=met.names | (when.names if when is not None else frozenset()) | {document["from"]},
        elsewhere=looks_elsewhere(catalog, met) or (when is not None and looks_elsewhere(catalog, when)),
    )
