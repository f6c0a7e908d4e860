"""Numbers: integer, decimal, percent, money, rating, and the automatic number of a record.

Decimals are exact from end to end: a value comes as a decimal text (``"1234.50"``) or as a JSON number that the JSON
reader has kept as ``Decimal``. A binary float is refused, whatever its value, because it has lost what was written.
Numbers of a column hold 18 digits: with a scale of 4, values below 10^14.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from unicodedata import normalize

from dealwright.fields.faults import refuse, refuse_value
from dealwright.fields.field_type import Column, FieldType, Reader, Writer
from dealwright.fields.messages import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: Digits of a decimal column, before and after the point together (fits a 64-bit integer).
DIGITS = 18
#: Decimal places of money, percent and computed values.
SCALE = 4
#: Largest and smallest integer: 64 bit.
LARGEST, SMALLEST = 2**63 - 1, -(2**63)
#: ISO 4217: three capital letters.
CURRENCY = re.compile(r"[A-Z]{3}\Z")

#: The remainder of two decimals of a document needs more digits than the 28 of Python's own context.
_WIDE = Context(prec=80)
#: Longest decimal text that is looked at.
_LONGEST = 62
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_INTEGER = re.compile(r"-?[0-9]{1,30}\Z")
_GROUPED = re.compile(r"-?[0-9][0-9.,' ]*\Z")


def scale_of(field: Field) -> int:
    """Return the decimal places that a field keeps."""
    given = field.spec.get("scale")
    return SCALE if given is None else int(given)


def exact(number: Any) -> Decimal:
    """Return a number of a document (JSON number or decimal text) as a decimal."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def limits(spec: Mapping[str, Any]) -> list[tuple[str, Callable[[Any], bool], Decimal]]:
    """Return what a number must keep to: (code of the refusal, test that a wrong number passes, limit)."""
    tests: list[tuple[str, Callable[[Any], bool], Decimal]] = []
    if (given := spec.get("minimum")) is not None:
        low = exact(given)
        tests.append(("below-minimum", lambda n: n < low, low))
    if (given := spec.get("maximum")) is not None:
        high = exact(given)
        tests.append(("above-maximum", lambda n: n > high, high))
    if (given := spec.get("exclusiveMinimum")) is not None:
        under = exact(given)
        tests.append(("not-above", lambda n: n <= under, under))
    if (given := spec.get("exclusiveMaximum")) is not None:
        over = exact(given)
        tests.append(("not-below", lambda n: n >= over, over))
    if (given := spec.get("multipleOf")) is not None:
        step = exact(given)
        tests.append(("not-a-multiple", lambda n: _WIDE.remainder(Decimal(n), step) != 0, step))
    if (given := spec.get("enum")) is not None:
        choices = frozenset(exact(one) for one in given)
        tests.append(("not-in-enum", lambda n: n not in choices, Decimal(0)))
    return tests


def _keep(value: Any, tests: list[tuple[str, Callable[[Any], bool], Decimal]], spec: Mapping[str, Any]) -> None:
    for code, wrong, limit in tests:
        if wrong(value):
            refuse_value(code, value, limit=plain(limit), choices=list(spec.get("enum", ())))


