"""What time and changes do to approvals: due moments, values that are others now, and what rules ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dealwright import actions, approvals
from dealwright.approvals import moves
from dealwright.records import approval_course, approval_facts, approval_notices, approving, road
from dealwright.storage import approvals as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.events import Event
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.follow import Asked
    from dealwright.records.work import Work


def due(work: Work, told: Sequence[Event]) -> None:
    """Carry out what a step says of the time it takes: due timers of the family ``approval``."""
    # By record, so that two workers that take timers of the same records never wait for each other.
    for event in sorted(told, key=lambda one: one.record or ""):
        _, identifier, place, what = str(event.data["name"]).split(":")
        if identifier not in stored.get(work.connection, [identifier]):
            continue  # its record was removed for good
        row, approval, before = approval_course.locked(work, identifier)
        here = before.place(int(place))
        if row.state != "open" or here.state != "open" or here.past:
            continue
        if what == "remind" or approval.steps[here.step].on_timeout == "remind":
            approval_notices.remind(work, approval, row, before, here.number)
        if what == "remind":
            approval_notices.again(work, approval, row, here)
            continue
        people = approval_course.people_of(work, row, approval, approval_course.env_of(work, row, approval))
        after = moves.time_out(approval, before, here.number, people.ask, people.managers)
        approval_course.write(work, row, before, after, {})
        approval_course.follow(work, approval, row, before, after, "approval.timed_out", {"step": here.step})


def changed(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Begin open approvals anew whose values have changed, and end those that are needed no longer.

    No statement where no approval of the entity is begun anew by a change of these fields.
    """
    watched = work.catalog.once(
        ("records.approval_turns.watched", entity.id),
        lambda: frozenset[str]().union(
            *(
                one.rules.restart_on | {"archived_at"}
                for one in approvals.of(work.catalog).values()
                if one.entity == entity.id
            )
        ),
    )
    touched = [draft.id for draft in drafts if not draft.new and not watched.isdisjoint(draft.changed)]
    if not touched:
        return
    for open_one in stored.rows(work.connection, touched, state="open"):
        row, approval, before = approval_course.locked(work, open_one.id)
        catalog = approval_course.catalog_of(work, row)
        env = approval_facts.env(work, catalog, approval, row.record)
        if env is None or not approval_course.holds(work, approval, approval.when, env, catalog):
            after = moves.end(before, "recalled")
            approval_course.write(work, row, before, after, {})
            approval_course.follow(work, approval, row, before, after, "approval.dropped", {})
            continue
        digest = approvals.digest(catalog, approval, env)
        if digest == row.digest:
            continue
        people = approval_course.people_of(work, row, approval, env)
        wanted = approval_course.needed(work, approval, env, catalog)
        after = moves.restart(approval, before, wanted, people.ask, people.managers)
        row = replace(row, facts=approvals.facts(catalog, approval, env), digest=digest)
        approval_course.write(work, row, before, after, {})
        approval_course.follow(work, approval, row, before, after, "approval.restarted", {})


def asked_by_rules(work: Work, effects: Sequence[Asked]) -> None:
    """Ask for the approvals that decisions want. One that is open, not needed, or agreed to as the record is, is left."""
    for one in effects:
        if not isinstance(one.effect, actions.RequestApproval) or one.decision.record is None:
            continue
        approval, record = approvals.of(work.catalog)[one.effect.approval], one.decision.record
        env = approval_facts.env(work, work.catalog, approval, record)
        if env is None or approving.refusal(work, approval, env, None) is not None:
            continue
        latest = stored.rows(work.connection, [record], [approval.id])[-1:]
        digest = approvals.digest(work.catalog, approval, env)
        if not any(row.state == "approved" and row.digest == digest for row in latest):
            approving.request(work, approval.id, approval.entity, record, event=one.decision.event)


def follow_up(work: Work, entity: Entity, drafts: Sequence[Draft], effects: Sequence[Asked]) -> None:
    """Do what a save means for approvals: some begin anew, rules ask for others."""
    changed(work, entity, drafts)
    asked_by_rules(work, effects)


road.FOLLOWING.append(follow_up)
