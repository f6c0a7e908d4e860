"""Suggestions: rows that rules make and people decide, each in the transaction of what led to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage.several import chunks
from dealwright.storage.system import suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection


_T = suggestion


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion, as it is stored; the columns of ``dw_suggestion`` say what each is."""

    id: str
    entity: str
    record: str
    rule: str
    action: int
    decision: str
    made_at: datetime
    message: str
    title: str
    reason: str
    placed: Mapping[str, Any]
    reads: Sequence[str]
    does: Mapping[str, Any] | None
    until: datetime | None
    state: str = "open"
    decided_at: datetime | None = None
    decided_by: str | None = None
    because: str | None = None
    made: str | None = None

    def stands(self, now: datetime) -> bool:
        """Tell whether it waits for somebody to decide."""
        return self.state == "open" and (self.until is None or self.until > now)


_COLUMNS = [_T.c[name] for name in Suggestion.__slots__]


def put(connection: Connection, suggestions: Sequence[Suggestion]) -> None:
    """Write new suggestions; one statement."""
    if suggestions:
        rows = [{name: getattr(one, name) for name in Suggestion.__slots__} for one in suggestions]
        connection.execute(sa.insert(_T), rows)


def open_of(connection: Connection, records: Collection[str]) -> list[Suggestion]:
    """Return the open suggestions about records, those too whose time is over."""
    return [
        Suggestion(*row)
        for some in chunks(list(records))
        for row in connection.execute(sa.select(*_COLUMNS).where(_T.c.record.in_(some), _T.c.state == "open"))
    ]


def expire(connection: Connection, ids: Collection[str], at: datetime) -> None:
    """Close open suggestions whose time is over."""
    for some in chunks(list(ids)):
        connection.execute(sa.update(_T).where(_T.c.id.in_(some)).values(state="expired", decided_at=at))


def about(connection: Connection, entity: str, record: str, *, limit: int = 100) -> list[Suggestion]:
    """Return the suggestions about a record: open ones first, then the latest."""
    statement = sa.select(*_COLUMNS).where(_T.c.record == record, _T.c.entity == entity)
    ordered = statement.order_by(_T.c.state != "open", _T.c.made_at.desc(), _T.c.id.desc())
    return [Suggestion(*row) for row in connection.execute(ordered.limit(limit))]


def get(connection: Connection, identifier: str) -> Suggestion | None:
    """Return one suggestion, or None."""
    row = connection.execute(sa.select(*_COLUMNS).where(_T.c.id == identifier)).first()
    return Suggestion(*row) if row is not None else None


def decide(
    connection: Connection, identifier: str, state: str, at: datetime, by: str | None, *, because: str | None = None
) -> None:
    """Note what somebody made of a suggestion."""
    values = {"state": state, "decided_at": at, "decided_by": by, "because": because}
    connection.execute(sa.update(_T).where(_T.c.id == identifier).values(values))


def note_made(connection: Connection, identifier: str, record: str) -> None:
    """Note which record accepting has created."""
    connection.execute(sa.update(_T).where(_T.c.id == identifier).values(made=record))
