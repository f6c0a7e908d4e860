"""The matcher on the C library: codes of an environment into shards, rule ids out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.rules import facts
from dealwright.rules.compile import Compiled, compiled
from dealwright.rules.durable import Shard
from dealwright.rules.pattern import MAX_CHAINS, shards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.rules.facts import Env
    from dealwright.rules.ruleset import Prepared


class DurableMatcher:
    """The rules of one group in the C library. Threads may share it.

    Attributes:
        compiled: The chains and measures.
    """

    def __init__(self, group: Sequence[Prepared], *, size: int = MAX_CHAINS) -> None:
        """Compile ``group`` into shards of at most ``size`` chains.

        Raises:
            DurableError: If the library is absent or refuses a shard.
        """
        self.compiled: Compiled = compiled(group)
        self._shards = [Shard(chains) for chains in shards(self.compiled.chains, size)]

    def matches(self, env: Env) -> frozenset[str]:
        """Return the ids of the rules of the group whose condition holds; one without a condition always does.

        Raises:
            DurableError: If the library fails.
        """
        codes = facts.codes(self.compiled.measures, env)
        rules = self.compiled.rules
        found = set(self.compiled.always)
        # One shard after the other: the half megabyte of a state is recycled by the next instead of asked anew.
        for shard in self._shards:
            found.update(rules[int(name.partition("#")[0])] for name in shard.matches(codes))
        return frozenset(found)

    def close(self) -> None:
        """Give the library's memory back."""
        for shard in self._shards:
            shard.close()


def of(catalog: Catalog, entity: str, kind: str, group: Sequence[Prepared]) -> DurableMatcher:
    """Return the matcher of the rules that an event of type ``kind`` about ``entity`` can wake; made once a catalog."""
    return catalog.once(("rules.durable", entity, kind), lambda: DurableMatcher(group))
