"""Approvals on their way: one row each, a row for each person who is or was asked, and who stands in for whom.

Whoever changes an approval reads it with ``lock``: two people who decide at the same moment come one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from dealwright.storage.several import chunks
from dealwright.storage.system import absence, approval, approval_seat

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection

_A, _S = approval, approval_seat
#: A literal, as the partial index says.
_OPEN = _A.c.state == sa.literal_column("'open'")


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of ``dw_approval`` with the seats that belong to it, as plain data (see ``storage.system``)."""

    id: str
    approval: str
    revision: str
    entity: str
    record: str
    requester: str | None
    asked_at: datetime
    comment: str | None
    state: str
    turn: int
    places: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]
    digest: str
    ended_at: datetime | None
    event: str | None
    seats: Sequence[Mapping[str, Any]] = ()


_NAMES = tuple(name for name in Stored.__dataclass_fields__ if name != "seats")
_COLUMNS = [_A.c[name] for name in _NAMES]


def get(connection: Connection, ids: Collection[str], *, lock: bool = False) -> dict[str, Stored]:
    """Return approvals with their seats, in two statements.

    Args:
        connection: The transaction.
        ids: Which.
        lock: Whether they are to be changed: others wait until this transaction ends.
    """
    found: list[Any] = []
    for some in chunks(sorted(ids)):
        statement = sa.select(*_COLUMNS).where(_A.c.id.in_(some)).order_by(_A.c.id)
        found += connection.execute(statement.with_for_update() if lock else statement)
    return _with_seats(connection, found)


def rows(
    connection: Connection, records: Collection[str], approval_ids: Collection[str] = (), *, state: str | None = None
) -> list[Stored]:
    """Return the approvals of records without their seats, the oldest first: one statement.

    Args:
        connection: The transaction.
        records: Ids of the records.
        approval_ids: Of these definitions only; of all if empty.
        state: In this state only.
    """
    found: list[Any] = []
    for some in chunks(sorted(records)):
        statement = sa.select(*_COLUMNS).where(_A.c.record.in_(some))
        if approval_ids:
            statement = statement.where(_A.c.approval.in_(sorted(approval_ids)))
        if state == "open":
            statement = statement.where(_OPEN)
        elif state is not None:
            statement = statement.where(_A.c.state == state)
        found += connection.execute(statement.order_by(_A.c.asked_at, _A.c.id))
    return [Stored(**row._mapping) for row in found]


def asked(connection: Connection, user: str, *, limit: int = 200) -> dict[str, Stored]:
    """Return the approvals in which a person is asked now, the oldest first."""
    mine = sa.select(_S.c.approval).where(_S.c.user == user, _S.c.state == sa.literal_column("'asked'"))
    statement = sa.select(*_COLUMNS).where(_A.c.id.in_(mine)).order_by(_A.c.asked_at, _A.c.id).limit(limit)
    return _with_seats(connection, connection.execute(statement).all())


def requested(connection: Connection, user: str, *, limit: int = 200) -> dict[str, Stored]:
    """Return the approvals that a person has asked for, the newest first."""
    statement = sa.select(*_COLUMNS).where(_A.c.requester == user).order_by(_A.c.asked_at.desc(), _A.c.id.desc())
    return _with_seats(connection, connection.execute(statement.limit(limit)).all())


def _with_seats(connection: Connection, rows: Sequence[Any]) -> dict[str, Stored]:
    seats: dict[str, list[Mapping[str, Any]]] = {row.id: [] for row in rows}
    for some in chunks(list(seats)):
        statement = sa.select(_S).where(_S.c.approval.in_(some)).order_by(_S.c.approval, _S.c.number)
        for row in connection.execute(statement).mappings():
            seats[row["approval"]].append(dict(row))
    return {row.id: Stored(**row._mapping, seats=tuple(seats[row.id])) for row in rows}


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add approvals, one statement.

    Raises:
        ConflictError: If a record has an open one of the same definition already.
    """
    if rows:
        connection.execute(sa.insert(_A), [dict(row) for row in rows])


_CHANGED = (
    sa.update(_A)
    .where(_A.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in ("state", "turn", "places", "digest", "facts", "ended_at")})
)
_SEAT_CHANGED = (
    sa.update(_S)
    .where(_S.c.approval == bindparam("of"), _S.c.number == bindparam("which"))
    .values({name: bindparam(name) for name in ("state", "counted", "decided_at", "comment", "address", "digest")})
)


def change(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what changed of approvals: ``id``, ``state``, ``turn``, ``places``, ``digest``, ``facts``, ``ended_at``."""
    if rows:
        connection.execute(_CHANGED, [{**{k: v for k, v in row.items() if k != "id"}, "of": row["id"]} for row in rows])