def plain(number: Decimal) -> str:
    """Return a decimal without exponent and without zeros at its end: ``1200``, ``0.5``."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def amount(number: Decimal) -> str:
    """Return money with two decimal places, or as many more as it has: ``1234.50``, ``0.125``."""
    text = f"{number:f}"
    whole, _, places = text.partition(".")
    places = places.rstrip("0").ljust(2, "0")
    return f"{whole}.{places}" if places != "00" or whole != "-0" else "0.00"


def decimal_reader(scale: int, spec: Mapping[str, Any]) -> Reader:
    """Return a reader of decimals with at most ``scale`` places, within the digits of a column and ``spec``."""
    edge, place = Decimal(10) ** (DIGITS - scale), Decimal(1).scaleb(-scale)
    tests = limits(spec)

    def read(value: Any) -> Decimal:
        kind = type(value)
        if kind is str:
            if len(value) > _LONGEST or _DECIMAL.match(value) is None:
                refuse_value("not-a-number", value)
            number = Decimal(value)
        elif kind is Decimal:
            number = value
            if not number.is_finite():
                refuse_value("not-a-number", value)
        elif kind is int:
            # A bound before the conversion: a number of a million digits must cost nothing.
            number = Decimal(value if -LARGEST <= value <= LARGEST else LARGEST)
        else:
            refuse_value("wrong-type", value, expected=Word("decimal"))
        if number >= edge:
            refuse_value("not-below", value, limit=plain(edge))
        if number <= -edge:
            refuse_value("not-above", value, limit=plain(-edge))
        if not number:
            number = Decimal(0)
        _, digits, exponent = number.as_tuple()
        if exponent < -scale:  # type: ignore[operator]  # finite, so an int
            # Not normalize(): it rounds to 28 digits. What is beyond the scale must be zeros.
            excess = -exponent - scale  # type: ignore[operator]
            if excess >= len(digits) or any(digits[-excess:]):
                refuse_value("too-precise", value, limit=scale)
            number = number.quantize(place)
        if tests:
            _keep(number, tests, spec)
        return number

    return read


def decimal_schema(scale: int, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a decimal as text or JSON number. Bounds hold for the number only (see ``json_schema``)."""
    number: dict[str, Any] = {"type": "number"}
    edge = 10 ** (DIGITS - scale)
    number["exclusiveMinimum"] = max([-edge, *_numbers(spec, "exclusiveMinimum")])
    number["exclusiveMaximum"] = min([edge, *_numbers(spec, "exclusiveMaximum")])
    for key in ("minimum", "maximum"):
        if found := _numbers(spec, key):
            number[key] = found[0]
    steps = [float(f"1e-{scale}") if scale else 1, *_numbers(spec, "multipleOf")]
    number["allOf"] = [{"multipleOf": step} for step in steps]
    if (enum := spec.get("enum")) is not None:
        number["enum"] = [_number(one) for one in enum]
    # Leading zeros count for nothing and zeros at the end are no precision; the field's own digits are the limit.
    whole = f"0*[0-9]{{1,{DIGITS - scale}}}"
    text = f"^-?{whole}(\\.[0-9]{{1,{scale}}}0*)?$" if scale else f"^-?{whole}(\\.0+)?$"
    return {"anyOf": [number, {"type": "string", "maxLength": _LONGEST, "pattern": text}]}


def _numbers(spec: Mapping[str, Any], key: str) -> list[int | float]:
    """Return a limit as the number that JSON writes; none or one of them."""
    given = spec.get(key)
    return [] if given is None else [_number(given)]


def _number(given: Any) -> int | float:
    number = exact(given)
    return int(number) if number == number.to_integral_value() else float(number)


def number_from_text(text: str, form: re.Pattern[str]) -> str:
    """Return a number as people type it (full-width digits too); refuse what has two readings, as ``1,234`` has."""
    text = normalize("NFKC", text).removeprefix("+")
    if form.match(text):
        return text
    if _GROUPED.match(text):
        refuse_value("ambiguous-number", text)
    refuse_value("not-a-number", text)


