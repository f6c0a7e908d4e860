"""Imports of files: how far each has come, so that one that broke off goes on where it was, and what it refused.

draft ─▸ running ─▸ done | failed          an import at the command line begins running
         running ─▸ stopping ─▸ stopped ─▸ running
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import clock
from dealwright.storage.system import import_reject, imports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Begun:
    """An import: rows of the file that are done with, and what became of them."""

    id: str
    position: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Import:
    """An import as pages see it.

    Attributes:
        state: See the module.
        position: Number of the last row that is done with.
        counts: What became of the rows so far.
        file: Id of the file; None where it was none of the store.
        header: Columns of the file.
        mapping: The mapping document; None until one was chosen.
        total: Rows that the file has.
        error: Why it failed as a whole; None if it did not.
    """

    id: str
    entity: str
    digest: str
    name: str
    state: str
    position: int
    counts: Mapping[str, Any]
    started_at: datetime
    started_by: str | None
    updated_at: datetime
    file: str | None
    header: Sequence[str] | None
    mapping: Mapping[str, Any] | None
    total: int | None
    error: str | None


_COLUMNS = [imports.c[name] for name in Import.__slots__]


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
    _insert(connection, identifier, entity, digest, name, "running", by, now)
    return Begun(identifier, 0, {})


def draft(
    connection: Connection,
    entity: str,
    name: str,
    by: str,
    now: datetime,
    *,
    file: str,
    header: Sequence[str],
    total: int,
) -> str:
    """Note a file that somebody wants to import, and return the id of the import."""
    identifier = clock.new_id()
    _insert(connection, identifier, entity, "", name, "draft", by, now, file=file, header=list(header), total=total)
    return identifier


def _insert(
    connection: Connection,
    identifier: str,
    entity: str,
    digest: str,
    name: str,
    state: str,
    by: str | None,
    now: datetime,
    **more: Any,
) -> None:
    connection.execute(
        sa.insert(imports).values(
            id=identifier,
            entity=entity,
            digest=digest,
            name=name,
            state=state,
            position=0,
            counts={},
            started_at=now,
            started_by=by,
            updated_at=now,
            **more,
        )
    )


def get(connection: Connection, identifier: str) -> Import | None:
    """Return an import; None if there is none."""
    row = connection.execute(sa.select(*_COLUMNS).where(imports.c.id == identifier)).first()
    return Import(*row) if row is not None else None


def of(connection: Connection, entity: str, by: str, *, limit: int = 20) -> list[Import]:
    """Return the imports that somebody began on pages, newest first."""
    mine = (imports.c.entity == entity, imports.c.started_by == by, imports.c.file.is_not(None))
    found = connection.execute(sa.select(*_COLUMNS).where(*mine).order_by(imports.c.id.desc()).limit(limit))
    return [Import(*row) for row in found]


def set_out(connection: Connection, identifier: str, digest: str, mapping: Mapping[str, Any], now: datetime) -> bool:
    """Let an import that is a draft, or was stopped, run; return whether it did not run already.

    One with another mapping than before begins anew.
    """
    waiting = (imports.c.id == identifier, imports.c.state.in_(("draft", "stopped", "failed")))
    same = imports.c.digest == digest
    position = sa.case((same, imports.c.position), else_=0)
    changed = connection.execute(
        sa.update(imports)
        .where(*waiting)
        .values(digest=digest, mapping=dict(mapping), state="running", position=position, error=None, updated_at=now)
    )
    return changed.rowcount == 1


def other(connection: Connection, digest: str, identifier: str) -> bool:
    """Tell whether another import of the same file and mapping is running."""
    found = sa.select(imports.c.id).where(_running(digest), imports.c.id != identifier)
    return connection.execute(found).first() is not None


def advance(connection: Connection, digest: str, position: int, counts: Mapping[str, int], now: datetime) -> None:
    """Note, in the transaction that wrote them, that the rows up to ``position`` are done with."""
    connection.execute(
        sa.update(imports).where(_running(digest)).values(position=position, counts=dict(counts), updated_at=now)
    )


def finish(connection: Connection, digest: str, now: datetime) -> None:
    """Note that the whole file is done with; the same file starts from its beginning then."""
    connection.execute(sa.update(imports).where(_running(digest)).values(state="done", updated_at=now))


def turn(
    connection: Connection, identifier: str, before: str, after: str, now: datetime, error: str | None = None
) -> bool:
    """Change the state of an import from one to another; return whether it was in the first."""
    here = (imports.c.id == identifier, imports.c.state == before)
    return (
        connection.execute(sa.update(imports).where(*here).values(state=after, error=error, updated_at=now)).rowcount
        == 1
    )


def refuse(connection: Connection, identifier: str, rows: Iterable[tuple[int, Sequence[str], str]]) -> None:
    """Keep rows that were refused, each with its number, its cells and the reasons. One statement."""
    values = [
        {"import": identifier, "row": number, "cells": list(cells), "reason": reason} for number, cells, reason in rows
    ]
    if values:
        connection.execute(sa.insert(import_reject), values)


def forget(connection: Connection, identifier: str, after: int) -> None:
    """Remove the refused rows behind a row of the file: they are read again."""
    behind = (import_reject.c["import"] == identifier, import_reject.c.row > after)
    connection.execute(sa.delete(import_reject).where(*behind))


def refused(connection: Connection, identifier: str, *, limit: int | None = None) -> list[tuple[int, list[str], str]]:
    """Return the rows that were refused, in the order of the file."""
    found = sa.select(import_reject.c.row, import_reject.c.cells, import_reject.c.reason)
    chosen = found.where(import_reject.c["import"] == identifier).order_by(import_reject.c.row).limit(limit)
    return [(row.row, list(row.cells), row.reason) for row in connection.execute(chosen)]


def latest(connection: Connection, *, limit: int = 50) -> list[dict[str, Any]]:
    """Return imports, newest first, as dicts of their columns."""
    return [
        dict(row)
        for row in connection.execute(sa.select(imports).order_by(imports.c.id.desc()).limit(limit)).mappings()
    ]


def _running(digest: str) -> sa.ColumnElement[bool]:
    return sa.and_(imports.c.digest == digest, imports.c.state.in_(("running", "stopping")))
