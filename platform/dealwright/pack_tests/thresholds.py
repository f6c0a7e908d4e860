"""Comparisons of one value with a number or a parameter, and on which side of it a value lies."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from dealwright.conditions.syntax import Call, Literal, Name, Node, leaves

if TYPE_CHECKING:
    from collections.abc import Collection

    from dealwright.metadata.definitions import Field

_SIDES: Final = ("below", "at", "above")
_COMPARE: Final = frozenset({"<", "<=", ">", ">="})


def thresholds(condition: Node, names: Collection[str]) -> Iterator[tuple[int, Node, str, Decimal]]:
    """Yield each comparison of one value with a number or parameter: its number, itself, the value's key, the bound.

    Args:
        condition: What is looked through.
        names: Keys of the values whose comparisons count.
    """
    for number, leaf in enumerate(leaves(condition)):
        if not isinstance(leaf, Call) or leaf.op not in _COMPARE:
            continue
        left, right = (_bare(arg) for arg in leaf.args)
        if isinstance(left, Literal):
            left, right = right, left
        if isinstance(left, Name) and isinstance(right, Literal):
            bound = _number(right.value)
            if bound is not None and left.key in names:
                yield number, leaf, left.key, bound


def possible(field: Field | None, bound: Decimal) -> Iterator[str]:
    """Yield the sides of a threshold on which a value of the field can lie."""
    least, most = (_number(field.spec.get(name)) if field else None for name in ("minimum", "maximum"))
    for one in _SIDES:
        if one == "below" and least is not None and least >= bound:
            continue
        if one == "above" and most is not None and most <= bound:
            continue
        yield one


def side_of(value: Any, bound: Decimal) -> str | None:
    """Return on which side of a bound a value lies; None if it is no number."""
    number = _number(value)
    if number is None:
        return None
    return "below" if number < bound else "above" if number > bound else "at"


def _bare(node: Node) -> Node:
    """Return a value without the conversion to a decimal that the checker put around it."""
    return node.args[0] if isinstance(node, Call) and node.op == "decimal()" else node


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
