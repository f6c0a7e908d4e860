"""Figures of the work in the background: how much waits, how old it is, what rules decided lately. No value of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage import system

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.storage.database import Connection


def waiting(connection: Connection) -> dict[str, int]:
    """Return how many timers and messages wait, by small reads of partial indexes: ``timers``, ``messages``."""
    pending: sa.ColumnElement[str] = sa.literal_column("'pending'")
    found = connection.execute(
        sa.select(
            sa.select(sa.func.count())
            .select_from(system.timer)
            .where(system.timer.c.state == pending)
            .scalar_subquery(),
            sa.select(sa.func.count())
            .select_from(system.outbox)
            .where(system.outbox.c.state == pending)
            .scalar_subquery(),
        )
    ).one()
    return {"timers": found[0], "messages": found[1]}


def retried(connection: Connection) -> int:
    """Return how many waiting messages have failed at least once."""
    where = (system.outbox.c.state == sa.literal_column("'pending'"), system.outbox.c.last_error.is_not(None))
    return int(connection.scalar(sa.select(sa.func.count()).select_from(system.outbox).where(*where)) or 0)


def decided(connection: Connection, since: datetime) -> dict[bool, int]:
    """Return how many decisions were made since a moment, by whether the rule fired; a range of the primary key."""
    table = system.decision.c
    statement = sa.select(table.fired, sa.func.count()).where(table.id >= first_id(since)).group_by(table.fired)
    return {bool(row[0]): row[1] for row in connection.execute(statement)}


def first_id(moment: datetime) -> str:
    """Return the least id that can be made at a moment: ids begin with its milliseconds (RFC 9562, 5.7)."""
    text = f"{int(moment.timestamp() * 1000):012x}"
    return f"{text[:8]}-{text[8:]}-7000-8000-000000000000"


def next_timers(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Return the timers that are due next, the longest due first, without their data."""
    table = system.timer.c
    columns = (table.id, table.name, table.entity, table.record, table.due_at)
    statement = (
        sa.select(*columns).where(table.state == sa.literal_column("'pending'")).order_by(table.due_at, table.id)
    )
    return [dict(row) for row in connection.execute(statement.limit(limit)).mappings()]
