"""Moves that rules ask for: through the same gates as a person's, on the draft that the rule looked at.

A gate that is not met is no fault of the person whose change woke the rule: the save stands, the record stays where it
is, and what was missing is stored with the decision (``outcomes``) for whoever asks why nothing happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright.records import items, locks, look, passage, pipelines, scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.actions import MoveStage
    from dealwright.errors import Problem
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work


def carry_out(work: Work, entity: Entity, drafts: Sequence[Draft], rule: dict[str, str | None]) -> None:
    """Move each draft as rules have asked, in their order; note in ``rule`` whose change it is, as for any other."""
    for draft in drafts:
        moves, draft.moves = draft.moves, []
        for effect, decision, index in moves:
            refused = _moved(work, entity, draft, effect)
            if refused is None:
                rule[draft.id] = decision.rule
            elif refused:
                told = {"action": index, "do": "move_stage", "to": effect.to, **refused}
                draft.outcomes.setdefault(decision.id, []).append(told)


def _moved(work: Work, entity: Entity, draft: Draft, effect: MoveStage) -> dict[str, Any] | None:
    """Move a draft; return None if it has moved, nothing if it is there already, else why it may not."""
    pipeline = pipelines.of(work.catalog, draft.env) if entity.pipelines else None
    there = pipeline.stages.get(effect.to) if pipeline is not None else None
    if pipeline is None or there is None:
        return {"code": "no-such-stage"}
    if draft.env["archived_at"] is not None:
        return {"code": "archived"}
    if locks.holds(draft, "stage"):
        return {"code": "locked"}
    here = pipeline.stages.get(draft.env["stage"])
    if here is not None and here.id == there.id:
        return {}
    if here is not None and not passage.follows(here, there):
        return {"code": "does-not-follow", "from": here.id}
    undone = items.undone(work, entity.id, draft.id, pipeline, here)
    unmet = passage.unmet(work, entity, pipeline, draft.env, here, there, undone=undone, reason=effect.reason)
    if unmet:
        return {"code": "gate-unmet", "problems": [_plain(one) for one in unmet]}
    before = dict(draft.env), set(draft.changed), set(draft.since), dict(draft.started), draft.reason, draft.warnings
    known = len(draft.problems)
    draft.reason = effect.reason
    pipelines.enter(draft, pipeline, there, work)
    pipelines.explain(work, entity, draft)
    look.settle_one(work, entity, draft, draft.since, asked=())
    if len(draft.problems) == known:
        scored.follow(work, entity, [draft])
        return None
    broken = draft.problems[known:]
    draft.problems = draft.problems[:known]
    draft.env, draft.changed, draft.since, draft.started, draft.reason, draft.warnings = before
    return {"code": "invalid", "problems": [_plain(one) for one in broken]}


def _plain(problem: Problem) -> dict[str, str]:
    said = {"pointer": problem.pointer, "code": problem.code, "message": problem.message, "item": problem.item}
    return {name: value for name, value in said.items() if value or name == "pointer"}
