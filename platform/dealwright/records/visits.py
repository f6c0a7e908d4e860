"""The history of stages: one row a visit, written with the move, and filled from the log of events for what was before.

A visit begins when a record enters a stage and lasts until it enters another one: the visits of a record, one after the
other, are its whole life. Archiving ends none, as the record stays where it is. A record that goes on in another version
of its pipeline, in the same stage, goes on with its visit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from dealwright import calendars
from dealwright.errors import NotFoundError
from dealwright.fields import messages
from dealwright.records import past
from dealwright.storage import records as stored
from dealwright.storage import timers, visits
from dealwright.storage.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dealwright.events import Event
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work

#: Family of the timers that fill in what was before, and the name of the first one.
FAMILY: Final = "visits"
#: Records filled in one transaction.
BATCH: Final = 500
_VISIT: Final = frozenset({"stage", "stage_entered_at"})
_COURSE: Final = frozenset({"pipeline", "pipeline_version"})


def note(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Note the stages that records have left and entered: two statements for any number, none if nobody has moved."""
    if not entity.pipelines:
        return
    entered = [
        one for one in drafts if one.env.get("stage") is not None and (one.new or not _VISIT.isdisjoint(one.changed))
    ]
    begun = [_begun(work, entity, one) for one in entered]
    visits.end(
        work.connection, [_ended(work, one, now) for one, now in zip(entered, begun, strict=True) if not one.new]
    )
    visits.add(work.connection, begun)
    moved = {draft.id for draft in entered}
    others = [one for one in drafts if one.id not in moved and not one.new and not _COURSE.isdisjoint(one.changed)]
    visits.carry_over(work.connection, [_begun(work, entity, one) for one in others])


def _begun(work: Work, entity: Entity, draft: Draft) -> Visit:
    env, before = draft.env, draft.before or {}
    return Visit(
        entity=entity.id,
        record=draft.id,
        pipeline=env["pipeline"],
        pipeline_version=env["pipeline_version"],
        stage=env["stage"],
        came_from=before.get("stage"),
        entered_at=env["stage_entered_at"],
        entered_by=work.user.id,
        reason=draft.reason or None,
        anew=_family(work, before.get("pipeline")) != _family(work, env["pipeline"]),
    )


def _family(work: Work, pipeline: str | None) -> str | None:
    """Return the pipeline that this one is a variant of, or itself."""
    known = work.catalog.pipelines.get(pipeline or "")
    return known.family if known is not None else pipeline


def _ended(work: Work, draft: Draft, begun: Visit) -> Visit:
    before = draft.before or {}
    since: datetime = before.get("stage_entered_at") or begun.entered_at
    return Visit(
        entity=begun.entity,
        record=begun.record,
        pipeline=before.get("pipeline") or begun.pipeline,
        pipeline_version=before.get("pipeline_version") or begun.pipeline_version,
        stage=before.get("stage") or begun.stage,
        came_from=None,
        entered_at=since,
        entered_by=None,
        went_to=begun.stage,
        left_at=begun.entered_at,
        left_by=work.user.id,
        seconds=_seconds(since, begun.entered_at),
    )


def _seconds(since: datetime, until: datetime) -> int:
    return int((until - since).total_seconds())


def _worked(work: Work, since: datetime, until: datetime) -> int | None:
    """Return the working time between two moments by the calendar of the workspace; None where it cannot tell."""
    try:
        return int(calendars.of(work.catalog).between(since, until).total_seconds())
    except (calendars.MissingYearError, NotFoundError):
        return None