class Integer(FieldType):
    """A whole number of 64 bits."""

    name = "integer"
    template = "number"
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
                _keep(value, tests, field.spec)
            return int(value)

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return ``integer`` within the column and the field's limits."""
        low, high = self.range(field)
        given = {key: _numbers(field.spec, key) for key in ("minimum", "maximum", *_OTHERS)}
        found: dict[str, Any] = {key: given[key][0] for key in _OTHERS if given[key]}
        if (enum := field.spec.get("enum")) is not None:
            found["enum"] = [_number(one) for one in enum]
        return {
            "type": "integer",
            "minimum": max([low, *given["minimum"]]),
            "maximum": min([high, *given["maximum"]]),
            **found,
        }

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the integer; ``1,234`` is refused because it has two readings."""
        return int(number_from_text(text, _INTEGER))


_OTHERS = ("exclusiveMinimum", "exclusiveMaximum", "multipleOf")


class Rating(Integer):
    """A number of stars from 1 to ``maximum``, which is 5 unless the field says otherwise."""

    name = "rating"
    template = "rating"
    kind = "integer"

    def range(self, field: Field) -> tuple[int, int]:
        """Return 1 and the number of stars."""
        return 1, int(field.spec.get("maximum") or 5)


class DecimalNumber(FieldType):
    """An exact decimal number with ``scale`` places (0 to 8, by default 4)."""

    name = "decimal"
    template = "decimal"
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
        return number_from_text(text, _DECIMAL)


class Percent(DecimalNumber):
    """A share in percent: 15 means 15 %."""

    name = "percent"
    template = "percent"

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the decimal text, without the percent sign that may stand at its end."""
        return number_from_text(text.removesuffix("%").removesuffix("％").rstrip(), _DECIMAL)


class Money(DecimalNumber):
    """An amount of money with up to four decimal places.

    ``currency`` is a code, by default the workspace's; then the value is the amount. With ``"per_record"`` each value
    has its own: ``{"amount": "1234.50", "currency": "EUR"}`` in API JSON, two entries in a typed record (the field,
    and ``<field>__currency``), two columns.
    """

    name = "money"
    template = "money"
    per_record: ClassVar[str] = "per_record"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of an amount, or of (amount, currency) where each record has its own."""
        read = decimal_reader(SCALE, field.spec)
        if not has_currency(field):
            return read

        def both(value: Any) -> tuple[Decimal, str]:
            if type(value) is not dict:
                refuse_value("wrong-type", value, expected=Word("money"))
            for key in value:
                if key not in ("amount", "currency"):
                    refuse("unknown-key", name=key)
            for key in ("amount", "currency"):
                if value.get(key) is None:
                    refuse("missing-key", name=key)
            code = value["currency"]
            if type(code) is not str or CURRENCY.match(code) is None:
                refuse_value("no-such-currency", code)
            return read(value["amount"]), code

        return both

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return a writer of amounts; for (amount, currency) one of objects."""
        if not has_currency(field):
            return amount
        return lambda both: {"amount": amount(both[0]), "currency": both[1]}

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of the amount, or of the object of both."""
        one = decimal_schema(SCALE, field.spec)
        if not has_currency(field):
            return one
        code = {"type": "string", "pattern": "^[A-Z]{3}$", "maxLength": 3}
        return {
            "type": "object",
            "properties": {"amount": one, "currency": code},
            "required": ["amount", "currency"],
            "additionalProperties": False,
        }

    def columns(self, field: Field) -> tuple[Column, ...]:
        """Return the amount's column, and the currency's where each record has its own."""
        one = Column(field.id, "decimal", SCALE)
        return (one, Column(currency_key(field.id), "text")) if has_currency(field) else (one,)

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the amount; where each record has its own currency the text is ``1234.50 EUR``."""
        if not has_currency(field):
            return number_from_text(text, _DECIMAL)
        number, _, code = text.rpartition(" ")
        if not number:
            number, code = text, str(catalog.settings.get("currency", ""))
        return {"amount": number_from_text(number.strip(), _DECIMAL), "currency": code.upper()}

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return ``1234.50`` or ``1234.50 EUR``."""
        return f"{value['amount']} {value['currency']}" if isinstance(value, dict) else str(value)


def has_currency(field: Field) -> bool:
    """Tell whether each value of this field has its own currency."""
    return field.type == Money.name and field.spec.get("currency") == Money.per_record


def currency_key(name: str) -> str:
    """Return the entry of a typed record, and the column, that holds the currency of a money field."""
    return f"{name}__currency"


class Autonumber(FieldType):
    """A number that the platform gives to each record when it is made, by ``format``."""

    name = "autonumber"
    template = "static"
    writable = False

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return ``string``."""
        return {"type": "string"}


TYPES = (Integer(), DecimalNumber(), Percent(), Money(), Rating(), Autonumber())
