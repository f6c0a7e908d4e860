"""The types of conditions, and which of them each field has.

A type says what a value is, not how it is kept: ``text``, ``email`` and ``autonumber`` are all text, ``money`` and
``percent`` are decimals. Of a choice it knows the options, of a reference the entity, of a decimal the places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dealwright import plugins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document, Field

#: Kinds that ``<`` can order. Text is not among them: its order differs from database to database.
ORDERED = frozenset({"integer", "decimal", "date", "datetime", "time", "duration"})
NUMBERS = frozenset({"integer", "decimal"})
#: Places of the result of ``/`` and of an average.
QUOTIENT_SCALE = 6


@dataclass(frozen=True, slots=True)
class Type:
    """What a value of a condition is.

    Attributes:
        kind: boolean, integer, decimal, text, date, datetime, time, duration, reference, set (of texts or ids),
            checklist, rows, object, list (of constants), null, any (known only when it is read), or unknown (an error
            was already reported).
        scale: Places of a decimal; 0 for others.
        options: What a text or the members of a set may be; None if anything.
        entity: Id of the entity that a reference or the members of a set point at, or whose rows these are.
        field: Id of the ``rows`` field that these are the rows of, or of the object that has members.
        nullable: Whether a value may be empty.
        element: Kind of the constants of a list, or of the members of a set.
    """

    kind: str
    scale: int = 0
    options: tuple[str, ...] | None = None
    entity: str | None = None
    field: str | None = None
    nullable: bool = True
    element: str | None = None

    @property
    def noun(self) -> str:
        """What it is called in messages."""
        if self.kind == "reference":
            return f"a reference to {self.entity}" if self.entity else "a reference"
        return _NOUNS[self.kind]


_NOUNS = {
    "boolean": "a yes/no value",
    "integer": "a whole number",
    "decimal": "a number",
    "text": "a text",
    "date": "a date",
    "datetime": "a moment",
    "time": "a time of day",
    "duration": "a duration",
    "set": "a set of choices",
    "checklist": "a checklist",
    "rows": "a list of rows",
    "object": "an object",
    "list": "a list of constants",
    "null": "null",
    "any": "a value of the event",
    "unknown": "something wrong",
}

BOOLEAN = Type("boolean", nullable=False)
INTEGER = Type("integer")
DECIMAL = Type("decimal", scale=4)
TEXT = Type("text")
DATE = Type("date")
DATETIME = Type("datetime")
TIME = Type("time")
DURATION = Type("duration")
NULL = Type("null")
ANY = Type("any")
UNKNOWN = Type("unknown")

_PLAIN = {
    **dict.fromkeys(("text", "long_text", "rich_text", "code", "email", "phone", "url", "colour", "autonumber"), TEXT),
    "integer": INTEGER,
    "rating": INTEGER,
    "percent": DECIMAL,
    "money": DECIMAL,
    "boolean": BOOLEAN,
    "date": DATE,
    "datetime": DATETIME,
    "time": TIME,
    "duration": DURATION,
}
#: Members of an object field that conditions can read, each a text.
MEMBERS = {
    "address": ("country", "region", "city", "street", "postcode"),
    "file": ("id", "name", "type"),
    "image": ("id", "name", "type"),
    "any_reference": ("entity", "id"),
}
#: Fields that every user has, whatever packs add to ``base.user``.
_USER = {
    "id": Type("reference", entity="base.user", nullable=False),
    "email": Type("text", nullable=False),
    "name": Type("text", nullable=False),
    "team": Type("reference", entity="base.team"),
    "roles": Type("set", element="text", nullable=False),
}
#: Lookups and roll-ups of each other that are followed.
_MAX_DEPTH = 8
_NEVER_EMPTY = frozenset({"id", "version", "created_at", "updated_at", "is_new"})


def _alike(name: str) -> str:
    """Return the built-in type that a type of a plugin behaves like; any other name as it is."""
    if "__" not in name:
        return name
    return next((str(one.condition) for one in plugins.installed().field_types() if one.name == name), name)


def of(field: Field, catalog: Catalog, entity_id: str | None = None, *, depth: int = 0) -> Type:
    """Return the type that a field's value has in conditions.

    Args:
        field: The field.
        catalog: The definitions in force.
        entity_id: The entity of the field; needed for a lookup, whose type lies at the end of its path.
        depth: How many lookups and roll-ups lie before it; those that lead round in a circle have no type.

    Returns:
        A type of kind ``unknown`` for what is no value (``static``) or cannot be worked out (a path
        that leads nowhere).
    """
    name = _alike(field.type)
    spec = field.spec
    # A field may be required and hidden, or required only since yesterday: only the platform's own are never empty.
    nullable = not (field.system and field.id in _NEVER_EMPTY)
    options = tuple(option.id for option in field.options) or None
    if name in _PLAIN:
        plain = _PLAIN[name]
        return plain if nullable or not plain.nullable else replace(plain, nullable=False)
    if name == "decimal":
        return Type("decimal", scale=int(spec.get("scale", 4)))
    if name == "select":
        return Type("text", options=None if spec.get("allow_new") else options, nullable=nullable)
    if name == "multi_select":
        return Type("set", options=None if spec.get("allow_new") else options, element="text")
    if name == "tags":
        return Type("set", element="text")
    if name == "checklist":
        return Type("checklist", options=options)
    if name in ("reference", "user", "team"):
        return Type("reference", entity=_target(field, name), nullable=nullable)
    if name == "references":
        return Type("set", entity=field.to, element="reference")
    if name == "rows":
        return Type("rows", entity=entity_id, field=field.id)
    if name in ("json", "geolocation", "signature", *MEMBERS):
        return Type("object", field=name)
    if name == "formula":
        return _result(spec)
    if name == "rollup":
        return _rollup(field, catalog, depth)
    if name == "lookup" and entity_id is not None:
        return end_of((str(spec.get("via")), *str(spec.get("value")).split(".")), entity_id, catalog, depth)
    return UNKNOWN


def of_user(name: str, catalog: Catalog) -> Type | None:
    """Return the type of ``user.<name>``, or None if users have no such field."""
    if name in _USER:
        return _USER[name]
    entity = catalog.entities.get("base.user")
    field = entity.field(name) if entity else None
    return of(field, catalog, "base.user") if field else None


def user_names(catalog: Catalog) -> list[str]:
    """Return what can follow ``user.``."""
    entity = catalog.entities.get("base.user")
    return [*_USER, *(name for name in (entity.all_fields() if entity else ()) if name not in _USER)]


def of_parameter(kind: str, value: object) -> Type:
    """Return the type of a parameter's value; ``kind`` is the type that its definition states."""
    if kind == "percent" or kind == "money":
        kind = "decimal"
    if kind == "decimal":
        exponent = getattr(value, "as_tuple", lambda: None)()
        return Type("decimal", scale=max(0, -exponent.exponent) if exponent else 0, nullable=False)
    if kind in ("integer", "boolean", "date", "datetime", "time", "duration"):
        return Type(kind, nullable=False)
    return Type("text", nullable=False)


