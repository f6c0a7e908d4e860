"""A part of a document as inputs, worked out from its schema, and back: triggers and actions of rules, scales of scores.

What was not changed in the page comes back as it was written, whatever JSON writes it: ``"won"`` does not become
``["won"]``, nor ``1`` ``"1"``. What a page does not show stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from dealwright.rules.actions import source_of

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    Choices = Sequence[tuple[str, str]]

#: Units of a span that one number says, with the form of ISO 8601 that they have.
SPANS: Final[Mapping[str, str]] = {
    "day": "P{}D",
    "working_day": "P{}WD",
    "hour": "PT{}H",
    "minute": "PT{}M",
    "week": "P{}W",
    "month": "P{}M",
}
_SPAN: Final = re.compile(r"(-?)P(?:(\d+)(WD|W|D|M)|T(\d+)(H|M))\Z")
_UNIT: Final = {"D": "day", "WD": "working_day", "W": "week", "M": "month", "TH": "hour", "TM": "minute"}
_WHOLE: Final = re.compile(r"-?\d{1,18}\Z")
_PARAMETER: Final = re.compile(r"param\.([a-z][a-z0-9_]*)\Z")
#: Keys whose text runs over several lines.
_LONG: Final = frozenset({"body", "description"})


@dataclass(frozen=True, slots=True)
class Input:
    """One input.

    Attributes:
        name: Of the input in its form.
        kind: Which: text, area, expression, suggested, number, choice, picks, span, or values.
        value: What stands there: a text, for picks a list, for a span number and unit, for values pairs of texts.
        choices: Value and label of each, for a choice, picks, and what is suggested for a text.
        at: Where it is in the document, for what is wrong with it.
        errors: What is wrong with it.
    """

    name: str
    key: str
    label: str
    help: str
    kind: str
    value: Any
    choices: Choices = ()
    required: bool = False
    at: str = ""
    errors: Sequence[str] = ()


#: What a document means by a key that its schema cannot say: kind of the input, and what can be chosen.
Known = Callable[[str], "tuple[str, Choices] | None"]


def of(
    token: str,
    schema: Mapping[str, Any],
    keys: Sequence[str],
    given: Mapping[str, Any],
    *,
    labels: Callable[[str], tuple[str, str]],
    words: Callable[[str], str],
    known: Known,
    required: Sequence[str] = (),
    at: str = "",
) -> list[Input]:
    """Return the inputs of a part.

    Args:
        token: What the names of its inputs begin with.
        schema: The schema of the part.
        keys: Those of its keys that have an input, in their order.
        given: The part.
        labels: Key to what it is called, and what it is for.
        words: A choice of the schema in words.
        known: What the schema cannot say of a key; None where it says all.
        required: Keys that must have a value.
        at: Where the part is in its document.
    """
    found = []
    for key in keys:
        kind, choices = known(key) or _of_schema(schema["properties"][key], key, words)
        label, text = labels(key)
        one = Input(f"{token}.{key}", key, label, text, kind, None, choices, key in required, f"{at}/{key}")
        found.append(replace(one, value=drawn(one, given.get(key))))
    return found


def _of_schema(part: Mapping[str, Any], key: str, words: Callable[[str], str]) -> tuple[str, Choices]:
    items = part.get("items", {})
    if part.get("type") == "array" and "enum" in items:
        return "picks", [(str(one), words(str(one))) for one in items["enum"]]
    if "enum" in part:
        return "choice", [("", "–"), *((str(one), words(str(one))) for one in part["enum"])]
    if "unit" in part.get("properties", {}):
        return "span", ()
    types = part.get("type")
    if types == "integer" or (isinstance(types, list) and {"integer", "number"} & set(types)):
        return "number", ()
    return ("area" if key in _LONG else "text"), ()


def drawn(one: Input, given: Any) -> Any:
    """Return what an input shows for a value of a document."""
    match one.kind:
        case "picks":
            return [str(each) for each in ([given] if isinstance(given, str) else given or ())]
        case "span":
            return span(given)
        case "values":
            return [(str(name), source_of(value)) for name, value in (given or {}).items()]
        case _:
            return "" if given is None and one.key != "value" else _text(given)


def _text(given: Any) -> str:
    try:
        return source_of(given)
    except TypeError:
        return str(given)


def span(given: Any) -> tuple[str, str]:
    """Return number and unit of a span; what one number does not say is shown as it is written, without a unit."""
    if given is None:
        return "", "day"
    if isinstance(given, Mapping):
        return f"param.{given.get('param', '')}", str(given.get("unit", ""))
    match = _SPAN.match(str(given))
    if match is None:
        return str(given), ""
    unit = _UNIT[match[3] or f"T{match[5]}"]
    return f"{match[1]}{match[2] or match[4]}", unit


def spanned(text: str, unit: str) -> Any:
    """Return the span that a number or a parameter and a unit say; anything else as it was typed, for the checks to tell."""
    parameter = _PARAMETER.match(text)
    if parameter is not None:
        return {"param": parameter[1]} | ({"unit": unit} if unit in SPANS else {})
    if _WHOLE.match(text) and unit in SPANS:
        sign = "-" if text.startswith("-") else ""
        return sign + SPANS[unit].format(text.removeprefix("-"))
    return text


def number(text: str) -> Any:
    """Return a number, or the parameter that is named, as JSON; decimals stay text, so that they stay exact."""
    parameter = _PARAMETER.match(text)
    if parameter is not None:
        return {"param": parameter[1]}
    plain = text.replace(",", "").replace("，", "")
    return int(plain) if _WHOLE.match(plain) else plain


def read(form: MultiDict[str, str], shown: Sequence[Input], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part as a form says it shall be; what is as it was drawn stays as it was written."""
    made = dict(given)
    for one in shown:
        typed = _typed(form, one)
        if typed is None or _same(one, typed):
            continue
        value = _value(one, typed, given.get(one.key))
        if value in ("", [], {}):
            made.pop(one.key, None)
        else:
            made[one.key] = value
    return made


