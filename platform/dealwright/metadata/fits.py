"""Whether a document fits a schema, told quickly; where it does not, the library says in what.

A shipped schema is made into functions once per process. They know the keywords that the shipped schemas use and no
others: a schema with another keyword, or a value of which they cannot tell for certain, is left to the library
(``schemas.problems``). So a document that fits costs a twentieth of the library's time, and nothing is ever taken that
the library would refuse; ``tests/metadata/test_fits.py`` holds both to the same word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from decimal import Decimal
from typing import Any, Final

#: Tells whether a value fits; raises :class:`Unsure` where only the library can.
Fits = Callable[[Any], bool]


class Unsure(Exception):  # noqa: N818 - it is no error
    """It takes the library to tell."""


#: Keywords that say nothing of a value.
_SILENT: Final = frozenset({"title", "description", "format", "$schema", "$id", "$defs", "default", "examples"})


def compiled(schema: Mapping[str, Any]) -> Fits | None:
    """Return the function that tells whether a value fits; None if the schema has a keyword that is not known here.

    Args:
        schema: With the ``$defs`` that its ``$ref`` name.
    """
    try:
        return _Maker(schema).of(schema)
    except KeyError:
        return None


class _Maker:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root, self._made = root, dict[str, Fits]()

    def of(self, schema: Any) -> Fits:
        if isinstance(schema, bool):
            return lambda value: schema
        tests = [
            _KEYWORDS[key](self, wanted, schema)
            for key, wanted in schema.items()
            if key not in _SILENT and not key.startswith("x-") and key not in ("then", "else")
        ]
        if len(tests) == 1:
            return tests[0]
        return _all(tests)

    def reference(self, target: str) -> Fits:
        if target not in self._made:
            self._made[target] = lambda value: self._made[target](value)  # while it is being made: it may name itself
            where: Any = self._root
            for step in target.removeprefix("#/").split("/"):
                where = where[step]
            self._made[target] = self.of(where)
        made = self._made
        return lambda value: made[target](value)


def _all(tests: list[Fits]) -> Fits:
    def fits(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs as much as the tests themselves
            if not test(value):
                return False
        return True

    return fits


def _type(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    if isinstance(wanted, str):
        return _TYPES[wanted]
    tests = [_TYPES[one] for one in wanted]
    return lambda value: any(test(value) for test in tests)


def _is_number(value: Any) -> bool:
    if isinstance(value, int | float | Decimal):
        return not isinstance(value, bool)
    if isinstance(value, str | list | dict) or value is None:
        return False
    raise Unsure


def _is_integer(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()  # as the standard says; the library does not say it of decimals
    return isinstance(value, int) and not isinstance(value, bool)


_TYPES: Final[Mapping[str, Fits]] = {
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": _is_integer,
}


def _properties(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    tests = {name: maker.of(one) for name, one in wanted.items()}

    def fits(value: Any) -> bool:
        if isinstance(value, dict):
            for key, one in value.items():
                test = tests.get(key)
                if test is not None and not test(one):
                    return False
        return True

    return fits


def _additional(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    known = frozenset(schema.get("properties", ()))
    if wanted is False:
        return lambda value: not isinstance(value, dict) or value.keys() <= known
    test = maker.of(wanted)
    return lambda value: not isinstance(value, dict) or all(test(one) for key, one in value.items() if key not in known)


def _names(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    test = maker.of(wanted)
    return lambda value: not isinstance(value, dict) or all(test(key) for key in value)


def _required(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    names = frozenset(wanted)
    return lambda value: not isinstance(value, dict) or value.keys() >= names


def _items(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    test = maker.of(wanted)
    return lambda value: not isinstance(value, list) or all(test(one) for one in value)


def _enum(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    words = frozenset(one for one in wanted if isinstance(one, str))
    numbers = frozenset(one for one in wanted if isinstance(one, int) and not isinstance(one, bool))
    rest = [one for one in wanted if one is None or isinstance(one, bool)]
    others = len(words) + len(numbers) + len(rest) != len(wanted)

    def fits(value: Any) -> bool:
        if isinstance(value, str):
            return value in words
        if value is None or isinstance(value, bool):
            return any(one is value for one in rest)
        if others:
            raise Unsure
        return isinstance(value, int | float | Decimal) and value in numbers

    return fits


def _const(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    return _enum(maker, [wanted], schema)


def _pattern(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    search = re.compile(wanted).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _size(kind: type[Sized], least: bool) -> Callable[[_Maker, Any, Mapping[str, Any]], Fits]:
    def make(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
        if least:
            return lambda value: not isinstance(value, kind) or len(value) >= wanted
        return lambda value: not isinstance(value, kind) or len(value) <= wanted

    return make


def _limit(holds: Callable[[Any, Any], bool]) -> Callable[[_Maker, Any, Mapping[str, Any]], Fits]:
    def make(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
        def fits(value: Any) -> bool:
            return isinstance(value, bool) or not isinstance(value, int | float | Decimal) or holds(value, wanted)

        return fits

    return make


def _unique(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    def fits(value: Any) -> bool:
        if not wanted or not isinstance(value, list) or len(value) < 2:
            return True
        if all(isinstance(one, str) for one in value):
            return len(set(value)) == len(value)
        raise Unsure

    return fits


def _condition(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    test = maker.of(wanted)
    then, other = maker.of(schema.get("then", True)), maker.of(schema.get("else", True))
    return lambda value: then(value) if test(value) else other(value)


def _not(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    test = maker.of(wanted)
    return lambda value: not test(value)


def _all_of(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    return _all([maker.of(one) for one in wanted])


def _any_of(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    tests = [maker.of(one) for one in wanted]
    return lambda value: any(test(value) for test in tests)


def _one_of(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    tests = [maker.of(one) for one in wanted]
    return lambda value: sum(test(value) for test in tests) == 1


def _dependent(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    tests = {key: maker.of(one) for key, one in wanted.items()}

    def fits(value: Any) -> bool:
        return not isinstance(value, dict) or all(test(value) for key, test in tests.items() if key in value)

    return fits


def _dependent_names(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    names = {key: frozenset(some) for key, some in wanted.items()}
    return lambda value: not isinstance(value, dict) or all(value.keys() >= names[key] for key in names if key in value)


def _reference(maker: _Maker, wanted: Any, schema: Mapping[str, Any]) -> Fits:
    return maker.reference(wanted)


_KEYWORDS: Final[Mapping[str, Callable[[_Maker, Any, Mapping[str, Any]], Fits]]] = {
    "$ref": _reference,
    "additionalProperties": _additional,
    "allOf": _all_of,
    "anyOf": _any_of,
    "const": _const,
    "dependentRequired": _dependent_names,
    "dependentSchemas": _dependent,
    "enum": _enum,
    "exclusiveMinimum": _limit(lambda value, wanted: value > wanted),
    "if": _condition,
    "items": _items,
    "maxItems": _size(list, least=False),
    "maxLength": _size(str, least=False),
    "maxProperties": _size(dict, least=False),
    "maximum": _limit(lambda value, wanted: value <= wanted),
    "minItems": _size(list, least=True),
    "minLength": _size(str, least=True),
    "minProperties": _size(dict, least=True),
    "minimum": _limit(lambda value, wanted: value >= wanted),
    "not": _not,
    "oneOf": _one_of,
    "pattern": _pattern,
    "properties": _properties,
    "propertyNames": _names,
    "required": _required,
    "type": _type,
    "uniqueItems": _unique,
}
