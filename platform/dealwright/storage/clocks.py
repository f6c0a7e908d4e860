"""Clocks of SLA policies and deadlines: rows that change with their record, in its transaction.

A record has at most one open clock of a policy; the database holds to that too.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.sla.clock import Clock
from dealwright.storage.several import chunks
from dealwright.storage.system import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from dealwright.storage.database import Connection

_T = clock
_NAMES = tuple(one.name for one in fields(Clock))
_COLUMNS = [_T.c[name] for name in _NAMES]
_OPEN = _T.c.ended_at.is_(None)
#: What may change once a clock is there.
_CHANGES = (
    "state", "started_at", "due_at", "total", "spent", "since", "steps", "pauses", "base", "revision", "calendar",
    "ended_at", "breached_at", "late", "assumed",
)  # fmt: skip
_INSERT = sa.insert(_T)
_UPDATE = (
    sa.update(_T)
    .where(_T.c.id == sa.bindparam("id__"))
    .values({name: sa.bindparam(f"{name}__", type_=_T.c[name].type) for name in _CHANGES})
)


def put(connection: Connection, clocks: Sequence[Clock]) -> None:
    """Write new clocks; one statement."""
    if clocks:
        connection.execute(_INSERT, [{name: getattr(one, name) for name in _NAMES} for one in clocks])


def change(connection: Connection, clocks: Sequence[Clock]) -> None:
    """Write clocks that have changed; one statement."""
    if clocks:
        rows = [{"id__": one.id, **{f"{name}__": getattr(one, name) for name in _CHANGES}} for one in clocks]
        connection.execute(_UPDATE, rows)


def of(connection: Connection, records: Collection[str], ended: Collection[str] = ()) -> list[Clock]:
    """Return the open clocks of records, and those that have ended of the policies ``ended``; the oldest first."""
    where = _OPEN if not ended else sa.or_(_OPEN, _T.c.policy.in_(sorted(ended)))
    return [one for some in chunks(list(records)) for one in _read(connection, _T.c.record.in_(some), where)]


def of_policies(connection: Connection, records: Collection[str], policies: Collection[str]) -> list[Clock]:
    """Return the clocks of these policies on records, open and ended; the oldest first."""
    where = _T.c.policy.in_(sorted(policies))
    return [one for some in chunks(list(records)) for one in _read(connection, _T.c.record.in_(some), where)]


def get(connection: Connection, ids: Collection[str]) -> dict[str, Clock]:
    """Return clocks by id."""
    return {one.id: one for some in chunks(list(ids)) for one in _read(connection, _T.c.id.in_(some))}


def about(connection: Connection, entity: str, record: str, *, limit: int = 200) -> list[Clock]:
    """Return the clocks of a record, open ones first, then the latest."""
    where = (_T.c.entity == entity, _T.c.record == record)
    statement = sa.select(*_COLUMNS).where(*where).order_by(_T.c.ended_at.is_not(None), _T.c.started_at.desc(), _T.c.id)
    return [Clock(*row) for row in connection.execute(statement.limit(limit))]


def open_of(connection: Connection, policy: str, *, after: str, limit: int) -> list[Clock]:
    """Return open clocks of a policy in the order of their ids, those after an id; for work in batches."""
    statement = sa.select(*_COLUMNS).where(_T.c.policy == policy, _OPEN, _T.c.id > after).order_by(_T.c.id).limit(limit)
    return [Clock(*row) for row in connection.execute(statement)]


def running(connection: Connection, kind: str) -> dict[str, tuple[int, int]]:
    """Return for each policy that has open clocks how many there are, and how many of them are over."""
    over = sa.func.sum(sa.case((_T.c.breached_at.is_not(None), 1), else_=0))
    statement = sa.select(_T.c.policy, sa.func.count(), over).where(_T.c.kind == kind, _OPEN).group_by(_T.c.policy)
    return {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(statement)}


def next_due(connection: Connection, policy: str, *, limit: int) -> list[Clock]:
    """Return the open clocks of a policy that are due first, those that are over before them."""
    statement = sa.select(*_COLUMNS).where(_T.c.policy == policy, _OPEN).order_by(_T.c.due_at, _T.c.id).limit(limit)
    return [Clock(*row) for row in connection.execute(statement)]


def policies(connection: Connection) -> list[tuple[str, str, str]]:
    """Return kind, id and entity of each policy and deadline that has open clocks."""
    statement = sa.select(_T.c.kind, _T.c.policy, _T.c.entity).where(_OPEN).distinct()
    return sorted((row[0], row[1], row[2]) for row in connection.execute(statement))


def _read(connection: Connection, *where: sa.ColumnElement[bool]) -> Iterator[Any]:
    statement = sa.select(*_COLUMNS).where(*where).order_by(_T.c.started_at, _T.c.id)
    return (Clock(*row) for row in connection.execute(statement))
