"""How far behind the background work is: what a health check and ``dealwright doctor`` ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dealwright import clock
from dealwright.storage import queue, roll, system

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.storage.database import Database


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind the background work is.

    Attributes:
        message_seconds: Since when the longest due message waits; 0 if none does. While messages are on their way they
            are not due.
        timer_seconds: The same of timers.
        dead_messages: Messages that wait for a person.
        dead_jobs: Jobs that do.
        workers: Workers heard of within the time asked for.
    """

    message_seconds: float
    timer_seconds: float
    dead_messages: int
    dead_jobs: int
    workers: int


def of(database: Database, seconds: float = 30) -> Backlog:
    """Return how far behind the background work is; three small reads, for a health check every few seconds.

    Args:
        database: Where.
        seconds: Workers silent for longer are not counted.
    """
    now = clock.now()
    pending: sa.ColumnElement[str] = sa.literal_column("'pending'")
    messages, due = system.outbox.c, system.timer.c
    with database.read() as connection:
        oldest, dead, timer = connection.execute(
            sa.select(
                sa.select(sa.func.min(messages.next_at)).where(messages.state == pending).scalar_subquery(),
                sa.select(sa.func.count()).where(messages.state == sa.literal_column("'dead'")).scalar_subquery(),
                sa.select(sa.func.min(due.due_at)).where(due.state == pending).scalar_subquery(),
            )
        ).one()
        workers = roll.alive(connection, seconds)
    return Backlog(_late(oldest, now), _late(timer, now), dead, queue.count_dead(database), workers)


def _late(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since is not None else 0.0
