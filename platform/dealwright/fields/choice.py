"""Choices: one, several, a list to tick off, free tags, and yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from dealwright.fields.faults import refuse_value
from dealwright.fields.field_type import Column, FieldType, Reader, counted, entries
from dealwright.fields.messages import Word
from dealwright.fields.text import CONTROL, clean

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: Longest text that may be a new choice or a tag.
LONGEST = 255
#: Most choices or tags that one value holds.
MOST = 1_000

_YES = frozenset({"true", "yes", "y", "1", "on", "x", "是", "对", "✓"})
_NO = frozenset({"false", "no", "n", "0", "off", "否", "不", ""})
_NEW = {"type": "string", "minLength": 1, "maxLength": LONGEST, "not": {"pattern": CONTROL}}


def _takes_new(field: Field) -> bool:
    """Tell whether a text that is no option is taken. Tags without options take any."""
    return bool(field.spec.get("allow_new", field.type == "tags" and not field.options))


def _one(field: Field) -> Reader:
    """Return a reader of one choice of a field."""
    ids = [option.id for option in field.options]
    known, takes_new = frozenset(ids), _takes_new(field)

    def read(value: Any) -> str:
        if type(value) is str and value in known:
            return value
        text = clean(value)
        if not takes_new or not text:
            refuse_value("no-such-option", text, choices=ids)
        if len(text) > LONGEST:
            refuse_value("no-such-option", text, choices=ids)
        return text

    return read


def _schema_of_one(field: Field) -> dict[str, Any]:
    if not _takes_new(field):
        return {"type": "string", "enum": [option.id for option in field.options]}
    return dict(_NEW)


def _option_from_text(field: Field, text: str) -> str:
    """Return the id of the option that a text names by id, or by title whatever its case; else the text."""
    if any(option.id == text for option in field.options):
        return text
    wanted = text.casefold()
    found = {option.id for option in field.options if option.title.casefold() == wanted}
    return found.pop() if len(found) == 1 else text


class Select(FieldType):
    """One of the field's options, by id. A hidden option is still taken: records have it."""

    name = "select"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of an option's id."""
        return _one(field)

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the ids as ``enum``; any short text where the field takes new ones."""
        return _schema_of_one(field)

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the id of the option with this id or title."""
        return _option_from_text(field, text)


class MultiSelect(FieldType):
    """Several of the field's options; none of them is an empty value."""

    name = "multi_select"
    kind = "json"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of a list of different ids."""
        listed, one = entries(field, MOST), _one(field)

        def read(value: Any) -> list[str] | None:
            seen: dict[str, None] = {}
            for entry in listed(value):
                text = one(entry)
                if text in seen:
                    refuse_value("repeated", text)
                seen[text] = None
            return list(seen) or None

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of a list of different choices."""
        return {"type": "array", "items": _schema_of_one(field), "uniqueItems": True, **counted(field, MOST)}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the choices of a text with ``;`` between them."""
        parts = (part.strip() for part in text.replace("；", ";").split(";"))
        return [_option_from_text(field, part) for part in parts if part]

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return the ids with ``;`` between them."""
        return ";".join(value)

    def same(self, before: Any, after: Any) -> bool:
        """Tell whether the same choices are made, in whatever order."""
        return sorted(before or ()) == sorted(after or ())


class Tags(MultiSelect):
    """Words that people add freely; with ``options`` and ``"allow_new": false`` only those."""

    name = "tags"


class Checklist(FieldType):
    """Options to tick off: which are done. One that is missing is not done."""

    name = "checklist"
    kind = "json"
    condition: ClassVar[str] = "json"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of ``{id: done}``."""
        ids = [option.id for option in field.options]
        known = frozenset(ids)

        def read(value: Any) -> dict[str, bool] | None:
            if type(value) is not dict:
                refuse_value("wrong-type", value, expected=Word("object"))
            for key, done in value.items():
                if key not in known:
                    refuse_value("no-such-option", key, choices=ids)
                if type(done) is not bool:
                    refuse_value("wrong-type", done, expected=Word("boolean"))
            return dict(value) or None

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of an object of booleans by option."""
        properties = {option.id: {"type": "boolean"} for option in field.options}
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the options that are done, from a text with ``;`` between them."""
        parts = (part.strip() for part in text.replace("；", ";").split(";"))
        return {_option_from_text(field, part): True for part in parts if part}

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return the options that are done, with ``;`` between them."""
        return ";".join(key for key, done in value.items() if done)


class Boolean(FieldType):
    """Yes or no, never empty: no is the value of a field that nobody has set."""

    name = "boolean"
    kind = "boolean"
    condition = "boolean"
    nullable = False

    def empty(self) -> Any:
        """Return false."""
        return False

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of ``true`` and ``false``; 1 and ``"true"`` are neither."""

        def read(value: Any) -> bool:
            if type(value) is not bool:
                refuse_value("wrong-type", value, expected=Word("boolean"))
            return value

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return ``boolean``."""
        return {"type": "boolean"}

    def columns(self, field: Field) -> tuple[Column, ...]:
        """Return a column that is false where nothing was set."""
        return (Column(field.id, "boolean", nullable=False, default=False),)

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return true or false for yes or no in English or Chinese."""
        word = text.strip().casefold()
        if word in _YES:
            return True
        if word not in _NO:
            refuse_value("not-yes-or-no", text)
        return False

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return ``true`` or ``false``."""
        return "true" if value else "false"


TYPES = (Select(), MultiSelect(), Checklist(), Tags(), Boolean())
