"""The end of the road: rows, events and decisions, a statement or two for any number of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.errors import StaleVersionError
from dealwright.storage import decisions, events
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work


def put(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Write drafts of one entity with their events and decisions.

    Raises:
        StaleVersionError: If a record was changed by somebody else since it was read in this transaction.
        ConflictError: If a unique rule is broken by a record that was written at the same moment.
    """
    for draft in drafts:
        if draft.changed and not draft.new:
            draft.env["updated_at"], draft.env["updated_by"] = work.now, work.user.id
            draft.changed |= {"updated_at", "updated_by"}
    new = [draft.env for draft in drafts if draft.new]
    if new:
        stored.insert(work.connection, work.catalog, entity.id, new)
    changes = [
        stored.Change(draft.id, draft.before["version"], {name: draft.env[name] for name in draft.changed})
        for draft in drafts
        if draft.before is not None and draft.changed
    ]
    if changes and (stale := stored.update(work.connection, work.catalog, entity.id, changes)):
        raise StaleVersionError(f"{len(stale)} {entity.plural} changed while they were being saved; try again")
    happened = [event for draft in drafts for event in draft.events]
    if happened:
        events.append(work.connection, happened)
    decided = [decision for draft in drafts for decision in draft.decisions]
    if decided:
        results = {key: {"outcomes": noted} for draft in drafts for key, noted in draft.outcomes.items() if noted}
        decisions.put(work.connection, decided, results)
