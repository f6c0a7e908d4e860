"""Tests of the kind ``access``: a role against exactly what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import access
from dealwright.pack_tests.named import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealwright.metadata.catalog import Catalog

OPERATIONS: Final = ("read", "create", "update", "delete", "export", "import", "move", "share")


def failures(catalog: Catalog, document: Mapping[str, Any]) -> Iterator[str]:
    """Yield in what the rights of the role are other than the test says.

    Raises:
        Mistake: If there is no such role, entity or operation.
    """
    role = document["role"]
    if role not in catalog.roles:
        raise Mistake(f"there is no role “{role}”; there are {', '.join(sorted(catalog.roles))}")
    for entity, wanted in document["may"].items():
        if entity not in catalog.entities:
            raise Mistake(f"there is no entity “{entity}”")
        if unknown := set(wanted) - set(OPERATIONS):
            raise Mistake(f"“{min(unknown)}” is no operation; there are {', '.join(OPERATIONS)}")
        held = access.rights_of(catalog, (role,), entity)
        allowed = [op for op in OPERATIONS if held.allows(op)]
        if set(allowed) != set(wanted):
            shown = [op for op in OPERATIONS if op in wanted]
            yield f"{role} may {_listed(allowed)} records of {entity}, expected {_listed(shown)}"


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "do nothing with"
