"""Approvals that are open when new definitions are put in force: how many, and whether each can go on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealwright.errors import Problem
from dealwright.metadata.approvals import of
from dealwright.storage import approvals as stored

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Connection


@dataclass(frozen=True, slots=True)
class Affected:
    """How many approvals are open on a definition that changes or goes.

    Attributes:
        approval: Id of the definition.
        count: How many are open.
        then: ``finish`` on the definition with which they began, or ``migrate`` to the new one.
    """

    approval: str
    count: int
    then: str

    @property
    def detail(self) -> str:
        """What becomes of them, in a sentence."""
        migrate = "go on under the new definition: what was decided counts, what is new is asked"
        return f"{self.count} are open and {migrate if self.then == 'migrate' else 'finish on the one they began with'}"


def affected(connection: Connection, old: Catalog | None, new: Catalog) -> list[Affected]:
    """Return which open approvals new definitions touch, by id: what a plan tells. One statement, none without changes."""
    before, after = of(old) if old is not None else {}, of(new)
    touched = {
        one.id: "migrate" if one.id in after and after[one.id].in_flight == "migrate" else "finish"
        for one in before.values()
        if one.id not in after or after[one.id].document != one.document
    }
    counts = stored.open_counts(connection, touched) if touched else {}
    return [Affected(name, counts[name], touched[name]) for name in sorted(counts)]


def problems(connection: Connection, old: Catalog, new: Catalog) -> list[Problem]:
    """Return each step in which an approval is that migrates and has nowhere to go on, and how many they are."""
    moving = [one.approval for one in affected(connection, old, new) if one.then == "migrate"]
    counts = Counter(
        (identifier, step)
        for identifier, places in stored.open_places(connection, moving)
        for step in of(new)[identifier].unfit(places)
    )
    found = []
    for (identifier, step), count in sorted(counts.items()):
        message = (
            f"{count} open approvals have the step “{step}”, which leads to no step of the new definition, or to one "
            "that they have already; name its successor in step_map, or let them finish (in_flight)"
        )
        found.append(Problem("/step_map", "unmapped-step", message, f"approval:{identifier}"))
    return found
