"""From typed values to API JSON, and what differs between two records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright.fields.computed import valued
from dealwright.fields.decimals import amount
from dealwright.fields.money import currency_key, has_currency
from dealwright.fields.registry import TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dealwright.fields.field_type import FieldType, Writer
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: What is shown of a secret field that has a value. It is no text, so that sending it back is refused.
SECRET = {"set": True}


def shown(
    catalog: Catalog, entity_id: str, row: Mapping[str, Any], only: Collection[str] | None = None
) -> dict[str, Any]:
    """Write a typed record as API JSON.

    Args:
        catalog: The definitions in force.
        entity_id: The record's entity.
        row: Typed values by field id; keys that are no fields of the entity are left out.
        only: Ids of the fields to write; all by default. A field that ``row`` does not have is not written.

    Returns:
        A new dict, system fields first, in the order of the entity. A secret field is ``{"set": true}`` or null.
    """
    writers = catalog.once(("fields.shown", entity_id), lambda: _writers(catalog, entity_id))
    out: dict[str, Any] = {}
    for name, pair, write in writers:
        if (only is None or name in only) and name in row:
            value = row[name]
            if value is None or write is None:
                out[name] = value
            elif pair is None:
                out[name] = write(value)
            else:
                out[name] = write((value, row.get(pair)))
    return out


def _writers(catalog: Catalog, entity_id: str) -> list[tuple[str, str | None, Writer | None]]:
    fields = catalog.entity(entity_id).all_fields()
    writers: list[tuple[str, str | None, Writer | None]] = []
    for one in fields.values():
        found = valued(one, fields, catalog)
        if found.type != "static":
            pair = currency_key(one.id) if has_currency(found) else None
            writers.append((one.id, pair, writer(found, catalog)))
    return writers


def writer(field: Field, catalog: Catalog) -> Writer | None:
    """Return the function that writes a value of the field; a secret one tells only that there is a value."""
    if field.spec.get("sensitivity") == "secret":
        return lambda _: dict(SECRET)
    return TYPES[field.type].writer(field, catalog)


def shown_path(catalog: Catalog, entity_id: str, path: str, value: Any) -> Any:
    """Write the value at the end of a dotted path, such as ``account.revenue``, as API JSON.

    A value stays as it is if the path leads nowhere; whoever asked for it has made sure of it before. Of money with its
    own currency it is the amount.
    """
    write = catalog.once(("fields.shown_path", entity_id, path), lambda: _path_writer(catalog, entity_id, path))
    return value if value is None or write is None else write(value)


def _path_writer(catalog: Catalog, entity_id: str, path: str) -> Writer | None:
    *through, last = path.split(".")
    entity = catalog.entity(entity_id)
    for step in through:
        field = entity.field(step)
        if field is None or field.to is None or field.to not in catalog.entities:
            return None
        entity = catalog.entities[field.to]
    field = entity.field(last)
    if field is None:
        return None
    found = valued(field, entity.all_fields(), catalog)
    return amount if has_currency(found) else writer(found, catalog)


def changed(
    catalog: Catalog, entity_id: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str]
) -> frozenset[str]:
    """Return those of the named fields whose values differ between two typed records in the eyes of a person.

    ``1.5`` and ``1.50`` are the same, and so are the same choices in another order. A missing key is empty. Money
    whose currency alone has changed is changed.
    """
    types = catalog.once(("fields.changed", entity_id), lambda: _types(catalog, entity_id))
    return frozenset(name for name in names if _differs(types.get(name), name, before, after))


def _types(catalog: Catalog, entity_id: str) -> dict[str, FieldType]:
    fields = catalog.entity(entity_id).all_fields()
    return {one.id: TYPES[valued(one, fields, catalog).type] for one in fields.values()}


def _differs(kind: FieldType | None, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if kind is None:
        return False
    pair = currency_key(name)
    if before.get(pair) != after.get(pair):
        return True
    old, new = before.get(name), after.get(name)
    return old is not new and not kind.same(kind.empty() if old is None else old, kind.empty() if new is None else new)
