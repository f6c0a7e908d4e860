"""A course carried over to another definition of its approval. Pure, like :mod:`dealwright.approvals.moves`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from dealwright.approvals import progress
from dealwright.approvals.course import DONE, Course, Place

if TYPE_CHECKING:
    from dealwright.approvals.course import Ask, Managers
    from dealwright.metadata.approvals import Approval


def carried(approval: Approval, course: Course, needed: Iterable[str], ask: Ask, managers: Managers) -> Course:
    """Return the course gone on under another definition.

    What was decided counts, and who is asked stays asked. Steps stand in the new order; those that are new are asked
    too, also where they come before the one that waits, which then waits for them.

    Args:
        approval: The new definition; each step of the course must go on in it (``Approval.unfit``).
        course: An open course.
        needed: Ids of the new definition's steps whose condition holds.
        ask: Who may decide the steps that begin now.
        managers: Who stands above whom.
    """
    moved = [replace(one, step=approval.goes_on(one.step)) for one in course.places]
    past, live = [one for one in moved if one.past], [one for one in moved if not one.past]
    known, wanted = {one.step for one in live}, set(needed)
    new = [
        Place(len(moved) + n, step, 0, "waiting" if step in wanted else "skipped", "" if step in wanted else "when")
        for n, step in enumerate(one for one in approval.steps if one not in known)
    ]
    course = replace(course, places=(*past, *_ordered(approval, [*live, *new])))
    first = min((one.rank for one in course.live() if one.state not in DONE), default=None)
    for one in course.live():
        if first is not None and one.rank > first and one.state in ("open", "blocked"):
            course = course.with_place(replace(one, state="waiting", reason=""))
    return progress.advanced(approval, course, ask, managers)


def _ordered(approval: Approval, live: list[Place]) -> list[Place]:
    """Return places with the ranks of the definition; people who were added by hand stay before or after their step."""
    order = {step.id: rank for rank, stretch in enumerate(approval.stretches()) for step in stretch}
    hosts = {one.step: one.rank for one in live if one.added_for is None}

    def place(one: Place) -> tuple[int, int]:
        return order[one.step], 0 if one.added_for is None else one.rank - hosts.get(one.step, one.rank)

    ranks = {key: rank for rank, key in enumerate(sorted({place(one) for one in live}))}
    return sorted((replace(one, rank=ranks[place(one)]) for one in live), key=lambda one: (one.rank, one.number))
