"""The outbox: what leaves the platform after a commit, written in the transaction of the change that causes it.

    pending ──claim──▸ pending, on its way ──sent──▸ sent
                              ├──failed──▸ pending, not before next_at
                              └──dead────▸ dead ──replay──▸ pending      ──skip──▸ skipped

The rows are the queue. A claim is a lease: ``next_at`` moves to its end, so what a dead worker had taken is due again
by itself. A row may therefore go out twice, under one ``key``, and is never lost. While the workspace is held (after
a restore) nothing is claimed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright import clock
from dealwright.storage.system import outbox, workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection

#: Characters of an error that are kept.
LONGEST_ERROR = 2000

_PENDING = outbox.c.state == sa.literal_column("'pending'")
_FREE = ~sa.exists().where(workspace.c.held)
_NULLS = {"event": None, "rule": None, "entity": None, "record": None}


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the outbox.

    Attributes:
        attempt: Tries so far; in a claim the present one is counted.
        next_at: Not before; while claimed, when the claim runs out.
    """

    id: str
    key: str
    channel: str
    target: str
    payload: Mapping[str, Any]
    state: str
    attempt: int
    created_at: datetime
    next_at: datetime
    last_error: str | None
    event: str | None
    rule: str | None


_COLUMNS = (
    outbox.c.id,
    outbox.c.key,
    outbox.c.channel,
    outbox.c.target,
    outbox.c.payload,
    outbox.c.state,
    outbox.c.attempts,
    outbox.c.created_at,
    outbox.c.next_at,
    outbox.c.last_error,
    outbox.c.event,
    outbox.c.rule,
)


def put(connection: Connection, messages: Sequence[Mapping[str, Any]]) -> None:
    """Write messages. One whose key is there already is left out: it is the same message.

    Args:
        connection: Of an open write.
        messages: Each has ``id``, ``key``, ``channel``, ``target``, ``payload`` and ``at``; and may have ``event``,
            ``rule``, ``entity``, ``record``: what it is about.
    """
    if not messages:
        return
    rows = [
        {
            **_NULLS,
            **{name: value for name, value in message.items() if name != "at"},
            "state": "pending",
            "attempts": 0,
            "created_at": message["at"],
            "next_at": message["at"],
        }
        for message in messages
    ]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(outbox).on_conflict_do_nothing(index_elements=["key"]), rows)


def is_due(connection: Connection, but: Sequence[str] = ()) -> bool:
    """Tell whether something may go out now to a target that is not among ``but``; one look, without a lock."""
    due = (_PENDING, outbox.c.next_at <= clock.now(), outbox.c.target.not_in(but), _FREE)
    return connection.execute(sa.select(sa.literal(1)).where(*due).limit(1)).scalar() is not None


def claim(
    connection: Connection,
    limit: int,
    until: datetime,
    *,
    per_target: int,
    on_their_way: Mapping[str, int],
) -> list[Message]:
    """Take messages that are due, the longest due first; nobody else gets them before ``until``.

    Args:
        connection: Of an open write. Two workers at once get different messages.
        limit: How many at most.
        until: End of the lease.
        per_target: At most so many to one target at once: a slow receiver does not hold up the others.
        on_their_way: What the caller has taken and not finished, by target.
    """
    now = clock.now()
    full = [target for target, count in on_their_way.items() if count >= per_target]
    found = (
        sa.select(*_COLUMNS)
        .where(_PENDING, outbox.c.next_at <= now, outbox.c.target.not_in(full), _FREE)
        .order_by(outbox.c.next_at, outbox.c.id)
        .limit(4 * limit)  # more than wanted, since several may have one target
        .with_for_update(skip_locked=True, of=outbox)
    )
    counts = Counter(on_their_way)
    taken: list[Message] = []
    for row in connection.execute(found):
        if len(taken) < limit and counts[row.target] < per_target:
            counts[row.target] += 1
            taken.append(replace(Message(*tuple(row)), attempt=row.attempts + 1, next_at=until))
    if taken:
        connection.execute(
            sa.update(outbox)
            .where(outbox.c.id.in_([message.id for message in taken]))
            .values(attempts=outbox.c.attempts + 1, next_at=until)
        )
    return taken


def sent(connection: Connection, id: str) -> None:  # noqa: A002 - the word of the table
    """Note that a message was delivered, whoever did it."""
    connection.execute(
        sa.update(outbox).where(outbox.c.id == id, _PENDING).values(state="sent", done_at=clock.now(), last_error=None)
    )


def failed(connection: Connection, message: Message, error: str, next_at: datetime) -> None:
    """Note that the attempt did not succeed; without effect if the lease ran out and another worker took it over."""
    _settle(connection, message, next_at=next_at, last_error=error[:LONGEST_ERROR])


def dead(connection: Connection, message: Message, error: str) -> None:
    """Give a message up, until a person replays or skips it."""
    _settle(connection, message, state="dead", done_at=clock.now(), last_error=error[:LONGEST_ERROR])


def _settle(connection: Connection, message: Message, **values: Any) -> None:
    mine = (outbox.c.id == message.id, outbox.c.attempts == message.attempt, _PENDING)
    connection.execute(sa.update(outbox).where(*mine).values(**values))


def replay(connection: Connection, ids: Sequence[str]) -> int:
    """Send dead messages again from their first attempt, under their old keys; return how many were dead."""
    now = clock.now()
    return connection.execute(
        sa.update(outbox)
        .where(outbox.c.id.in_(ids), outbox.c.state == "dead")
        .values(state="pending", attempts=0, next_at=now, done_at=None)
    ).rowcount


def skip(connection: Connection, ids: Sequence[str]) -> int:
    """Give messages up for good, dead ones and such as still wait; return how many. What is on its way may arrive."""
    return connection.execute(
        sa.update(outbox)
        .where(outbox.c.id.in_(ids), outbox.c.state.in_(["pending", "dead"]))
        .values(state="skipped", done_at=clock.now())
    ).rowcount


def messages(
    connection: Connection, states: Sequence[str] = (), *, limit: int = 100, before: str | None = None
) -> list[Message]:
    """Return messages, the latest first.

    Args:
        connection: Any.
        states: Only these; all when empty.
        limit: How many at most.
        before: Only those older than the message with this id: the last one of the page before.
    """
    found = sa.select(*_COLUMNS).order_by(outbox.c.id.desc()).limit(limit)
    if states:
        found = found.where(outbox.c.state.in_(states))
    if before is not None:
        found = found.where(outbox.c.id < before)
    return [Message(*tuple(row)) for row in connection.execute(found)]


def prune(connection: Connection, before: datetime, *, batch: int = 1000) -> int:
    """Remove messages that were sent or skipped before a moment, at most ``batch``; return how many."""
    old = sa.select(outbox.c.id).where(outbox.c.state.in_(["sent", "skipped"]), outbox.c.done_at < before).limit(batch)
    return connection.execute(sa.delete(outbox).where(outbox.c.id.in_(old))).rowcount
