"""What leaves the database: written with the change that wants it sent, sent by a worker afterwards.

    pending ── claim ──> sent                 a claimed row stays pending and is not due until its claim runs out,
       │  ^        └───> failed: due again    so what a dead worker held goes out again by itself
       │  └── replay ── dead, skipped

Delivery is at least once: a worker can die between sending and noting it. ``key`` is the same for every attempt, and
receivers go by it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright import clock
from dealwright.storage.several import chunks
from dealwright.storage.system import outbox, workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection

_T = outbox
#: A row has thirteen values, and SQLite takes 32,766 in a statement.
_ROWS = 2000
#: How many candidates a claim looks at for each message it may take, as some are for a target that has its share.
_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Message:
    """One message on its way.

    Attributes:
        key: Idempotency key, the same for every attempt.
        channel: Which plugin sends it.
        target: Where to, in the channel's own words.
        state: ``pending``, ``sent``, ``dead`` or ``skipped``.
        attempt: How often it has been claimed; 1 for the first attempt.
        next_at: Not before this; while it is claimed, when the claim runs out.
    """

    id: str
    key: str
    channel: str
    target: str
    payload: Any
    state: str
    attempt: int
    created_at: datetime
    next_at: datetime
    last_error: str | None
    event: str | None
    rule: str | None
    entity: str | None = None
    record: str | None = None


_COLUMNS = [_T.c[name] for name in Message.__slots__]


def put(connection: Connection, messages: Sequence[Mapping[str, Any]]) -> set[str]:
    """Write what is to be sent when the transaction has committed; one statement.

    Args:
        connection: The transaction.
        messages: Each with ``id``, ``at``, ``channel``, ``target``, ``payload``, ``key`` and optionally ``event``,
            ``rule``, ``entity``, ``record``.

    Returns:
        The keys that are new. One that was put before is not put again.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new: set[str] = set()
    for start in range(0, len(messages), _ROWS):
        rows = [
            {
                **{name: one[name] for name in ("id", "key", "channel", "target", "payload")},
                **{name: one.get(name) for name in ("event", "rule", "entity", "record")},
                "state": "pending",
                "attempt": 0,
                "created_at": one["at"],
                "next_at": one["at"],
            }
            for one in messages[start : start + _ROWS]
        ]
        statement = insert(_T).values(rows).on_conflict_do_nothing(index_elements=[_T.c.key]).returning(_T.c.key)
        new |= set(connection.scalars(statement))
    return new


def is_due(connection: Connection, *, but: Collection[str] = ()) -> bool:
    """Tell whether anything is to be sent now: a small read that takes no lock, for a worker that looks often.

    Args:
        connection: The transaction.
        but: Targets that do not count, because enough is on its way there.
    """
    return connection.execute(_first_due(but).limit(1)).first() is not None


def claim(
    connection: Connection, count: int, until: datetime, *, per_target: int, on_their_way: Mapping[str, int]
) -> list[Message]:
    """Take messages that are due; several workers at once get different ones. Nothing while on hold.

    Args:
        connection: The transaction; the claim holds from its commit.
        count: How many at most, the longest due first.
        until: When they are due again, unless they are sent, failed or dead by then.
        per_target: How many may be on their way to one target.
        on_their_way: How many are, by target.
    """
    share = Counter({target: per_target - busy for target, busy in on_their_way.items()})
    full = [target for target, left in share.items() if left <= 0]
    taken: list[Message] = []
    candidates = _first_due(full).limit(count * _CANDIDATES).with_for_update(skip_locked=True, of=_T)
    for row in connection.execute(candidates):
        message = Message(*row)
        left = share.setdefault(message.target, per_target)
        if left > 0 and len(taken) < count:
            share[message.target] = left - 1
            taken.append(message)
    if taken:
        claimed = _T.c.id.in_([message.id for message in taken])
        connection.execute(sa.update(_T).where(claimed).values(attempt=_T.c.attempt + 1, next_at=until))
    return [_again(message, until) for message in taken]


def sent(connection: Connection, identifier: str) -> None:
    """Note that a message has arrived."""
    where = (_T.c.id == identifier, _T.c.state == "pending")
    connection.execute(sa.update(_T).where(*where).values(state="sent", done_at=clock.now()))


def failed(connection: Connection, message: Message, error: str, next_at: datetime) -> None:
    """Note that this attempt has failed, and when the next is due; nothing if another worker has it by now."""
    connection.execute(sa.update(_T).where(*_held(message)).values(last_error=error, next_at=next_at))


def dead(connection: Connection, message: Message, error: str) -> None:
    """Give a message up: it waits for a person. Nothing is done if another worker has it by now."""
    values = {"state": "dead", "last_error": error, "done_at": clock.now()}
    connection.execute(sa.update(_T).where(*_held(message)).values(**values))


def replay(connection: Connection, ids: Collection[str]) -> int:
    """Make dead or skipped messages due again, with a fresh count of attempts; return how many."""
    values = {"state": "pending", "attempt": 0, "next_at": clock.now(), "done_at": None}
    return _change(connection, ids, ("dead", "skipped"), values)


def skip(connection: Connection, ids: Collection[str]) -> int:
    """Give up messages for good; return how many."""
    return _change(connection, ids, ("pending", "dead"), {"state": "skipped", "done_at": clock.now()})


def messages(connection: Connection, states: Collection[str] | None = None, *, limit: int = 1000) -> list[Message]:
    """Return messages, newest first; only those in these states, if any are named."""
    statement = sa.select(*_COLUMNS).order_by(_T.c.id.desc()).limit(limit)
    if states is not None:
        statement = statement.where(_T.c.state.in_(states))
    return [Message(*row) for row in connection.execute(statement)]


def counts(connection: Connection) -> dict[str, int]:
    """Return how many messages are in each state."""
    rows = connection.execute(sa.select(_T.c.state, sa.func.count()).group_by(_T.c.state))
    return {row[0]: row[1] for row in rows}


def prune(connection: Connection, before: datetime, *, batch: int = 1000) -> int:
    """Remove up to ``batch`` messages that were sent or skipped before a moment; return how many."""
    done = sa.select(_T.c.id).where(_T.c.state.in_(("sent", "skipped")), _T.c.done_at < before).limit(batch)
    return connection.execute(sa.delete(_T).where(_T.c.id.in_(done))).rowcount


def _first_due(but: Collection[str]) -> sa.Select[Any]:
    """Return what is due, longest first. The state is a literal: a partial index is used for no other."""
    held = sa.select(workspace.c.held).scalar_subquery()
    statement = sa.select(*_COLUMNS).where(
        _T.c.state == sa.literal_column("'pending'"), _T.c.next_at <= clock.now(), held == sa.false()
    )
    if but:
        statement = statement.where(_T.c.target.not_in(but))
    return statement.order_by(_T.c.next_at, _T.c.id)


def _again(message: Message, until: datetime) -> Message:
    values = {name: getattr(message, name) for name in Message.__slots__}
    return Message(**{**values, "attempt": message.attempt + 1, "next_at": until})


def _held(message: Message) -> tuple[sa.ColumnElement[bool], ...]:
    return (_T.c.id == message.id, _T.c.state == "pending", _T.c.attempt == message.attempt)


def _change(connection: Connection, ids: Collection[str], states: Collection[str], values: Mapping[str, Any]) -> int:
    count = 0
    for some in chunks(list(ids)):
        statement = sa.update(_T).where(_T.c.id.in_(some), _T.c.state.in_(states)).values(**values)
        count += connection.execute(statement).rowcount
    return count
