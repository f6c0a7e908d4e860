"""What the scores of a record come to and why, as far as somebody may see it.

A score is shown to who may see the field that receives it. What a factor gives tells its value, so its share is shown
only to who may see everything that it reads; how much of the weight has a value is told only to who may see them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, scoring
from dealwright.fields import messages
from dealwright.records import past
from dealwright.rules.plain import plain
from dealwright.storage import scores as stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.scores import Score
    from dealwright.records.work import Work
    from dealwright.scoring import CompiledScore
    from dealwright.storage.scores import Kept


def scores(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the scores of a record that the user may see, as they were worked out last.

    Returns:
        Items ``{"score", "title", "value", "tier", "tier_title", "range", "next_tier", "reason", "coverage", "missing",
        "hidden", "shares"}``. ``value`` is None where the score does not stand, and ``reason`` says why: ``no-inputs``,
        ``coverage``, or ``not-yet`` for a record that has not been scored. ``shares`` are in the order of the document;
        ``hidden`` counts those that the user may not see, and with any ``coverage`` and ``missing`` are None. A share whose
        weight is that of a segment has its ``segment`` and ``segment_title``.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    seen = past.seen(work, entity_id, record_id)
    compiled = scoring.of(work.catalog, entity_id)
    kept = stored.about(work.connection, [record_id]) if compiled else {}
    told = (_told(work, one, kept.get((record_id, one.id)), seen) for one in compiled)
    return [one for one in told if one is not None]


def _told(work: Work, compiled: CompiledScore, kept: Kept | None, seen: frozenset[str]) -> dict[str, Any] | None:
    score = compiled.score
    inputs = access.inputs_seen(work.catalog, work.user.roles, score, seen)
    whole = len(inputs) == len(score.inputs)
    shown = score.into in seen if score.into is not None else score.publish or whole
    tier_shown = score.tier_into in seen if score.tier_into is not None else shown
    if not shown and not tier_shown:
        return None
    value = kept.value if kept is not None and shown else None
    tier = kept.tier if kept is not None and tier_shown else None
    shares = [one for one in kept.shares if one["id"] in inputs] if kept is not None and shown else []
    return {
        "score": score.id,
        "title": _text(work, score, "/title", score.title),
        "value": None if value is None else f"{value:.{score.decimals}f}",
        "tier": tier,
        "tier_title": _tier_title(work, score, tier),
        "range": [plain(score.low), plain(score.high)],
        "next_tier": scoring.next_tier(compiled, value, tier) if value is not None and tier_shown else None,
        "reason": ("not-yet" if kept is None else kept.reason) if shown else "",
        "coverage": f"{kept.coverage:.2f}" if kept is not None and whole and shown else None,
        "missing": [one["id"] for one in shares if one["points"] is None] if whole and shown else None,
        "hidden": len(score.inputs) - len(inputs) if shown else len(score.inputs),
        "shares": [_share(work, score, one) for one in shares],
    }


def _share(work: Work, score: Score, kept: Mapping[str, Any]) -> dict[str, Any]:
    told = {**kept, "title": _input_title(work, score, kept["id"])}
    segment = next((one for one in score.segments if one.id == kept.get("segment")), None)
    if segment is not None:
        told["segment_title"] = _text(work, score, f"/segments/{segment.id}/title", segment.title)
    return told


def _input_title(work: Work, score: Score, name: str) -> str:
    own = next((one.title for one in score.inputs if one.id == name), name)
    return _text(work, score, f"/inputs/{name}/title", own)


def _tier_title(work: Work, score: Score, tier: str | None) -> str | None:
    found = next((one for one in score.tiers if one.id == tier), None)
    return None if found is None else _text(work, score, f"/tiers/{found.id}/title", found.title)


def _text(work: Work, score: Score, at: str, own: str) -> str:
    return work.catalog.text("score", score.id, at, messages.locale()) or own
