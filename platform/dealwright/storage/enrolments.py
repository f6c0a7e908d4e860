"""For which records sequences run or have run: rows that change with their record, in its transaction.

For a record at most one sequence of an id runs; the database holds to that too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.storage.several import chunks
from dealwright.storage.system import enrolment

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection


_T = enrolment


@dataclass(slots=True)
class Enrolment:
    """One record in one sequence.

    Attributes:
        revision: Whose delays and calendar it runs by, to its end.
        state: ``running``, ``finished`` or ``stopped``.
        left, done: ``[step, moment]`` of steps still to come, and of those whose moment came.
        reads: Names that what started it looked at; who may not see one does not see it.
        rule: What started it; None for a person.
        why: Why it stopped: ``condition``, ``rule``, ``person``, ``restart``, ``archived`` or ``gone``.
    """

    id: str
    sequence: str
    entity: str
    record: str
    revision: str
    state: str
    started_at: datetime
    left: list[list[str]] = field(default_factory=list)
    done: list[list[str]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    rule: str | None = None
    ended_at: datetime | None = None
    why: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None


_NAMES: Final = tuple(one.name for one in fields(Enrolment))
_COLUMNS = [_T.c[name] for name in _NAMES]
_RUNNING = _T.c.ended_at.is_(None)
_CHANGES: Final = ("state", "left", "done", "ended_at", "why")
_UPDATE = (
    sa.update(_T)
    .where(_T.c.id == sa.bindparam("id__"))
    .values({name: sa.bindparam(f"{name}__", type_=_T.c[name].type) for name in _CHANGES})
)


def put(connection: Connection, enrolments: Sequence[Enrolment]) -> None:
    """Write new enrolments; one statement."""
    if enrolments:
        connection.execute(sa.insert(_T), [{name: getattr(one, name) for name in _NAMES} for one in enrolments])


def change(connection: Connection, enrolments: Sequence[Enrolment]) -> None:
    """Write enrolments that have changed; one statement."""
    if enrolments:
        rows = [{"id__": one.id, **{f"{name}__": getattr(one, name) for name in _CHANGES}} for one in enrolments]
        connection.execute(_UPDATE, rows)


def of(connection: Connection, records: Collection[str], *, ended: bool = False) -> list[Enrolment]:
    """Return the enrolments of records that run, or with ``ended`` all of them; the oldest first."""
    where = () if ended else (_RUNNING,)
    return [one for some in chunks(list(records)) for one in _read(connection, _T.c.record.in_(some), *where)]


def get(connection: Connection, ids: Collection[str]) -> dict[str, Enrolment]:
    """Return enrolments by id."""
    return {one.id: one for some in chunks(list(ids)) for one in _read(connection, _T.c.id.in_(some))}


def about(connection: Connection, entity: str, record: str, *, limit: int = 100) -> list[Enrolment]:
    """Return the enrolments of a record, those that run first, then the latest."""
    statement = sa.select(*_COLUMNS).where(_T.c.record == record, _T.c.entity == entity)
    ordered = statement.order_by(_T.c.ended_at.is_not(None), _T.c.started_at.desc(), _T.c.id)
    return [Enrolment(*row) for row in connection.execute(ordered.limit(limit))]


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Return how many enrolments each sequence has in each state."""
    found: dict[str, dict[str, int]] = {}
    for sequence, state, number in connection.execute(
        sa.select(_T.c.sequence, _T.c.state, sa.func.count()).group_by(_T.c.sequence, _T.c.state)
    ):
        found.setdefault(sequence, {})[state] = number
    return found


def _read(connection: Connection, *where: sa.ColumnElement[bool]) -> list[Any]:
    statement = sa.select(*_COLUMNS).where(*where).order_by(_T.c.started_at, _T.c.id)
    return [Enrolment(*row) for row in connection.execute(statement)]
