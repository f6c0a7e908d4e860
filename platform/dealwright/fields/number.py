"""Numbers: integer, decimal, percent, rating, and the automatic number of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright.fields.decimals import (
    SCALE,
    decimal_reader,
    decimal_schema,
    json_number,
    keep,
    limits,
    number_from_text,
    numbers,
    plain,
)
from dealwright.fields.faults import refuse_value
from dealwright.fields.field_type import Column, FieldType, Reader, Writer
from dealwright.fields.messages import Word

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: Largest and smallest integer: 64 bit.
LARGEST, SMALLEST = 2**63 - 1, -(2**63)
_OTHERS = ("exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def scale_of(field: Field) -> int:
    """Return the decimal places that a field keeps."""
    given = field.spec.get("scale")
    return SCALE if given is None else int(given)


class Integer(FieldType):
    """A whole number of 64 bits."""

    name = "integer"
    kind = "bigint"
    condition = "integer"

    def range(self, field: Field) -> tuple[int, int]:
        """Return the smallest and largest number that the column keeps."""
        return SMALLEST, LARGEST

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of JSON integers; ``"1"``, ``1.0`` and ``true`` are none."""
        tests = limits(field.spec)
        low, high = self.range(field)

        def read(value: Any) -> int:
            if type(value) is not int:
                refuse_value("wrong-type", value, expected=Word("integer"))
            if value > high:
                refuse_value("above-maximum", value, limit=high)
            if value < low:
                refuse_value("below-minimum", value, limit=low)
            if tests:
                keep(value, tests, field.spec)
            return int(value)

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return ``integer`` within the column and the field's limits."""
        low, high = self.range(field)
        given = {key: numbers(field.spec, key) for key in ("minimum", "maximum", *_OTHERS)}
        found: dict[str, Any] = {key: given[key][0] for key in _OTHERS if given[key]}
        if (enum := field.spec.get("enum")) is not None:
            found["enum"] = [json_number(one) for one in enum]
        return {
            "type": "integer",
            "minimum": max([low, *given["minimum"]]),
            "maximum": min([high, *given["maximum"]]),
            **found,
        }

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the integer; ``1,234`` is refused because it has two readings."""
        return int(number_from_text(text, whole=True))


class Rating(Integer):
    """A number of stars from 1 to ``maximum``, which is 5 unless the field says otherwise."""

    name = "rating"
    kind = "integer"

    def range(self, field: Field) -> tuple[int, int]:
        """Return 1 and the number of stars."""
        return 1, int(field.spec.get("maximum") or 5)


class DecimalNumber(FieldType):
    """An exact decimal number with ``scale`` places (0 to 8, by default 4)."""

    name = "decimal"
    kind = "decimal"
    condition = "decimal"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of decimal texts and exact JSON numbers."""
        return decimal_reader(scale_of(field), field.spec)

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return a writer of plain decimal texts."""
        return plain

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of text or number."""
        return decimal_schema(scale_of(field), field.spec)

    def columns(self, field: Field) -> tuple[Column, ...]:
        """Return one decimal column with the field's scale."""
        return (Column(field.id, "decimal", scale_of(field)),)

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the decimal text; a percent sign at the end of a percent is taken."""
        return number_from_text(text)


class Percent(DecimalNumber):
    """A share in percent: 15 means 15 %."""

    name = "percent"

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the decimal text, without the percent sign that may stand at its end."""
        return number_from_text(text.removesuffix("%").removesuffix("％").rstrip())


class Autonumber(FieldType):
    """A number that the platform gives to each record when it is made, by ``format``."""

    name = "autonumber"
    writable = False

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return ``string``."""
        return {"type": "string"}


TYPES = (Integer(), DecimalNumber(), Percent(), Rating(), Autonumber())
