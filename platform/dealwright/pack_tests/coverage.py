"""What the tests of a pack reach, measured by the platform: a pack cannot say so itself.

    T001   no test in which the rule fires
    T002   no test in which the rule is asked and does not fire
    T003   no test in which the gate is met
    T004   no test in which the gate is not met
    T005   no test with the value below, at or above the threshold
    T006   no test of the kind “access” for the role
    T007 … T010   of approvals: ``approval_coverage``

Only tests that pass count. A rule in draft is not asked, so it needs none; one without a condition cannot but fire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import rules
from dealwright.conditions.text import text
from dealwright.metadata.names import namespace_of
from dealwright.pack_tests import approval_coverage
from dealwright.pack_tests.thresholds import possible, side_of, thresholds
from dealwright.rules import guard

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.pack_tests.play import Play
    from dealwright.rules import Prepared


@dataclass(frozen=True, slots=True)
class Hole:
    """Something that no test reaches."""

    code: str
    path: str
    message: str


class Coverage:
    """What was reached so far.

    Args:
        catalog: The definitions of the pack and all that it requires.
        namespace: Of the pack: only its own definitions are to be reached.
    """

    def __init__(self, catalog: Catalog, namespace: str) -> None:
        self._catalog, self._namespace = catalog, namespace
        self._reached: set[tuple[str, str]] = set()

    def note(self, play: Play) -> None:
        """Note what a test that passed has reached."""
        known = rules.of(play.catalog).by_id
        for row in play.all_decided:
            path = f"rule:{row['rule']}"
            self._reached.add(("T001" if row["fired"] else "T002", path))
            if row["rule"] in known:
                one = known[row["rule"]]
                for number, _, key, bound in thresholds(one.condition.ast, one.reads) if one.condition else ():
                    if (found := side_of(row["facts"].get(guard.shown(key)), bound)) is not None:
                        self._reached.add((f"T005 {found}", f"{path}#{number}"))
        for (pipeline, stage, side, gate), met in play.gates:
            path = f"pipeline:{pipeline}#/stages/{stage}/{side}/{gate}"
            self._reached.add(("T003" if met else "T004", path))
        self._reached.update(approval_coverage.reached(play.catalog, play.asked, play.ends()))

    def note_access(self, role: str, may: Mapping[str, Any]) -> None:
        """Note that a role was held against what it may do."""
        if may:
            self._reached.add(("T006", f"role:{role}"))

    def holes(self) -> list[Hole]:
        """Return what no test has reached, in the order of the paths."""
        return [hole for key, hole in self._wanted() if key not in self._reached]

    def counts(self) -> tuple[int, int]:
        """Return how much was reached, and of how much."""
        wanted = [key for key, _ in self._wanted()]
        return sum(key in self._reached for key in wanted), len(wanted)

    def as_json(self) -> dict[str, Any]:
        """Return ``{"reached", "of", "holes": [{"code", "path", "message"}]}``."""
        reached, of = self.counts()
        holes = [{"code": one.code, "path": one.path, "message": one.message} for one in self.holes()]
        return {"reached": reached, "of": of, "holes": holes}

    def _wanted(self) -> Iterator[tuple[tuple[str, str], Hole]]:
        for identifier, one in sorted(rules.of(self._catalog).by_id.items()):
            if identifier in self._catalog.rules and namespace_of(identifier) == self._namespace:
                yield from _of_rule(self._catalog, f"rule:{identifier}", one)
        for pipeline in self._catalog.pipelines.values():
            if namespace_of(pipeline.id) != self._namespace or pipeline.extends is not None:
                continue
            for stage in pipeline.stages.values():
                for side, gate in [*(("enter", one) for one in stage.enter), *(("exit", one) for one in stage.exit)]:
                    path = f"pipeline:{pipeline.id}#/stages/{stage.id}/{side}/{gate.id}"
                    yield ("T003", path), Hole("T003", path, "no test in which the gate is met")
                    yield ("T004", path), Hole("T004", path, "no test in which the gate is not met")
        for key, path, message in approval_coverage.wanted(self._catalog, self._namespace):
            yield key, Hole(key[0].partition(" ")[0], path, message)
        for role in sorted(self._catalog.roles):
            if namespace_of(role) == self._namespace:
                path = f"role:{role}"
                yield ("T006", path), Hole("T006", path, "no test of the kind “access” for the role")


def _of_rule(catalog: Catalog, path: str, one: Prepared) -> Iterator[tuple[tuple[str, str], Hole]]:
    yield ("T001", path), Hole("T001", path, "no test in which the rule fires")
    if one.condition is None:
        return
    yield ("T002", path), Hole("T002", path, "no test in which the rule is asked and does not fire")
    entity = catalog.entity(one.rule.entity)
    for number, leaf, key, bound in thresholds(one.condition.ast, one.reads):
        for side in possible(entity.field(key), bound):
            message = f"no test with the value {side} the threshold of {text(leaf)}"
            yield (f"T005 {side}", f"{path}#{number}"), Hole("T005", path, message)