def rebase(connection: Connection, identifier: str, revision: str) -> None:
    """Let an approval finish on the definition of another revision."""
    connection.execute(sa.update(_A).where(_A.c.id == identifier).values(revision=revision))


def behind(connection: Connection, approval_id: str, revision: str, after: str, limit: int) -> list[str]:
    """Return ids of open approvals of a definition that are on another revision, in order, those after ``after``."""
    where = _A.c.approval == approval_id, _OPEN, _A.c.revision != revision, _A.c.id > after
    return list(connection.scalars(sa.select(_A.c.id).where(*where).order_by(_A.c.id).limit(limit)))


def open_counts(connection: Connection, approval_ids: Collection[str]) -> dict[str, int]:
    """Return how many approvals of definitions are open, by definition; those without are left out."""
    found: dict[str, int] = {}
    for some in chunks(sorted(approval_ids)):
        statement = sa.select(_A.c.approval, sa.func.count()).where(_A.c.approval.in_(some), _OPEN)
        found.update((row[0], row[1]) for row in connection.execute(statement.group_by(_A.c.approval)))
    return found


def open_places(connection: Connection, approval_ids: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield definition and places of each open approval of definitions."""
    for some in chunks(sorted(approval_ids)):
        statement = sa.select(_A.c.approval, _A.c.places).where(_A.c.approval.in_(some), _OPEN)
        yield from ((row[0], row[1]) for row in connection.execute(statement))


def add_seats(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add seats, one statement."""
    new = [dict(row) for row in rows]
    if new:
        connection.execute(sa.insert(_S), new)


def change_seats(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write what changed of seats: ``approval``, ``number``, and the columns of a decision."""
    changed = [
        {
            **{k: v for k, v in row.items() if k not in ("approval", "number")},
            "of": row["approval"],
            "which": row["number"],
        }
        for row in rows
    ]
    if changed:
        connection.execute(_SEAT_CHANGED, changed)


def standing_in(connection: Connection, users: Collection[str], entity: str, now: datetime) -> dict[str, str]:
    """Return who stands in for those of ``users`` who are away now: user to delegate; the latest word counts."""
    found: dict[str, str] = {}
    for some in chunks(sorted(users)):
        statement = (
            sa.select(absence.c.user, absence.c.delegate)
            .where(
                absence.c.user.in_(some),
                absence.c.since <= now,
                absence.c.until > now,
                sa.or_(absence.c.entity.is_(None), absence.c.entity == entity),
            )
            .order_by(absence.c.created_at, absence.c.id)
        )
        found.update((row.user, row.delegate) for row in connection.execute(statement))
    return found


def add_absence(connection: Connection, row: Mapping[str, Any]) -> None:
    """Note that somebody is away: the columns of ``dw_absence``."""
    connection.execute(sa.insert(absence), [dict(row)])


def absence_of(connection: Connection, identifier: str) -> dict[str, Any] | None:
    """Return an absence by its id; None if there is none."""
    row = connection.execute(sa.select(absence).where(absence.c.id == identifier)).mappings().first()
    return None if row is None else dict(row)


def end_absence(connection: Connection, identifier: str, user: str, now: datetime) -> bool:
    """End an absence of a user now; tell whether there is one that has not ended."""
    where = (absence.c.id == identifier, absence.c.user == user, absence.c.until > now)
    return bool(connection.execute(sa.update(absence).where(*where).values(until=now)).rowcount)


def absences(connection: Connection, user: str, now: datetime) -> list[Mapping[str, Any]]:
    """Return the absences of a user that have not ended, the next one first."""
    statement = sa.select(absence).where(absence.c.user == user, absence.c.until > now).order_by(absence.c.since)
    return [dict(row) for row in connection.execute(statement).mappings()]
