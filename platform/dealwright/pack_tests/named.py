"""Names of records in a test: what stands for the id of each, in data that goes in and in what is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

_ONE: Final = frozenset({"reference", "user", "team"})
_NUMBERS: Final = frozenset({"integer", "decimal", "percent", "money", "formula", "rollup", "lookup", "rating"})


class Mistake(Exception):  # noqa: N818 - the author's, not the program's
    """A test cannot be understood; the text says why, to its author."""


@dataclass(slots=True)
class Named:
    """The records of one test by their names: name to entity and id."""

    catalog: Catalog
    records: dict[str, tuple[str, str]] = field(default_factory=dict)

    def put(self, name: str, entity: str, identifier: str) -> None:
        """Note what a name stands for."""
        self.records[name] = (entity, identifier)

    def of(self, name: str) -> tuple[str, str]:
        """Return entity and id.

        Raises:
            Mistake: If the test has no record of this name, in words for its author.
        """
        if name not in self.records:
            known = ", ".join(self.records) or "none"
            raise Mistake(f"there is no record “{name}” in this test at that time; there are: {known}")
        return self.records[name]

    def data(self, entity: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return API JSON with the names in it replaced by ids, where a field points at a record."""
        known = self.catalog.entity(entity)
        return {name: self._value(known.field(name), value) for name, value in data.items()}

    def _value(self, field_: Field | None, value: Any) -> Any:
        if field_ is None or value is None:
            return value
        if field_.type in _ONE and isinstance(value, str):
            return self.records.get(value, ("", value))[1]
        if field_.type == "references" and isinstance(value, list):
            return [self.records.get(one, ("", one))[1] for one in value]
        if field_.type == "any_reference" and isinstance(value, str) and value in self.records:
            entity, identifier = self.records[value]
            return {"entity": entity, "id": identifier}
        if field_.type == "rows" and isinstance(value, list) and field_.items:
            items = field_.items
            return [{name: self._value(items.get(name), one) for name, one in row.items()} for row in value]
        return value

    def shown(self, value: Any) -> Any:
        """Return a value with the ids in it replaced by names."""
        names = {identifier: name for name, (_, identifier) in self.records.items()}
        if isinstance(value, str):
            return names.get(value, value)
        if isinstance(value, list):
            return [self.shown(one) for one in value]
        if isinstance(value, dict):
            if set(value) == {"entity", "id"} and value["id"] in names:
                return names[value["id"]]
            return {key: self.shown(one) for key, one in value.items()}
        return value


def same(field_: Field | None, expected: Any, found: Any, *, ordered: bool = False) -> bool:
    """Tell whether a value is as expected; names stand for ids in both.

    Numbers are equal whatever their zeros, moments whatever their zones, lists whatever their order unless it counts.
    Of objects only the keys that are expected are looked at.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(key in found and same(None, one, found[key], ordered=ordered) for key, one in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return False
        rest = list(found)
        for one in expected:
            at = next((i for i, other in enumerate(rest) if same(None, one, other, ordered=ordered)), None)
            if at is None or (ordered and at != 0):
                return False
            rest.pop(at)
        return True
    if expected == found and isinstance(expected, bool) == isinstance(found, bool):
        return True
    if expected is None or found is None or isinstance(expected, bool) or isinstance(found, bool):
        return False
    if not isinstance(expected, str) or (field_ is not None and field_.type in _NUMBERS):
        return _number(expected) is not None and _number(expected) == _number(found)
    return moment(expected) is not None and moment(expected) == moment(found)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def moment(value: Any) -> datetime | None:
    """Return a moment with a zone, in UTC; None for everything else, days too."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
