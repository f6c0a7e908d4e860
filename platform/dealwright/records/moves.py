"""Moving a record to another stage or pipeline: the only way to change one.

A refused move lists everything that is missing (``passage``) and leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import access
from dealwright.errors import ConflictError, ForbiddenError, GateUnmetError, QueryError
from dealwright.fields import messages
from dealwright.records import items, look, passage, pipelines, road
from dealwright.records.draft import Draft
from dealwright.records.texts import called, say
from dealwright.records.work import Saved, Work
from dealwright.storage import audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dealwright.access import User
    from dealwright.metadata.definitions import Entity, Pipeline, Stage
    from dealwright.records.workspace import Workspace


def move(
    workspace: Workspace,
    user: User,
    entity_id: str,
    record_id: str,
    to: str | None = None,
    *,
    pipeline: str | None = None,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    version: int | None = None,
    address: str = "",
) -> Saved:
    """Move a record to the stage ``to``, or into another pipeline, in a transaction of its own.

    Args:
        workspace: Where.
        user: In whose name.
        entity_id: Id of the entity.
        record_id: Which record.
        to: Id of a stage of the record's pipeline; on the way into another pipeline its first stage, or the one that
            has the id of the present stage; None for the first of these that there is, the present one before.
        pipeline: Id of the pipeline to go into; None to stay in this one.
        reason: Why; kept with the move, and in the reason field of the pipeline if the entity has it.
        data: Fields that are set on the way, such as the reason of a loss; gates look at the record with them.
        version: The version that the caller has seen.
        address: Where the request came from.

    Raises:
        GateUnmetError: If gates are not met; ``problems`` lists every one.
        QueryError: If there is no such pipeline, or it has no such stage.
        ConflictError: If the entity has no pipeline, the stage may not follow the present one, or the record may not
            be in that pipeline.
    """
    with workspace.database.write() as connection:
        work = Work(workspace, connection, user, address=address)
        return move_one(work, entity_id, record_id, to, pipeline=pipeline, reason=reason, data=data, version=version)


def move_one(
    work: Work,
    entity_id: str,
    record_id: str,
    to: str | None = None,
    *,
    pipeline: str | None = None,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> Saved:
    """Move one record within the transaction of ``work``; see :func:`move`."""
    access.demand(work.catalog, work.user, "move", entity_id)
    entity = work.catalog.entity(entity_id)
    if not entity.pipelines:
        raise ConflictError(say("no-pipeline", records=called(work.catalog, entity, several=True)))
    draft = Draft(entity, record_id, False, dict(data or {}), expected=version, op="move", reason=reason.strip())
    road.check(work, entity, [draft])
    if draft.error is not None:
        raise draft.error
    if pipeline is not None and pipeline != draft.env["pipeline"]:
        _change(work, entity, draft, pipeline, to)
    elif to is not None:
        _step(work, entity, draft, to)
    else:
        raise QueryError("name the stage to move to")
    pipelines.explain(work, entity, draft)
    look.settle_one(work, entity, draft, draft.since)
    draft.refuse()
    if draft.error is not None:
        raise draft.error
    road.finish(work, entity, [draft])
    return road.saved(work, draft)


def _step(work: Work, entity: Entity, draft: Draft, to: str) -> None:
    """Move a record within its pipeline."""
    pipeline = pipelines.of(work.catalog, draft.env)
    if pipeline is None:
        raise ForbiddenError(f"the pipeline of this {entity.title} is not installed any more; ask an administrator")
    here, there = pipeline.stages.get(draft.env["stage"]), pipeline.stages.get(to)
    if there is None:
        raise QueryError(f"{pipeline.title} has no stage “{to[:40]}”; it has {', '.join(pipeline.stages)}")
    if here is not None and here.id == there.id:
        raise ConflictError(
            say("same-stage", record=called(work.catalog, entity), stage=_titled(work, pipeline, there))
        )
    if here is not None and not passage.follows(here, there):
        onward = [_titled(work, pipeline, pipeline.stages[one]) for one in here.next or () if one in pipeline.stages]
        names = {"stage": _titled(work, pipeline, there), "here": _titled(work, pipeline, here)}
        raise ConflictError(say("does-not-follow", **names, choices=", ".join(onward) or say("no-other-stage")))
    _judge(work, entity, draft, pipeline, here, there)
    pipelines.enter(draft, pipeline, there, work)


def _change(work: Work, entity: Entity, draft: Draft, pipeline_id: str, to: str | None) -> None:
    """Move a record into another pipeline, at its start or in the stage of the same name: no gate is jumped over."""
    offered = {one.id: one for one in pipelines.offered(work.catalog, entity)}
    pipeline = offered.get(pipeline_id)
    if pipeline is None:
        raise QueryError(f"there is no pipeline “{pipeline_id[:80]}” to go into; there are {', '.join(offered)}")
    if not pipelines.applies(work.catalog, pipeline, draft.env):
        raise ConflictError(say("pipeline-not-offered", pipeline=pipeline.title))
    here = draft.env["stage"]
    open_to = [one for one in (here, pipeline.start) if one in pipeline.stages]
    if to is not None and to not in pipeline.stages:
        raise QueryError(f"{pipeline.title} has no stage “{to[:40]}”; it has {', '.join(pipeline.stages)}")
    if to is not None and to not in open_to:
        choices = " or ".join(pipeline.stages[one].title for one in dict.fromkeys(open_to))
        raise ConflictError(f"a {entity.title} comes into {pipeline.title} in {choices}; move it on from there")
    there = pipeline.stages[to or open_to[0]]
    _judge(work, entity, draft, pipeline, None, there)
    before = {name: draft.env[name] for name in ("pipeline", "pipeline_version", "stage")}
    pipelines.enter(draft, pipeline, there, work)
    audit.append(
        work.connection,
        action="record.pipeline_changed",
        actor=work.user.id,
        at=work.now,
        subject=f"{entity.id}:{draft.id}",
        data={"by": work.user.by, "before": before, "after": {name: draft.env[name] for name in before}},
        address=work.address,
    )


def _judge(work: Work, entity: Entity, draft: Draft, pipeline: Pipeline, here: Stage | None, there: Stage) -> None:
    """Refuse the move with everything that is missing for it."""
    undone = items.undone(work, entity.id, draft.id, pipeline, here)
    problems = passage.unmet(work, entity, pipeline, draft.env, here, there, undone=undone, reason=draft.reason)
    if not problems:
        return
    seen = access.rights(work.catalog, work.user, entity.id).seen_on(draft.env)
    things = "thing is" if len(problems) == 1 else "things are"
    names = {"record": called(work.catalog, entity), "stage": _titled(work, pipeline, there)}
    detail = say("gate-unmet", **names, count=len(problems), things=things)
    raise GateUnmetError(detail, passage.shown(seen, problems))


def _titled(work: Work, pipeline: Pipeline, stage: Stage) -> str:
    """Return what people call a stage, in the language that is spoken."""
    return work.catalog.stage_text(pipeline, f"/stages/{stage.id}/title", messages.locale()) or stage.title
