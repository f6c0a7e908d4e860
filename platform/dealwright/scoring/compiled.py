"""The scores of an entity, compiled once per catalog."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, Any

from dealwright import conditions, fields
from dealwright.conditions.syntax import Literal, walk
from dealwright.fields.computed import volatile
from dealwright.metadata import canonical, scores
from dealwright.metadata.names import namespace_of
from dealwright.rules.ruleset import is_secret
from dealwright.scoring.scales import points

if TYPE_CHECKING:
    from decimal import Decimal

    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.scores import Input, Score, Segment
    from dealwright.scoring.scales import Points


@dataclass(frozen=True, slots=True)
class CompiledInput:
    """A factor, ready to be asked.

    Attributes:
        value: Its expression.
        points: From a value that is not empty to points.
        weight: As a whole number: the weights of a score are multiplied until all are.
        secret: Whether no share may keep the value.
    """

    id: str
    value: Condition
    points: Points
    weight: int
    secret: bool


@dataclass(frozen=True, slots=True)
class CompiledSegment:
    """Records of one kind: ``weights`` of all inputs in their order, ``named`` those that are other than elsewhere."""

    id: str
    when: Condition
    weights: tuple[int, ...]
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class CompiledScore:
    """A score, ready to be worked out.

    Attributes:
        version: First 16 hex digits of the SHA-256 of what decides, parameters with their values: where it differs,
            records are to be worked out again.
        when: Condition for a record to be scored at all; None for always.
        names: Names of an environment that inputs and ``when`` read.
        segments: Other weights for some records.
        low, span: Of the range.
        least: The share of it below which there is no score.
        fields: Own fields that a change of the score depends on.
        ages: Whether it changes by the mere passing of time.
    """

    score: Score
    version: str
    inputs: tuple[CompiledInput, ...]
    segments: tuple[CompiledSegment, ...]
    when: Condition | None
    low: Decimal
    span: Decimal
    least: Decimal
    tiers: tuple[tuple[str, Decimal], ...]
    hysteresis: Decimal
    names: frozenset[str]
    fields: frozenset[str]
    ages: bool

    @property
    def id(self) -> str:
        """Id of the score."""
        return self.score.id

    def segment(self, env: Mapping[str, Any]) -> CompiledSegment | None:
        """Return the first segment that a record is in; None for one whose inputs have their own weights."""
        return next((one for one in self.segments if one.when.evaluate(env)), None)


def of(catalog: Catalog, entity_id: str) -> tuple[CompiledScore, ...]:
    """Return the scores of an entity in the order of their ids, compiled at the first call; mostly none.

    Raises:
        ConditionError: If an expression is not valid; a catalog that was checked has none.
    """
    return catalog.once(
        ("scoring", entity_id),
        lambda: tuple(
            _compiled(catalog, score) for score in scores.on(catalog, entity_id) if not catalog.is_off(score.id)
        ),
    )


def _compiled(catalog: Catalog, score: Score) -> CompiledScore:
    weights = [one.weight for one in score.inputs]
    weights += [weight for segment in score.segments for weight in segment.weights.values()]
    whole = lcm(*(one.as_integer_ratio()[1] for one in weights))
    inputs = tuple(_input(catalog, score, one, int(one.weight * whole)) for one in score.inputs)
    segments = tuple(_segment(catalog, score, one, whole) for one in score.segments)
    when = None
    if score.when is not None:
        when = conditions.of(catalog, score.entity, score.when, "filter", namespace=namespace_of(score.id))
    asked = [one.value for one in inputs] + [one.when for one in segments] + ([when] if when is not None else [])
    read = frozenset().union(*(one.fields for one in asked))
    return CompiledScore(
        score=score,
        version=_version(score, asked),
        inputs=inputs,
        segments=segments,
        when=when,
        low=score.low,
        span=score.high - score.low,
        least=score.min_coverage,
        tiers=tuple((one.id, one.start) for one in score.tiers),
        hysteresis=score.hysteresis,
        names=frozenset().union(
            *(one.names | one.paths for one in asked), _of_later_fields(catalog, score.entity, read)
        ),
        fields=read,
        ages=_ages(catalog, score, asked, read),
    )


def _input(catalog: Catalog, score: Score, one: Input, weight: int) -> CompiledInput:
    value = conditions.of(catalog, score.entity, one.value, "score", namespace=namespace_of(score.id))
    secret = any(is_secret(catalog, score.entity, name) for name in value.names)
    return CompiledInput(one.id, value, points(one.scale), weight, secret)


def _segment(catalog: Catalog, score: Score, one: Segment, whole: int) -> CompiledSegment:
    when = conditions.of(catalog, score.entity, one.when, "filter", namespace=namespace_of(score.id))
    weights = tuple(int(one.weights.get(given.id, given.weight) * whole) for given in score.inputs)
    return CompiledSegment(one.id, when, weights, frozenset(one.weights))


def _of_later_fields(catalog: Catalog, entity_id: str, read: frozenset[str]) -> frozenset[str]:
    """Return what formulas over the present moment read, if an input reads one: it is worked out with the score."""
    return fields.computed_on_read(catalog, entity_id) if _later(catalog, entity_id, read) else frozenset()


def _later(catalog: Catalog, entity_id: str, read: frozenset[str]) -> bool:
    own = catalog.entity(entity_id).fields
    return any(name in own and volatile(own[name]) for name in read)


def _ages(catalog: Catalog, score: Score, asked: list[Condition], read: frozenset[str]) -> bool:
    by_age = any(one.scale.kind in ("half_life", "age") for one in score.inputs)
    return by_age or any(one.volatile for one in asked) or _later(catalog, score.entity, read)


def _version(score: Score, asked: list[Condition]) -> str:
    """Return the version: titles and hues do not count; the values of parameters in expressions do."""
    decisive: dict[str, Any] = {
        "inputs": [[one.id, one.value, str(one.scale), one.weight] for one in score.inputs],
        "rest": [score.low, score.high, score.min_coverage, score.hysteresis, score.decimals],
        "tiers": [[one.id, one.start] for one in score.tiers],
        "into": [score.into, score.tier_into, score.when],
        "parameters": [
            [part.name, str(part.value)]
            for one in asked
            for part in walk(one.ast)
            if isinstance(part, Literal) and part.name is not None
        ],
    }
    if score.segments:
        decisive["segments"] = [[one.id, one.when, sorted(map(list, one.weights.items()))] for one in score.segments]
    return hashlib.sha256(canonical.text(decisive).encode()).hexdigest()[:16]
