"""Putting definitions in force: fold, check, make room in the tables, swap the revision, all in one transaction.

A set of packs is put in force whole or not at all. What is in force is stored as the layers it was folded from, so a
workspace never needs the folders again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dealwright import clock, rules
from dealwright.errors import DefinitionError, NotFoundError, UnavailableError
from dealwright.metadata import load
from dealwright.metadata.settings import TRUST, problems
from dealwright.packs import deciders, in_flight, outlook, releases, trust
from dealwright.packs.examine import catalog as checked
from dealwright.packs.examine import layers_of
from dealwright.packs.outlook import Outlook
from dealwright.packs.source import PackSource
from dealwright.packs.stored import State, state, store, stored_catalog
from dealwright.storage import audit, queue, recompute, revisions, schema, timers, workspaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from dealwright.errors import Problem
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Connection, Database
    from dealwright.storage.releases import Release


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did.

    Attributes:
        revision: The revision in force now.
        packs: Id to version of every pack in force.
        changes: What was changed in the tables, in words.
        unchanged: Whether just this was in force already.
        warnings: What should be looked at in the rules, and in approvals that nobody could decide.
        outlook: How many records the rules look at that are woken by time and are new or changed.
    """

    revision: str
    packs: Mapping[str, str]
    changes: Sequence[str]
    unchanged: bool
    warnings: Sequence[Problem] = ()
    outlook: Sequence[Outlook] = ()


def active_packs(connection: Connection) -> list[PackSource]:
    """Return the packs in force; none in a workspace that has no definitions yet."""
    return _packs(_in_force(connection))


def install(
    database: Database,
    sources: Iterable[PackSource] = (),
    *,
    by: str | None = None,
    reason: str = "installed",
    settings: Mapping[str, str] | None = None,
    archives: Mapping[str, Release] | None = None,
    downgrade: bool = False,
) -> Installed:
    """Put the base, the packs in force and ``sources`` in force together; a pack of the same id is replaced.

    Everything is checked before anything is changed: schemas, references, conditions, fields, rules, and the matcher's
    answers in a process of its own. Documents and parts of rules that are in force already, word for word, have passed
    the schemas and the trial before and are not put to them again. A server that runs meanwhile takes the new revision
    with its next transaction.

    Args:
        database: A migrated workspace.
        sources: Packs to add or replace.
        by: Id of the user; None for the operator.
        reason: Why, for the history.
        settings: Settings to change, of ``metadata.settings``.
        archives: The releases of those packs that come from archives, by id; others are known by their folders.
        downgrade: Whether a lower version may follow a higher one.

    Raises:
        DefinitionError: With every fault of every document; nothing is changed.
        ConflictError: If a release may not come in (``packs.trust``); nothing is changed.
        UnavailableError: If a table is locked by somebody else; nothing is changed.
    """
    sources = list(sources)
    coming = [(archives or {}).get(one.id) or releases.of_folder(one) for one in sources if one.folder.is_dir()]
    with database.read() as connection:
        before = _in_force(connection)
        present = {pack.id: pack for pack in _packs(before)}
        inherited = {**workspaces.settings(connection), **(settings or {})}
    _check(inherited)
    wanted = {**present, **{pack.id: pack for pack in sources}}.values()
    catalog = checked(wanted, inherited, before.accepted if before is not None else {})
    known = before.catalog() if before is not None else None
    if versions := in_flight.kept(known, catalog):
        catalog = load.catalog(layers_of(wanted), inherited, checked=True, kept=versions)
    shards = rules.shards(catalog)
    if before is None or not shards <= before.shards:
        shards = shards if rules.prove(catalog).serves == "durable" else frozenset()
    behind = recompute.stale(known, catalog)
    if behind:
        queue.install(database)
    left: list[str] = []
    ahead: list[Outlook] = []
    missing: list[Problem] = []
    policy = inherited.get("require_signature", TRUST["require_signature"])
    with database.write() as connection:
        warned = trust.admit(connection, coming, policy=policy, downgrade=downgrade)
        old = _active(connection, known)
        unchanged = old is not None and old.revision == catalog.revision
        plan = schema.plan(old, catalog)
        if not unchanged:
            if old is not known and in_flight.kept(old, catalog) != versions:
                raise UnavailableError("other definitions were put in force meanwhile; try again")
            in_flight.check(connection, old, catalog)
            plan.apply(connection)
            now = clock.now()
            store(connection, catalog, layers_of(wanted), reason=reason, by=by, at=now, shards=shards)
            revisions.activate(connection, catalog.revision, reason=reason, by=by, at=now)
            timers.put(connection, [_went_live(old, catalog, now)])
            workspaces.put_settings(connection, inherited)
            left = recompute.leave(connection, old, catalog)
            ahead = outlook.of(connection, old, catalog, now)
            missing = deciders.warnings(connection, catalog)
            audit.append(
                connection,
                action="revision.activated",
                actor=by,
                at=now,
                subject=f"revision:{catalog.revision}",
                data={"packs": _versions(catalog), "reason": reason},
            )
        trust.note(connection, coming, by=by, at=clock.now())
    # Also where nothing has changed: an installation that died here has left indexes and keys for the next one.
    later = schema.complete(database, catalog)
    return Installed(
        catalog.revision,
        _versions(catalog),
        (*(step.text for step in plan.steps), *later, *left),
        unchanged,
        [*warned, *rules.warnings(catalog), *missing],
        ahead,
    )


def _check(settings: Mapping[str, str]) -> None:
    """Refuse settings that nothing could work with.

    Raises:
        DefinitionError: With every one of them.
    """
    if found := problems(settings):
        raise DefinitionError("the settings cannot be used", found)


def _in_force(connection: Connection) -> State | None:
    try:
        return state(connection, revisions.active(connection))
    except NotFoundError:
        return None


def _went_live(old: Catalog | None, new: Catalog, now: datetime) -> timers.Timer:
    """Return the timer by which the worker learns of it (``records.live``)."""
    told = {"before": None if old is None else old.revision}
    return timers.Timer("", new.revision, f"revision:{new.revision}", now, told)


def _packs(before: State | None) -> list[PackSource]:
    layers = before.layers if before is not None else ()
    return [PackSource(layer, Path(layer.folder or layer.id)) for layer in layers if layer.id != load.base().id]


def _active(connection: Connection, known: Catalog | None) -> Catalog | None:
    """Return the catalog in force: the one that is ``known``, unless another has been put in force meanwhile."""
    try:
        revision = revisions.active(connection)
    except NotFoundError:
        return None
    return known if known is not None and known.revision == revision else stored_catalog(connection, revision)


def _versions(catalog: Catalog) -> dict[str, str]:
    return {one.id: one.version for one in catalog.packs.values()}
