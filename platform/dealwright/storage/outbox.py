"""What leaves the database: written with the change that wants it sent, sent by a worker afterwards.

    pending ── claim ──> sent                 a claimed row stays pending and is not due until its claim runs out,
       │  ^        └───> failed: due again    so what a dead worker held goes out again by itself
       │  └── replay ── dead, skipped

Delivery is at least once: a worker can die between sending and noting it. ``key`` is the same for every attempt, and
receivers go by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.several import chunks
from dealwright.storage.system import outbox, workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from dealwright.storage.database import Connection

_T = outbox


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way.

    Attributes:
        key: Idempotency key, the same for every attempt.
        channel: Which plugin sends it.
        target: Where to, in the channel's own words.
        attempts: How often it has been claimed, this time included.
    """

    id: str
    key: str
    channel: str
    target: str
    payload: Any
    attempts: int
    created_at: datetime
    event: str | None
    rule: str | None
    entity: str | None
    record: str | None


_COLUMNS = [_T.c[name] for name in Delivery.__slots__]
# Rows are parameters, not part of the statement: it is compiled once, and a save pays a fifth.
_PUT = {
    name: insert(_T).on_conflict_do_nothing(index_elements=[_T.c.key]).returning(_T.c.key)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def put(connection: Connection, deliveries: Sequence[Mapping[str, Any]]) -> set[str]:
    """Write what is to be sent when the transaction has committed; one statement.

    Args:
        connection: The transaction.
        deliveries: Each with ``id``, ``at``, ``channel``, ``target``, ``payload``, ``key`` and optionally ``event``,
            ``rule``, ``entity``, ``record``.

    Returns:
        The keys that are new. One that was put before is not put again.
    """
    if not deliveries:
        return set()
    rows = [
        {
            **{name: one[name] for name in ("id", "key", "channel", "target", "payload")},
            **{name: one.get(name) for name in ("event", "rule", "entity", "record")},
            "state": "pending",
            "attempts": 0,
            "created_at": one["at"],
            "next_at": one["at"],
        }
        for one in deliveries
    ]
    return set(connection.execute(_PUT[connection.dialect.name], rows).scalars())


def due(connection: Connection, now: datetime) -> bool:
    """Tell whether anything is to be sent: a small read that takes no lock, for a worker that looks often."""
    return connection.execute(_first_due(now).limit(1)).first() is not None


def claim(
    connection: Connection, now: datetime, *, limit: int, lease: timedelta, without: Collection[str] = ()
) -> list[Delivery]:
    """Take messages that are due, for ``lease``; several workers at once get different ones. Nothing while on hold.

    Args:
        connection: The transaction; the claim holds from its commit.
        now: The present moment.
        limit: How many at most, the longest due first.
        lease: After this they are due again, unless they are sent or dead by then.
        without: Targets to leave alone, because enough is on its way there.
    """
    statement = _first_due(now).limit(limit).with_for_update(skip_locked=True, of=_T)
    if without:
        statement = statement.where(_T.c.target.not_in(without))
    rows = connection.execute(statement).all()
    if rows:
        claimed = _T.c.id.in_([row.id for row in rows])
        values = {"attempts": _T.c.attempts + 1, "next_at": now + lease}
        connection.execute(sa.update(_T).where(claimed).values(**values))
    return [Delivery(**{**row._mapping, "attempts": row.attempts + 1}) for row in rows]


def sent(connection: Connection, ids: Collection[str], now: datetime) -> None:
    """Note that messages have arrived."""
    _change(connection, ids, ("pending",), {"state": "sent", "done_at": now})


def failed(connection: Connection, identifier: str, error: str, next_at: datetime) -> None:
    """Note that an attempt has failed, and when the next one is due; nothing if it has arrived by another worker."""
    _change(connection, [identifier], ("pending",), {"last_error": error, "next_at": next_at})


def dead(connection: Connection, identifier: str, error: str, now: datetime) -> None:
    """Give a message up: it waits for a person, who replays or skips it. Nothing if it has arrived by now."""
    _change(connection, [identifier], ("pending",), {"state": "dead", "last_error": error, "done_at": now})


def replay(connection: Connection, ids: Collection[str], now: datetime) -> int:
    """Make dead or skipped messages due again, with a fresh count of attempts; return how many."""
    values = {"state": "pending", "attempts": 0, "next_at": now, "done_at": None}
    return _change(connection, ids, ("dead", "skipped"), values)


def skip(connection: Connection, ids: Collection[str], now: datetime) -> int:
    """Give up messages for good; return how many."""
    return _change(connection, ids, ("pending", "dead"), {"state": "skipped", "done_at": now})


def latest(connection: Connection, *, state: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """Return messages, newest first, as dicts of their columns; only those in a state, if it is said."""
    statement = sa.select(_T).order_by(_T.c.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(_T.c.state == state)
    return [dict(row) for row in connection.execute(statement).mappings()]


def counts(connection: Connection) -> dict[str, int]:
    """Return how many messages are in each state."""
    rows = connection.execute(sa.select(_T.c.state, sa.func.count()).group_by(_T.c.state))
    return {row[0]: row[1] for row in rows}


def prune(connection: Connection, before: datetime, *, batch: int = 1000) -> int:
    """Remove up to ``batch`` messages that were sent or skipped before a moment; return how many."""
    done = sa.select(_T.c.id).where(_T.c.state.in_(("sent", "skipped")), _T.c.done_at < before).limit(batch)
    return connection.execute(sa.delete(_T).where(_T.c.id.in_(done))).rowcount


def _first_due(now: datetime) -> sa.Select[Any]:
    """Return what is due, longest first. The state is a literal: a partial index is used for no other."""
    held = sa.select(workspace.c.held).scalar_subquery()
    where = (_T.c.state == sa.literal_column("'pending'"), _T.c.next_at <= now, held == sa.false())
    return sa.select(*_COLUMNS).where(*where).order_by(_T.c.next_at, _T.c.id)


def _change(connection: Connection, ids: Collection[str], states: Collection[str], values: Mapping[str, Any]) -> int:
    count = 0
    for some in chunks(list(ids)):
        statement = sa.update(_T).where(_T.c.id.in_(some), _T.c.state.in_(states)).values(**values)
        count += connection.execute(statement).rowcount
    return count
