"""From what history tells of a record (API JSON) back to typed values: no limit is asked again, nothing is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from dealwright.fields.computed import valued
from dealwright.fields.money import currency_key, has_currency
from dealwright.fields.registry import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.metadata.catalog import Catalog

#: Keywords that may be stricter now than they were then.
_LIMITS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"}
)


def typed(catalog: Catalog, entity_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed values of an event's changes; of money with its own currency two keys.

    A value that its field cannot read any more (an option that was removed) stays the text it is. A key that is no
    field of the entity now is left out.
    """
    readers = catalog.once(("fields.typed", entity_id), lambda: _readers(catalog, entity_id))
    found: dict[str, Any] = {}
    for name, value in values.items():
        if (known := readers.get(name)) is None:
            continue
        read, pair = known
        try:
            result = None if value is None else read(value)
        except (ValidationError, ValueError, TypeError):
            result = value
        if pair is not None and isinstance(result, tuple):
            found[name], found[pair] = result
        else:
            found[name] = result
            if pair is not None:
                found[pair] = None
    return found


def _readers(catalog: Catalog, entity_id: str) -> Mapping[str, tuple[Callable[[Any], Any], str | None]]:
    fields = catalog.entity(entity_id).all_fields()
    found = {}
    for one in fields.values():
        field = valued(one, fields, catalog)
        if field.type not in TYPES or field.type == "static":
            continue
        free = {key: value for key, value in field.spec.items() if key not in _LIMITS}
        loose = type(field)(
            field.id, field.type, field.title, MappingProxyType(free), False, field.options, field.to, field.items
        )
        pair = currency_key(one.id) if has_currency(field) else None
        kind = TYPES[field.type]
        # What nobody writes has no reader: a number that the platform gives is the text that it is.
        found[one.id] = (kind.reader(loose, catalog) if kind.writable else _as_it_is, pair)
    return MappingProxyType(found)


def _as_it_is(value: Any) -> Any:
    return value
