"""Exact decimals: how they are read, bounded, written and described, for every type that is made of them.

Decimals are exact from end to end: a value comes as a decimal text (``"1234.50"``) or as a JSON number that the JSON
reader has kept as ``Decimal``. A binary float is refused, whatever its value, because it has lost what was written.
Numbers of a column hold 18 digits: with a scale of 4, values below 10^14.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from dealwright.fields.faults import refuse_value
from dealwright.fields.field_type import formed
from dealwright.fields.messages import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.fields.field_type import Reader

#: Digits of a decimal column, before and after the point together (fits a 64-bit integer).
DIGITS = 18
#: Decimal places of money, percent and computed values.
SCALE = 4
#: Beyond every decimal column.
_HUGE = 10**DIGITS
#: The remainder of two decimals of a document needs more digits than the 28 of Python's own context.
_WIDE = Context(prec=80)
#: Longest decimal text that is looked at.
_LONGEST = 62
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_INTEGER = re.compile(r"-?[0-9]{1,30}\Z")
_GROUPED = re.compile(r"-?[0-9][0-9.,' ]*\Z")


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


def keep(value: Any, tests: list[tuple[str, Callable[[Any], bool], Decimal]], spec: Mapping[str, Any]) -> None:
    """Refuse a number that fails one of the tests of :func:`limits`."""
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
            number = Decimal(max(-_HUGE, min(value, _HUGE)))
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
            keep(number, tests, spec)
        return number

    return read


def decimal_schema(scale: int, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a decimal as text or JSON number. Bounds hold for the number only (see ``json_schema``)."""
    number: dict[str, Any] = {"type": "number"}
    edge = 10 ** (DIGITS - scale)
    number["exclusiveMinimum"] = max([-edge, *numbers(spec, "exclusiveMinimum")])
    number["exclusiveMaximum"] = min([edge, *numbers(spec, "exclusiveMaximum")])
    for key in ("minimum", "maximum"):
        if found := numbers(spec, key):
            number[key] = found[0]
    steps = [float(f"1e-{scale}") if scale else 1, *numbers(spec, "multipleOf")]
    number["allOf"] = [{"multipleOf": step} for step in steps]
    if (enum := spec.get("enum")) is not None:
        number["enum"] = [json_number(one) for one in enum]
    # Leading zeros count for nothing and zeros at the end are no precision; the field's own digits are the limit.
    whole = f"0*[0-9]{{1,{DIGITS - scale}}}"
    text = f"^-?{whole}(\\.[0-9]{{1,{scale}}}0*)?$" if scale else f"^-?{whole}(\\.0+)?$"
    return {"anyOf": [number, formed(text, _LONGEST)]}


def numbers(spec: Mapping[str, Any], key: str) -> list[int | float]:
    """Return a limit as the number that JSON writes; none or one of them."""
    given = spec.get(key)
    return [] if given is None else [json_number(given)]


def json_number(given: Any) -> int | float:
    """Return a number of a document as the number that JSON writes."""
    number = exact(given)
    return int(number) if number == number.to_integral_value() else float(number)


def number_from_text(text: str, *, whole: bool = False) -> str:
    """Return a number as people type it (full-width digits too); refuse what has two readings, as ``1,234`` has."""
    form = _INTEGER if whole else _DECIMAL
    text = normalize("NFKC", text).removeprefix("+")
    if form.match(text):
        return text
    if _GROUPED.match(text):
        refuse_value("ambiguous-number", text)
    refuse_value("not-a-number", text)
