"""Records on their way take to a new version of their pipeline, or into the first pipeline that their entity gets.

A follower of revisions (``live``) leaves a timer for each pipeline that takes records along; each carries one batch
over and sets the next one. Rules are not asked: nobody has moved these records, their way has another shape. The log of
events and the audit log tell of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dealwright.records import follow, look, needs, pipelines, road
from dealwright.records.draft import Draft
from dealwright.records.work import Work
from dealwright.storage import audit, in_flight, timers
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Pipeline

#: Family of the timers.
FAMILY: Final = "flight"
#: Records in one transaction.
BATCH: Final = 500
#: After the last batch it is looked once more: a save that began before the revision may have ended after it.
ONCE_MORE: Final = timedelta(minutes=5)


def went_live(work: Work, before: Catalog | None) -> None:
    """Leave a timer for each pipeline whose records migrate, and for each entity that has a pipeline at last."""
    for one in work.catalog.pipelines.values():
        old = before.pipelines.get(one.id) if before is not None else None
        if old is None or old.document == one.document:
            continue
        if one.in_flight == "migrate" or one.version == old.version:
            _again(work, {"pipeline": one.id, "after": ""})
    for entity in work.catalog.entities.values():
        had = before.entities.get(entity.id) if before is not None else None
        if entity.pipelines and had is not None and not had.pipelines:
            _again(work, {"entity": entity.id, "after": ""})


def _again(work: Work, data: Mapping[str, Any]) -> None:
    name = f"{FAMILY}:{data.get('pipeline') or data['entity']}"
    due = work.now + (ONCE_MORE if data.get("last") else timedelta(0))
    timers.put(work.connection, [timers.Timer("", "", name, due, data)])


def due(work: Work, told: Sequence[Event]) -> None:
    """Carry a batch of each over, and set the timer of the next one."""
    quiet = Work(work.workspace, work.connection, work.user, catalog=work.catalog, rules=False)
    for event in told:
        data = {name: value for name, value in event.data.items() if name in ("pipeline", "entity", "after", "last")}
        ids = _migrate(quiet, data) if "pipeline" in data else _enrol(quiet, data)
        if ids:
            _again(work, {**data, "after": ids[-1], "last": False})
        elif not data.get("last"):
            _again(work, {**data, "after": "", "last": True})


def _migrate(work: Work, data: Mapping[str, Any]) -> list[str]:
    pipeline = work.catalog.pipelines.get(data["pipeline"])
    if pipeline is None:
        return []
    entity = work.catalog.entity(pipeline.entity)
    ids = in_flight.behind(work.connection, work.catalog, pipeline.id, pipeline.stages.keys(), data["after"], BATCH)
    drafts = _drafts(work, entity, ids)
    if data["after"] == "" and drafts:
        _tell(work, "pipeline.migrated", f"pipeline:{pipeline.id}", {"version": pipeline.version})
    _write(work, entity, [draft for draft in drafts if _carried(work, pipeline, draft)])
    return ids


def _carried(work: Work, pipeline: Pipeline, draft: Draft) -> bool:
    """Take one record along; tell whether that changes anything."""
    stage = pipeline.goes_on(draft.env["stage"])
    if stage is None or (pipeline.in_flight != "migrate" and draft.env["pipeline_version"] != pipeline.version):
        return False
    if stage.id == draft.env["stage"]:
        draft.put("pipeline_version", pipeline.version)
        draft.put("status", stage.outcome or "open")
    else:
        draft.reason = f"version {pipeline.version}"
        pipelines.enter(draft, pipeline, stage, work)
    return bool(draft.changed)


def _enrol(work: Work, data: Mapping[str, Any]) -> list[str]:
    entity = work.catalog.entities.get(data["entity"])
    if entity is None or not entity.pipelines:
        return []
    ids = in_flight.outside(work.connection, work.catalog, entity.id, data["after"], BATCH)
    drafts = _drafts(work, entity, ids)
    if data["after"] == "" and drafts:
        _tell(work, "pipeline.entered", f"entity:{entity.id}", {"pipelines": list(entity.pipelines)})
    placed = []
    for draft in drafts:
        known = pipelines.offered(work.catalog, entity)
        chosen = next((one for one in known if pipelines.applies(work.catalog, one, draft.env)), None)
        if chosen is not None:
            pipelines.enter(draft, chosen, chosen.stages[chosen.start], work)
            placed.append(draft)
    _write(work, entity, placed)
    return ids


def _drafts(work: Work, entity: Entity, ids: Sequence[str]) -> list[Draft]:
    rows = stored.get(work.connection, work.catalog, entity.id, ids, lock=True) if ids else {}
    drafts = []
    for identifier, row in rows.items():
        draft = Draft(entity, identifier, False, {}, before=row)
        draft.env = {**row, **work.env, "is_new": False}
        drafts.append(draft)
    wanted = needs.needs(work.catalog, entity, work.user.roles)
    needs.load(work, entity, wanted, [draft.env for draft in drafts])
    for draft in drafts:
        needs.derive(wanted, draft.env)
    return drafts


def _write(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    if drafts:
        for draft in drafts:
            # Formulas may read the stage. What checks say is for the next person who saves the record.
            look.settle_one(work, entity, draft, draft.since, asked=())
        effects = follow.decide(work, entity, drafts)
        road.write_and_follow(work, entity, drafts, effects)


def _tell(work: Work, action: str, subject: str, data: Mapping[str, Any]) -> None:
    audit.append(work.connection, action=action, actor=work.user.id, at=work.now, subject=subject, data=dict(data))
