"""Results of dear reports: what their statements found, when, and under whose rights. One row a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.system import result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Result:
    """What the statements of a report found.

    Attributes:
        key: Digest of all that the result hangs on beside the records themselves.
        user: Under whose rights it is worked out anew; None for the operator.
        asked: What was asked beside the report, as JSON.
        at: When it was worked out.
        asked_at: When somebody last looked.
        seconds: How long the statements took.
        found: The rows of each statement in turn, as JSON.
    """

    key: str
    report: str
    user: str | None
    asked: Mapping[str, Any]
    at: datetime
    asked_at: datetime
    seconds: float
    found: Any


_COLUMNS = [result.c[name] for name in Result.__slots__]


def _anew(insert: Any) -> Any:
    statement = insert(result)
    changed = {name: statement.excluded[name] for name in Result.__slots__ if name != "key"}
    return statement.on_conflict_do_update(index_elements=[result.c.key], set_=changed)


_PUT = {"sqlite": _anew(sqlite.insert), "postgresql": _anew(postgresql.insert)}


def one(connection: Connection, key: str) -> Result | None:
    """Return the result under a key; None if there is none."""
    row = connection.execute(sa.select(*_COLUMNS).where(result.c.key == key)).first()
    return Result(*row) if row is not None else None


def put(connection: Connection, found: Result) -> None:
    """Write a result; one under the same key gives way. One statement."""
    row = {name: getattr(found, name) for name in Result.__slots__}
    connection.execute(_PUT[connection.dialect.name], [row])


def looked(connection: Connection, key: str, now: datetime) -> None:
    """Note that somebody has looked at a result."""
    connection.execute(sa.update(result).where(result.c.key == key).values(asked_at=now))


def wanted(connection: Connection, before: datetime) -> list[Result]:
    """Return results older than this that somebody has looked at since, the oldest first, without what they found."""
    columns = [*_COLUMNS[:-1], sa.null()]
    where = result.c.at < before, result.c.asked_at > result.c.at, result.c.user.is_not(None)
    return [Result(*row) for row in connection.execute(sa.select(*columns).where(*where).order_by(result.c.at))]


def drop(connection: Connection, key: str) -> None:
    """Remove a result."""
    connection.execute(sa.delete(result).where(result.c.key == key))


def prune(connection: Connection, before: datetime) -> None:
    """Remove results that nobody has looked at since."""
    connection.execute(sa.delete(result).where(result.c.asked_at < before))
