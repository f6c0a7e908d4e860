"""Records as they were: the log of events undone from now backwards, and played again.

Own fields are as they were then. What a condition reads of other records (paths, roll-ups), of who saved, and the last
activity are as they are now: :func:`read_as_now` names them, and whoever shows a result says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dealwright import events as kinds
from dealwright import fields
from dealwright.records import needs
from dealwright.storage import events
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from dealwright.metadata.definitions import Entity
    from dealwright.records.needs import Needs
    from dealwright.records.work import Work

#: Names that no history knows: they have the value of now.
_NOW = frozenset({"last_activity_at", "days_since_activity"})


@dataclass(frozen=True, slots=True)
class Moment:
    """An event with the record around it.

    Attributes:
        event: As it was logged.
        before, after: The typed record; empty values before it was made.
        env: What conditions of a rule saw: ``after`` with ``old.``, ``event.`` and the moment.
    """

    event: kinds.Event
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    env: dict[str, Any]


def moments(work: Work, entity: Entity, ids: Sequence[str], since: datetime, wanted: Needs) -> Iterator[Moment]:
    """Yield the events of records since a moment, in the order of the log, each with the record as it was.

    Three statements and one for each reference that is read, whatever the number of records. Records that are gone for
    good are not told of.
    """
    rows = stored.get(work.connection, work.catalog, entity.id, ids)
    log = [_event(row) for row in events.of_records(work.connection, entity.id, list(rows), since)]
    states = {record: dict(row) for record, row in rows.items()}
    for event in reversed(log):
        _put(work, entity, states[str(event.record)], event, 0)
    made = []
    for event in log:
        state = states[str(event.record)]
        before = dict(state)
        _put(work, entity, state, event, 1)
        made.append(Moment(event, before, dict(state), env(work, state, event.at)))
    needs.load(work, entity, wanted, [one.env for one in made])
    for one in made:
        complete(one.env, wanted, one.before, one.event)
        yield one


def histories(
    work: Work, entity: Entity, ids: Sequence[str], since: datetime
) -> dict[str, list[tuple[datetime, dict[str, Any]]]]:
    """Return what records were since a moment: from when on, and the typed record; the oldest first.

    The first is from ``since`` on, or from when the record was made.
    """
    rows = stored.get(work.connection, work.catalog, entity.id, ids)
    log = [_event(row) for row in events.of_records(work.connection, entity.id, list(rows), since)]
    log = [event for event in log if event.type in kinds.RECORD_TYPES]
    states = {record: dict(row) for record, row in rows.items()}
    for event in reversed(log):
        _put(work, entity, states[str(event.record)], event, 0)
    found = {r: [(since, dict(state))] if rows[r]["created_at"] <= since else [] for r, state in states.items()}
    for event in log:
        record = str(event.record)
        _put(work, entity, states[record], event, 1)
        if found[record] and found[record][-1][0] == event.at:
            found[record].pop()  # one save, told by several events
        found[record].append((event.at, dict(states[record])))
    return found


def as_of(work: Work, entity: Entity, record: str, at: datetime, wanted: Needs) -> dict[str, Any] | None:
    """Return what conditions of a rule would have seen of a record at a moment; None if it was not made yet."""
    row = stored.get(work.connection, work.catalog, entity.id, [record]).get(record)
    if row is None or row["created_at"] > at:
        return None
    state = dict(row)
    for found in reversed(events.of_records(work.connection, entity.id, [record], at)):
        if found["at"] > at:
            _put(work, entity, state, _event(found), 0)
    made = env(work, state, at)
    needs.load(work, entity, wanted, [made])
    complete(made, wanted, state, None)
    return made


def env(work: Work, state: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return a record with what conditions know whatever the record, at a moment of the past."""
    zone = ZoneInfo(work.catalog.settings.get("zone", "UTC"))
    return {**state, **work.env, "now()": at, "today()": at.astimezone(zone).date(), "is_new": False}


def complete(found: dict[str, Any], wanted: Needs, before: Mapping[str, Any], event: kinds.Event | None) -> None:
    """Fill in what follows from the env and the event."""
    new = event is not None and event.type == kinds.CREATED
    needs.remember(wanted, found, None if new else before)
    needs.derive(wanted, found)
    found["is_new"] = new
    if event is not None:
        found.update({f"event.{key}": value for key, value in event.data.items()})


def read_as_now(names: Iterable[str]) -> list[str]:
    """Return those of the names of an environment whose value is that of now, sorted."""
    return sorted(
        name
        for name in names
        if name in _NOW
        or (name.startswith("user.") or ("." in name and not name.startswith(("old.", "event.", "record."))))
    )


def _put(work: Work, entity: Entity, state: dict[str, Any], event: kinds.Event, side: int) -> None:
    if event.type in kinds.RECORD_TYPES:
        changed = {name: change[side] for name, change in event.changes.items()}
        state.update(fields.typed(work.catalog, entity.id, changed))


def _event(row: Mapping[str, Any]) -> kinds.Event:
    made = {name: row[name] for name in kinds.Event.__slots__ if name not in ("data", "changes")}
    changes = {name: (one[0], one[1]) for name, one in (row["changes"] or {}).items()}
    return kinds.Event(**made, data=row["data"] or {}, changes=changes)