def history(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the visits of a record, the latest first; ``seconds`` of the one that lasts are those until now.

    ``working_seconds`` are those of them in working time, by the calendar of the workspace.

    Nothing for who may not see the stage of the record; the reason only for who may see the field that holds it.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    seen = past.seen(work, entity_id, record_id)
    if not work.catalog.entity(entity_id).pipelines or "stage" not in seen:
        return []
    return [_told(work, one, seen) for one in visits.of(work.connection, entity_id, record_id)]


def _told(work: Work, one: Visit, seen: frozenset[str]) -> dict[str, Any]:
    pipeline = work.catalog.pipeline(one.pipeline, one.pipeline_version)
    at = f"/stages/{one.stage}/title"
    title = work.catalog.stage_text(pipeline, at, messages.locale()) if pipeline is not None else ""
    field = pipeline.reason_field if pipeline is not None else None
    hidden = field in work.catalog.entity(one.entity).fields and field not in seen
    told = {
        "stage": one.stage,
        "title": title or one.stage,
        "from": one.came_from,
        "to": one.went_to,
        "entered_at": one.entered_at,
        "left_at": one.left_at,
        "entered_by": one.entered_by,
        "left_by": one.left_by,
        "reason": None if hidden else one.reason,
        "seconds": _seconds(one.entered_at, work.now) if one.seconds is None else one.seconds,
        "working_seconds": _worked(work, one.entered_at, one.left_at or work.now),
    }
    shown = {"pipeline": one.pipeline, "pipeline_version": one.pipeline_version}
    return told | {name: value for name, value in shown.items() if name in seen}


# What was before ------------------------------------------------------------------------------------------------------


def due(work: Work, told: Sequence[Event]) -> None:
    """Fill in the visits of records that have none: a batch of each entity, and a timer for the next one."""
    for event in told:
        given = event.data.get("of")
        names = [given] if given is not None else [one.id for one in work.catalog.entities.values() if one.pipelines]
        for name in names:
            if name in work.catalog.entities and work.catalog.entity(name).pipelines:
                _fill(work, name, str(event.data.get("after") or ""))


def _fill(work: Work, entity_id: str, after: str) -> None:
    ids = visits.without(work.connection, work.catalog, entity_id, after, BATCH)
    if not ids:
        return
    rows = stored.get(work.connection, work.catalog, entity_id, ids)
    log: dict[str, list[Mapping[str, Any]]] = {}
    for event in visits.told(work.connection, entity_id, ids):
        log.setdefault(event["record"], []).append(event)
    visits.add(work.connection, [one for row in rows.values() for one in lived(entity_id, row, log.get(row["id"], ()))])
    again = timers.Timer(entity_id, "", f"{FAMILY}:{entity_id}", work.now, {"of": entity_id, "after": ids[-1]})
    timers.put(work.connection, [again])


def lived(entity_id: str, row: Mapping[str, Any], log: Iterable[Mapping[str, Any]]) -> list[Visit]:
    """Return the visits of a record as its events tell them, in order.

    What the log does not tell (it may have been pruned) is taken from the record as it is: it is in its stage since
    ``stage_entered_at``, and what lies before is not known.
    """
    found: list[Visit] = []
    course = {"pipeline": row["pipeline"], "pipeline_version": row["pipeline_version"] or 1}
    for event in log:
        changes: Mapping[str, Any] = event["changes"] or {}
        course |= {name: changes[name][1] for name in course if name in changes and changes[name][1] is not None}
        if "stage" in changes and changes["stage"][1] is not None:
            stage = changes["stage"][1]
            _append(
                found, entity_id, row["id"], course, stage, event["at"], event["actor"], event["data"].get("reason")
            )
    since = row["stage_entered_at"] or row["created_at"]
    if not found or found[-1].stage != row["stage"]:
        course = {"pipeline": row["pipeline"], "pipeline_version": row["pipeline_version"] or 1}
        _append(found, entity_id, row["id"], course, row["stage"], since, None, None)
    return found


def _append(
    found: list[Visit],
    entity_id: str,
    record_id: str,
    course: Mapping[str, Any],
    stage: str,
    at: datetime,
    actor: str | None,
    reason: str | None,
) -> None:
    """End the last of the visits and begin another."""
    before = found[-1].stage if found else None
    if found:
        last = found[-1]
        spent = _seconds(last.entered_at, at)
        found[-1] = replace(last, went_to=stage, left_at=at, left_by=actor, seconds=spent)
    found.append(
        Visit(entity_id, record_id, course["pipeline"], course["pipeline_version"], stage, before, at, actor, reason)
    )
