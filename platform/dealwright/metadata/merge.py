"""How layers meet in one attribute: its merge class, which the schema states as ``x-merge``.

    class                          who may set it                     what stands in the end
    locked                         the definer, once for ever         its value
    owner                          the definer, in a new version      its value
    last                           any layer above                    the highest; unrelated layers must agree
    min max or and intersect       any layer                          the strictest of all
    union                          any layer                          all of them
    seed                           the definer                        copied once; afterwards the workspace's own

A list of objects is keyed by ``id`` (``x-key``), and an object without ``x-merge`` is merged by its keys, so an index
never names anything and no list is ever replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from dealwright.metadata import canonical, schemas

#: Steps from the top of a document; an element of a keyed list by its id.
Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One attribute that a document sets.

    Attributes:
        path: Where it stands, elements named by id.
        place: Where it stands in the file, elements by index.
        merge: Its merge class.
        order: The values of an ordered choice, weakest first, for ``max`` over words; else empty.
    """

    path: Steps
    place: tuple[str | int, ...]
    value: Any
    merge: str
    order: tuple[str, ...] = ()


def leaves(
    kind: str, part: Mapping[str, Any], value: Any, path: Steps = (), place: tuple[str | int, ...] = ()
) -> Iterator[Leaf]:
    """Yield every attribute that ``value``, which fits the schema ``part``, sets."""
    part = schemas.resolved(kind, part)
    if "x-merge" in part:
        yield Leaf(path, place, value, part["x-merge"], tuple(part.get("enum", ())))
    elif "x-key" in part:
        for i, item in enumerate(value):
            name = str(item[part["x-key"]])
            yield from leaves(kind, part["items"], item, (*path, name), (*place, i))
    else:
        for key, one in value.items():
            inner = inside(kind, part, key)
            if inner is not None:
                yield from leaves(kind, inner, one, (*path, key), (*place, key))


_NONE: Final[Mapping[str, Any]] = {}


def inside(kind: str, part: Mapping[str, Any], step: str) -> Mapping[str, Any] | None:
    """Return the schema of what lies under ``step``, or None if nothing may."""
    if "$ref" in part:
        part = schemas.resolved(kind, part)
    found = (
        part["items"] if "x-key" in part else part.get("properties", _NONE).get(step, part.get("additionalProperties"))
    )
    if not isinstance(found, Mapping):
        return None
    return schemas.resolved(kind, found) if "$ref" in found else found


def is_element(kind: str, part: Mapping[str, Any], step: str) -> bool:
    """Tell whether ``step`` names an element that layers add (a field, check, option), not an attribute.

    Keys under ``x-names: shared`` (years, days) are nobody's names: any layer may write under them.
    """
    part = schemas.resolved(kind, part)
    return "x-key" in part or (step not in part.get("properties", {}) and "x-names" not in part)


def rebuilt(kind: str, part: Mapping[str, Any], values: Mapping[Steps, Any]) -> Any:
    """Return the document of which ``values`` are the leaves: the inverse of :func:`leaves`."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        here = tree
        for step in path[:-1]:
            here = here.setdefault(step, {})
        here[path[-1]] = _Value(value)
    return _grown(kind, part, tree)


@dataclass(frozen=True, slots=True)
class _Value:
    value: Any


def _grown(kind: str, part: Mapping[str, Any], tree: Any) -> Any:
    if isinstance(tree, _Value):
        return tree.value
    part = schemas.resolved(kind, part)
    if "x-key" in part:
        return [_grown(kind, part["items"], item) for item in tree.values()]
    return {key: _grown(kind, inside(kind, part, key) or {}, one) for key, one in tree.items()}


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError(f"{value!r} is no number")
    return Decimal(value)


def _by(choose: Callable[..., Any]) -> Callable[[Sequence[Any], Sequence[str]], Any]:
    def strictest(values: Sequence[Any], order: Sequence[str]) -> Any:
        return choose(values, key=order.index if order else _number)

    return strictest


def _union(values: Sequence[Any], _order: Sequence[str]) -> list[Any]:
    return list({canonical.text(item): item for value in values for item in value}.values())


def _intersect(values: Sequence[Any], _order: Sequence[str]) -> list[Any]:
    common = set.intersection(*({canonical.text(item) for item in value} for value in values))
    return [item for item in values[0] if canonical.text(item) in common]


#: Merge classes in which every layer counts and none can loosen what another set.
TIGHTENING: Final[Mapping[str, Callable[[Sequence[Any], Sequence[str]], Any]]] = {
    "min": _by(min),
    "max": _by(max),
    "or": lambda values, _: any(values),
    "and": lambda values, _: all(values),
    "union": _union,
    "intersect": _intersect,
}
