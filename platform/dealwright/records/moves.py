"""Moving a record to another stage: the only way to change one.

A refused move lists every gate that is not met, with its message and the fields that a person can mend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import access, conditions
from dealwright.errors import ConflictError, ForbiddenError, GateUnmetError, Problem, QueryError
from dealwright.fields import messages
from dealwright.records import look, needs, road
from dealwright.records.draft import Draft
from dealwright.records.read import missing
from dealwright.records.work import Saved, Work
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from dealwright.access import User
    from dealwright.conditions import Condition
    from dealwright.metadata.definitions import Entity, Pipeline, Stage
    from dealwright.records.workspace import Workspace


def move(
    workspace: Workspace,
    user: User,
    entity_id: str,
    record_id: str,
    to: str,
    *,
    data: Mapping[str, Any] | None = None,
    version: int | None = None,
    address: str = "",
) -> Saved:
    """Move a record to the stage ``to``, in a transaction of its own.

    Args:
        workspace: Where.
        user: In whose name.
        entity_id: Id of the entity.
        record_id: Which record.
        to: Id of a stage of the record's pipeline.
        data: Fields that are set on the way, such as the reason of a loss; gates look at the record with them.
        version: The version that the caller has seen.
        address: Where the request came from.

    Raises:
        GateUnmetError: If gates are not met; ``problems`` lists every one.
        QueryError: If the pipeline has no such stage.
        ConflictError: If the entity has no pipeline, or the stage may not follow the present one.
    """
    with workspace.database.write() as connection:
        work = Work(workspace, connection, user, address=address)
        return move_one(work, entity_id, record_id, to, data=data, version=version)


def move_one(
    work: Work,
    entity_id: str,
    record_id: str,
    to: str,
    *,
    data: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> Saved:
    """Move one record within the transaction of ``work``; see :func:`move`."""
    access.demand(work.catalog, work.user, "move", entity_id)
    entity = work.catalog.entity(entity_id)
    if not entity.pipelines:
        raise ConflictError(f"{entity.plural} are in no pipeline; there is no stage to move to")
    draft = Draft(entity, record_id, False, dict(data or {}), expected=version, op="move")
    road.check(work, entity, [draft])
    if draft.error is not None:
        raise draft.error
    _judge(work, entity, draft, to)
    road.finish(work, entity, [draft])
    return road.saved(work, draft)


def gates(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return each stage that may follow the present one of a record, with what is still missing for it.

    Returns:
        Items ``{"to", "title", "unmet": [Problem]}`` in the order of the pipeline; empty without a pipeline.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    held = access.demand(work.catalog, work.user, "read", entity_id)
    entity = work.catalog.entity(entity_id)
    row = stored.get(work.connection, work.catalog, entity_id, [record_id]).get(record_id)
    env = {**(row or {}), **work.env}
    wanted = needs.needs(work.catalog, entity, work.user.roles)
    needs.load(work, entity, wanted, [env] if row else [])
    if row is None or not held.seen_on(env):
        raise missing(work, entity_id, record_id)
    if not entity.pipelines or row.get("pipeline") not in work.catalog.pipelines:
        return []
    needs.derive(wanted, env)
    pipeline = work.catalog.pipelines[row["pipeline"]]
    here = pipeline.stages.get(row["stage"])
    # Who may move the record learns from a refusal what is missing; who may not hears of what he sees only.
    only = None if held.matching("move", env) else held.seen_on(env)
    return [
        {
            "to": stage.id,
            "title": stage.title,
            "unmet": _shown(held.seen_on(env), unmet(work, entity, env, here, stage, only)),
        }
        for stage in pipeline.stages.values()
        if here is not None and stage.id != here.id and follows(here, stage)
    ]


def _shown(seen: frozenset[str], problems: Iterable[Problem]) -> list[Problem]:
    """Return problems without pointers to fields that may not be seen."""
    return [p if p.pointer[1:] in seen or not p.pointer else Problem("", p.code, p.message) for p in problems]


def follows(here: Stage, to: Stage) -> bool:
    """Tell whether a record may go from one stage to another as far as the graph of the pipeline says."""
    return here.next is None or to.id in here.next


def _judge(work: Work, entity: Entity, draft: Draft, to: str) -> None:
    pipeline = _pipeline(work, entity, draft)
    here, there = pipeline.stages.get(draft.env["stage"]), pipeline.stages.get(to)
    if there is None:
        raise QueryError(f"{pipeline.title} has no stage “{to[:40]}”; it has {', '.join(pipeline.stages)}")
    if here is not None and here.id == there.id:
        raise ConflictError(f"the {entity.title} is in the stage {there.title} already")
    if here is not None and not follows(here, there):
        choices = ", ".join(pipeline.stages[one].title for one in here.next or () if one in pipeline.stages)
        raise ConflictError(f"{there.title} does not follow {here.title}; from here it goes to {choices or 'no other'}")
    problems = unmet(work, entity, draft.env, here, there)
    if problems:
        seen = access.rights(work.catalog, work.user, entity.id).seen_on(draft.env)
        raise GateUnmetError(
            f"the {entity.title} cannot go to {there.title} yet: {len(problems)} "
            f"{'thing is' if len(problems) == 1 else 'things are'} missing",
            _shown(seen, problems),
        )
    draft.put("stage", there.id)
    draft.put("stage_entered_at", work.now)
    draft.put("status", there.outcome or "open")
    look.settle_one(work, entity, draft, draft.since)
    draft.refuse()
    if draft.error is not None:
        raise draft.error


def _pipeline(work: Work, entity: Entity, draft: Draft) -> Pipeline:
    pipeline = work.catalog.pipelines.get(draft.env.get("pipeline") or "")
    if pipeline is None:
        raise ForbiddenError(f"the pipeline of this {entity.title} is not installed any more; ask an administrator")
    return pipeline


def unmet(
    work: Work,
    entity: Entity,
    env: Mapping[str, Any],
    here: Stage | None,
    there: Stage,
    only: frozenset[str] | None = None,
) -> list[Problem]:
    """Return a problem for every gate and required field that stands between a record and a stage.

    The exit gates and required fields of the present stage count on the way forward, not on the way out: a record can
    always be lost or archived, as far as the graph and the gates of that end allow. Messages are in the language of
    ``fields.messages.speaking``. What looks at other fields than ``only`` is left out.
    """
    problems = []
    leaving = here is not None and there.outcome not in ("lost", "archived")
    if here is not None and leaving:
        for name in [one for one in here.required if only is None or one in only]:
            if env.get(name) is None and entity.field(name) is not None:
                problems.append(Problem(f"/{name}", "required", messages.message("required")))
    sides = [(here, "exit", here.exit)] if here is not None and leaving else []
    namespace = str(env.get("pipeline") or entity.id).partition(".")[0]
    for stage, side, held in [*sides, (there, "enter", there.enter)]:
        for gate in held:
            condition = conditions.of(work.catalog, entity.id, gate.require, "gate", namespace=namespace)
            if only is not None and not _within(work, entity, condition, only):
                continue
            if condition.evaluate(env) is not True:
                at = f"/stages/{stage.id}/{side}/{gate.id}/message"
                text = work.catalog.text("pipeline", env.get("pipeline") or "", at, messages.locale()) or gate.message
                pointers = [f"/{name}" for name in gate.fields] or [""]
                problems += [Problem(pointer, "gate-unmet", text) for pointer in pointers]
    told = only is None or "lost_reason" in only
    if told and there.document.get("reason") == "required" and env.get("lost_reason", "") is None:
        problems.append(Problem("/lost_reason", "required", messages.message("required")))
    return problems


def _within(work: Work, entity: Entity, condition: Condition, only: frozenset[str]) -> bool:
    """Tell whether a gate looks at these fields only, and over references at what the user may see."""
    roles = work.user.roles
    return condition.fields <= only and all(access.path_seen(work.catalog, roles, entity, p) for p in condition.paths)
