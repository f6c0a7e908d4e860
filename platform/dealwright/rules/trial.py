"""Facts to try the C library on: around every border of every chain, and spread over the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from dealwright.rules.facts import Measure
from dealwright.rules.pattern import Chain, Test, holds, measures

#: Facts of a shard that are spread over all codes, besides those made for its chains.
_SPREAD: Final = 64
#: An odd step, so that the codes of two measures do not run side by side.
_STEP: Final = 7


def facts(chains: Sequence[Chain], known: Mapping[str, Measure]) -> list[dict[str, int]]:
    """Return facts for a shard, always the same ones.

    For each chain there is a fact that meets it, and for each of its tests one just below, on and just above the code
    that it compares with. Then all measures empty, all at their greatest, and facts spread over all codes.

    Args:
        chains: The chains of the shard.
        known: Each measure that they test, with the codes that it can have.
    """
    used = measures(chains)
    tops = {name: len(known[name].codes()) - 1 for name in used}
    spread = [
        {name: (turn * (_STEP + 2 * place) + turn // (place + 1)) % (tops[name] + 1) for place, name in enumerate(used)}
        for turn in range(_SPREAD)
    ]
    tried = [dict.fromkeys(used, 0), tops, *spread]
    for place, chain in enumerate(chains):
        met = {**spread[place % _SPREAD], **_meeting(chain, tops)}
        tried.append(met)
        for test in chain.tests:
            for code in (test.code - 1, test.code, test.code + 1):
                if 0 <= code <= tops[test.measure] and code != met[test.measure]:
                    tried.append({**met, test.measure: code})
    return tried


def _meeting(chain: Chain, tops: Mapping[str, int]) -> dict[str, int]:
    """Return codes that meet every test of ``chain``; where the tests of a measure exclude each other, its least."""
    found: dict[str, int] = {}
    for name in measures([chain]):
        tests: list[Test] = [test for test in chain.tests if test.measure == name]
        own = Chain(chain.name, tuple(tests))
        found[name] = next((code for code in range(tops[name] + 1) if holds(own, {name: code})), 0)
    return found
