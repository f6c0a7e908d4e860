"""Scores on the road of a save: worked out before rules look at a record, and again after rules have changed it.

A score that goes into a field is a change like any other: it stands in the event of the save, rules on the field wake, and
a check that reads it is asked again. What each factor gives is kept beside the record (``storage.scores``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import conditions, fields, scoring
from dealwright.metadata import scores as defined
from dealwright.records import look
from dealwright.storage import scores

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.scoring import CompiledScore, Outcome

#: A score may show a field that feeds another score; scores that feed themselves are refused when published.
_ROUNDS = 4


def follow(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Work out the scores of drafts that are new or have changed, and settle again what depends on them.

    Problems that come of it are the draft's, as if a person had entered the score. Does nothing, and asks the database
    nothing, where the entity has no score.
    """
    compiled = scoring.of(work.catalog, entity.id)
    if not compiled:
        return
    live = [draft for draft in drafts if draft.error is None and (draft.new or draft.changed)]
    held = tiers_held(work, compiled, live)
    for draft in live:
        for _ in range(_ROUNDS):
            put(work.catalog, compiled, draft, held)
            moved = _is_read(work.catalog, entity) & draft.since
            if not moved or not _settled(work, entity, draft, moved):
                break


def _settled(work: Work, entity: Entity, draft: Draft, moved: Collection[str]) -> bool:
    """Settle a draft after its scores have moved; tell whether that has changed more of it."""
    known, found = set(draft.since), len(draft.problems)
    look.settle_one(work, entity, draft, moved, asked=())
    if len(draft.problems) > found:
        draft.refuse()
    return draft.since != known and draft.error is None


def settle(work: Work, entity: Entity, draft: Draft) -> None:
    """Settle a stored record after its scores have moved; what else may be wrong with it is not looked at."""
    moved = _is_read(work.catalog, entity) & draft.since
    if moved:
        _settled(work, entity, draft, moved)
        draft.problems, draft.error = [], None


def tiers_held(
    work: Work, compiled: Sequence[CompiledScore], drafts: Sequence[Draft]
) -> Mapping[tuple[str, str], str | None]:
    """Return the tiers that stored records have, of scores that put them into no field: mostly nothing to be asked."""
    apart = [one.id for one in compiled if one.tiers and one.hysteresis and one.score.tier_into is None]
    ids = [draft.id for draft in drafts if not draft.new]
    return scores.tiers(work.connection, ids, apart) if apart and ids else {}


def put(
    catalog: Catalog, compiled: Sequence[CompiledScore], draft: Draft, held: Mapping[tuple[str, str], str | None]
) -> None:
    """Work out the scores of one draft and set the fields that receive them.

    The tier to be left is the one before the save, so that the rounds of a save do not matter.
    """
    env = seeing(catalog, compiled, draft.entity, draft.env)
    for one in compiled:
        if one.when is not None and one.when.evaluate(env) is not True:
            continue
        score = one.score
        before = draft.before or {}
        tier = before.get(score.tier_into) if score.tier_into else held.get((draft.id, one.id))
        result = scoring.outcome(one, env, tier)
        draft.scores[one.id] = result
        if score.into is not None:
            whole = draft.entity.fields[score.into].type == "integer"
            draft.put(score.into, int(result.value) if whole and result.value is not None else result.value)
        if score.tier_into is not None:
            draft.put(score.tier_into, result.tier)


def seeing(
    catalog: Catalog, compiled: Sequence[CompiledScore], entity: Entity, env: dict[str, Any]
) -> Mapping[str, Any]:
    """Return the env with formulas over the present moment worked out, if an input reads one."""
    later = fields.computed_on_read(catalog, entity.id)
    if not later or not any(one.ages for one in compiled):
        return env
    whole = dict(env)
    fields.compute_on_read(catalog, entity.id, whole)
    return whole


def note(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Keep what the factors of written drafts give; one statement, none where the entity has no score."""
    compiled = scoring.of(work.catalog, entity.id)
    if not compiled:
        return
    kept = []
    for draft in drafts:
        for one in compiled:
            result = draft.scores.get(one.id)
            if result is not None and _may_differ(one, draft):
                kept.append(row(one, draft.id, result))
        draft.scores = {}
    scores.put(work.connection, kept, work.now)


def row(score: CompiledScore, record: str, result: Outcome) -> scores.Kept:
    """Return what is kept of an outcome."""
    return scores.Kept(
        record=record,
        score=score.id,
        entity=score.score.entity,
        version=score.version,
        value=result.value,
        tier=result.tier,
        coverage=result.coverage,
        reason=result.reason,
        shares=[
            {
                "id": one.id,
                "fact": one.fact,
                "points": None if one.points is None else format(one.points, "f"),
                "weight": format(one.weight, "f"),
                "counted": format(one.counted, "f"),
                "share": format(one.share, "f"),
                **({"segment": one.segment} if one.segment is not None else {}),
            }
            for one in result.shares
        ],
    )


def _may_differ(score: CompiledScore, draft: Draft) -> bool:
    """Tell whether a save can have changed what is kept: an input's own field, or what nobody sees change here."""
    elsewhere = score.ages or any("." in name for name in score.names)
    return draft.new or elsewhere or not score.fields.isdisjoint(draft.changed)


def _is_read(catalog: Catalog, entity: Entity) -> frozenset[str]:
    """Return the receivers of scores that conditions of the entity's own fields and checks read."""

    def find() -> frozenset[str]:
        read = conditions.uses(catalog)
        return frozenset(
            name
            for name in defined.filled(catalog, entity.id)
            if any(use.kind == "entity" and use.entity == entity.id for use in read.get((entity.id, name), ()))
        )

    return catalog.once(("records.scored.read", entity.id), find)
