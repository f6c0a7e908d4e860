"""Plan, then apply just that plan.

A plan is worked out from what is in force and what is wanted, and kept; applying it does what it says or nothing. It is
refused once other definitions are in force, once a proposal that it takes up has changed, or once the platform itself is
another one. Records may be written meanwhile: what they stand in the way of is looked at again, in the transaction that
swaps the revision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from dealwright import __version__, clock
from dealwright.errors import ConflictError, StalePlanError
from dealwright.metadata import canonical, load, schemas
from dealwright.packs import escalation, planned, questions
from dealwright.packs.enact import Installed, enact, versions
from dealwright.packs.planned import RISKS, Line
from dealwright.packs.prepare import Prepared, Wanted, current, prepare, sources_of, sources_of_layers
from dealwright.packs.stored import state, store
from dealwright.storage import plans, schema

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.enact import Note
    from dealwright.packs.questions import Item, Review
    from dealwright.packs.source import PackSource
    from dealwright.storage import Connection, Database

    #: Runs tests on what was prepared, and returns lines of the plan: those that fail have the risk ``blocked``.
    Trial = Callable[[Prepared], Sequence[Line]]
    #: Given the catalog in force and the wanted one, returns what would have been decided otherwise.
    Compare = Callable[[Connection, Catalog, Catalog], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be put in force, and what that would do.

    Attributes:
        id: Its id, ``pl_`` and 12 hex digits.
        before: The revision in force when it was made; None in a workspace that had none.
        revision: What it puts in force; None if it cannot be.
        fingerprint: SHA-256 of all that it was worked out from.
        packs: Id to version of every pack that would be in force.
        lines: What it does.
        decisions: What would have been decided otherwise in the past, where that was asked for.
        review: What the admins are asked (``packs.questions``), where that was wanted: ``{"origin", "items"}``.
    """

    id: str
    before: str | None
    revision: str | None
    fingerprint: str
    packs: Mapping[str, str]
    lines: Sequence[Line]
    decisions: Mapping[str, Any] | None = None
    review: Mapping[str, Any] | None = None

    @property
    def risk(self) -> str:
        """The risk of its riskiest line."""
        return max((one.risk for one in self.lines), key=RISKS.index, default="safe")

    @property
    def unchanged(self) -> bool:
        """Whether just this is in force already."""
        return self.revision is not None and self.revision == self.before

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON, in a stable order."""
        told: dict[str, Any] = {
            "plan": self.id,
            "from": self.before,
            "to": self.revision,
            "fingerprint": self.fingerprint,
            "risk": self.risk,
            "packs": dict(sorted(self.packs.items())),
            "actions": [one.as_json() for one in self.lines],
        }
        more = {"decision_diff": self.decisions, "review": self.review}
        return {**told, **{key: dict(one) for key, one in more.items() if one is not None}}


def plan(
    database: Database,
    wanted: Wanted,
    *,
    by: str | None = None,
    roles: Collection[str] | None = None,
    compare: Compare | None = None,
    known: Catalog | None = None,
    trial: Trial | None = None,
    review: Review | None = None,
) -> Plan:
    """Work out what would be put in force, and keep it for :func:`apply`.

    Faults do not raise: they are lines with the risk ``blocked``, and such a plan cannot be applied.

    Args:
        database: A migrated workspace.
        wanted: What shall be other than it is.
        by: Id of the user; None for the operator.
        roles: Those of the user, who cannot give by a pack what he does not have; None for the operator.
        compare: Plays the past again under both catalogs.
        known: A catalog that the caller has; if it is the one in force, the plan comes sooner.
        trial: Runs the tests of packs on what would be in force (``pack_tests.trial``), in a workspace of its own.
        review: Lets the plan ask of each change of the admins that an upgrade meets, with what has been answered; it
            cannot be applied while a question is open.
    """
    asked: list[Item] = []
    with database.read() as connection:
        if review is None:
            prepared = prepare(connection, wanted, known)
        else:
            prepared, asked = questions.settled(connection, wanted, review, known=known, by=by)
        lines = planned.lines(connection, prepared)
        if roles is not None:
            lines += planned.beyond(prepared, wanted.packs, roles)
        decisions = None
        if compare is not None and prepared.old is not None and not prepared.problems:
            decisions = compare(connection, prepared.old, prepared.catalog)
    if trial is not None and not prepared.problems:
        lines += trial(prepared)
    made = _made(prepared, lines, decisions)
    if review is not None:
        items = [one.as_json() for one in asked]
        made = replace(made, review={"origin": dict(review.origin), "items": items})
    with database.write() as connection:
        now = clock.now()
        if made.revision is not None and not made.unchanged:
            store(connection, prepared.catalog, prepared.layers, reason=f"plan {made.id}", by=by, at=now)
        kept = plans.Stored(
            made.id,
            made.before,
            made.revision,
            made.fingerprint,
            made.as_json(),
            list(prepared.taken),
            prepared.coming,
            prepared.downgrade,
        )
        plans.put(connection, kept, by=by, at=now)
    return made


def apply(
    database: Database,
    identifier: str,
    fingerprint: str | None = None,
    *,
    by: str | None = None,
    roles: Collection[str] | None = None,
    reason: str = "",
    note: Note | None = None,
) -> Installed:
    """Put just what a plan says in force.

    Args:
        database: The workspace that it was made in.
        identifier: Id of the plan.
        fingerprint: Of the plan as its reader saw it; None to take the plan as it is kept.
        by: Id of the user; None for the operator.
        roles: Those of the user, who cannot give by a pack what he does not have, whoever planned it; None for the operator.
        reason: Why, for the history.
        note: Called with what was done within the transaction that does it; if it raises, nothing is changed.

    Raises:
        NotFoundError: If there is no such plan.
        ForbiddenError: If a pack that is new or changed gives what the user does not have; nothing is changed.
        ConflictError: If a line of it is blocked, a question of it is open, or it has been applied before.
        StalePlanError: If it was worked out from something else than what is there now; nothing is changed.
        DefinitionError: If records stand in the way by now; nothing is changed.
        UnavailableError: If a table is locked by somebody else; nothing is changed.
    """
    with database.read() as connection:
        kept = plans.get(connection, identifier)
        if fingerprint is not None and fingerprint != kept.fingerprint:
            raise StalePlanError(f"{identifier} has another fingerprint than the one given; plan again and look at it")
        if kept.applied_at is not None:
            raise ConflictError(f"{identifier} was applied at {kept.applied_at:%Y-%m-%d %H:%M} UTC; plan again")
        if kept.revision is None or kept.body["risk"] == "blocked":
            raise ConflictError(f"{identifier} has blocked lines; mend what they say and plan again")
        questions.demand(kept.body)
        prepared = _again(connection, kept)
        if roles is not None:
            escalation.demand(prepared.old, prepared.catalog, _coming(prepared), roles)
        if in_the_way := planned.in_the_way(connection, prepared):
            raise load.refused(in_the_way)
    return enact(database, prepared, by=by, reason=reason or f"plan {identifier}", plan=identifier, note=note)


def _coming(prepared: Prepared) -> list[PackSource]:
    """Return the packs that are new, or not word for word what they were."""
    before = {one.id: one.layer for one in sources_of(prepared.before)}
    return [one for one in sources_of_layers(prepared.layers) if before.get(one.id) != one.layer]


def _made(prepared: Prepared, lines: Sequence[Line], decisions: Mapping[str, Any] | None) -> Plan:
    before = prepared.before.revision if prepared.before is not None else None
    revision = prepared.catalog.revision if not prepared.problems else None
    fingerprint = _fingerprint(before, prepared)
    return Plan(f"pl_{fingerprint[7:19]}", before, revision, fingerprint, versions(prepared.catalog), lines, decisions)


def _fingerprint(before: str | None, prepared: Prepared) -> str:
    """Return the SHA-256 of what a plan follows from: definitions before and after, tables, proposals, the platform."""
    steps = [] if prepared.problems else schema.plan(prepared.old, prepared.catalog, prepared.moves).steps
    said = [
        before,
        prepared.catalog.revision,
        [str(one) for one in prepared.problems],
        [[step.kind, step.table, step.name, step.was] for step in steps],
        [[path, op, at.isoformat()] for path, op, at in prepared.taken],
        [[asdict(one) for one in prepared.coming], prepared.downgrade],
        [__version__, schemas.fingerprint()],
    ]
    return f"sha256:{canonical.digest(said)}"


def _again(connection: Connection, kept: plans.Stored) -> Prepared:
    """Return what a plan puts in force, as it was prepared.

    Raises:
        StalePlanError: If it would be worked out otherwise now.
    """
    before = current(connection)
    if (before.revision if before is not None else None) != kept.before:
        raise StalePlanError(f"other definitions are in force than when {kept.id} was made; plan again")
    same = kept.revision == kept.before and before is not None
    wanted = before if same and before is not None else state(connection, str(kept.revision))
    old = before.catalog() if before is not None else None
    catalog = wanted.catalog()
    prepared = Prepared(
        before=before,
        old=old,
        catalog=catalog,
        layers=wanted.layers,
        folded=None,
        settings=wanted.settings,
        versions=wanted.kept,
        moves=planned.moves_of(before, wanted),
        taken=kept.proposals,
        coming=kept.releases,
        downgrade=kept.downgrade,
    )
    if _fingerprint(kept.before, prepared) != kept.fingerprint:
        raise StalePlanError(f"{kept.id} was made by another version of the platform; plan again")
    return prepared