def end_of(path: tuple[str, ...], entity_id: str, catalog: Catalog, depth: int = 0) -> Type:
    """Return the type at the end of a path over references, unknown if it leads nowhere or round in a circle."""
    for step, field, here in hops(path, entity_id, catalog):
        if step == len(path) - 1:
            return of(field, catalog, here, depth=depth + 1) if depth < _MAX_DEPTH else UNKNOWN
    return UNKNOWN


def hops(path: tuple[str, ...], entity_id: str, catalog: Catalog) -> Iterator[tuple[int, Field, str]]:
    """Yield (index, field, entity it is on) for each step of a path that exists, lookups on the way left out."""
    here: str | None = entity_id
    for index, step in enumerate(path):
        entity = catalog.entities.get(here) if here else None
        field = entity.field(step) if entity else None
        if field is None or here is None:
            return
        yield index, field, here
        here = _target(field, field.type) if field.type in ("reference", "user", "team") else None


def _target(field: Field, name: str) -> str | None:
    return field.to or {"user": "base.user", "team": "base.team"}.get(name)


def _result(spec: Document) -> Type:
    result = spec.get("result")
    if result == "decimal":
        return Type("decimal", scale=int(spec.get("scale", 4)))
    if result == "select":
        return TEXT
    return _PLAIN.get(str(result), UNKNOWN)


def _rollup(field: Field, catalog: Catalog, depth: int) -> Type:
    spec = field.spec
    measure, of_entity = spec.get("measure"), spec.get("of")
    if measure == "count":
        return Type("integer", nullable=False)
    if not spec.get("value") or not of_entity:
        return UNKNOWN
    value = end_of(tuple(str(spec["value"]).split(".")), str(of_entity), catalog, depth)
    if value.kind not in ORDERED:
        return UNKNOWN
    if measure == "avg":
        return Type("decimal", scale=QUOTIENT_SCALE)
    return replace(value, nullable=measure != "sum")
