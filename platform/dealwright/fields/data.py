"""Any JSON: data of other programs, kept as it is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dealwright.fields.faults import refuse, refuse_value
from dealwright.fields.field_type import FieldType, Reader
from dealwright.fields.messages import sized

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: Largest value, in bytes of its shortest UTF-8 form.
LARGEST = 64 * 1024
#: Deepest nesting of lists and objects.
DEEPEST = 32


class Json(FieldType):
    """Any JSON value up to 64 KB and 32 levels deep."""

    name = "json"
    kind = "json"
    condition = "json"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader that checks size and depth, and characters that no database keeps.

        A number with a fraction becomes a binary float if that writes the same digits; else it is refused.
        """

        def read(value: Any) -> Any:
            kept = _kept(value, 0)
            size = len(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode())
            if size > LARGEST:
                refuse("too-large", length=sized(size), limit=sized(LARGEST, limit=True))
            return kept

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema that takes everything."""
        return {}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the parsed JSON."""
        try:
            return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            refuse_value("not-json", text)

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return the JSON in its shortest form."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _kept(value: Any, depth: int) -> Any:
    """Return the value as the database keeps it."""
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is int:
        if value.bit_length() > 1_000:
            refuse_value("too-precise", value, limit=17)
        return value
    if kind is Decimal or kind is float:
        return _float(value)
    if depth == DEEPEST:
        refuse("too-deep", limit=DEEPEST)
    if kind is list:
        return [_kept(one, depth + 1) for one in value]
    if kind is dict:
        return {_text(key): _kept(one, depth + 1) for key, one in value.items()}
    refuse_value("not-json", value)


def _text(value: str) -> str:
    if "\x00" in value:
        refuse("control-character", code="U+0000")
    if not value.isascii():
        for char in value:
            if "\ud800" <= char <= "\udfff":
                refuse("control-character", code=f"U+{ord(char):04X}")
    return value


def _float(value: Decimal | float) -> float:
    binary = float(value)
    if binary - binary != 0:  # NaN and infinities
        refuse_value("not-a-number", value)
    if isinstance(value, Decimal) and Decimal(repr(binary)) != value:
        refuse_value("too-precise", value, limit=17)
    return binary


TYPES = (Json(),)
