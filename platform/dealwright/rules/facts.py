"""Measures: how a record becomes the few small integers that a matcher compares.

A matcher is never given a value of a record. A condition compares a value with constants, so all that matters of the
value is where it lies among them:

    amount == null   0        constants of ``amount`` in the rules of an entity: 1000 and 50000
    amount = 999     1        between two constants lies an odd code, on a constant an even one,
    amount = 1000    2        and an empty value comes before all
    amount = 1000.01 3
    amount = 50000   4        so ``amount >= 50000`` is ``code >= 4``, and ``!(amount >= 50000)`` is ``code < 4``:
    amount = 10**30  5        exact for any size and scale, for dates and for durations alike

Text is only equal to a constant or not: 0 empty, 1 none of the constants, 2, 4, 6 ... each of them. What no comparison
with a constant can say (a field against a field, a list of rows, a function) is asked in Python and becomes a flag,
0 or 1. Every measure has a code for every record: the matcher meets no missing field.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

#: A condition's environment: name → typed value (``dealwright.conditions``).
Env = Mapping[str, Any]

EMPTY_CODE = 0


@dataclass(frozen=True, slots=True)
class Coded:
    """The place of a value among the constants that it is compared with.

    Attributes:
        value: Works the value out of an environment; None is empty.
        constants: In rising order where ``ordered``; each once.
        ordered: Whether the values can be compared by ``<``; otherwise only by ``==``.
    """

    value: Callable[[Env], Any]
    constants: tuple[Any, ...]
    ordered: bool
    _places: Mapping[Any, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {constant: 2 + 2 * place for place, constant in enumerate(self.constants)}
        if len(places) != len(self.constants):
            raise ValueError("a constant stands twice among those of one measure")
        object.__setattr__(self, "_places", MappingProxyType(places))

    def code(self, env: Env) -> int:
        """Return the code of the value in ``env``."""
        value = self.value(env)
        if value is None:
            return EMPTY_CODE
        if not self.ordered:
            return self._places.get(value, 1)
        place = bisect_left(self.constants, value)
        return 2 * place + (2 if place < len(self.constants) and self.constants[place] == value else 1)

    def code_of(self, constant: Any) -> int:
        """Return the code of a value equal to ``constant``, which must be one of :attr:`constants`."""
        return self._places[constant]

    def codes(self) -> range:
        """Return every code that a value can have."""
        return range(2 * len(self.constants) + 2)


@dataclass(frozen=True, slots=True)
class Flag:
    """Whether a part of a condition holds, asked in Python."""

    holds: Callable[[Env], bool]

    def code(self, env: Env) -> int:
        """Return 1 if the part holds, else 0."""
        return 1 if self.holds(env) else 0

    def codes(self) -> range:
        """Return every code that there is: 0 and 1."""
        return range(2)


Measure = Coded | Flag


def codes(measures: Mapping[str, Measure], env: Env, only: Iterable[str] | None = None) -> dict[str, int]:
    """Return the code of each measure (or of ``only`` these) for ``env``."""
    return {name: measures[name].code(env) for name in (measures if only is None else only)}
