"""Attempts to sign in that failed, and browsers that somebody has signed in from.

A row holds two moments instead of a count. Each failure moves ``clear_at`` by the time after which it is forgiven, so
the distance from now to ``clear_at`` is the number of failures that are not forgiven yet, and a row whose moment has
passed means nothing and can go. Before ``free_at`` no attempt is looked at.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.system import attempt, device

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is held of one key; see the module."""

    key: str
    clear_at: datetime
    free_at: datetime


def of_email(email: str) -> str:
    """Return the key of a folded address of e-mail, whether or not somebody has it.

    Only its digest is kept: what people type there by mistake is often a password.
    """
    return f"email:{hashlib.sha256(email.encode()).hexdigest()}"


def free_at(connection: Connection, keys: Sequence[str]) -> list[datetime]:
    """Return from when on attempts of these keys are looked at; none for a key that never failed."""
    return list(connection.scalars(sa.select(attempt.c.free_at).where(attempt.c.key.in_(keys))))


def locked(connection: Connection, keys: Sequence[str], now: datetime) -> dict[str, Attempts]:
    """Return what is held of keys, by key; until the transaction ends, others that ask for one of them wait."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [{"key": key, "clear_at": now, "free_at": now} for key in sorted(keys)]
    connection.execute(insert(attempt).values(rows).on_conflict_do_nothing())
    statement = sa.select(attempt.c.key, attempt.c.clear_at, attempt.c.free_at).where(attempt.c.key.in_(keys))
    found = connection.execute(statement.order_by(attempt.c.key).with_for_update())
    return {row.key: Attempts(*row) for row in found}


def put(connection: Connection, rows: Iterable[Attempts]) -> None:
    """Write what :func:`locked` returned, changed."""
    statement = sa.update(attempt).where(attempt.c.key == sa.bindparam("of"))
    values = [{"of": one.key, "clear_at": one.clear_at, "free_at": one.free_at} for one in rows]
    connection.execute(statement.values(clear_at=sa.bindparam("clear_at"), free_at=sa.bindparam("free_at")), values)


def forget(connection: Connection, keys: Sequence[str]) -> None:
    """Forgive every failure of keys."""
    connection.execute(sa.delete(attempt).where(attempt.c.key.in_(keys)))


def known(connection: Connection, digest: str, user: str) -> bool:
    """Tell whether somebody has signed in from the browser whose secret has this digest."""
    return connection.scalar(sa.select(sa.true()).where(device.c.digest == digest, device.c.user == user)) is not None


def know(connection: Connection, digest: str, user: str, at: datetime) -> None:
    """Note that somebody signed in from a browser."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(device).values(digest=digest, user=user, seen_at=at)
    key = [device.c.digest, device.c.user]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"seen_at": at}))


def prune(connection: Connection, now: datetime, seen_before: datetime) -> int:
    """Remove failures that are forgiven, and browsers not seen since ``seen_before``; return how many rows.

    A pause never outlasts the failures that brought it.
    """
    forgiven = connection.execute(sa.delete(attempt).where(attempt.c.clear_at <= now))
    return forgiven.rowcount + connection.execute(sa.delete(device).where(device.c.seen_at < seen_before)).rowcount
