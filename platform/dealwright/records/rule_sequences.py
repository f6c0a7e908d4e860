"""Sequences that rules start, let go on and stop, on the record itself or on one that it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealwright import actions, rules
from dealwright.records import road, sequences
from dealwright.rules import guard
from dealwright.rules import sequences as defined
from dealwright.storage import decisions
from dealwright.storage import enrolments as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.follow import Asked
    from dealwright.records.work import Work
    from dealwright.storage.enrolments import Enrolment

_DO: Final = {
    actions.StartSequence: "start_sequence",
    actions.AdvanceSequence: "advance_sequence",
    actions.StopSequence: "stop_sequence",
}


def follow_up(work: Work, entity: Entity, drafts: Sequence[Draft], effects: Sequence[Asked]) -> None:
    """End what a change ends, then do what decisions ask for: the same few statements for any number of records."""
    sequences.follow(work, entity, drafts)
    by_entity: dict[str, list[Asked]] = {}
    for one in effects:
        if isinstance(one.effect, actions.OfSequence):
            by_entity.setdefault(defined.of(work.catalog)[one.effect.sequence].entity, []).append(one)
    for entity_id, some in by_entity.items():
        other = work.catalog.entity(entity_id)
        turn = _carry_out(work, other, some)
        sequences.hear(work, other, drafts if entity_id == entity.id else (), turn)


def _carry_out(work: Work, entity: Entity, asked: Sequence[Asked]) -> sequences.Turn:
    drafts = road.taken(work, entity, sorted({_of(one).record for one in asked}))
    known: dict[tuple[str, str], list[Enrolment]] = {}
    for there in stored.of(work.connection, list(drafts), ended=True):
        known.setdefault((there.record, there.sequence), []).append(there)
    turn = sequences.Turn(work)
    for one in asked:
        effect = _of(one)
        draft = drafts.get(effect.record)
        if draft is None or draft.env.get("archived_at") is not None:
            _note(one, "gone")
            continue
        # So that rules and sequences that chase one another come to an end.
        draft.depth, draft.cause = one.depth, one.decision.event
        before = known.setdefault((draft.id, effect.sequence), [])
        running = next((found for found in before if found.is_running), None)
        if isinstance(effect, actions.StartSequence):
            started = _start(turn, one, defined.of(work.catalog)[effect.sequence], draft, before, running)
            if started is not None:
                before.append(started)
        elif running is not None and isinstance(effect, actions.StopSequence):
            turn.stop(running, draft, "rule")
        elif running is not None:
            turn.step(running, draft, early=True)
    decisions.note(work.connection, {one.decision.id: {"outcomes": one.outcomes} for one in asked if one.outcomes})
    return turn


def _start(
    turn: sequences.Turn,
    one: Asked,
    sequence: defined.Sequence,
    draft: Draft,
    before: Sequence[Enrolment],
    running: Enrolment | None,
) -> Enrolment | None:
    """Start a sequence as its ``again`` allows it; one that runs is left, unless it begins anew."""
    if running is not None and sequence.again != "restart":
        return None
    if before and sequence.again == "never":
        _note(one, "once")
        return None
    if sequences.is_over(sequence, draft):
        _note(one, "stopped")
        return None
    if running is not None:
        turn.stop(running, draft, "restart")
    rule = rules.of(turn.work.catalog).rule(one.decision.rule)
    # Of a record that another one's rule enrolled, nothing that the rule looked at is a field.
    reads = sorted(map(guard.shown, rule.reads)) if one.decision.entity == sequence.entity else []
    return turn.start(sequence, draft, one.decision.rule, reads)


def _of(one: Asked) -> actions.OfSequence:
    assert isinstance(one.effect, actions.OfSequence)  # noqa: S101 - narrows the type; callers pass nothing else
    return one.effect


def _note(one: Asked, code: str) -> None:
    effect = _of(one)
    one.outcomes.append({"action": one.index, "do": _DO[type(effect)], "code": code, "record": effect.record})
