"""What is said and shown beside the decisions of an approval: a text, a file, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage.several import chunks
from dealwright.storage.system import approval_note

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dealwright.storage.database import Connection

_T = approval_note


def add(connection: Connection, row: Mapping[str, Any]) -> None:
    """Write a note: the columns of ``dw_approval_note``."""
    connection.execute(sa.insert(_T).values(dict(row)))


def of(connection: Connection, approvals: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the notes of approvals by the id of each, the oldest first; one statement."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for some in chunks(sorted(approvals)):
        statement = sa.select(_T).where(_T.c.approval.in_(some)).order_by(_T.c.approval, _T.c.at, _T.c.id)
        for row in connection.execute(statement).mappings():
            found.setdefault(row["approval"], []).append(dict(row))
    return found


def count(connection: Connection, approval: str) -> int:
    """Return how many notes an approval has."""
    return connection.scalar(sa.select(sa.func.count()).where(_T.c.approval == approval)) or 0


def naming(connection: Connection, file: str, approvals: Collection[str]) -> str | None:
    """Return which of these approvals has a note with a file; None if none has."""
    for some in chunks(sorted(approvals)):
        statement = sa.select(_T.c.approval).where(_T.c.file == file, _T.c.approval.in_(some)).limit(1)
        if (found := connection.scalar(statement)) is not None:
            return str(found)
    return None
