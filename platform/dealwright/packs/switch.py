"""Stopping what a pack does by itself, and letting it go on; and how the definitions of a workspace stand."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dealwright import clock
from dealwright.errors import NotFoundError
from dealwright.metadata.patches import Patch
from dealwright.packs import overlay
from dealwright.packs.enact import Installed, enact
from dealwright.packs.prepare import Wanted, current, prepare, sources_of

if TYPE_CHECKING:
    from dealwright.storage import Connection, Database


def switch(database: Database, name: str, *, on: bool, by: str | None = None, reason: str = "") -> Installed:
    """Stop all that a pack does and shows, or let it work again (``metadata.disabled``). Its data are read and not changed.

    Args:
        database: The workspace.
        name: Id of the pack.
        on: Whether it shall work.
        by: Id of the user; None for the operator.
        reason: Why, for the history.

    Raises:
        NotFoundError: If the pack is not in force.
        DefinitionError: If other definitions have become impossible meanwhile.
    """
    with database.read() as connection:
        before = current(connection)
        known = {one.id for one in sources_of(before)}
        if before is None or name not in known:
            raise NotFoundError(
                f"the pack “{name[:40]}” is not in force; in force: {', '.join(sorted(known)) or 'none'}"
            )
        word = Patch(
            f"pack:{name}#", "disable", by=by, at=clock.now().isoformat(timespec="milliseconds"), reason=reason
        )
        kept = [one for one in before.patches if one.id != word.id]
        there = len(kept) != len(before.patches)
        wanted = kept if on else [*kept, *([one for one in before.patches if one.id == word.id] if there else [word])]
        prepared = prepare(connection, Wanted(overlay=wanted))
    return enact(database, prepared, by=by, reason=reason or f"{'enable' if on else 'disable'} {name}")


def status(connection: Connection) -> dict[str, Any]:
    """Return how the definitions stand.

    Returns:
        ``{"revision", "packs": [{"id", "version", "disabled"}], "changes": {state: count}, "proposed": count,
        "look": [...]}``; ``look`` has the changes that are parked, superseded or redundant.

    Raises:
        NotFoundError: If the workspace has no definitions yet.
    """
    before = current(connection)
    if before is None:
        raise NotFoundError("the workspace has no definitions yet; run dealwright init")
    changes = overlay.listed(connection)
    off = {one.document[1] for one in before.patches if one.op == "disable"}
    return {
        "revision": before.revision,
        "packs": [
            {"id": one.id, "version": one.layer.version, "disabled": one.id in off} for one in sources_of(before)
        ],
        "changes": dict(sorted(Counter(one.state for one in changes if one.in_force).items())),
        "proposed": sum(1 for one in changes if not one.in_force or one.taken_back),
        "look": [one.as_json() for one in changes if one.in_force and one.state != "active"],
    }
