"""Which pipeline a record is in, and how it gets into a stage: the one place that writes pipeline, stage and status."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING

from dealwright import access, conditions, fields
from dealwright.errors import Problem
from dealwright.fields import messages
from dealwright.metadata.names import namespace_of
from dealwright.records.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dealwright.conditions import Condition
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

    found = [catalog.pipelines[one] for one in entity.pipelines]
    return tuple(sorted((one for one in found if one.takes_new and one.extends is None), key=rank))


def applies(catalog: Catalog, pipeline: Pipeline, env: Mapping[str, Any]) -> bool:
    """Tell whether the record described by ``env`` may be in a pipeline, as far as its condition says."""
    if pipeline.applies_when is None:
        return True
    return conditions_of(catalog, pipeline).evaluate(env) is True


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


def explain(work: Work, entity: Entity, draft: Draft) -> None:
    """Put the reason of the move into the field that the pipeline names for it, as the person's own input."""
    pipeline = of(work.catalog, draft.env)
    name = pipeline.reason_field if pipeline is not None else ""
    if not draft.reason or name not in entity.fields or name in draft.asked:
        return
    values, problems = fields.read(work.catalog, entity.id, {name: draft.reason}, new=False)
    draft.problems += [Problem("/reason", one.code, one.message) for one in problems]
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


# Variants -------------------------------------------------------------------------------------------------------------


def variants(catalog: Catalog, family: str) -> tuple[Pipeline, ...]:
    """Return the variants of a pipeline in the order in which they are looked at."""

    def find() -> tuple[Pipeline, ...]:
        found = [one for one in catalog.pipelines.values() if one.extends == family]
        return tuple(sorted(found, key=lambda one: (one.priority, one.id)))

    return catalog.once(("records.variants", family), find)


def vary(work: Work, entity: Entity, drafts: Sequence[Draft]) -> list[Draft]:
    """Put records into the variant that is for them, and back; return those that are in another one now.

    It is looked at when a record is made and when something changes that a condition of a variant reads, or the stage.
    Once in, the audience is not asked again: an arm of an experiment keeps its records. A record in a stage that the
    other pipeline has not goes on where it is until it has left that stage.
    """
    watched = work.catalog.once(("records.varied", entity.id), lambda: _watched(work.catalog, entity))
    moved = []
    for draft in drafts if watched else ():
        if draft.error is None and (draft.new or not watched.isdisjoint(draft.changed)):
            present = of(work.catalog, draft.env)
            chosen = _chosen(work, present, draft.env) if present is not None else None
            if present is not None and chosen is not None and chosen.id != present.id:
                draft.put("pipeline", chosen.id)
                draft.put("pipeline_version", chosen.version)
                moved.append(draft)
    return moved


def _watched(catalog: Catalog, entity: Entity) -> frozenset[str]:
    """Return the fields whose change can lead into another variant; none for an entity without variants."""
    found: set[str] = set()
    for one in map(catalog.pipelines.get, entity.pipelines):
        if one is not None and one.extends is not None:
            found |= {"stage", *(conditions_of(catalog, one).fields if one.applies_when else ())}
    return frozenset(found)


def conditions_of(catalog: Catalog, pipeline: Pipeline) -> Condition:
    """Return the condition of a pipeline that has one."""
    own = namespace_of(pipeline.id)
    return conditions.of(catalog, pipeline.entity, pipeline.applies_when or "true", "field", namespace=own)


def _chosen(work: Work, present: Pipeline, env: Mapping[str, Any]) -> Pipeline | None:
    root = work.catalog.pipelines.get(present.family)
    if root is None or present.texts is not None:
        return None  # it finishes on a version that is not in force any more
    for one in variants(work.catalog, root.id):
        inside = one.id == present.id
        if (
            (inside or one.takes_new)
            and applies(work.catalog, one, env)
            and (inside or addresses(work.catalog, one, env))
        ):
            return one if env["stage"] in one.stages else None
    return root if env["stage"] in root.stages else None


def addresses(catalog: Catalog, variant: Pipeline, env: Mapping[str, Any]) -> bool:
    """Tell whether a record is of the audience of a variant: its team, and the share by its id."""
    if variant.teams is not None and env.get("team.name") not in variant.teams:
        return False
    if variant.share is None:
        return True
    start = sum((one.share for one in _shared(catalog, variant) if one.id < variant.id), Decimal(0))
    return bool(start <= point(variant.family, str(env["id"])) < start + variant.share)


def _shared(catalog: Catalog, variant: Pipeline) -> list[Pipeline]:
    """Return all variants of a family with a share, closed ones too: an arm that ends moves no other."""
    return [one for one in variants(catalog, variant.family) if one.share is not None]


def point(family: str, record: str) -> Decimal:
    """Return where a record lies between 0 and 100 (exclusive): always the same, and evenly spread over many."""
    digest = hashlib.sha256(f"{family}:{record}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8], "big") % 10_000) / 100


def why(work: Work, record: Mapping[str, Any], seen: frozenset[str]) -> dict[str, Any] | None:
    """Return which pipeline or variant a record is in, and for each variant whether it is for the record.

    A condition that reads what the user may not see is not told of: ``applies`` and ``audience`` are None then.

    Args:
        work: The transaction.
        record: The env of the record, with the paths that conditions of variants read.
        seen: Fields of the record that the user may see.
    """
    present = of(work.catalog, record)
    if present is None or "pipeline" not in seen:
        return None
    told = []
    for one in variants(work.catalog, present.family):
        condition = conditions_of(work.catalog, one)
        entity = work.catalog.entity(one.entity)
        open_ = condition.fields <= seen and all(
            access.path_seen(work.catalog, work.user.roles, entity, path) for path in condition.paths
        )
        open_ = open_ and (one.teams is None or "team" in seen)
        told.append(
            {
                "id": one.id,
                "title": work.catalog.stage_text(one, "/title", messages.locale()) or one.title,
                "applies": applies(work.catalog, one, record) if open_ else None,
                "audience": addresses(work.catalog, one, record) if open_ else None,
            }
        )
    title = work.catalog.stage_text(present, "/title", messages.locale()) or present.title
    return {"id": present.id, "title": title, "version": present.version, "extends": present.extends, "variants": told}


def _may_bring(work: Work, entity: Entity, draft: Draft) -> bool:
    """Tell whether a record may be created in a later stage: by a rule, or by who may import what lives elsewhere."""
    return draft.rule is not None or access.rights(work.catalog, work.user, entity.id).allows("import")


#: Places and codes of what :func:`assign` says.
_SAID = frozenset({("/pipeline", "pipeline-not-offered"), ("/stage", "no-such-option"), ("/stage", "starts-elsewhere")})
