"""Which pipeline a record is in, and how it gets into a stage: the one place that writes pipeline, stage and status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import access, conditions, fields
from dealwright.errors import Problem
from dealwright.metadata.names import namespace_of
from dealwright.records.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Pipeline, Stage
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work


def of(catalog: Catalog, record: Mapping[str, Any]) -> Pipeline | None:
    """Return the pipeline that a record is in, in the record's own version; None if it is in none."""
    return catalog.pipeline(record.get("pipeline"), record.get("pipeline_version"))


def offered(catalog: Catalog, entity: Entity) -> tuple[Pipeline, ...]:
    """Return the pipelines that records may come into: those with a condition first, then the default, then others."""
    return catalog.once(("records.pipelines", entity.id), lambda: _offered(catalog, entity))


def _offered(catalog: Catalog, entity: Entity) -> tuple[Pipeline, ...]:
    def rank(one: Pipeline) -> tuple[bool, bool, int, str]:
        return one.applies_when is None, one.intake != "default", one.priority, one.id

    return tuple(
        sorted((one for one in map(catalog.pipelines.get, entity.pipelines) if one and one.takes_new), key=rank)
    )


def applies(catalog: Catalog, pipeline: Pipeline, env: Mapping[str, Any]) -> bool:
    """Tell whether the record described by ``env`` may be in a pipeline, as far as its condition says."""
    if pipeline.applies_when is None:
        return True
    own = namespace_of(pipeline.id)
    condition = conditions.of(catalog, pipeline.entity, pipeline.applies_when, "field", namespace=own)
    return condition.evaluate(env) is True


def enter(draft: Draft, pipeline: Pipeline, stage: Stage, work: Work) -> None:
    """Put a record into a stage of a pipeline.

    The probability of the stage goes into the field that the pipeline names for it, unless the same change brings one.
    """
    draft.put("pipeline", pipeline.id)
    draft.put("pipeline_version", pipeline.version)
    draft.put("stage", stage.id)
    draft.put("stage_entered_at", work.now)
    draft.put("status", stage.outcome or "open")
    name = pipeline.probability_field
    if name is not None and stage.probability is not None and name not in draft.asked:
        given = {name: int(stage.probability) if draft.entity.fields[name].type == "integer" else stage.probability}
        values, problems = fields.read(work.catalog, draft.entity.id, given, new=False)
        draft.problems += problems
        for one, value in values.items():
            draft.put(one, value)


def begin(work: Work, entity: Entity, draft: Draft) -> None:
    """Put a new record where it was asked to be, or at the start of the pipeline that nobody has to choose.

    What its conditions read is not loaded yet; :func:`assign` has the last word.
    """
    known = offered(work.catalog, entity)
    asked = draft.asked.get("pipeline")
    named = [one for one in known if one.id == asked] if asked is not None else _unconditional(known)
    if named:
        enter(draft, named[0], _stage(draft, named[0]) or named[0].stages[named[0].start], work)
    else:
        draft.problems.append(_none(entity, known, asked))


def _unconditional(known: Sequence[Pipeline]) -> Sequence[Pipeline]:
    return [one for one in known if one.applies_when is None] or known


def _none(entity: Entity, known: Sequence[Pipeline], asked: Any) -> Problem:
    choices = ", ".join(one.id for one in known)
    if asked is not None:
        return Problem("/pipeline", "no-such-option", f"“{asked}” is none of the pipelines {choices}")
    text = f"no pipeline takes new {entity.plural} now; ask an administrator"
    return Problem("/pipeline", "required", text)


def _stage(draft: Draft, pipeline: Pipeline) -> Stage | None:
    """Return the stage that a new record was asked to be in, or the first one; None if there is no such stage."""
    asked = draft.asked.get("stage", pipeline.start)
    return pipeline.stages.get(asked) if isinstance(asked, str) else None


def assign(work: Work, entity: Entity, drafts: Sequence[Draft]) -> list[Draft]:
    """Put new records into the pipeline whose condition holds for them; return those that are in another place now.

    May be called again when more of the record is known (formulas): what was said before is not said twice.
    """
    if not entity.pipelines:
        return []
    known = offered(work.catalog, entity)
    moved = []
    for draft in drafts:
        if not draft.new or draft.error is not None or draft.env["pipeline"] is None:
            continue
        before = draft.env["pipeline"], draft.env["stage"]
        _assign(work, entity, draft, known)
        if (draft.env["pipeline"], draft.env["stage"]) != before:
            moved.append(draft)
    return moved


def _assign(work: Work, entity: Entity, draft: Draft, known: Sequence[Pipeline]) -> None:
    draft.problems = [one for one in draft.problems if (one.pointer, one.code) not in _SAID]
    asked = draft.asked.get("pipeline")
    chosen = next((one for one in known if asked in (None, one.id) and applies(work.catalog, one, draft.env)), None)
    if chosen is None:
        title = work.catalog.pipelines[draft.env["pipeline"]].title
        text = say("pipeline-not-offered", pipeline=title)
        draft.problems.append(Problem("/pipeline", "pipeline-not-offered", text))
        return
    stage = _stage(draft, chosen)
    if stage is None:
        choices = ", ".join(chosen.stages)
        text = f"“{draft.asked['stage']}” is none of the stages {choices}"
        draft.problems.append(Problem("/stage", "no-such-option", text))
    elif stage.id != chosen.start and not _may_bring(work, entity, draft):
        text = say("starts-elsewhere", stage=chosen.stages[chosen.start].title)
        draft.problems.append(Problem("/stage", "starts-elsewhere", text))
    elif (chosen.id, stage.id) != (draft.env["pipeline"], draft.env["stage"]):
        enter(draft, chosen, stage, work)


def _may_bring(work: Work, entity: Entity, draft: Draft) -> bool:
    """Tell whether a record may be created in a later stage: by a rule, or by who may import what lives elsewhere."""
    return draft.rule is not None or access.rights(work.catalog, work.user, entity.id).allows("import")


#: Places and codes of what :func:`assign` says.
_SAID = frozenset({("/pipeline", "pipeline-not-offered"), ("/stage", "no-such-option"), ("/stage", "starts-elsewhere")})
