"""Timers: what becomes due for a record. Set, moved and cancelled in the transaction of the change that decides it.

    pending ──take──▸ fired        pending ──cancel──▸ cancelled

A timer is taken in the transaction that carries out what it is for. So it fires exactly once, never after it was
cancelled or moved away, and again if that transaction is rolled back. A record has one pending timer of a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright import clock
from dealwright.storage.system import event, timer, workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection

_PENDING = timer.c.state == sa.literal_column("'pending'")
_FREE = ~sa.exists().where(workspace.c.held)
_COLUMNS = (
    timer.c.id,
    timer.c.entity,
    timer.c.record,
    timer.c.name,
    timer.c.due_at,
    timer.c.generation,
    timer.c.data,
)


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer of a record.

    Attributes:
        name: What it is for; at most one pending timer of a name for a record.
        generation: How often it was set or moved; 1 at first.
        data: What whoever set it wants to know when it is due; JSON.
    """

    id: str
    entity: str
    record: str
    name: str
    due_at: datetime
    generation: int
    data: Mapping[str, Any]


def put(connection: Connection, timers: Sequence[Mapping[str, Any]]) -> None:
    """Set timers, or move the pending ones of the same record and name: the last word holds.

    Args:
        connection: Of an open write.
        timers: Each has ``entity``, ``record``, ``name``, ``due_at`` (aware) and may have ``data``.
    """
    if not timers:
        return
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(timer)
    statement = statement.on_conflict_do_update(
        index_elements=["record", "name"],
        index_where=_PENDING,
        set_={
            "due_at": statement.excluded.due_at,
            "data": statement.excluded.data,
            "generation": timer.c.generation + 1,
        },
    )
    rows = [
        {"data": {}, **given, "id": new, "state": "pending", "generation": 1}
        for given, new in zip(timers, clock.new_ids(len(timers)), strict=True)
    ]
    connection.execute(statement, rows)


def cancel(connection: Connection, records: Sequence[str], names: Sequence[str] | None = None) -> int:
    """Cancel the pending timers of records, only those of ``names`` unless None; return how many there were."""
    where = [_PENDING, timer.c.record.in_(records)]
    if names is not None:
        where.append(timer.c.name.in_(names))
    return connection.execute(sa.update(timer).where(*where).values(state="cancelled")).rowcount


def pending(connection: Connection, record: str) -> list[Timer]:
    """Return the pending timers of a record, the next one first."""
    found = sa.select(*_COLUMNS).where(_PENDING, timer.c.record == record).order_by(timer.c.due_at, timer.c.id)
    return [Timer(*row) for row in connection.execute(found)]


def is_due(connection: Connection) -> bool:
    """Tell whether a timer is due now; one look at an index, without a lock."""
    found = sa.select(sa.literal(1)).where(_PENDING, timer.c.due_at <= clock.now(), _FREE).limit(1)
    return connection.execute(found).scalar() is not None


def take(connection: Connection, limit: int) -> list[Timer]:
    """Fire timers that are due, the longest due first; the caller does what they are for before it commits.

    Two callers at once get different timers: on PostgreSQL the second leaves out what the first has locked, on SQLite
    it waits.
    """
    found = (
        sa.select(*_COLUMNS)
        .where(_PENDING, timer.c.due_at <= clock.now(), _FREE)
        .order_by(timer.c.due_at, timer.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=timer)
    )
    taken = [Timer(*row) for row in connection.execute(found)]
    if taken:
        ids = [one.id for one in taken]
        connection.execute(sa.update(timer).where(timer.c.id.in_(ids)).values(state="fired"))
    return taken


def has_happened(connection: Connection, event_id: str) -> bool:
    """Tell whether the event of a timer is in the log, so that carrying it out again would be twice."""
    return connection.execute(sa.select(sa.literal(1)).where(event.c.id == event_id)).scalar() is not None


def prune(connection: Connection, before: datetime, *, batch: int = 1000) -> int:
    """Remove timers that fired or were cancelled and had been due before a moment, at most ``batch``."""
    old = sa.select(timer.c.id).where(timer.c.state.in_(["fired", "cancelled"]), timer.c.due_at < before).limit(batch)
    return connection.execute(sa.delete(timer).where(timer.c.id.in_(old))).rowcount
