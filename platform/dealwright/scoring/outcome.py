"""Working out a score: exact, in whole numbers, rounded once, with the share of each factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import lcm
from typing import TYPE_CHECKING, Any

from dealwright.rules.plain import plain
from dealwright.scoring.tiers import tier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.scoring.compiled import CompiledScore
    from dealwright.scoring.scales import Ratio

#: Places of points, of weights in percent and of the coverage, for people: nothing is worked out from them.
SHOWN = 2


@dataclass(frozen=True, slots=True)
class Share:
    """What one factor gives.

    Attributes:
        id: The input.
        fact: Its value in API JSON; None if it is missing, ``{"set": true}`` for a secret.
        points: 0 to 100; None if it is missing.
        weight: Its weight in percent of all weights, as the document says.
        counted: Its weight in percent of those that are there: what was missing is shared out. 0 if it is missing.
        share: Its part of the score, in points of the score.
        segment: Id of the segment that the weight is of; None where it is the input's own.
    """

    id: str
    fact: Any
    points: Decimal | None
    weight: Decimal
    counted: Decimal
    share: Decimal
    segment: str | None = None

    @property
    def missing(self) -> bool:
        """Whether it has no value."""
        return self.points is None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a score comes to on a record.

    Attributes:
        value: The score; None if it does not stand.
        tier: None where there is no score, or it lies below the lowest tier.
        coverage: Weight of the inputs that have a value, in percent.
        reason: Why there is no score: ``no-inputs`` or ``coverage``; empty if there is one.
        shares: In the order of the document.
    """

    value: Decimal | None
    tier: str | None
    coverage: Decimal
    reason: str
    shares: tuple[Share, ...]


def outcome(score: CompiledScore, env: Mapping[str, Any], held: str | None = None) -> Outcome:
    """Work a score out; pure.

    Args:
        score: Compiled.
        env: The record with all that ``score.names`` names, ``now()`` and ``today()``.
        held: The tier that the record has.
    """
    values = [one.value.evaluate(env) for one in score.inputs]
    given = [None if v is None else one.points(v, env) for one, v in zip(score.inputs, values, strict=True)]
    segment = score.segment(env)
    weights = segment.weights if segment is not None else tuple(one.weight for one in score.inputs)
    named = segment.named if segment is not None else frozenset[str]()
    every, there = sum(weights), sum(one for one, got in zip(weights, given, strict=True) if got is not None)
    least, of = score.least.as_integer_ratio()
    reason = "no-inputs" if there == 0 else "coverage" if there * of < least * every else ""
    places = score.score.decimals
    value: Decimal | None = None
    parts: Sequence[Decimal] = [Decimal(0)] * len(given)
    if not reason:
        tops, bottom = _laid_over(score, weights, given, there)
        value = rounded(sum(tops), bottom, places)
        parts = shared(tops, bottom, [one.id for one in score.inputs], value, places)
    shares = tuple(
        Share(
            id=one.id,
            fact={"set": True} if one.secret and found is not None else _fact(found),
            points=None if got is None else rounded(*got, SHOWN),
            weight=rounded(100 * weight, every, SHOWN),
            counted=rounded(100 * weight, there, SHOWN) if got is not None and there else Decimal(0),
            share=part,
            segment=segment.id if segment is not None and one.id in named else None,
        )
        for one, weight, found, got, part in zip(score.inputs, weights, values, given, parts, strict=True)
    )
    reached = tier(score, value, held) if value is not None else None
    return Outcome(value, reached, rounded(100 * there, every, SHOWN), reason, shares)


def _laid_over(
    score: CompiledScore, weights: Sequence[int], given: Sequence[Ratio | None], there: int
) -> tuple[list[int], int]:
    """Return the exact share of each input over one denominator: weight / there · (low + span · points / 100)."""
    bottom = lcm(*(got[1] for got in given if got is not None))
    (low, low_of), (span, span_of) = score.low.as_integer_ratio(), score.span.as_integer_ratio()
    start, slope = 100 * low * span_of * bottom, span * low_of
    tops = [
        0 if got is None else weight * (start + slope * got[0] * (bottom // got[1]))
        for weight, got in zip(weights, given, strict=True)
    ]
    return tops, 100 * low_of * span_of * bottom * there


def _fact(value: Any) -> Any:
    """Return a value as JSON, the same whether it was just entered or comes from a column with fixed places."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    return plain(value)


def rounded(top: int, bottom: int, places: int) -> Decimal:
    """Return ``top / bottom`` rounded half up (a half goes away from zero) to so many places."""
    whole = (2 * abs(top) * 10**places + bottom) // (2 * bottom)
    return Decimal(-whole if top < 0 else whole).scaleb(-places)


def shared(tops: Sequence[int], bottom: int, names: Sequence[str], total: Decimal, places: int) -> list[Decimal]:
    """Return the parts rounded so that they add up to ``total`` (largest remainder; equal ones by their names).

    Each is rounded down; the units that are missing go to the parts that lost most: the method of Hamilton, as in the
    apportionment of seats. A part that is missing lost nothing, so it is never given a unit.
    """
    parts = [divmod(one * 10**places, bottom) for one in tops]
    units = [whole for whole, _ in parts]
    missing = int(total.scaleb(places)) - sum(units)
    lost = sorted(range(len(parts)), key=lambda i: (-parts[i][1], names[i]))
    for i in lost[:missing]:
        units[i] += 1
    return [Decimal(one).scaleb(-places) for one in units]
