"""Moments that rules wait for: ``idle`` (nothing happened for a time) and ``after`` (so long after a date, or before).

    {"idle": {"of": "last_activity_at", "for": {"param": "stall_days", "unit": "day"}}}
    {"after": {"field": "closed_on", "offset": "P30D", "at": "09:00"}}        negative: before it

Here it is worked out from a record when its moment comes. Who sets timers for it, and looks again when they are due,
is ``records``.

- ``idle`` means longer than: the rule is due at the first moment after the time has passed.
- A record that never had an activity is idle since it was created.
- ``after`` is due exactly then. A date begins at midnight of the workspace's zone; with ``at`` the rule is due at that
  time of the day that is reached.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dealwright.errors import ConflictError, Problem
from dealwright.rules import spans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.calendars import Calendar
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field, Rule
    from dealwright.rules.spans import Span

#: Kinds of trigger that wait for a moment of one record, each with its key that names the field.
FIELDS: Final[Mapping[str, str]] = {"idle": "of", "after": "field"}
#: The smallest step of time that there is.
_TICK: Final = timedelta(milliseconds=1)
_SINCE_THE_START: Final = "last_activity_at"


@dataclass(frozen=True, slots=True)
class Timed:
    """The moment of a record that a rule waits for.

    Attributes:
        idle: Whether the time must have passed and not only been reached.
        field: The field that it counts from.
        span: How long after it; negative for before.
        at: At which time of that day; None for the same time.
        zone: The workspace's.
        calendar: What counts working days; None where there are none to count.
        days: What it says; with another calendar the moments are others.
        watches: Fields on whose change the moment is worked out anew: its own, and what the rule's condition reads.
    """

    idle: bool
    field: str
    span: Span
    at: time | None
    zone: ZoneInfo
    watches: frozenset[str]
    days: str = ""
    calendar: Calendar | None = dataclasses.field(default=None, compare=False)

    def since(self, row: Mapping[str, Any]) -> date | datetime | None:
        """Return what it counts from in a typed record; None if that is empty."""
        found = row.get(self.field)
        if found is None and self.field == _SINCE_THE_START:
            found = row.get("created_at")
        return found if isinstance(found, date) else None

    def due(self, row: Mapping[str, Any]) -> datetime | None:
        """Return the moment at which the rule is due for a typed record; None if there is none."""
        return self.reached(self.since(row))

    def reached(self, since: date | datetime | None) -> datetime | None:
        """Return the moment that belongs to a value of the field, in UTC; None for none."""
        if since is None:
            return None
        try:
            if not isinstance(since, datetime):
                return self._on_a_day(since)
            if self.at is not None:
                return self._on_a_day(since.astimezone(self.zone).date())
            moment = self.span.later(since, self.zone, self.calendar)
            return moment + _TICK if self.idle and moment is not None else moment
        except (ConflictError, OverflowError, ValueError):
            return None

    def before(self, now: datetime) -> datetime | None:
        """Return before which moments the time has passed by now."""
        return self.span.back().later(now, self.zone, self.calendar)

    def _on_a_day(self, start: date) -> datetime:
        """Return the moment on the day that is so many months and whole days away, by the calendar of the zone."""
        day = spans.months_later(start, self.span.months)
        if self.calendar is not None:
            day = self.calendar.add_days(day, self.span.workdays)
        whole = timedelta(days=self.span.rest // timedelta(days=1))
        moment = datetime.combine(day + whole, self.at or time(), self.zone).astimezone(UTC)
        moment += self.span.rest - whole
        return moment + _TICK if self.idle else moment


def read(catalog: Catalog, rule: Rule, condition: Condition | None) -> Timed | None:
    """Return what ``rule`` waits for; None if it waits for no moment of a record, or :func:`problems` says why not."""
    key = FIELDS.get(rule.trigger.kind)
    if key is None:
        return None
    spec = rule.trigger.spec
    span = spans.read(catalog, rule.id, spec.get("for" if rule.trigger.kind == "idle" else "offset"))
    if span is None or (span.workdays and spans.calendar_of(catalog, span) is None):
        return None
    field = str(spec.get(key))
    known = catalog.entity(rule.entity).all_fields()
    asked = {name for name in (condition.fields if condition is not None else ()) if name in known}
    # Of the system's moments all move with the field itself; the version moves with everything.
    watches = frozenset(asked - {"version", "updated_at"} | {field, "archived_at"})
    at = spec.get("at")
    return Timed(
        idle=rule.trigger.kind == "idle",
        field=field,
        span=span,
        at=time.fromisoformat(at) if isinstance(at, str) else None,
        zone=ZoneInfo(catalog.settings.get("zone", "UTC")),
        watches=watches,
        days=spans.days_of(catalog, span),
        calendar=spans.calendar_of(catalog, span),
    )


def problems(catalog: Catalog, rule: Rule) -> list[Problem]:
    """Return what is wrong with an ``idle`` or ``after``; that its field exists is looked at with all names."""
    kind, spec = rule.trigger.kind, rule.trigger.spec
    key, length = FIELDS[kind], "for" if kind == "idle" else "offset"
    entity = catalog.entities.get(rule.entity)
    field = entity.field(str(spec.get(key))) if entity is not None else None
    found = []
    if field is not None and not _is_a_moment(field):
        message = f"“{field.id}” is of the type {field.type}; time is counted from a date or a datetime"
        found.append(Problem(f"/on/{kind}/{key}", "not-a-moment", message))
    found += spans.problems(catalog, rule.id, spec.get(length), f"/on/{kind}/{length}", forward=kind == "idle")
    return found


def _is_a_moment(field: Field) -> bool:
    return field.type in ("date", "datetime") or (
        field.type == "formula" and field.spec.get("result") in ("date", "datetime")
    )
