"""Clocks that rules start and stop, on the record itself or on one that it refers to.

They are clocks like all others: their events wake rules, their ladders run, and a save that meets their ``stop`` or
``pause`` ends or pauses them. ``restart`` of the policy holds here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import actions, sla
from dealwright.records import clocks, road
from dealwright.storage import clocks as stored
from dealwright.storage import decisions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.follow import Asked
    from dealwright.records.work import Work
    from dealwright.sla import Clock


def follow_up(work: Work, entity: Entity, drafts: Sequence[Draft], effects: Sequence[Asked]) -> None:
    """Start and stop the clocks that decisions ask for: the same few statements for any number of them."""
    by_entity: dict[str, list[tuple[Asked, sla.Policy]]] = {}
    for one in effects:
        if isinstance(one.effect, actions.StartSla | actions.StopSla):
            policy = sla.of(work.catalog).by_id["sla", one.effect.policy]
            assert isinstance(policy, sla.Policy)  # noqa: S101 - narrows the type: of the kind sla
            by_entity.setdefault(policy.entity, []).append((one, policy))
    for entity_id, some in by_entity.items():
        changed = _carry_out(work, work.catalog.entity(entity_id), some)
        if entity_id == entity.id:
            road.bring_up(entity, drafts, changed)


def _carry_out(work: Work, entity: Entity, asked: Sequence[tuple[Asked, sla.Policy]]) -> dict[str, Draft]:
    drafts = road.taken(work, entity, sorted({_record(one) for one, _ in asked}))
    found = stored.of_policies(work.connection, list(drafts), {policy.id for _, policy in asked})
    known: dict[tuple[str, str], list[Clock]] = {}
    for clock in found:
        known.setdefault((clock.record, clock.policy), []).append(clock)
    turn = clocks.Turn(work)
    for one, policy in asked:
        draft = drafts.get(_record(one))
        if draft is None or draft.env.get("archived_at") is not None:
            _note(one, "gone")
            continue
        # So that rules and clocks that chase one another come to an end.
        draft.depth, draft.cause = one.depth, one.decision.event
        there = known.setdefault((draft.id, policy.id), [])
        open_one = next((clock for clock in there if clock.is_open), None)
        if isinstance(one.effect, actions.StopSla):
            if open_one is not None:
                turn.stop(open_one, draft)
        elif (started := _start(turn, one, policy, draft, there, open_one)) is not None:
            there.append(started)
    decisions.note(work.connection, {one.decision.id: {"outcomes": one.outcomes} for one, _ in asked if one.outcomes})
    told = turn.write()
    return road.tell(work, entity, told) if told else {}


def _start(
    turn: clocks.Turn, one: Asked, policy: sla.Policy, draft: Draft, known: Sequence[Clock], open_one: Clock | None
) -> Clock | None:
    """Start a clock as the policy allows it; one that runs already is left, as by a save."""
    if open_one is not None and policy.restart != "always":
        return None
    if clocks.is_over(policy, draft.env):
        _note(one, "stopped")
        return None
    if known and policy.restart == "never":
        _note(one, "once")
        return None
    if open_one is not None:
        turn.cancel(open_one)
    started = turn.start(policy, draft)
    if policy.pause is not None and policy.pause.happens(draft.env, ()):
        turn.pause(started, draft)
    return started


def _record(one: Asked) -> str:
    assert isinstance(one.effect, actions.StartSla | actions.StopSla)  # noqa: S101 - narrows the type
    return one.effect.record


def _note(one: Asked, code: str) -> None:
    do = "start_sla" if isinstance(one.effect, actions.StartSla) else "stop_sla"
    one.outcomes.append({"action": one.index, "do": do, "code": code, "record": _record(one)})
