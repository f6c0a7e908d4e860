"""The roll of workers: who does the background work now, by their heartbeats and the clock of the database."""

from __future__ import annotations

import platform
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import __version__, clock
from dealwright.storage.system import worker as roll

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.storage.database import Connection


def beat(connection: Connection, worker: str) -> None:
    """Note that ``worker`` lives: the first call enters it, each later one moves its time."""
    now = _now(connection)
    found = connection.execute(sa.update(roll).where(roll.c.id == worker).values(seen_at=now))
    if not found.rowcount:
        connection.execute(
            sa.insert(roll).values(id=worker, started_at=now, seen_at=now, host=platform.node(), version=__version__)
        )


def lost(connection: Connection, seconds: float) -> list[str]:
    """Return the workers that have not been heard of for so long. The time is the database's: one clock for all."""
    since = _now(connection) - timedelta(seconds=seconds)
    return list(connection.execute(sa.select(roll.c.id).where(roll.c.seen_at < since)).scalars())


def leave(connection: Connection, worker: str) -> None:
    """Let ``worker`` count as lost from now on: it stops, and others take over what it may have left undone."""
    epoch = datetime.fromtimestamp(0, UTC)
    connection.execute(sa.update(roll).where(roll.c.id == worker).values(seen_at=epoch))


def forget(connection: Connection, workers: Sequence[str], seconds: float) -> None:
    """Strike out workers whose jobs were taken over, unless one of them was heard of meanwhile."""
    since = _now(connection) - timedelta(seconds=seconds)
    connection.execute(sa.delete(roll).where(roll.c.id.in_(workers), roll.c.seen_at < since))


def alive(connection: Connection, seconds: float) -> int:
    """Return how many workers were heard of within so many seconds."""
    since = _now(connection) - timedelta(seconds=seconds)
    return connection.execute(sa.select(sa.func.count()).where(roll.c.seen_at >= since)).scalar_one()


def _now(connection: Connection) -> Any:
    return sa.func.now() if connection.dialect.name == "postgresql" else clock.now()
