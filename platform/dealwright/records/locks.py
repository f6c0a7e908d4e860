"""What nobody may change while an approval is open: the record, or some of its fields, as the approval says.

A draft learns at the start of a save what is locked; whatever the way of a change, a person's, an import's, a rule's or
a move, it is held against that. Who may unlock (the capability ``approvals.unlock``) is not held back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealwright import access, approvals
from dealwright.errors import Problem, RecordError
from dealwright.fields import messages
from dealwright.storage import approvals as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.approvals import Approval
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work

#: Whoever has it changes what is locked.
UNLOCK: Final = "approvals.unlock"
#: Locks the record as a whole: every field, its stage, and whether it is archived.
WHOLE: Final = "*"


def load(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Let each draft know what is locked: one statement, and none where no approval of the entity locks anything."""
    locking = _locking(work.catalog, entity)
    present = {draft.id: draft for draft in drafts if not draft.new and draft.error is None}
    if not locking or not present or access.capable(work.catalog, work.user, UNLOCK):
        return
    for row in stored.rows(work.connection, present, locking, state="open"):
        approval = locking[row.approval]
        fields = frozenset({WHOLE}) if approval.rules.lock == "record" else approval.rules.lock_fields
        draft = present[row.record]
        title = work.catalog.text("approval", approval.id, "/title", messages.locale()) or approval.title
        draft.locked = {**draft.locked, **dict.fromkeys(fields, title)}


def check(draft: Draft) -> None:
    """Add a problem for each changed field that is locked."""
    known = {problem.pointer for problem in draft.problems if problem.code == "locked"}
    draft.problems += [one for one in problems(draft) if one.pointer not in known]


def problems(draft: Draft) -> list[Problem]:
    """Return a problem for each changed field that is locked."""
    if not draft.locked:
        return []
    return [
        Problem(
            f"/{name}", "locked", messages.message("locked", approval=draft.locked.get(name) or draft.locked[WHOLE])
        )
        for name in sorted(draft.changed)
        if holds(draft, name)
    ]


def holds(draft: Draft, name: str) -> bool:
    """Tell whether a field is locked: by its name, or with the whole record."""
    return name in draft.locked or WHOLE in draft.locked


def demand(draft: Draft) -> None:
    """Hold a draft back on which something locked has changed on the way: by a rule, or by a move.

    Raises:
        RecordError: With every locked field that changed.
    """
    found = problems(draft)
    if found:
        raise RecordError(f"the {draft.entity.title} was not saved", found)


def _locking(catalog: Catalog, entity: Entity) -> dict[str, Approval]:
    return catalog.once(
        ("records.locks", entity.id),
        lambda: {
            one.id: one
            for one in approvals.of(catalog).values()
            if one.entity == entity.id and one.rules.lock != "none"
        },
    )