def _typed(form: MultiDict[str, str], one: Input) -> Any:
    """Return what stands in an input; None if the form does not have it."""
    match one.kind:
        case "picks":
            return [each for each in form.getlist(one.name) if each] if f"{one.name}.shown" in form else None
        case "values":
            if f"{one.name}.shown" not in form:
                return None
            rows = zip(form.getlist(f"{one.name}.name"), form.getlist(f"{one.name}.value"), strict=False)
            return [(name.strip(), plain(value)) for name, value in rows if name.strip()]
        case "span":
            if one.name not in form:
                return None
            return plain(form[one.name]), form.get(f"{one.name}.unit", "")
        case _:
            return plain(form[one.name]) if one.name in form else None


def plain(text: str) -> str:
    """Return a text as it was typed, without what a browser adds to it: its ends of lines, blanks around it."""
    return text.replace("\r\n", "\n").strip()


def _same(one: Input, typed: Any) -> bool:
    match one.kind:
        case "picks":
            return sorted(typed) == sorted(one.value)
        case "values":
            return list(typed) == [(name, plain(value)) for name, value in one.value]
        case "span":
            return bool(typed == one.value or (not typed[0] and not one.value[0]))
        case _:
            return bool(typed == plain(one.value))


def _value(one: Input, typed: Any, given: Any) -> Any:
    match one.kind:
        case "picks":
            single = isinstance(given, str) or (given is None and one.key in ("entered", "left"))
            return typed[0] if single and len(typed) == 1 else typed
        case "values":
            before = given if isinstance(given, Mapping) else {}
            return {
                name: before[name] if name in before and plain(source_of(before[name])) == text else text
                for name, text in typed
                if text
            }
        case "span":
            return spanned(*typed)
        case "number":
            return number(typed)
        case "choice" if _WHOLE.match(typed):
            return int(typed)  # a day of the month
        case _:
            return typed
