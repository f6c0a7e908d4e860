"""Drafts: named sets of changes of the definitions that are not in force before they are published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import clock
from dealwright.errors import NotFoundError
from dealwright.storage.database import to_json
from dealwright.storage.system import draft, draft_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Draft:
    """A row of ``dw_draft``.

    Attributes:
        state: ``open``, ``published`` or ``discarded``.
        version: Goes up with every change of it.
        plan: The plan that was made of it last, and ``planned``, of which version.
        revision: What it has put in force.
        changes: How many changes it has.
    """

    id: str
    title: str
    state: str
    version: int
    begun_at: datetime
    begun_by: str | None
    changed_at: datetime
    changed_by: str | None
    plan: str | None = None
    planned: int | None = None
    revision: str | None = None
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a draft; there is at most one for an operation on a path.

    Attributes:
        patch: The patch as JSON, keys in their order; None to take back the one in force.
        saw: Canonical JSON of what was in force there when it was made; None where nothing was.
    """

    path: str
    op: str
    patch: Mapping[str, Any] | None
    saw: str | None
    at: datetime
    by: str | None


def begin(connection: Connection, title: str, *, by: str | None, at: datetime) -> str:
    """Make an empty draft and return its id."""
    identifier = clock.new_id()
    values = {"id": identifier, "title": title, "state": "open", "version": 1, "begun_at": at, "begun_by": by}
    connection.execute(sa.insert(draft).values(**values, changed_at=at, changed_by=by).inline())
    return identifier


def get(connection: Connection, identifier: str) -> Draft:
    """Return a draft.

    Raises:
        NotFoundError: If there is none.
    """
    found = _found(connection, draft.c.id == identifier)
    if not found:
        raise NotFoundError(f"there is no draft “{identifier[:40]}”")
    return found[0]


def listed(connection: Connection, *, state: str | None = None, limit: int = 200) -> list[Draft]:
    """Return drafts, the one changed last first; only those in a state if one is given."""
    return _found(connection, draft.c.state == state if state is not None else sa.true(), limit)


def _found(connection: Connection, where: sa.ColumnElement[bool], limit: int = 1) -> list[Draft]:
    count = sa.select(sa.func.count()).where(draft_change.c.draft == draft.c.id).scalar_subquery().label("changes")
    rows = connection.execute(sa.select(draft, count).where(where).order_by(draft.c.changed_at.desc()).limit(limit))
    return [Draft(**row) for row in rows.mappings()]


def changes(connection: Connection, identifier: str) -> list[Change]:
    """Return the changes of a draft by path."""
    rows = connection.execute(
        sa.select(draft_change)
        .where(draft_change.c.draft == identifier)
        .order_by(draft_change.c.path, draft_change.c.op)
    )
    return [
        Change(row.path, row.op, json.loads(row.patch) if row.patch is not None else None, row.saw, row.at, row.by)
        for row in rows
    ]


def put(connection: Connection, identifier: str, those: Iterable[Change]) -> None:
    """Write changes, each in the place of the one before."""
    given = list(those)
    forget(connection, identifier, [(one.path, one.op) for one in given])
    for one in given:
        text = to_json(one.patch) if one.patch is not None else None
        values = {"draft": identifier, "path": one.path, "op": one.op, "patch": text, "saw": one.saw}
        connection.execute(sa.insert(draft_change).values(**values, at=one.at, by=one.by).inline())


def forget(connection: Connection, identifier: str, those: Iterable[tuple[str, str]]) -> None:
    """Remove changes by path and operation."""
    for path, op in those:
        where = draft_change.c.draft == identifier, draft_change.c.path == path, draft_change.c.op == op
        connection.execute(sa.delete(draft_change).where(*where))


def touch(connection: Connection, identifier: str, *, by: str | None, at: datetime, **values: Any) -> None:
    """Note that a draft was changed, with other values of its row; its version goes up."""
    given = {"version": draft.c.version + 1, "changed_at": at, "changed_by": by, **values}
    connection.execute(sa.update(draft).where(draft.c.id == identifier).values(given))


def planned(connection: Connection, identifier: str, plan: str) -> None:
    """Note the plan that was made of a draft as it is."""
    connection.execute(sa.update(draft).where(draft.c.id == identifier).values(plan=plan, planned=draft.c.version))
