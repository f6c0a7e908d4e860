"""Timers: what becomes due on a record at a moment. Set, moved and cancelled in the transaction of its change.

A record has at most one pending timer of a name. Whoever takes a timer writes in the same transaction what follows
from it, so it fires once; the condition that set it is to be looked at again then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright import clock
from dealwright.events import DUE, Event
from dealwright.storage.several import chunks
from dealwright.storage.system import timer, workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection

_T = timer


@dataclass(frozen=True, slots=True)
class Timer:
    """A moment at which something is to be looked at.

    Attributes:
        name: What it is for; one pending timer of a name on a record.
        generation: Counts up each time it is set anew or moved.
        data: JSON for whoever is woken.
    """

    entity: str
    record: str
    name: str
    due_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    generation: int = 1


_NAMES = ("entity", "record", "name", "due_at", "data", "id", "generation")
_COLUMNS = [_T.c[name] for name in _NAMES]
_PENDING = _T.c.state == sa.literal_column("'pending'")


def _set_anew(insert: Any) -> Any:
    statement = insert(_T)
    return statement.on_conflict_do_update(
        index_elements=[_T.c.record, _T.c.name],
        index_where=_PENDING,
        set_={
            "due_at": statement.excluded.due_at,
            "data": statement.excluded.data,
            "generation": _T.c.generation + 1,
        },
    )


# Rows are parameters, not part of the statement: it is compiled once.
_PUT = {"sqlite": _set_anew(sqlite.insert), "postgresql": _set_anew(postgresql.insert)}


def put(connection: Connection, timers: Sequence[Timer]) -> None:
    """Set timers; one that is pending under the same name on the same record is set anew. One statement."""
    if not timers:
        return
    wanted = sorted({(one.record, one.name): one for one in timers}.values(), key=lambda one: (one.record, one.name))
    rows = [
        {
            "id": identifier,
            "entity": one.entity,
            "record": one.record,
            "name": one.name,
            "due_at": one.due_at,
            "state": "pending",
            "generation": 1,
            "data": dict(one.data),
        }
        for identifier, one in zip(clock.new_ids(len(wanted)), wanted, strict=True)
    ]
    connection.execute(_PUT[connection.dialect.name], rows)


def cancel(connection: Connection, record: str, names: Collection[str] | None = None) -> int:
    """Cancel the pending timers of a record, or those of these names; return how many. They never fire."""
    where = [_PENDING, _T.c.record == record]
    if names is not None:
        where.append(_T.c.name.in_(names))
    return connection.execute(sa.update(_T).where(*where).values(state="cancelled")).rowcount


def cancel_each(connection: Connection, timers: Collection[tuple[str, str]]) -> None:
    """Cancel the pending timers ``(record, name)``, as far as there are any; one statement."""
    if timers:
        connection.execute(_CANCEL, [{"record__": record, "name__": name} for record, name in sorted(timers)])


_CANCEL = (
    sa.update(_T)
    .where(_PENDING, _T.c.record == sa.bindparam("record__"), _T.c.name == sa.bindparam("name__"))
    .values(state="cancelled")
)


def move(connection: Connection, record: str, name: str, due_at: datetime) -> bool:
    """Give a pending timer another moment; tell whether there is one."""
    statement = sa.update(_T).where(_PENDING, _T.c.record == record, _T.c.name == name)
    return bool(connection.execute(statement.values(due_at=due_at, generation=_T.c.generation + 1)).rowcount)


def pending(connection: Connection, records: Collection[str]) -> dict[str, list[Timer]]:
    """Return the pending timers of records, the earliest first: record to timers."""
    found: dict[str, list[Timer]] = {}
    for some in chunks(list(records)):
        statement = sa.select(*_COLUMNS).where(_PENDING, _T.c.record.in_(some)).order_by(_T.c.due_at)
        for row in connection.execute(statement):
            found.setdefault(row.record, []).append(Timer(*row))
    return found


def due(connection: Connection, now: datetime) -> bool:
    """Tell whether any timer is due: a small read that takes no lock, for a worker that looks often."""
    return connection.execute(_first_due(now).limit(1)).first() is not None


def next_due(connection: Connection) -> datetime | None:
    """Return when the next pending timer is due; None if there is none."""
    found: datetime | None = connection.scalar(sa.select(sa.func.min(_T.c.due_at)).where(_PENDING))
    return found


def claim(connection: Connection, now: datetime, *, limit: int = 200) -> list[Timer]:
    """Take timers that are due, the longest due first; several workers at once get different ones.

    They have fired when the transaction commits, and are due again if it rolls back. Nothing while on hold.
    """
    statement = _first_due(now).limit(limit).with_for_update(skip_locked=True, of=_T)
    taken = [Timer(*row) for row in connection.execute(statement)]
    if taken:
        fired = _T.c.id.in_([one.id for one in taken])
        connection.execute(sa.update(_T).where(fired).values(state="fired"))
    return taken


def event_of(timer: Timer) -> Event:
    """Return the event ``timer.due`` that a taken timer becomes: its data is the timer's, with ``name`` and ``due_at``."""
    return Event(clock.new_id(), DUE, timer.entity, timer.record, None, timer.due_at, data=data_of(timer))


def data_of(timer: Timer) -> dict[str, Any]:
    """Return the data of the event that a timer becomes."""
    due = timer.due_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**timer.data, "name": timer.name, "due_at": due}


def prune(connection: Connection, before: datetime, *, batch: int = 1000) -> int:
    """Remove up to ``batch`` timers that were due before a moment and are not pending; return how many."""
    over = sa.select(_T.c.id).where(_T.c.state != "pending", _T.c.due_at < before).limit(batch)
    return connection.execute(sa.delete(_T).where(_T.c.id.in_(over))).rowcount


def _first_due(now: datetime) -> sa.Select[Any]:
    """Return what is due, longest first. The state is a literal: a partial index is used for no other."""
    held = sa.select(workspace.c.held).scalar_subquery()
    where = (_PENDING, _T.c.due_at <= now, held == sa.false())
    return sa.select(*_COLUMNS).where(*where).order_by(_T.c.due_at, _T.c.id)
