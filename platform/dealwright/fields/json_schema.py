"""The plain JSON Schema (2020-12) of an entity's records, usable by any validator.

It gives the same verdict on a value as ``read``, but for what JSON Schema cannot say; there it is the wider one:

- bounds, ``multipleOf`` and ``enum`` of a number that is sent as text;
- that a day exists (``2026-02-30``), for validators that take ``format`` as a remark, and years outside 1 to 9999;
- the length, and being different, of texts that Unicode's form NFC changes; lone surrogates;
- size, depth and exactness of numbers in a ``json`` value; the whole numbers ``1.0`` and ``1e2``, which it takes;
- ids that stand twice among rows or files, and ids of rows that belong to another record;
- ``pattern`` of a field where a validator's own dialect reads it otherwise than RE2;
- for ``create``: a required text of white space only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dealwright.fields.computed import valued
from dealwright.fields.field_type import nullable
from dealwright.fields.plan import namespace
from dealwright.fields.reading import ON_CREATE
from dealwright.fields.registry import TYPES
from dealwright.fields.schema import settled_limits
from dealwright.metadata.system import ASSIGNABLE

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Use = Literal["record", "create", "update"]


def record_schema(catalog: Catalog, entity_id: str, use: Use = "record") -> dict[str, Any]:
    """Return the schema of an entity's records in API JSON.

    Args:
        catalog: The definitions in force.
        entity_id: The entity.
        use: ``record``: all that a client gets or may send, with ``readOnly`` and ``writeOnly``; ``create`` and
            ``update``: only what it may send. ``required`` lists what must be sent to create a record; fields with a
            default, a prefill or a condition of visibility are not in it.

    Raises:
        NotFoundError: If there is no such entity.
    """
    entity = catalog.entity(entity_id)
    fields = entity.all_fields()
    sent = ASSIGNABLE | (ON_CREATE if use != "update" else frozenset())
    required = [] if use == "update" else _required(entity)
    properties: dict[str, Any] = {}
    for one in fields.values():
        writable = TYPES[one.type].writable and (not one.system or one.id in sent)
        if one.type != "static" and (writable or use == "record"):
            limited = settled_limits(one, catalog, namespace(one.id, entity_id))
            properties[one.id] = _property(
                limited, fields, catalog, writable=writable, filled=use == "create" and one.id in required
            )
    made: dict[str, Any] = {
        "$schema": DIALECT,
        "title": entity.title,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**made, "required": required} if required else made


def _required(entity: Entity) -> list[str]:
    brought = {target for one in entity.fields.values() for target in one.spec.get("prefill") or ()}
    return [
        one.id
        for one in entity.fields.values()
        if one.required
        and TYPES[one.type].writable
        and one.id not in brought
        and not {"default", "visible_when"} & set(one.spec)
        and TYPES[one.type].nullable
    ]


def _property(
    field: Field, siblings: dict[str, Field], catalog: Catalog, *, writable: bool, filled: bool
) -> dict[str, Any]:
    shown = valued(field, siblings, catalog)
    kind = TYPES[shown.type]
    schema = kind.schema(shown, catalog)
    schema = _filled(schema) if filled else nullable(kind, schema)
    remarks: dict[str, Any] = {"title": field.title}
    if "description" in field.spec:
        remarks["description"] = field.spec["description"]
    if not writable:
        remarks["readOnly"] = True
    elif field.spec.get("sensitivity") == "secret":
        remarks["writeOnly"] = True
    return {**schema, **remarks}


def _filled(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that is there: no empty text, list or object."""
    least = {"string": "minLength", "array": "minItems", "object": "minProperties"}.get(str(schema.get("type")))
    return {**schema, least: max(1, schema.get(least, 0))} if least is not None else schema or {"not": {"type": "null"}}
