"""What is wrong with the inputs of scores: values that do not fit their scale, and scores that would feed themselves.

Expressions that do not compile are told of by ``conditions.problems``; here they are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from dealwright import conditions
from dealwright.errors import ConditionError, Problem
from dealwright.metadata import scores
from dealwright.metadata.cycles import circles
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.scores import Score

    #: An entity and one of its fields.
    Node = tuple[str, str]

_NUMBERS: Final = frozenset({"integer", "decimal"})
_MOMENTS: Final = frozenset({"date", "datetime"})
#: What the value of an input must be for each kind of scale.
_TAKES: Final[Mapping[str, frozenset[str]]] = {
    "truth": frozenset({"boolean"}),
    "steps": _NUMBERS,
    "linear": _NUMBERS,
    "half_life": _MOMENTS,
    "age": _MOMENTS,
    "map": frozenset({"text", "boolean", "reference", "set", "integer"}),
}
_WORDS: Final = {
    "truth": "without a scale it must be a condition",
    "steps": "steps need a number",
    "linear": "linear needs a number",
    "half_life": "recency needs a date or a moment",
    "age": "recency needs a date or a moment",
    "map": "map needs a choice",
}


def problems(catalog: Catalog) -> list[Problem]:
    """Return what is wrong with the inputs of each score; pointers lead into the document."""
    found: list[Problem] = []
    edges: dict[Node, list[Node]] = {}
    for score in scores.of(catalog).values():
        if score.entity in catalog.entities:
            found += _types(catalog, score, edges)
    if edges:
        _computed(catalog, edges)
        received = {(score.entity, score.into or ""): score for score in scores.of(catalog).values()}
        received |= {(score.entity, score.tier_into or ""): score for score in scores.of(catalog).values()}
        for ring in circles(edges):
            node = next((one for one in ring if one in received), None)
            if node is not None:
                shown = " reads ".join(f"{entity}.{field}" for entity, field in [*ring, ring[0]])
                text = f"{shown}; the score would feed itself. Take one of them out of its inputs"
                found.append(Problem("/inputs", "circular", text, f"score:{received[node].id}"))
    return found


def _types(catalog: Catalog, score: Score, edges: dict[Node, list[Node]]) -> Iterator[Problem]:
    reads: set[Node] = set()
    for index, one in enumerate(score.inputs):
        condition = compiled(catalog, score, one.value)
        if condition is None:
            continue
        reads |= condition.reads
        kind = condition.type.kind
        if kind not in _TAKES[one.scale.kind] and kind not in ("any", "null", "unknown"):
            text = f"the value is {condition.type.noun}; {_WORDS[one.scale.kind]}"
            yield Problem(f"/inputs/{index}/scale", "scale-does-not-fit", text, f"score:{score.id}")
        options = condition.type.options
        if one.scale.kind == "map" and options is not None:
            for option in one.scale.points:
                if option not in options:
                    text = f"there is no option “{option}”; there are {', '.join(options)}"
                    yield Problem(f"/inputs/{index}/scale/map/{option}", "unknown-name", text, f"score:{score.id}")
    for segment in score.segments:
        chosen = compiled(catalog, score, segment.when, "filter")
        reads |= chosen.reads if chosen is not None else frozenset()
    for name in (score.into, score.tier_into):
        if name is not None:
            edges.setdefault((score.entity, name), []).extend(sorted(reads))


def compiled(catalog: Catalog, score: Score, source: str, use: str = "score") -> Condition | None:
    """Return the expression of an input, or the condition of a segment (``filter``); None if it does not compile."""
    try:
        return conditions.of(catalog, score.entity, source, use, namespace=namespace_of(score.id))
    except ConditionError:
        return None


def _computed(catalog: Catalog, edges: dict[Node, list[Node]]) -> None:
    """Add what computed fields read, of every entity: a score may come back to itself over other records."""
    for place in conditions.places(catalog):
        if place.kind != "entity" or not place.pointer.endswith(("/formula", "/filter", "/value", "/via")):
            continue
        name = place.pointer.removeprefix("/properties/").partition("/")[0]
        for node in conditions.reads(catalog, place):
            edges.setdefault((place.id, name), []).append(node)
