"""Requests that carry an Idempotency-Key: the same key and body give the same answer again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.system import idempotency

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.storage.database import Connection

_T = idempotency


#: Held until the transaction ends; two keys that share a number only make one of them try again.
_TRY_LOCK = sa.select(sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("name"), 0)))


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a key.

    Attributes:
        state: ``new`` (do the work, then :func:`finish`), ``running``, ``done`` (give ``answer`` again), or ``other``
            (the key was used with another body).
    """

    state: str
    status: int | None = None
    answer: Any = None


def begin(connection: Connection, scope: str, key: str, digest: str, now: datetime) -> Begun:
    """Note a request, or find out what became of an earlier one with its key.

    The note and the work belong into one transaction: if the work is rolled back, so is the note. On PostgreSQL a
    second request with the key finds it ``running`` while the first is at work; on SQLite, where there is one writer
    at a time, it waits and gets the first one's answer (``docs/decisions/031-idempotency-in-flight.md``).

    Args:
        connection: The transaction.
        scope: Whose key it is, and for which operation.
        key: As the caller sent it.
        digest: SHA-256 of the request.
        now: The present moment.
    """
    if connection.dialect.name == "postgresql" and not connection.scalar(_TRY_LOCK, {"name": f"{scope} {key}"}):
        return Begun("running")
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(_T).values(scope=scope, key=key, digest=digest, started_at=now).on_conflict_do_nothing()
    if connection.execute(statement.returning(_T.c.key)).first() is not None:
        return Begun("new")
    return look(connection, scope, key, digest)


def look(connection: Connection, scope: str, key: str, digest: str) -> Begun:
    """Return what is known of a key, and note nothing; one that nobody has used is ``new``."""
    row = connection.execute(
        sa.select(_T.c.digest, _T.c.status, _T.c.answer).where(_T.c.scope == scope, _T.c.key == key)
    ).one_or_none()
    if row is None:
        return Begun("new")
    if row.digest != digest:
        return Begun("other")
    return Begun("running") if row.status is None else Begun("done", row.status, row.answer)


def finish(connection: Connection, scope: str, key: str, status: int, answer: Any) -> None:
    """Keep the answer (JSON) of a request that :func:`begin` called new."""
    connection.execute(sa.update(_T).where(_T.c.scope == scope, _T.c.key == key).values(status=status, answer=answer))


def prune(connection: Connection, before: datetime) -> int:
    """Forget requests from before a moment; return how many."""
    return connection.execute(sa.delete(_T).where(_T.c.started_at < before)).rowcount
