"""Removing for good what a pack has left behind: the only way in which data of definitions that are gone ever go.

It needs a pause of 30 days after they went, no record that must still be kept, and the number of records, written down
by who does it. All of it is one transaction: what dies in it has removed nothing. Files of those records go with the next
sweep. Of what is gone the audit log says what it was, how much, and who did it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import clock
from dealwright.errors import ConflictError, NotFoundError, Problem
from dealwright.packs.left_behind import DELAY, Left, left_behind
from dealwright.packs.stored import stored_catalog
from dealwright.storage import audit, erasure, tables

if TYPE_CHECKING:
    from dealwright.storage import Connection, Database


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed for good.

    Attributes:
        left: What it was.
        emptied: Tables and columns that could only be emptied, because a foreign key hangs on them (SQLite).
    """

    left: tuple[Left, ...]
    emptied: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"removed": [one.as_json() for one in self.left], "emptied": list(self.emptied)}


def chosen(connection: Connection, pack: str, paths: Collection[str] = ()) -> list[Left]:
    """Return what a pack has left behind, or of that what is named.

    Raises:
        NotFoundError: If the pack was never in force, or has not left behind what is named.
    """
    found = left_behind(connection, pack)
    known = {one.path for one in found}
    for path in paths:
        if path not in known:
            raise NotFoundError(f"“{path[:200]}” is nothing that {pack} has left behind; see: pack purge {pack}")
    return [one for one in found if not paths or one.path in paths]


def problems(left: Collection[Left]) -> list[Problem]:
    """Return why something may not be removed yet, or ever.

    The codes: ``too-early`` (it has not been gone for 30 days), ``retention`` (records must still be kept).
    """
    found = []
    for one in left:
        if one.held:
            why = f" ({one.reason})" if one.reason else ""
            message = f"{one.held} of {one.records} records must still be kept{why}; name the others to remove those"
            found.append(Problem("/retention", "retention", message, one.path))
        if clock.now() < one.free_at:
            message = (
                f"it went on {one.gone_at:%Y-%m-%d} and may go for good from {one.free_at:%Y-%m-%d %H:%M} UTC on, "
                f"{DELAY.days} days later"
            )
            found.append(Problem("", "too-early", message, one.path))
    return found


def purge(
    database: Database, pack: str, paths: Collection[str] = (), *, records: int, by: str | None = None, reason: str = ""
) -> Purged:
    """Remove what a pack has left behind, with all that is kept about those records: it cannot be had back.

    Args:
        database: The workspace.
        pack: Its id; ``c`` for what the admins had added themselves.
        paths: Of what it has left behind only this; all of it where nothing is named.
        records: How many records that are: whoever removes them has looked.
        by: Id of the user; None for the operator.
        reason: Why, for the audit log.

    Raises:
        NotFoundError: If the pack was never in force, or has left nothing behind.
        ConflictError: If something must still be kept or has not been gone for long enough, or if there are another
            number of records than the one given; nothing is removed.
        UnavailableError: If a table is in use by somebody else; nothing is removed.
    """
    with database.write() as connection:
        left = chosen(connection, pack, paths)
        if not left:
            raise NotFoundError(f"{pack} has left nothing behind")
        if found := problems(left):
            raise ConflictError("this cannot be removed for good; nothing was", found)
        total = sum(one.records for one in left)
        if total != records:
            raise ConflictError(f"there are {total} records and values, not {records}; look again: pack purge {pack}")
        erasure.prepare(connection)
        emptied = _erase(connection, left)
        audit.append(
            connection,
            action="pack.purged",
            actor=by,
            at=clock.now(),
            subject=f"pack:{pack}",
            data={"removed": {one.path: one.records for one in left}, "reason": reason},
        )
    return Purged(tuple(left), tuple(emptied))


def _erase(connection: Connection, left: Collection[Left]) -> list[str]:
    gone: list[Any] = []
    emptied: list[str] = []
    for one in left:
        layout = tables.layout(stored_catalog(connection, one.revision), one.entity)
        if one.field is None:
            erasure.forget(connection, one.entity)
        known = {table.name: table for table in (layout.table, *(part.table for part in layout.parts.values()))}
        gone += [known[name] for name in one.tables]
        emptied += erasure.drop_columns(connection, [layout.table.c[key] for key in one.columns])
    return emptied + erasure.drop_tables(connection, gone)
