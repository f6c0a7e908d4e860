"""What a field type is: how a value is read, written back, stored, described and typed into a form.

A type is one class with one instance, shared by every field of that type; what a field's document says (limits,
options) comes in as ``field``. Readers and writers are made once per field and catalog and then called per value, so
whatever can be worked out from the document is worked out when they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dealwright.fields.faults import refuse, refuse_value
from dealwright.fields.messages import Word

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: From API JSON (never null) to the typed value; raises marshmallow's ``ValidationError``.
Reader = Callable[[Any], Any]
#: From the typed value (never None) to API JSON.
Writer = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, in words that every database knows.

    Attributes:
        name: The field's id; money with its own currency has a second one, ``<id>__currency``.
        kind: text, id, integer (32 bit), bigint, decimal, boolean, date, datetime, time, duration or json.
        scale: Decimal places of a decimal; None for other kinds.
        nullable: False only where a value is never empty.
        default: Value of rows that were there before the column; None unless ``nullable`` is False.
    """

    name: str
    kind: str
    scale: int | None = None
    nullable: bool = True
    default: Any = None


class FieldType:
    """One kind of field. A plugin adds one by subclassing this and returning an instance from ``field_types``.

    A type of a plugin is like one of the platform (``condition``): documents may give a field of it the same keywords,
    conditions treat its values alike, and a form shows the same control. The rest is its own.

    Attributes:
        name: What documents write as ``field``.
        kind: Kind of its column; None for a value that has no column of its own.
        condition: What the value is in conditions: the name of a built-in field type that behaves alike.
        writable: Whether a client may send a value; computed types are read-only.
        nullable: Whether a value may be empty. A boolean may not.
        messages: Sentences for codes of its own: code to (English, Chinese), as in ``messages.TEMPLATES``.
    """

    name: ClassVar[str]
    kind: ClassVar[str | None] = "text"
    condition: ClassVar[str] = "text"
    writable: ClassVar[bool] = True
    nullable: ClassVar[bool] = True
    messages: ClassVar[Mapping[str, tuple[str, str]]] = {}

    @property
    def template(self) -> str:
        """Name of the form template, without its ending; a type of a plugin may name a built-in one."""
        return self.condition if "__" in self.name else self.name

    def empty(self) -> Any:
        """Return the typed value of a field without a value: None, false, or a new empty list."""
        return None

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return the function that reads API JSON (never null) into the typed value.

        It raises what :func:`~dealwright.fields.faults.refuse` raises.
        """
        raise NotImplementedError

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return the function that writes a typed value (never None) as API JSON; None if they are the same."""
        return None

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of a value in API JSON that is not null."""
        raise NotImplementedError

    def columns(self, field: Field) -> tuple[Column, ...]:
        """Return the columns in the table of its entity."""
        return (Column(field.id, self.kind),) if self.kind is not None else ()

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return API JSON for a text from a form or a table; it is trimmed and not empty. Raises as a reader."""
        return text

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return the text of API JSON (never null) that :meth:`from_text` reads back to the same value."""
        return str(value)

    def same(self, before: Any, after: Any) -> bool:
        """Tell whether two typed values are the same to a person, so that putting one for the other is no change."""
        return bool(before == after)


def bounds(spec: Mapping[str, Any], low: str, high: str) -> tuple[int | None, int | None]:
    """Return two limits of a field's document as whole numbers, None where it sets none."""
    return tuple(None if spec.get(key) is None else int(spec[key]) for key in (low, high))  # type: ignore[return-value]


def entries(field: Field, most: int) -> Callable[[Any], list[Any]]:
    """Return a reader that takes a list within ``minItems`` and ``maxItems`` of the field, at most ``most`` long."""
    fewest, given = bounds(field.spec, "minItems", "maxItems")
    limit = most if given is None else min(given, most)

    def listed(value: Any) -> list[Any]:
        if type(value) is not list:
            refuse_value("wrong-type", value, expected=Word("list"))
        if len(value) > limit:
            refuse("too-many", length=len(value), limit=limit)
        if fewest is not None and value and len(value) < fewest:
            refuse("too-few", length=len(value), limit=fewest)
        return value

    return listed


def counted(field: Field, most: int) -> dict[str, Any]:
    """Return the keywords of JSON Schema that say what :func:`entries` checks."""
    fewest, given = bounds(field.spec, "minItems", "maxItems")
    limits: dict[str, Any] = {"maxItems": most if given is None else min(given, most)}
    return limits if not fewest else {**limits, "anyOf": [{"maxItems": 0}, {"minItems": fewest}]}


def formed(pattern: str, longest: int, *, never: str = "\\n") -> dict[str, Any]:
    """Return the schema of a text of a form: it matches ``pattern``, and not ``never``.

    ``$`` in ``pattern`` matches before a line feed at the end too in some dialects, Python's among them, so a line feed
    is refused apart.
    """
    return {"type": "string", "pattern": pattern, "maxLength": longest, "not": {"pattern": never}}


def nullable(kind: FieldType, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that may also be null, where its type may be empty."""
    if not kind.nullable or not schema:
        return schema
    if "enum" in schema and type(schema.get("type")) is str:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    # Of the keywords that types use beside ``type``, those that judge null stand inside anyOf and not.
    if type(schema.get("type")) is str and not {"anyOf", "not", "allOf", "enum", "const"} & set(schema):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
