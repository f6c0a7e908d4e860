"""What is wrong with a score as such: fields, weights, scales and tiers. Its expressions are looked at elsewhere."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from dealwright.metadata import scores
from dealwright.metadata.findings import COMPUTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.metadata.definitions import Entity, Field
    from dealwright.metadata.findings import Findings
    from dealwright.metadata.scores import Score

#: Types of fields that can receive a score, and those that can receive a tier.
_NUMBERS = frozenset({"decimal", "percent", "integer"})
_TIERS = frozenset({"select", "text"})


def look(findings: Findings) -> None:
    """Add a problem for each fault of each score, and for each rule that sets what a score sets."""
    taken: dict[tuple[str, str], str] = {}
    for score in scores.of(findings.catalog).values():
        entity = findings.entity(("score", score.id), ["entity"], score.entity)
        _weights(findings, score)
        for one in score.inputs:
            _scale(findings, score, one.id, one.scale)
        _tiers(findings, score)
        if entity is not None:
            _receivers(findings, score, entity, taken)
    _setters(findings)


def _weights(findings: Findings, score: Score) -> None:
    key = ("score", score.id)
    for one in score.inputs:
        if one.weight < 0:
            findings.say(
                key, ["inputs", one.id, "weight"], "negative-weight", f"the weight is {one.weight}; 0 is the least"
            )
    if sum(one.weight for one in score.inputs) <= 0:
        findings.say(key, ["inputs"], "no-weight", "no input has a weight above 0, so nothing can be worked out")
    _segments(findings, score)
    if score.low >= score.high:
        findings.say(key, ["range"], "empty-range", f"{score.low} is not below {score.high}; write the lower end first")


def _segments(findings: Findings, score: Score) -> None:
    key = ("score", score.id)
    own = {one.id: one.weight for one in score.inputs}
    for segment in score.segments:
        at = ["segments", segment.id, "weights"]
        for name, weight in segment.weights.items():
            if name not in own:
                message = f"the score has no input “{name}”; it has {_list(sorted(own))}"
                findings.say(key, [*at, name], "unknown-name", message)
            elif weight < 0:
                findings.say(key, [*at, name], "negative-weight", f"the weight is {weight}; 0 is the least")
        if sum((own | dict(segment.weights)).values()) <= 0:
            findings.say(key, at, "no-weight", "no input has a weight above 0 here, so nothing can be worked out")


def _scale(findings: Findings, score: Score, name: str, scale: scores.Scale) -> None:
    key, at = ("score", score.id), ["inputs", name, "scale"]
    points = [*(one for _, one in scale.steps), *scale.points.values()]
    if wrong := [one for one in points if not 0 <= one <= 100]:
        findings.say(key, at, "points-out-of-range", f"{wrong[0]} points; they go from 0 to 100")
    starts = [one for one, _ in scale.steps]
    if starts != sorted(set(starts)):
        findings.say(
            key, at, "steps-not-rising", f"the steps begin at {_list(starts)}; each must begin above the one before"
        )
    if scale.kind == "age" and starts and starts[0] != 0:
        findings.say(key, at, "steps-not-from-zero", f"the first step begins at an age of {starts[0]} days; begin at 0")
    if scale.kind == "linear" and scale.ends[0] == scale.ends[1]:
        findings.say(key, at, "empty-range", f"“from” and “to” are both {scale.ends[0]}; they must differ")
    if scale.kind == "half_life" and scale.half_life <= 0:
        findings.say(key, at, "no-half-life", f"the half-life is {scale.half_life} days; 1 is the least")


def _tiers(findings: Findings, score: Score) -> None:
    key = ("score", score.id)
    rising = sorted(score.tiers, key=lambda one: one.start)
    for lower, upper in pairwise(rising):
        if lower.start == upper.start:
            message = f"the tiers “{lower.id}” and “{upper.id}” both begin at {upper.start}; one of them would never be reached"
            findings.say(key, ["tiers", upper.id, "from"], "tiers-overlap", message)
        elif score.hysteresis * 2 >= upper.start - lower.start:
            message = (
                f"the tier “{lower.id}” is {upper.start - lower.start} points wide; "
                f"with a hysteresis of {score.hysteresis} it must be more than {2 * score.hysteresis}"
            )
            findings.say(key, ["hysteresis"], "hysteresis-too-wide", message)
    for one in score.tiers:
        if not score.low <= one.start <= score.high:
            message = f"the tier begins at {one.start}; scores go from {score.low} to {score.high}"
            findings.say(key, ["tiers", one.id, "from"], "out-of-range", message)


def _receivers(findings: Findings, score: Score, entity: Entity, taken: dict[tuple[str, str], str]) -> None:
    key = ("score", score.id)
    for keyword, name, types in (("into", score.into, _NUMBERS), ("tier_into", score.tier_into, _TIERS)):
        if name is None or (found := _receiver(findings, score, entity, keyword, name)) is None:
            continue
        if found.type not in types:
            message = f"“{name}” is of the type {found.type}; it must be {_list(sorted(types), ' or ')}"
            findings.say(key, [keyword], "wrong-type", message)
        elif found.required:
            message = f"“{name}” is required, but a record can be without a score; take it off the required fields"
            findings.say(key, [keyword], "cannot-be-required", message)
        elif other := taken.get((entity.id, name)):
            message = f"“{name}” receives {other} already; each score needs a field of its own"
            findings.say(key, [keyword], "field-taken", message)
        elif keyword == "tier_into":
            _options(findings, score, found)
        else:
            _limits(findings, score, found)
        taken.setdefault((entity.id, name), score.id)
    if score.tier_into is not None and not score.tiers:
        findings.say(key, ["tier_into"], "no-tiers", "the score has no tiers; list them, or leave “tier_into” out")


def _receiver(findings: Findings, score: Score, entity: Entity, keyword: str, name: str) -> Field | None:
    key = ("score", score.id)
    found = findings.field(key, [keyword], entity, name)
    if found is not None and (found.system or found.type in COMPUTED):
        what = "is kept by the platform" if found.system else f"is of the type {found.type}"
        findings.say(key, [keyword], "cannot-be-set", f"“{name}” {what}; name a field of its own for it")
        return None
    return found


def _options(findings: Findings, score: Score, found: Field) -> None:
    known = {one.id for one in found.options}
    for tier in score.tiers:
        if found.type == "select" and tier.id not in known:
            message = f"“{found.id}” has no option “{tier.id}”; it has {_list(sorted(known))}"
            findings.say(("score", score.id), ["tiers", tier.id], "unknown-name", message)


def _limits(findings: Findings, score: Score, found: Field) -> None:
    key = ("score", score.id)
    places = {"integer": 0, "percent": 4, "decimal": int(found.spec.get("scale", 4))}[found.type]
    if score.decimals > places:
        message = (
            f"“{found.id}” keeps {places} places, the score has {score.decimals}; set “decimals” to {places} or fewer"
        )
        findings.say(key, ["decimals"] if "decimals" in score.document else ["into"], "too-many-decimals", message)
    limits: Mapping[str, Decimal] = {"minimum": score.low, "maximum": score.high}
    for keyword, end in limits.items():
        written = found.spec.get(keyword)
        if written is None:
            continue
        limit = scores.settled(findings.catalog, _owner(score, found), written)
        if (end < limit) if keyword == "minimum" else (end > limit):
            message = f"“{found.id}” has the {keyword} {limit}, the score can be {end}"
            findings.say(key, ["into"], "out-of-range", message)


def _owner(score: Score, found: Field) -> str:
    """Return an id in the namespace whose parameters a field means: that of the pack that added it."""
    own, bar, _ = found.id.partition("__")
    return f"{own}.{found.id}" if bar else score.entity


def _setters(findings: Findings) -> None:
    """Refuse rules that set what a score sets, and references that would fill it."""
    catalog = findings.catalog
    for rule in catalog.rules.values():
        for i, action in enumerate(rule.actions):
            if action.do == "set_field":
                pairs: list[tuple[str, str, tuple[str, ...]]] = [
                    (rule.entity, str(action.spec.get("field")), ("field",))
                ]
            elif action.do == "create_record":
                made = str(action.spec.get("entity"))
                pairs = [(made, str(name), ("values", str(name))) for name in action.spec.get("values", ())]
            else:
                continue
            for entity, name, at in pairs:
                if (score := scores.filled(catalog, entity).get(name)) is not None:
                    message = f"“{name}” is set by the score {score.id}; nobody else may set it"
                    findings.say(("rule", rule.id), ("then", i, *at), "cannot-be-set", message)
    for entity_id, one in catalog.entities.items():
        receivers = scores.filled(catalog, entity_id)
        for field in one.fields.values() if receivers else ():
            for name in field.spec.get("prefill") or ():
                if name in receivers:
                    message = f"“{name}” is set by the score {receivers[name].id}; nobody else may set it"
                    findings.say(
                        ("entity", entity_id), ("properties", field.id, "prefill", name), "cannot-be-set", message
                    )


def _list(names: Sequence[object], joint: str = ", ") -> str:
    return joint.join(str(one) for one in names)
