"""What ``uma`` of the twin worlds may see, worked out anew: raw rows, and her role read by hand.

It imports nothing that decides about access, and no statement of the platform: if both agree, it is not because one
asked the other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from dealwright.storage import Database

#: Fields of her first grant that are denied, and those that are worked out from them.
DENIED = frozenset({"margin", "note", "guarded", "share", "double", "lent", "heat", "rank"})
#: All that her second grant shows, beside what a record is known by.
FEW = frozenset({"name", "stage", "amount", "id", "version"})


def rows(database: Database, table: str) -> list[dict[str, Any]]:
    """Return every row of a table as it is stored."""
    with database.read() as connection:
        return [dict(row) for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')).mappings()]


def first_grant(row: dict[str, Any], user: str, team: str | None) -> bool:
    """Tell whether the first grant of the role covers a stored deal: own ones and those of the team."""
    return row["owner"] == user or (team is not None and row["team"] == team)


def sees(row: dict[str, Any], user: str, team: str | None, fields: set[str]) -> set[str] | None:
    """Return the fields that she may see on a stored deal; None if she may not see it at all."""
    found: set[str] = set()
    if first_grant(row, user, team):
        found |= fields - DENIED
    if row["tier"] == "C":
        found |= FEW
    return found or None


def deals(database: Database, user: str, team: str | None, fields: set[str]) -> dict[str, set[str]]:
    """Return the active deals that she may see, by id, each with the fields that she may see on it."""
    found = {}
    for row in rows(database, "t__deal"):
        if row["archived_at"] is None and (seen := sees(row, user, team, fields)) is not None:
            found[row["id"]] = seen
    return found


def memos(database: Database, user: str, team: str | None) -> set[str]:
    """Return the active memos that she may see: those of deals that her first grant covers, archived ones too."""
    covered = {row["id"] for row in rows(database, "t__deal") if first_grant(row, user, team)}
    return {row["id"] for row in rows(database, "t__memo") if row["archived_at"] is None and row["deal"] in covered}


def changed(database: Database, record: str) -> list[set[str]]:
    """Return the fields that each event of a record changed, the newest first."""
    found = []
    for row in sorted(
        (one for one in rows(database, "dw_event") if one["record"] == record), key=lambda one: one["id"]
    ):
        changes = row["changes"]
        found.append(set(json.loads(changes) if isinstance(changes, str) else changes or {}))
    return found[::-1]
