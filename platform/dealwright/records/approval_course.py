"""One approval within a transaction: read and locked, looked at, written, and told of.

The record is locked before its approval, as a save does it that begins an approval anew: so nobody waits for somebody
who waits for him.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import approvals, clock, conditions
from dealwright.approvals import kept
from dealwright.errors import NotFoundError
from dealwright.events import Event
from dealwright.metadata.names import namespace_of
from dealwright.records import approval_facts, approval_notices, happenings
from dealwright.storage import approvals as stored
from dealwright.storage import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.approvals import Course, People
    from dealwright.metadata.approvals import Approval
    from dealwright.metadata.catalog import Catalog
    from dealwright.records.work import Work
    from dealwright.storage.approvals import Stored


def locked(work: Work, identifier: str) -> tuple[Stored, Approval, Course]:
    """Return an approval with its definition and course; others who want to change it wait.

    Raises:
        NotFoundError: If there is none.
    """
    found = stored.get(work.connection, [identifier]).get(identifier)
    if found is not None:
        records.get(work.connection, work.catalog, found.entity, [found.record], lock=True)
    row = stored.get(work.connection, [identifier], lock=True).get(identifier)
    if row is None:
        raise NotFoundError(f"there is no approval with the id “{identifier[:80]}”")
    return row, definition_of(work, row), kept.course(row)


def catalog_of(work: Work, row: Stored) -> Catalog:
    """Return the catalog whose definition the approval finishes on."""
    return work.workspace.catalog_of(work.connection, row.revision)


def definition_of(work: Work, row: Stored) -> Approval:
    """Return the definition that an approval finishes on."""
    return approvals.of(catalog_of(work, row))[row.approval]


def env_of(work: Work, row: Stored, approval: Approval) -> Mapping[str, Any]:
    """Return the record of an approval as its conditions read it; empty if it is gone or archived."""
    return approval_facts.env(work, catalog_of(work, row), approval, row.record) or {}


def people_of(work: Work, row: Stored, approval: Approval, env: Mapping[str, Any]) -> People:
    """Return who may decide the steps of an approval."""
    catalog = catalog_of(work, row)
    return approvals.People(work.connection, catalog, approval, env, row.requester, work.now, work.catalog)


def holds(
    work: Work, approval: Approval, source: str | None, env: Mapping[str, Any], catalog: Catalog | None = None
) -> bool:
    """Tell whether a condition of an approval holds for a record; an absent one does."""
    if source is None:
        return True
    namespace = namespace_of(approval.id)
    found = conditions.of(catalog or work.catalog, approval.entity, source, "gate", namespace=namespace)
    return found.evaluate(env) is True


def needed(work: Work, approval: Approval, env: Mapping[str, Any], catalog: Catalog | None = None) -> list[str]:
    """Return the ids of the steps that a record needs."""
    return [one.id for one in approval.steps.values() if holds(work, approval, one.when, env, catalog)]


def write(work: Work, row: Stored, before: Course, after: Course, decided: Mapping[int, Mapping[str, Any]]) -> None:
    """Write what a step forward has changed of an approval and its seats.

    Args:
        work: The transaction.
        row: The approval as it was, with the facts and digest that it has from now on.
        before: The course as it was.
        after: As it is now.
        decided: Seat number to ``comment``, ``address`` and ``digest`` of the decision that was just made.
    """
    ended = work.now if after.state != "open" else None
    stored.change(
        work.connection,
        [
            {
                "id": row.id,
                "state": after.state,
                "turn": after.turn,
                "places": kept.places(after),
                "facts": row.facts,
                "digest": row.digest,
                "ended_at": ended,
            }
        ],
    )
    stored.change_seats(work.connection, kept.changed_seats(row.id, before, after, row.seats, work.now, decided))
    stored.add_seats(work.connection, kept.new_seats(row.id, before, after, work.now))


def follow(
    work: Work,
    approval: Approval,
    row: Stored,
    before: Course | None,
    after: Course,
    kind: str | None,
    data: Mapping[str, Any],
) -> None:
    """Tell those who are asked now, set the moments at which it is due, and let rules hear of it.

    ``kind`` is the type of event of what was done; None where the end alone says it. An end is an event of its own.
    """
    approval_notices.tell(work, approval, row, before, after)
    told = {"approval": approval.id, "request": row.id, "turn": after.turn, **data}
    ended = after.state != "open"
    kinds = [*([kind] if kind else ()), *([f"approval.{after.state}"] if ended else ())]
    events = [
        Event(clock.new_id(), one, row.entity, row.record, None, work.now, actor=work.user.id, data=told)
        for one in kinds
    ]
    happenings.happen(work, events)
