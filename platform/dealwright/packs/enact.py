"""Putting a prepared revision in force: room in the tables and the swap of the revision, all in one transaction.

A process that dies anywhere in it leaves the revision before in force, tables and all. Servers and workers take the new
one with their next transaction; what follows for records that are there already is left behind as a timer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dealwright import clock, rules
from dealwright.errors import NotFoundError, StalePlanError
from dealwright.metadata import load
from dealwright.metadata.settings import TRUST
from dealwright.packs import deciders, in_flight, outlook, trust
from dealwright.packs.outlook import Outlook
from dealwright.packs.stored import store, stored_catalog
from dealwright.storage import (
    audit,
    option_ids,
    plans,
    proposals,
    queue,
    recompute,
    renames,
    revisions,
    schema,
    timers,
    workspaces,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from dealwright.errors import Problem
    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.prepare import Prepared
    from dealwright.storage import Connection, Database

    #: Told what was done, within the transaction that does it.
    Note = Callable[[Connection, "Installed"], None]


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


def enact(
    database: Database,
    prepared: Prepared,
    *,
    by: str | None,
    reason: str,
    plan: str | None = None,
    note: Note | None = None,
) -> Installed:
    """Put a prepared revision in force.

    Before anything is changed, the matcher's answers for rules that are new are tried in a process of its own.

    Args:
        database: A migrated workspace.
        prepared: Without problems.
        by: Id of the user; None for the operator.
        reason: Why, for the history.
        plan: Id of the plan that is applied, if there is one.
        note: Called with what was done within the transaction that does it; if it raises, nothing is changed.

    Raises:
        DefinitionError: If there are problems, or records that could not go on; nothing is changed.
        ConflictError: If a release may not come in (``packs.trust``); nothing is changed.
        StalePlanError: If other definitions, or other proposals, are there by now; nothing is changed.
        UnavailableError: If a table is locked by somebody else; nothing is changed.
    """
    if prepared.problems:
        raise load.refused(prepared.problems)
    before, catalog, known = prepared.before, prepared.catalog, prepared.old
    shards = rules.shards(catalog)
    if before is None or not shards <= before.shards:
        shards = shards if rules.prove(catalog).serves == "durable" else frozenset()
    if recompute.stale(known, catalog):
        queue.install(database)
    left: list[str] = []
    ahead: list[Outlook] = []
    missing: list[Problem] = []
    policy = prepared.settings.get("require_signature", TRUST["require_signature"])
    with database.write() as connection:
        warned = trust.admit(connection, prepared.coming, policy=policy, downgrade=prepared.downgrade)
        old = _active(connection, known)
        unchanged = old is not None and old.revision == catalog.revision
        steps = schema.plan(old, catalog, prepared.moves)
        now = clock.now()
        if not unchanged:
            if (old.revision if old is not None else None) != (known.revision if known is not None else None):
                raise StalePlanError("other definitions were put in force meanwhile; nothing was changed; try again")
            in_flight.check(connection, old, catalog)
            steps.apply(connection)
            renames.follow(connection, old, catalog, prepared.moves)
            option_ids.follow(connection, old, catalog, prepared.moves)
            if plan is not None:  # stored with the plan, before its rules had been tried
                revisions.forget_unused(connection, catalog.revision)
            store(connection, catalog, prepared.layers, reason=reason, by=by, at=now, shards=shards)
            revisions.activate(connection, catalog.revision, reason=reason, by=by, at=now)
            timers.put(connection, [_went_live(old, catalog, now)])
            workspaces.put_settings(connection, prepared.settings)
            left = recompute.leave(connection, old, catalog)
            ahead = outlook.of(connection, old, catalog, now)
            missing = deciders.warnings(connection, catalog)
            audit.append(
                connection,
                action="revision.activated",
                actor=by,
                at=now,
                subject=f"revision:{catalog.revision}",
                data={"packs": versions(catalog), "reason": reason, **({"plan": plan} if plan else {})},
            )
        trust.note(connection, prepared.coming, by=by, at=now)
        if not proposals.take(connection, prepared.taken):
            raise StalePlanError("a proposal was changed or withdrawn meanwhile; nothing was changed; plan again")
        proposals.add(connection, [(one.path, one.op, one.as_json()) for one in prepared.left], at=now, by=by)
        if plan is not None:
            plans.applied(connection, plan, now)
        done = Installed(
            catalog.revision,
            versions(catalog),
            (*(step.text for step in steps.steps), *left),
            unchanged,
            [*warned, *rules.warnings(catalog), *missing],
            ahead,
        )
        if note is not None:
            note(connection, done)
    # Also where nothing has changed: an installation that died here has left indexes and keys for the next one.
    later = schema.complete(database, catalog)
    return replace(done, changes=(*done.changes, *later)) if later else done


def versions(catalog: Catalog) -> dict[str, str]:
    """Return id to version of every pack in force."""
    return {one.id: one.version for one in catalog.packs.values()}


def _went_live(old: Catalog | None, new: Catalog, now: datetime) -> timers.Timer:
    """Return the timer by which the worker learns of it (``records.live``)."""
    told = {"before": None if old is None else old.revision}
    return timers.Timer("", new.revision, f"revision:{new.revision}", now, told)


def _active(connection: Connection, known: Catalog | None) -> Catalog | None:
    """Return the catalog in force: the one that is ``known``, unless another has been put in force meanwhile."""
    try:
        revision = revisions.active(connection)
    except NotFoundError:
        return None
    return known if known is not None and known.revision == revision else stored_catalog(connection, revision)
