"""What values a condition lets through, place by place: on each constant that it names, and between each two.

As the matcher sees values (``facts``): an empty one is place 0, a constant an even place, what lies between two an odd one.
From that it can be said of many conditions that they never hold, and of rules on one number where they leave gaps.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from dealwright.conditions import types
from dealwright.conditions.syntax import Literal, Name
from dealwright.rules.compile import ways
from dealwright.rules.facts import Coded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dealwright.conditions.syntax import Node
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field
    from dealwright.rules.compile import Atom

_OPS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Line:
    """The places of one value among constants.

    Attributes:
        of: The value.
        coded: Its constants.
    """

    of: Node
    coded: Coded

    @classmethod
    def over(cls, of: Node, atoms: Iterable[Atom]) -> Line:
        """Return the line of a value with every constant that these comparisons name."""
        known = dict.fromkeys(atom.constant for atom in atoms if atom.constant is not None)
        ordered = of.type.kind in types.ORDERED
        return cls(of, Coded(lambda env: None, tuple(sorted(known) if ordered else known), ordered))

    def allowed(self, atoms: Iterable[Atom]) -> frozenset[int]:
        """Return the places at which all of these comparisons hold."""
        places = frozenset(self.coded.codes())
        for atom in atoms:
            code = 0 if atom.constant is None else self.coded.code_of(atom.constant)
            places = frozenset(place for place in places if _OPS[atom.op](place, code))
        return places

    def possible(self, field: Field | None) -> frozenset[int]:
        """Return the places that a value of a field can have, as far as its options and bounds say."""
        places = frozenset(self.coded.codes())
        if field is None:
            return places
        if not self.coded.ordered:
            options = {one.id for one in field.options}
            if not options:
                return places
            named = {self.coded.code_of(one) for one in self.coded.constants if one in options}
            rest = {1} if options - set(self.coded.constants) else set()
            return frozenset({0} | named | rest)
        return frozenset(place for place in places if place == 0 or self._within(place, field.spec))

    def _within(self, place: int, spec: Mapping[str, Any]) -> bool:
        """Tell whether any value at a place lies within the bounds of a field."""
        low, high = self.bounds(place)
        least, most = _number(spec.get("minimum")), _number(spec.get("maximum"))
        if least is not None and high is not None and (high < least or (high == least and place % 2 == 1)):
            return False
        return not (most is not None and low is not None and (low > most or (low == most and place % 2 == 1)))

    def bounds(self, place: int) -> tuple[Any, Any]:
        """Return between which constants a place lies; both are the same on a constant, None where there is none."""
        constants = self.coded.constants
        if place % 2 == 0:
            return constants[place // 2 - 1], constants[place // 2 - 1]
        index = place // 2
        return (constants[index - 1] if index else None), (constants[index] if index < len(constants) else None)

    def said(self, places: Iterable[int]) -> str:
        """Return in words which values some places are."""
        parts = []
        for place in sorted(places):
            low, high = self.bounds(place) if place else (None, None)
            if place == 0:
                parts.append("empty")
            elif low == high:
                parts.append(f"{low}")
            elif low is None:
                parts.append(f"less than {high}")
            else:
                parts.append(f"more than {low}" if high is None else f"between {low} and {high}")
        return ", ".join(parts)


def holds_somewhere(catalog: Catalog, entity: str, condition: Node) -> bool:
    """Tell whether a condition can hold for any record, as far as that can be decided from it and its fields."""
    return any(_possible(catalog, entity, way) for way in ways(condition, False))


def _possible(catalog: Catalog, entity: str, way: Sequence[Atom]) -> bool:
    by_value: dict[Node, list[Atom]] = {}
    for atom in way:
        if not atom.flag:
            by_value.setdefault(atom.of, []).append(atom)
        elif isinstance(atom.of, Literal):
            if atom.of.value is not bool(atom.constant):
                return False
        elif any(other.flag and other.of == atom.of and other.constant != atom.constant for other in way):
            return False
    for of, atoms in by_value.items():
        line = Line.over(of, atoms)
        if not line.allowed(atoms) & line.possible(field_of(catalog, entity, of)):
            return False
    return True


def field_of(catalog: Catalog, entity: str, of: Node) -> Field | None:
    """Return the own or system field that a value is; None for anything else."""
    if isinstance(of, Name) and of.root in ("", "old") and len(of.steps) == 1 and of.means is None:
        known = catalog.entities.get(entity)
        return known.field(of.steps[0]) if known is not None else None
    return None


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
