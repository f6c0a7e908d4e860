"""What stands between a record and a stage: gates, required fields, the checklist and the reason, each with its label.

A refused move lists every one. Messages and labels are in the language of ``fields.messages.speaking``; what names a
field that the person may not see is told without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import access, conditions
from dealwright.errors import Problem
from dealwright.fields import messages
from dealwright.metadata.names import namespace_of
from dealwright.records import items, needs, past, pipelines
from dealwright.records.read import missing
from dealwright.records.texts import say
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from dealwright.conditions import Condition
    from dealwright.metadata.definitions import Entity, Gate, Pipeline, Stage
    from dealwright.records.work import Work


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
    pipeline = pipelines.of(work.catalog, row) if entity.pipelines else None
    here = pipeline.stages.get(row["stage"]) if pipeline is not None else None
    if pipeline is None or here is None or "stage" not in held.seen_on(env):
        return []
    needs.derive(wanted, env)
    # Who may move the record learns from a refusal what is missing; who may not hears of what he sees only.
    seen = held.seen_on(env)
    only = None if held.matching("move", env) else seen
    undone = items.undone(work, entity_id, record_id, pipeline, here)
    return [
        {
            "to": stage.id,
            "title": work.catalog.stage_text(pipeline, f"/stages/{stage.id}/title", messages.locale()),
            "unmet": shown(seen, unmet(work, entity, pipeline, env, here, stage, undone=undone, only=only)),
        }
        for stage in pipeline.stages.values()
        if stage.id != here.id and follows(here, stage)
    ]


def place(work: Work, entity_id: str, record_id: str) -> dict[str, Any] | None:
    """Return which pipeline or variant a record is in and why (``pipelines.why``); None where there is nothing to tell.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    seen = past.seen(work, entity_id, record_id)
    entity = work.catalog.entity(entity_id)
    env = {**stored.get(work.connection, work.catalog, entity_id, [record_id])[record_id], **work.env}
    if not entity.pipelines:
        return None
    needs.load(work, entity, needs.needs(work.catalog, entity, work.user.roles), [env])
    return pipelines.why(work, env, seen)


def shown(seen: frozenset[str], problems: Iterable[Problem]) -> list[Problem]:
    """Return problems without places and labels of fields that may not be seen."""
    return [
        one
        if not one.pointer or one.pointer.startswith(_OWN) or one.pointer[1:] in seen
        else Problem("", one.code, one.message, item=one.item)
        for one in problems
    ]


#: Places in what a move brings that are no field.
_OWN = ("/checklist/", "/reason")


def follows(here: Stage, to: Stage) -> bool:
    """Tell whether a record may go from one stage to another as far as the graph of the pipeline says."""
    return here.next is None or to.id in here.next


def unmet(
    work: Work,
    entity: Entity,
    pipeline: Pipeline,
    env: Mapping[str, Any],
    here: Stage | None,
    there: Stage,
    *,
    undone: Sequence[Problem] = (),
    reason: str = "",
    only: frozenset[str] | None = None,
) -> list[Problem]:
    """Return a problem for everything that stands between a record and a stage.

    The exit gates, required fields and checklist of the present stage count on the way forward, not on the way out: a
    record can always be lost or archived, as far as the graph and the gates of that end allow.

    Args:
        work: The transaction.
        entity: The entity of the record.
        pipeline: The one that both stages are of.
        env: The record with all that its gates read.
        here: The stage that it is in; None for one that comes from elsewhere.
        there: The stage that it is to go to.
        undone: What is still to be done in the present stage (``items.undone``).
        reason: Why, in words, as far as the move says.
        only: Fields that may be told of; what looks at others is left out. None for all.
    """
    found: list[Problem] = []
    if here is not None and not there.leads_out:
        found += _fields(work, entity, env, here, only)
        found += _held(work, entity, pipeline, env, here, "exit", only)
        found += undone
    found += _held(work, entity, pipeline, env, there, "enter", only)
    if there.reason == "required" and not reason:
        found += _reason(work, entity, pipeline, env, only)
    return found


def _fields(
    work: Work, entity: Entity, env: Mapping[str, Any], here: Stage, only: frozenset[str] | None
) -> Iterator[Problem]:
    for name in here.required:
        if entity.field(name) is not None and (only is None or name in only) and empty(env.get(name)):
            yield Problem(f"/{name}", "required", messages.message("required"), label=label(work, entity, name))


def empty(value: Any) -> bool:
    """Tell whether a value is none: nothing, a text of blanks, a list without entries."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _held(
    work: Work,
    entity: Entity,
    pipeline: Pipeline,
    env: Mapping[str, Any],
    stage: Stage,
    side: str,
    only: frozenset[str] | None,
) -> Iterator[Problem]:
    gates: tuple[Gate, ...] = getattr(stage, side)
    for gate in gates:
        condition = conditions.of(work.catalog, entity.id, gate.require, "gate", namespace=namespace_of(pipeline.id))
        if (only is not None and not _within(work, entity, condition, only)) or condition.evaluate(env) is True:
            continue
        at = f"/stages/{stage.id}/{side}/{gate.id}"
        text = work.catalog.stage_text(pipeline, f"{at}/message", messages.locale()) or gate.message
        title = work.catalog.stage_text(pipeline, f"{at}/title", messages.locale()) if gate.title else ""
        for name in gate.fields or ("",):
            named = label(work, entity, name) if name else ""
            yield Problem(f"/{name}" if name else "", "gate-unmet", text, label=title or named, item=gate.id)


def _reason(
    work: Work, entity: Entity, pipeline: Pipeline, env: Mapping[str, Any], only: frozenset[str] | None
) -> Iterator[Problem]:
    name = pipeline.reason_field
    if name not in entity.fields:
        yield Problem("/reason", "required", say("reason-needed"))
    elif (only is None or name in only) and empty(env.get(name)):
        yield Problem(f"/{name}", "required", say("reason-needed"), label=label(work, entity, name))


def label(work: Work, entity: Entity, name: str) -> str:
    """Return what people call a field, in the language that is spoken."""
    field = entity.field(name)
    if field is None or field.system:
        return field.title if field is not None else name
    return work.catalog.text("entity", entity.id, f"/properties/{name}/title", messages.locale()) or field.title


def _within(work: Work, entity: Entity, condition: Condition, only: frozenset[str]) -> bool:
    """Tell whether a gate looks at these fields only, and over references at what the user may see."""
    roles = work.user.roles
    return condition.fields <= only and all(access.path_seen(work.catalog, roles, entity, p) for p in condition.paths)
