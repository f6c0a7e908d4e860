"""What the matchers are given: conjunctions of comparisons between a measure and a small integer.

    condition ──compile──▶ Chain, Chain, ...   one for each way in which the condition can be true
                           └ Test(measure, op, code), all of which must hold
    env ──facts──▶ code of each measure, from 0 to a few hundred

A matcher never sees a record, a text, a number of a record or a name an author wrote: only generated names and codes.
The limits are those under which the C library was shown to be right (``docs/rules.md``); a pattern that breaks one is
a fault of this package and is refused before the library sees it, because it does not refuse but dies or lies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

#: Comparisons that a chain may hold.
OPERATORS: Final = ("==", "!=", "<", "<=", ">", ">=")
#: The guard that each fact carries and each chain starts with: the library keeps a hidden fact of its own beside ours.
GUARD: Final = "k"
#: Ways in which one rule may be true; a condition with more is tested as a whole in Python.
MAX_VARIANTS: Final = 32
#: Chains in one shard. The library loses matches above 64 at once, and hangs with 512 tests under one node.
MAX_CHAINS: Final = 56
#: Tests in one chain.
MAX_TESTS: Final = 24
#: Measures in one shard. The library takes 253 properties of a fact.
MAX_MEASURES: Final = 200
#: Greatest code. Far below the 2^63 at which the library's integers saturate.
MAX_CODE: Final = 2**31 - 1

_MEASURE = re.compile(r"[tf][0-9]{1,6}\Z")
_NAME = re.compile(r"[0-9]{1,6}#[0-9]{1,3}\Z")


@dataclass(frozen=True, slots=True)
class Test:
    """A measure compared with a code.

    Attributes:
        measure: Generated name, such as ``t3`` (a coded value) or ``f0`` (0 or 1).
        op: One of :data:`OPERATORS`.
        code: 0 to :data:`MAX_CODE`.
    """

    measure: str
    op: str
    code: int

    def __post_init__(self) -> None:
        if not _MEASURE.match(self.measure):
            raise ValueError(f"a measure has a generated name such as t3 or f0, not {self.measure!r}")
        if self.op not in OPERATORS:
            raise ValueError(f"{self.op!r} is not one of {', '.join(OPERATORS)}")
        if type(self.code) is not int or not 0 <= self.code <= MAX_CODE:
            raise ValueError(f"a code is an integer from 0 to {MAX_CODE}, not {self.code!r}")


@dataclass(frozen=True, slots=True)
class Chain:
    """One way in which a rule's condition can be true: all ``tests`` hold.

    Attributes:
        name: ``<position of the rule>#<variant>``, such as ``12#0``.
        tests: One to :data:`MAX_TESTS`.
    """

    name: str
    tests: tuple[Test, ...]

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"a chain has a generated name such as 12#0, not {self.name!r}")
        if not 1 <= len(self.tests) <= MAX_TESTS:
            raise ValueError(f"chain {self.name} has {len(self.tests)} tests; expected 1 to {MAX_TESTS}")

    def rule(self) -> int:
        """Return the position of the rule that this chain belongs to."""
        return int(self.name.partition("#")[0])


def shards(chains: Iterable[Chain], size: int = MAX_CHAINS) -> list[tuple[Chain, ...]]:
    """Cut ``chains`` into groups of at most ``size`` chains and :data:`MAX_MEASURES` measures, in order.

    Raises:
        ValueError: If ``size`` is not between 1 and :data:`MAX_CHAINS`.
    """
    if not 1 <= size <= MAX_CHAINS:
        raise ValueError(f"a shard holds 1 to {MAX_CHAINS} chains, not {size}")
    groups: list[tuple[Chain, ...]] = []
    current: list[Chain] = []
    seen: set[str] = set()
    for chain in chains:
        more = {test.measure for test in chain.tests}
        if current and (len(current) == size or len(seen | more) > MAX_MEASURES):
            groups.append(tuple(current))
            current, seen = [], set()
        current.append(chain)
        seen |= more
    if current:
        groups.append(tuple(current))
    return groups


def measures(chains: Sequence[Chain]) -> tuple[str, ...]:
    """Return the measures that ``chains`` compare, each once, sorted."""
    return tuple(sorted({test.measure for chain in chains for test in chain.tests}))


def holds(chain: Chain, codes: Mapping[str, int]) -> bool:
    """Tell whether every test of ``chain`` holds: what a matcher must answer, written out."""
    return all(_COMPARE[test.op](codes[test.measure], test.code) for test in chain.tests)


_COMPARE = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}
