"""Scales: from a value to 0 to 100 points, exactly.

kind       points
truth      true 100, false 0
steps      those of the last step at or below the value; below the first 0
linear     0 at one end, 100 at the other, in between in proportion, beyond no more and no less
age        steps by the age of a day in whole days
half_life  100 · 2^(-age / half-life), exponential decay; worked out to 12 places, so that every machine gets the same
map        those of an option; of several chosen the best
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dealwright.metadata.scores import Scale

    #: Numerator and denominator: exact, and much faster than ``Fraction``, of which a batch would make millions.
    Ratio = tuple[int, int]
    #: A value that is not empty, and the environment with ``now()`` and ``today()``.
    Points = Callable[[Any, Mapping[str, Any]], Ratio]

ALL = (100, 1)
NOTHING = (0, 1)
_WIDE = Context(prec=34, rounding=ROUND_HALF_EVEN)
_TWELVE = Decimal(1).scaleb(-12)
#: Half-lives after which nothing is left of 100 points in twelve places.
_FADED = 50


def points(scale: Scale) -> Points:
    """Return the function that gives the points of a value on a scale."""
    match scale.kind:
        case "steps":
            return _steps(scale)
        case "linear":
            return _linear(scale)
        case "map":
            return _map(scale)
        case "age":
            by_age = _steps(scale)
            return lambda value, env: by_age(age(value, env), env)
        case "half_life":
            return lambda value, env: _decayed(age(value, env), scale.half_life)
        case _:
            return lambda value, env: ALL if value is True else NOTHING


def age(value: date, env: Mapping[str, Any]) -> int:
    """Return how many whole days ago a day or moment was; 0 for one that lies ahead.

    Whole days, so that a score does not change with every look at it.
    """
    passed = env["now()"] - value if isinstance(value, datetime) else env["today()"] - value
    days: int = passed.days
    return max(0, days)


def _steps(scale: Scale) -> Points:
    starts = [start for start, _ in scale.steps]
    given = [NOTHING, *(one.as_integer_ratio() for _, one in scale.steps)]
    return lambda value, env: given[bisect_right(starts, value)]


def _linear(scale: Scale) -> Points:
    start, wide = (one.as_integer_ratio() for one in (scale.ends[0], scale.ends[1] - scale.ends[0]))
    above, below = 100 * wide[1], start[1] * wide[0]
    if below < 0:
        above, below = -above, -below

    def between(value: Any, env: Mapping[str, Any]) -> Ratio:
        top, bottom = value.as_integer_ratio()
        top, bottom = (top * start[1] - start[0] * bottom) * above, bottom * below
        if top <= 0:
            return NOTHING
        return ALL if top >= 100 * bottom else (top, bottom)

    return between


def _map(scale: Scale) -> Points:
    given = dict(scale.points)
    none = Decimal(0)

    def best(value: Any, env: Mapping[str, Any]) -> Ratio:
        chosen = value if isinstance(value, list | tuple | set | frozenset) else [value]
        return max((given.get(_option(one), none) for one in chosen), default=none).as_integer_ratio()

    return best


def _option(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decayed(days: int, half_life: int) -> Ratio:
    if days >= _FADED * half_life:
        return NOTHING
    left = _WIDE.power(Decimal(2), _WIDE.divide(Decimal(-days), Decimal(half_life)))
    return (100 * left).quantize(_TWELVE, context=_WIDE).as_integer_ratio()
