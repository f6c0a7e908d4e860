"""The marshmallow schema of the values that a client may send: one per entity, and one per ``rows`` field.

Each is made once per catalog. marshmallow walks the fields, refuses unknown keys and gathers every fault; a reader of
the field's type (made once, with the field's limits) judges each value.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import Field as SchemaField

from dealwright.fields.faults import unknown
from dealwright.fields.money import currency_key, has_currency
from dealwright.fields.registry import TYPES
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealwright.fields.field_type import FieldType, Reader
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field


class Value(SchemaField[Any]):
    """A value that the reader of its field type judges."""

    def __init__(self, kind: FieldType, read: Reader) -> None:
        super().__init__(allow_none=True)
        self._read = read
        self._empty = kind.empty if kind.nullable else None

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Return the typed value; null is the empty value of a type that may be empty."""
        # marshmallow's own steps before _deserialize (missing, allow_none) are decided here: half the time of a read.
        if value is None and self._empty is not None:
            return self._empty()
        return self._read(value)


class Dropped(SchemaField[Any]):
    """A computed value inside a row: rows are sent whole, as they were read, so it is taken and not looked at."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Return None."""
        return None


class Sent:
    """What a client may send for a record or a row: reads all of it and finds every fault.

    Attributes:
        schema: The marshmallow schema.
    """

    def __init__(self, fields: Iterable[Field], catalog: Catalog, *, dropped: Iterable[str] = ()) -> None:
        given = {one.id: one for one in fields}
        values: dict[str, SchemaField[Any]] = {}
        for one in given.values():
            kind = TYPES[one.type]
            values[one.id] = Value(kind, kind.reader(one, catalog))
        self._dropped = tuple(dropped)
        values |= {name: Dropped() for name in self._dropped}
        self.schema = Schema.from_dict(values, name="Record")(partial=True, unknown=RAISE)
        self._readers = tuple((name, value.deserialize) for name, value in values.items())
        self._pairs = tuple(one.id for one in given.values() if has_currency(one))

    def read(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return typed values by key, money with its own currency as two entries.

        Raises:
            ValidationError: With every fault, by key; ``valid_data`` holds the values without one.
        """
        try:
            # What marshmallow would do with data that has no fault; to gather faults is its business.
            found = {name: read(data[name]) for name, read in self._readers if name in data}
            if len(found) == len(data):
                return self._split(found)
        except ValidationError:
            pass
        try:
            found = self.schema.load(data)
        except ValidationError as error:
            wrong = dict(error.messages_dict)
            for key in wrong.keys() - self.schema.fields.keys():
                wrong[key] = [unknown(key)]
            valid = self._split(dict(error.valid_data or {}))
            raise ValidationError(wrong, valid_data=valid) from None
        return self._split(found)

    def _split(self, values: dict[str, Any]) -> dict[str, Any]:
        for name in self._pairs:
            if name in values:
                values[name], values[currency_key(name)] = values[name] or (None, None)
        for name in self._dropped:
            values.pop(name, None)
        return values


def settled_limits(field: Field, catalog: Catalog, namespace: str) -> Field:
    """Return the field with every ``{"param": name}`` of its document replaced by the value in force.

    Args:
        field: A field, or one of rows.
        catalog: Where parameters are found.
        namespace: That of the document; a field that another pack added has its own.
    """
    found: dict[str, Any] = {}
    own, bar, _ = field.id.partition("__")
    for key, value in field.spec.items():
        if key not in ("default", "items") and type(value) in (dict, MappingProxyType) and "param" in value:
            parameter = catalog.parameter(str(value["param"]), own if bar else namespace)
            found[key] = parameter.value if parameter is not None else None
    if found:
        field = replace(field, spec=MappingProxyType({**field.spec, **found}))
    if field.items is None:
        return field
    items = {one.id: settled_limits(one, catalog, own if bar else namespace) for one in field.items.values()}
    return replace(field, items=MappingProxyType(items))


def sendable(fields: Iterable[Field], catalog: Catalog, entity_id: str) -> list[Field]:
    """Return the fields whose value a client may send, with parameters in their limits replaced."""
    namespace = namespace_of(entity_id)
    return [settled_limits(one, catalog, namespace) for one in fields if TYPES[one.type].writable]
