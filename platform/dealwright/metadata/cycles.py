"""Definitions that would go round in circles: wholes and parts, and computed fields that read one another.

A formula's reads are known only after its condition has been parsed, so circles through formulas are found where
formulas are (:mod:`dealwright.fields`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from dealwright.metadata.findings import Findings

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog

Node = TypeVar("Node", bound=Hashable)


def look(findings: Findings) -> None:
    """Add a problem for each circle, at one of its members."""
    catalog = findings.catalog
    wholes = {
        one.id: [found.to]
        for one in catalog.entities.values()
        if one.part_of is not None
        and (found := one.fields.get(one.part_of)) is not None
        and found.to not in (None, one.id)
    }
    for circle in circles(wholes):
        message = f"{' is part of '.join(str(one) for one in [*circle, circle[0]])}; one of them must stand alone"
        findings.say(("entity", str(circle[0])), ["part_of"], "circular", message)
    for ring in circles(_reads(catalog)):
        shown = " reads ".join(f"{entity}.{field}" for entity, field in [*ring, ring[0]])
        entity, field = ring[0]
        findings.say(("entity", entity), ["properties", field], "circular", f"{shown}; none of them can be worked out")


def _reads(catalog: Catalog) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
    """Return for each lookup and roll-up the fields that it reads."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for entity in catalog.entities.values():
        for one in entity.fields.values():
            if one.type == "rollup" and one.spec.get("value"):
                found[entity.id, one.id] = [(one.spec["of"], one.spec["value"])]
            elif one.type == "lookup":
                via = entity.field(one.spec["via"])
                here = via.to if via is not None else None
                read = found.setdefault((entity.id, one.id), [])
                for step in one.spec["value"].split("."):
                    if here is None:
                        break
                    read.append((here, step))
                    target = catalog.entities.get(here)
                    behind = target.field(step) if target is not None else None
                    here = behind.to if behind is not None else None
    return found


def circles(edges: Mapping[Node, Iterable[Node]]) -> list[list[Node]]:
    """Return circles in a graph so that each node that lies on one is in the result; one list for each circle found.

    Takes time linear in nodes and edges; uses no recursion, so a long chain is no danger.
    """
    found: list[list[Node]] = []
    done: set[Node] = set()
    for start in edges:
        trail: list[Node] = []
        on_trail: set[Node] = set()
        stack: list[tuple[Node, bool]] = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                trail.pop()
                on_trail.discard(node)
                done.add(node)
                continue
            if node in on_trail:
                found.append(trail[trail.index(node) :])
                continue
            if node in done:
                continue
            trail.append(node)
            on_trail.add(node)
            stack.append((node, True))
            stack.extend((one, False) for one in edges.get(node, ()))
    return found
