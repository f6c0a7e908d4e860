"""Going back: what was in force, in force again; and what has been in force so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import NotFoundError
from dealwright.metadata import load
from dealwright.packs import in_flight, planned, renaming
from dealwright.packs.enact import Installed, enact
from dealwright.packs.prepare import Prepared, current, sources_of
from dealwright.packs.stored import state
from dealwright.storage import revisions

if TYPE_CHECKING:
    from dealwright.metadata.patches import Patch
    from dealwright.packs.stored import State
    from dealwright.storage import Connection, Database

#: More than anybody has ever put in force.
_ALL: Final = 100_000


def rollback(database: Database, revision: str | None = None, *, by: str | None = None, reason: str = "") -> Installed:
    """Put an earlier revision in force again: its packs, its changes of the admins and its settings.

    Nothing is lost: tables only ever grew, so values of fields that go stay where they are. Changes that the admins have
    made since an upgrade that is taken back stay as proposals. Fields that had another name then have it again.

    Args:
        database: The workspace.
        revision: Which; None for the one that was in force before the present one.
        by: Id of the user; None for the operator.
        reason: Why, for the history.

    Raises:
        NotFoundError: If there is no such revision, or none before the present one.
        DefinitionError: If records are where the earlier definitions have nothing for them.
        StalePlanError: If other definitions were put in force meanwhile; nothing is changed.
    """
    with database.read() as connection:
        before = current(connection)
        if before is None:
            raise NotFoundError("the workspace has no definitions yet; run dealwright init")
        target = revision or _earlier(connection, before.revision)
        known = {one["revision"] for one in revisions.history(connection, limit=_ALL)}
        if target not in known:
            raise NotFoundError(f"the revision “{target[:40]}” was never in force; see: pack history")
        prepared = _prepared(before, state(connection, target))
    return enact(database, prepared, by=by, reason=reason or f"back to {target}")


def history(connection: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Return what was put in force, the newest first: ``revision``, ``at``, ``by``, ``reason``, ``packs``, ``active``."""
    found = revisions.history(connection, limit=limit)
    return [{**one, "active": place == 0} for place, one in enumerate(found)]


def _earlier(connection: Connection, present: str) -> str:
    for one in revisions.history(connection, limit=_ALL):
        if one["revision"] != present:
            return str(one["revision"])
    raise NotFoundError("nothing was in force before the present definitions")


def _prepared(before: State, wanted: State) -> Prepared:
    old, catalog = before.catalog(), wanted.catalog()
    new_names = planned.moves_of(before, wanted)
    versions = renaming.versions(in_flight.kept(old, catalog), new_names)
    if versions and list(wanted.kept) != versions:
        catalog = load.catalog(wanted.layers, wanted.settings, checked=True, kept=versions)
    return Prepared(
        before=before,
        old=old,
        catalog=catalog,
        layers=wanted.layers,
        folded=None,
        settings=wanted.settings,
        versions=versions or wanted.kept,
        moves=new_names,
        left=_left(before, wanted),
    )


def _left(before: State, wanted: State) -> list[Patch]:
    """Return the changes made since, where packs go back with them: they were made for another reason.

    Where the packs stay, going back is about the changes themselves.
    """
    if _versions(before) == _versions(wanted):
        return []
    there = {one.id: one.value for one in wanted.patches}
    return [one for one in before.patches if one.id not in there or there[one.id] != one.value]


def _versions(one: State) -> dict[str, str]:
    return {pack.id: pack.layer.version for pack in sources_of(one)}
