"""How far an import has come, so that one that broke off goes on where it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import clock
from dealwright.storage.system import imports

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Begun:
    """An import: rows of the file that are done with, and what became of them."""

    id: str
    position: int
    counts: Mapping[str, int]


def begin(connection: Connection, digest: str, entity: str, name: str, by: str | None, now: datetime) -> Begun:
    """Start an import, or go on with the one of the same file and mapping that has not come to its end.

    Args:
        connection: The transaction.
        digest: SHA-256 of all that the outcome depends on.
        entity: Entity of the records.
        name: Name of the file.
        by: Id of the user; None for the operator.
        now: The present moment.
    """
    running = _running(digest)
    row = connection.execute(sa.select(imports.c.id, imports.c.position, imports.c.counts).where(running)).first()
    if row is not None:
        return Begun(row.id, row.position, row.counts)
    identifier = clock.new_id()
    connection.execute(
        sa.insert(imports).values(
            id=identifier,
            entity=entity,
            digest=digest,
            name=name,
            state="running",
            position=0,
            counts={},
            started_at=now,
            started_by=by,
            updated_at=now,
        )
    )
    return Begun(identifier, 0, {})


def advance(connection: Connection, digest: str, position: int, counts: Mapping[str, int], now: datetime) -> None:
    """Note, in the transaction that wrote them, that the rows up to ``position`` are done with."""
    connection.execute(
        sa.update(imports).where(_running(digest)).values(position=position, counts=dict(counts), updated_at=now)
    )


def finish(connection: Connection, digest: str, now: datetime) -> None:
    """Note that the whole file is done with; the same file starts from its beginning then."""
    connection.execute(sa.update(imports).where(_running(digest)).values(state="done", updated_at=now))


def latest(connection: Connection, *, limit: int = 50) -> list[dict[str, Any]]:
    """Return imports, newest first, as dicts of their columns."""
    return [
        dict(row)
        for row in connection.execute(sa.select(imports).order_by(imports.c.id.desc()).limit(limit)).mappings()
    ]


def _running(digest: str) -> sa.ColumnElement[bool]:
    return sa.and_(imports.c.digest == digest, imports.c.state == "running")
