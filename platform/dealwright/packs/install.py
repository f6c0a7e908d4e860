"""Putting packs in force at once: plan and apply in one go, as :mod:`dealwright.packs.enact` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.errors import ConflictError, Problem
from dealwright.metadata import load
from dealwright.packs import planned
from dealwright.packs.enact import Installed, enact
from dealwright.packs.prepare import Wanted, current, prepare, sources_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealwright.packs.plan import Trial
    from dealwright.packs.source import PackSource
    from dealwright.storage import Connection, Database
    from dealwright.storage.releases import Release


def active_packs(connection: Connection) -> list[PackSource]:
    """Return the packs in force; none in a workspace that has no definitions yet."""
    return sources_of(current(connection))


def install(
    database: Database,
    sources: Iterable[PackSource] = (),
    *,
    by: str | None = None,
    reason: str = "installed",
    settings: Mapping[str, str] | None = None,
    archives: Mapping[str, Release] | None = None,
    downgrade: bool = False,
    trial: Trial | None = None,
) -> Installed:
    """Put the base, the packs in force and ``sources`` in force together; a pack of the same id is replaced.

    Everything is checked before anything is changed: schemas, references, conditions, fields, rules, and the matcher's
    answers in a process of its own. Documents and parts of rules that are in force already, word for word, have passed
    the schemas and the trial before and are not put to them again. What the admins have changed stays; what they have
    only proposed is left alone. A server that runs meanwhile takes the new revision with its next transaction.

    Args:
        database: A migrated workspace.
        sources: Packs to add or replace.
        by: Id of the user; None for the operator.
        reason: Why, for the history.
        settings: Settings to change, of ``metadata.settings``.
        archives: The releases of those packs that come from archives, by id; others are known by their folders.
        downgrade: Whether a pack may go back to an earlier version.
        trial: Runs the tests of packs on what would be in force (``pack_tests.trial``), in a workspace of its own.

    Raises:
        DefinitionError: With every fault of every document, and limits that records which are there do not meet; nothing
            is changed.
        ConflictError: If a release may not come in (``packs.trust``), or a test fails; nothing is changed.
        StalePlanError: If other definitions were put in force meanwhile; nothing is changed.
        UnavailableError: If a table is locked by somebody else; nothing is changed.
    """
    wanted = Wanted(packs=list(sources), settings=settings or {}, archives=archives or {}, downgrade=downgrade)
    with database.read() as connection:
        prepared = prepare(connection, wanted)
        if found := planned.in_the_way(connection, prepared):
            raise load.refused(found)
    if trial is not None and not prepared.problems:
        failed = [Problem("", "test-fails", one.detail, one.path) for one in trial(prepared) if one.risk == "blocked"]
        if failed:
            raise ConflictError("tests fail on what would be in force; nothing was changed", failed)
    return enact(database, prepared, by=by, reason=reason)
