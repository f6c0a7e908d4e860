"""The log of events, which is also the history of every record. Written once, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage import bulk
from dealwright.storage.system import event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dealwright.events import Event
    from dealwright.storage.database import Connection

_INSERT = {
    "sqlite": sa.insert(event).values(tx=0).inline(),
    "postgresql": sa.insert(event).values(tx=sa.func.txid_current()).inline(),
}
_TX = {"sqlite": sa.select(sa.literal_column("0")), "postgresql": sa.select(sa.func.txid_current())}
_COLUMNS = [column for column in event.c if column.name != "tx"]
_NAMES = [column.name for column in _COLUMNS]


def append(connection: Connection, events: Sequence[Event]) -> None:
    """Write events in their order; one statement, and one more to know the transaction of many."""
    rows = [
        {
            "id": one.id,
            "type": one.type,
            "entity": one.entity,
            "record": one.record,
            "version": one.version,
            "at": one.at,
            "actor": one.actor,
            "data": dict(one.data),
            "changes": {name: list(change) for name, change in one.changes.items()},
            "cause": one.cause,
            "depth": one.depth,
        }
        for one in events
    ]
    if 0 < len(rows) < bulk.MANY:
        connection.execute(_INSERT[connection.dialect.name], rows)
    elif rows:
        tx = connection.scalar(_TX[connection.dialect.name])
        bulk.insert(connection, _INSERT[connection.dialect.name], event, [{**row, "tx": tx} for row in rows])


def history(
    connection: Connection,
    entity: str,
    record: str,
    *,
    limit: int = 200,
    before: int | None = None,
    types: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Return events of a record, newest first, as dicts with the attributes of an Event and ``seq``.

    Args:
        connection: The transaction.
        entity: Entity of the record.
        record: Its id.
        limit: How many at most.
        before: Only those with a smaller ``seq``: the last one of the page before.
        types: Only events of these types.
    """
    where = [event.c.entity == entity, event.c.record == record]
    if before is not None:
        where.append(event.c.seq < before)
    if types is not None:
        where.append(event.c.type.in_(types))
    return _rows(connection, sa.select(*_COLUMNS).where(*where).order_by(event.c.seq.desc()).limit(limit))


def told_since(
    connection: Connection, entity: str, moment: datetime, *, types: Sequence[str], after: str = "", limit: int = 200
) -> list[str]:
    """Return the next records of an entity about which an event of these types happened since a moment, by id."""
    where = (event.c.entity == entity, event.c.at >= moment, event.c.type.in_(types), event.c.record > after)
    statement = sa.select(event.c.record).where(*where).distinct().order_by(event.c.record).limit(limit)
    return list(connection.scalars(statement))


def of_records(connection: Connection, entity: str, records: Sequence[str], moment: datetime) -> list[dict[str, Any]]:
    """Return every event about these records since a moment, in the order in which they were written."""
    where = (event.c.entity == entity, event.c.record.in_(records), event.c.at >= moment)
    return _rows(connection, sa.select(*_COLUMNS).where(*where).order_by(event.c.seq))


def get(connection: Connection, identifier: str) -> dict[str, Any] | None:
    """Return an event by its id, or None."""
    found = _rows(connection, sa.select(*_COLUMNS).where(event.c.id == identifier))
    return found[0] if found else None


def since(connection: Connection, seq: int, *, limit: int = 1000) -> list[dict[str, Any]]:
    """Return events after ``seq`` in order, for whoever looks at what one transaction after the other has told.

    On PostgreSQL numbers are given before the commit, so events stop short of the first transaction that is still open.
    That is not enough beside others who write: one may commit later under a lower number. Who follows the log among
    them asks by :func:`mark` and :func:`touched`, which pass nothing over.
    """
    statement = sa.select(*_COLUMNS).where(event.c.seq > seq).order_by(event.c.seq).limit(limit)
    if connection.dialect.name == "postgresql":
        statement = statement.where(event.c.tx < sa.func.txid_snapshot_xmin(sa.func.txid_current_snapshot()))
    return _rows(connection, statement)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has followed the log: ``seq`` of the last event, and the first transaction that was open then."""

    seq: int
    tx: int


#: Events that a transaction may have numbered before others that committed earlier.
_BACK = 10_000


def mark(connection: Connection) -> Mark:
    """Return the end of the log, for whoever wants to know what comes after it."""
    return Mark(connection.scalar(sa.select(sa.func.max(event.c.seq))) or 0, _first_open(connection))


def touched(
    connection: Connection, after: Mark, limit: int
) -> tuple[Mark, list[tuple[str, str, str, dict[str, Any]]] | None]:
    """Return what happened after a mark, as (entity, record, type, changes), and the next mark; one small statement or two.

    None is passed over: on PostgreSQL an event counts by the transaction that wrote it, as numbers of events may become
    visible in another order. More than ``limit`` events are not read: then the second is None.
    """
    columns = (event.c.seq, event.c.entity, event.c.record, event.c.type, event.c.changes)
    statement = sa.select(*columns).where(event.c.record.is_not(None)).order_by(event.c.seq).limit(limit + 1)
    if connection.dialect.name == "postgresql":
        until = _first_open(connection)
        rows = connection.execute(
            statement.where(event.c.seq > after.seq - _BACK, event.c.tx >= after.tx, event.c.tx < until)
        ).all()
    else:
        until = 0
        rows = connection.execute(statement.where(event.c.seq > after.seq)).all()
    if len(rows) > limit:
        return mark(connection), None
    end = max(rows[-1].seq, after.seq) if rows else after.seq
    return Mark(end, until), [(row.entity, row.record, row.type, row.changes) for row in rows]


def between(after: Mark, until: Mark, dialect: str) -> list[sa.ColumnElement[bool]]:
    """Return what an event meets that became visible after one mark and before another."""
    if dialect == "postgresql":
        return [event.c.seq > after.seq - _BACK, event.c.tx >= after.tx, event.c.tx < until.tx]
    return [event.c.seq > after.seq, event.c.seq <= until.seq]


def _first_open(connection: Connection) -> int:
    if connection.dialect.name != "postgresql":
        return 0
    return int(connection.scalar(sa.select(sa.func.txid_snapshot_xmin(sa.func.txid_current_snapshot()))) or 0)


def latest(connection: Connection, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the newest events of the workspace, newest first."""
    return _rows(connection, sa.select(*_COLUMNS).order_by(event.c.seq.desc()).limit(limit))


def prune(connection: Connection, before: datetime, *, batch: int = 1000) -> int:
    """Remove up to ``batch`` events from before a moment, oldest first; return how many."""
    oldest = sa.select(event.c.seq).where(event.c.at < before).order_by(event.c.at).limit(batch)
    return connection.execute(sa.delete(event).where(event.c.seq.in_(oldest))).rowcount


def _rows(connection: Connection, statement: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(zip(_NAMES, row, strict=True)) for row in connection.execute(statement)]
