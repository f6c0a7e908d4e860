"""Who would approve a record now, step by step, why, and who was left out: nothing is asked, nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, approvals
from dealwright.approvals import Course, progress
from dealwright.errors import ForbiddenError, NotFoundError
from dealwright.fields import messages
from dealwright.records import approval_course, approval_facts, approving, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.approvals import Approval, Candidate, People, Step
    from dealwright.records.work import Work


def simulated(work: Work, approval_id: str, record_id: str) -> dict[str, Any]:
    """Return how an approval of a record would go if the user asked for it now.

    For a step that looks at who decided before, everybody who could have decided the stretch before counts.

    Returns:
        ``approval``, ``needed``, ``refusal`` (why it could not be asked for; None), and ``steps``: each with ``needed``,
        ``need`` (how many must approve), ``nobody`` (what would happen if nobody is found), ``people`` and
        ``left_out``: name and why.

    Raises:
        NotFoundError: If there is no such approval, or the record may not be seen.
        ForbiddenError: If the user may not change the record, so could not ask.
    """
    approval = approvals.of(work.catalog).get(approval_id)
    if approval is None:
        raise NotFoundError(f"there is no approval “{approval_id[:81]}”")
    held = access.demand(work.catalog, work.user, "update", approval.entity)
    env = approval_facts.env(work, work.catalog, approval, record_id)
    if env is None or not held.seen_on(env):
        raise read.missing(work, approval.entity, record_id)
    if not held.matching("update", env):
        raise ForbiddenError("you may not change this record, so you cannot ask for its approval")
    people = approvals.People(work.connection, work.catalog, approval, env, work.user.id, work.now)
    needed = set(approval_course.needed(work, approval, env))
    before: tuple[str, ...] = ()
    steps = []
    for stretch in approval.stretches():
        found: list[str] = []
        for step in stretch:
            fit, left = _asked(approval, people, step, before, work.user.id)
            if step.id in needed:
                found += [one.user for one in fit]
            steps.append((step, fit, left))
        before = tuple(found) or before
    users = {one.user for _, fit, _ in steps for one in fit} | {user for _, _, left in steps for user, _ in left}
    names = read.titles(work, {"base.user": users})
    refusal = approving.refusal(work, approval, env, held)
    return {
        "approval": approval.id,
        "title": work.catalog.text("approval", approval.id, "/title", messages.locale()) or approval.title,
        "needed": approval_course.holds(work, approval, approval.when, env),
        "refusal": refusal.detail if refusal is not None else None,
        "steps": [
            {
                "step": step.id,
                "title": work.catalog.text("approval", approval.id, f"/steps/{step.id}/title", messages.locale())
                or step.title,
                "needed": step.id in needed,
                "need": step.need.of(len(fit)) if fit else 0,
                "nobody": None if fit else step.nobody,
                "people": [
                    {
                        "user": one.user,
                        "name": names.get(("base.user", one.user), ""),
                        "behalf": one.behalf,
                        "why": one.why,
                    }
                    for one in fit
                ],
                "left_out": [
                    {"user": user, "name": names.get(("base.user", user), ""), "why": why} for user, why in left
                ],
            }
            for step, fit, left in steps
        ],
    }


def _asked(
    approval: Approval, people: People, step: Step, before: tuple[str, ...], requester: str | None
) -> tuple[Sequence[Candidate], list[tuple[str, str]]]:
    """Return who would be asked at a step, and who was left out and why."""
    found = people.ask(step, before)
    left = list(people.left_out)
    fit = progress.able(approval, Course(requester, ()), found)
    kept = {one.user for one in fit}
    left += [(one.user, "who asks cannot decide") for one in found if one.user not in kept]
    return fit, list(dict.fromkeys(left))
