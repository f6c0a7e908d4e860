"""The policies and deadlines of a catalog, compiled once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealwright.sla import deadlines, policies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.sla.deadlines import Deadline
    from dealwright.sla.policies import Policy


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force for each entity; an entity without any is not in it.

    Attributes:
        policies, deadlines: By entity, in the order of their ids.
        by_id: Kind and id to the policy or deadline.
    """

    policies: Mapping[str, tuple[Policy, ...]]
    deadlines: Mapping[str, tuple[Deadline, ...]]
    by_id: Mapping[tuple[str, str], Policy | Deadline]

    def needs(self, entity: str) -> frozenset[str]:
        """Return the names of an environment that the policies and deadlines of an entity read."""
        own: tuple[Policy | Deadline, ...] = (*self.policies.get(entity, ()), *self.deadlines.get(entity, ()))
        return frozenset().union(*(one.reads for one in own))


def of(catalog: Catalog) -> Standing:
    """Return the policies and deadlines of ``catalog``, compiled at the first call; none of packs that are disabled.

    Raises:
        ConditionError, ValueError: If a document is not valid; :func:`dealwright.sla.problems` explains it.
    """
    return catalog.once("sla", lambda: _standing(catalog))


def _standing(catalog: Catalog) -> Standing:
    found: dict[tuple[str, str], Policy | Deadline] = {}
    by_entity: dict[str, list[Policy]] = {}
    legal: dict[str, list[Deadline]] = {}
    for (kind, identifier), document in sorted(catalog.documents.items()):
        if catalog.is_off(identifier):
            continue
        if kind == "sla":
            policy = policies.read(catalog, identifier, document)
            by_entity.setdefault(policy.entity, []).append(policy)
            found[kind, identifier] = policy
        elif kind == "deadline":
            deadline = deadlines.read(catalog, identifier, document)
            legal.setdefault(deadline.entity, []).append(deadline)
            found[kind, identifier] = deadline
    return Standing(
        {entity: tuple(some) for entity, some in by_entity.items()},
        {entity: tuple(some) for entity, some in legal.items()},
        found,
    )
