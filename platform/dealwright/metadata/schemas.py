"""The JSON Schemas of the kinds of document, and what is wrong with a document in the words of its author.

``metadata/schemas/<kind>.schema.json`` is the specification: editors use it as it is. Beside the keywords of JSON
Schema 2020-12 it says how layers merge (``x-merge``, ``x-key``: :mod:`dealwright.metadata.merge`) and, where the
library's words would not help, which message to show (``x-message``).

Documents cannot refer to anything outside: no key ``$ref`` is known, and the validators have an empty registry, so that
nothing is ever fetched.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dealwright import plugins
from dealwright.errors import Problem
from dealwright.metadata import fits
from dealwright.metadata.pointers import pointer
from dealwright.resources import shipped

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

#: Every kind of document, the file of its schema and the definition in it.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "approval": ("approval", "approval"),
    "calendar": ("calendar", "calendar"),
    "dashboard": ("dashboard", "dashboard"),
    "deadline": ("deadline", "deadline"),
    "entity": ("entity", "entity"),
    "fact": ("facts", "fact"),
    "intake": ("intake", "intake"),
    "message": ("message", "message"),
    "option_set": ("option_set", "option_set"),
    "parameter": ("parameters", "parameter"),
    "pipeline": ("pipeline", "pipeline"),
    "report": ("report", "report"),
    "role": ("role", "role"),
    "rule": ("rule", "rule"),
    "score": ("score", "score"),
    "sequence": ("sequence", "sequence"),
    "sla": ("sla", "sla"),
    "view": ("view", "view"),
}
_WORDS: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}


@cache
def schema(name: str) -> Mapping[str, Any]:
    """Return a shipped schema by the name of its file, such as ``entity`` or ``pack``, with what plugins add."""
    file = shipped("metadata") / "schemas" / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for added in plugins.installed().field_types() if name == "entity" else ():
        for names in _types_named(loaded["$defs"]):
            if added.condition in names:
                names.append(added.name)
    if name == "rule":
        for action in plugins.installed().actions().values():
            _with_action(loaded["$defs"]["rule"]["properties"]["then"]["items"], action)
    return loaded


def _with_action(items: dict[str, Any], action: plugins.Action) -> None:
    """Let the schema of an action know one that a plugin adds."""
    items["properties"]["do"]["enum"].append(action.name)
    items["dependentSchemas"]["values"]["properties"]["do"]["enum"].append(action.name)
    values = {"required": sorted(action.required), "propertyNames": {"enum": sorted(action.values)}}
    needs = {"properties": {"values": values}, **({"required": ["values"]} if action.required else {})}
    items["allOf"].append({"if": {"properties": {"do": {"const": action.name}}, "required": ["do"]}, "then": needs})


def _types_named(part: Any) -> Iterator[list[str]]:
    """Yield each list of field types within the schema of a field: those that there are, and those of each keyword."""
    if isinstance(part, dict):
        for key, inner in part.items():
            if key == "field" and isinstance(inner, dict) and "enum" in inner:
                yield inner["enum"]
            else:
                yield from _types_named(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _types_named(inner)


@cache
def fingerprint() -> str:
    """Return the SHA-256 of all shipped schemas: what fitted them still fits while it is the same."""
    files = sorted((shipped("metadata") / "schemas").glob("*.schema.json"))
    added = [f"{one.name} {one.condition}".encode() for one in plugins.installed().field_types()]
    added += [f"{one!r} {sorted(one.required)}".encode() for one in plugins.installed().actions().values()]
    return hashlib.sha256(b"\0".join([*(file.read_bytes() for file in files), *added])).hexdigest()


def definition(kind: str, *, extends: bool = False) -> Mapping[str, Any]:
    """Return the schema of a whole document of this kind, or of one that extends another pack's."""
    name, whole = KINDS[kind]
    found: Mapping[str, Any] = schema(name)["$defs"]["extension" if extends else whole]
    return found


def resolved(kind: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part of a kind's schema with its ``$ref`` put in; own keywords win over the target's."""
    if "$ref" not in part:
        return part
    # The parts of shipped schemas live as long as the process, and a fold asks for the same few thousands of times.
    known = _RESOLVED.get((kind, id(part)))
    if known is None or known[0] is not part:
        known = _RESOLVED[kind, id(part)] = (part, _put_in(kind, part))
    return known[1]


_RESOLVED: Final[dict[tuple[str, int], tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}


def _put_in(kind: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
    target: str = part["$ref"]
    where: Any = schema(KINDS[kind][0])
    for step in target.removeprefix("#/").split("/"):
        where = where[step]
    under = resolved(kind, where)
    over = {key: value for key, value in part.items() if key != "$ref"}
    if "properties" in over:  # it narrows some keys of the target; the others stay
        names = under.get("properties", {})
        over["properties"] = {
            **names,
            **{key: {**names.get(key, {}), **one} for key, one in over["properties"].items()},
        }
    return {**under, **over}


def near(name: str, known: Iterable[str]) -> str:
    """Return “; did you mean …?” for the known name that is most like ``name``, or nothing if none is near."""
    by_lower = {one.casefold(): one for one in known}
    found = difflib.get_close_matches(name.casefold(), list(by_lower), n=1, cutoff=0.6)
    return f"; did you mean “{by_lower[found[0]]}”?" if found else ""


def check(document: Any, source: str = "") -> list[Problem]:
    """Return everything in which a document does not fit the schema of its kind; empty if it fits."""
    if not isinstance(document, Mapping):
        return [Problem("", "wrong-type", f"expected an object with a kind, found {_shown(document)}", source)]
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        message = (
            f"“{kind}” is not a kind of document; expected {', '.join(KINDS)}{near(str(kind), KINDS)}"
            if "kind" in document
            else f"“kind” is missing; expected one of {', '.join(KINDS)}"
        )
        return [Problem("/kind" if "kind" in document else "", "unknown-kind", message, source)]
    form = ("variant" if _has_variants(kind) and "id" in document else "extension") if "extends" in document else ""
    found = problems(checker(kind, form), document, source)
    return [*found, *_unlike(kind, definition(kind), document, source)]


def _unlike(
    kind: str, part: Mapping[str, Any], value: Any, source: str, at: tuple[str | int, ...] = ()
) -> Iterator[Problem]:
    """Yield in what parts do not fit the schema of another kind that they are like (``x-like``): actions of a rule."""
    part = resolved(kind, part)
    if "x-like" in part:
        other, _, way = part["x-like"].partition("/")
        like: Any = definition(other)
        for step in way.split("/"):
            like = like[step]
        yield from check_part(other, like, value, source, at)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(inner := part.get("properties", {}).get(key), Mapping):
                yield from _unlike(kind, inner, one, source, (*at, key))
    elif isinstance(value, list) and isinstance(part.get("items"), Mapping):
        for i, one in enumerate(value):
            yield from _unlike(kind, part["items"], one, source, (*at, i))


def check_manifest(manifest: Any, source: str = "pack.json") -> list[Problem]:
    """Return everything in which the manifest of a pack does not fit its schema."""
    return problems(_whole("pack"), manifest, source)


def check_test(test: Any, source: str, at: tuple[str | int, ...] = ()) -> list[Problem]:
    """Return everything in which one test of a pack does not fit the schema of tests; ``at`` is its place in the file."""
    return problems(_test(), test, source, at)


def check_upgrade(test: Any, source: str, at: tuple[str | int, ...] = ()) -> list[Problem]:
    """Return everything in which one test of an upgrade does not fit its schema; ``at`` is its place in the file."""
    return problems(_upgrade(), test, source, at)


def check_part(kind: str, part: Mapping[str, Any], value: Any, source: str, at: tuple[str | int, ...]) -> list[Problem]:
    """Return in what ``value`` does not fit a part of the schema of ``kind``; ``at`` is its place in the document."""
    # The parts of shipped schemas live as long as the process, and a fold with many overrides asks for the same ones.
    known = _OF_PARTS.get((kind, id(part)))
    if known is None or known[0] is not part:
        whole = {**part, "$defs": schema(KINDS[kind][0])["$defs"]}
        known = _OF_PARTS[kind, id(part)] = (part, Checker(whole))
    return problems(known[1], value, source, at)


_OF_PARTS: Final[dict[tuple[str, int], tuple[Mapping[str, Any], Checker]]] = {}


def _has_variants(kind: str) -> bool:
    return "variant" in schema(KINDS[kind][0])["$defs"]


def is_extension(document: Mapping[str, Any]) -> bool:
    """Tell whether a document adds to another one, and is none of its own; a variant extends one and is one."""
    kind = document.get("kind")
    return "extends" in document and not ("id" in document and kind in KINDS and _has_variants(str(kind)))


@cache
def checker(kind: str, form: str = "") -> Checker:
    """Return what looks at whole documents of a kind, or at those of the form ``extension`` or ``variant``."""
    name, whole = KINDS[kind]
    target = f"#/$defs/{form or whole}"
    return Checker({"$ref": target, "$defs": schema(name)["$defs"]})


@cache
def _whole(name: str) -> Checker:
    return Checker(schema(name))


@cache
def _upgrade() -> Checker:
    return Checker({"$ref": "#/$defs/upgrade", "$defs": schema("test")["$defs"]})


@cache
def _test() -> Checker:
    return Checker({"$ref": "#/$defs/test", "$defs": schema("test")["$defs"]})


class Checker:
    """One schema, ready to look at values: quickly whether they fit, and in the library's words in what they do not."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        """Take a schema with the ``$defs`` that it names."""
        self._whole = whole
        self.fits = fits.compiled(whole)
        self._validator: Draft202012Validator | None = None

    def errors(self, value: Any) -> list[ValidationError]:
        """Return the library's errors; none where the value fits, for which the library is not even imported."""
        if self.fits is not None:
            with suppress(fits.Unsure):
                if self.fits(value):
                    return []
        return list(self.library().iter_errors(value))

    def library(self) -> Draft202012Validator:
        """Return the library's validator of the schema; it fetches nothing."""
        if self._validator is None:
            # A server that serves what was checked before never needs the library, and starts without it.
            from jsonschema import Draft202012Validator
            from referencing import Registry

            self._validator = Draft202012Validator(self._whole, registry=Registry())
        return self._validator


def problems(checker: Checker, value: Any, source: str, at: tuple[str | int, ...] = ()) -> list[Problem]:
    """Return the library's errors as problems, in the order of the document, without those that follow from others."""
    errors = checker.errors(value)
    refused = {tuple(e.absolute_path) for e in errors if e.validator == "enum" and not _dependent(e)}
    found: dict[tuple[str, str], Problem] = {}
    for error in errors:
        if _dependent(error) and tuple(error.absolute_path) in refused:
            continue  # of an unknown type nobody can say which keywords it has
        for steps, code, message in _said(error):
            where = pointer((*at, *steps))
            found.setdefault((where, code), Problem(where, code, message, source))
    return sorted(found.values(), key=lambda problem: problem.pointer)


def _dependent(error: ValidationError) -> bool:
    return "dependentSchemas" in error.absolute_schema_path and error.validator == "enum"


def _said(error: ValidationError) -> Iterator[tuple[list[str | int], str, str]]:
    """Yield place, code and message of what one error of the library is about."""
    at = list(error.absolute_path)
    value: Any = error.instance
    wanted: Any = error.validator_value
    part: Any = error.schema
    rule = str(error.validator)
    own = part.get("x-message") if isinstance(part, Mapping) else None
    if _dependent(error):
        path = list(error.absolute_schema_path)
        keyword = str(path[len(path) - 1 - path[::-1].index("dependentSchemas") + 1])
        yield (
            [*at[:-1], keyword],
            "wrong-place",
            f"“{keyword}” is not for “{value}”, only for {', '.join(wanted)}; remove it",
        )
    elif rule == "additionalProperties" and isinstance(value, Mapping):
        known = part.get("properties", {})
        for key in value:
            if key not in known:
                yield [*at, key], "unknown-key", f"“{key}” is not known here{near(key, known) or _listed(known)}"
    elif rule == "required":
        for key in wanted:
            if key not in value:
                yield at, f"missing-{key}", f"“{key}” is missing{_meaning(part, value, key)}"
    elif rule == "propertyNames" or (at and "propertyNames" in error.absolute_schema_path):
        yield [*at, str(value)], "wrong-name", f"“{value}” cannot be used: {own or f'expected {wanted}'}"
    elif own is not None:
        yield at, "wrong-form", f"{_shown(value)}: {own}" if isinstance(value, str) else str(own)
    elif rule == "type":
        names = [wanted] if isinstance(wanted, str) else wanted
        yield at, "wrong-type", f"expected {' or '.join(_WORDS[name] for name in names)}, found {_shown(value)}"
    elif rule in ("enum", "const"):
        choices = [str(one) for one in (wanted if rule == "enum" else [wanted])]
        hint = near(str(value), choices) or f"; expected {', '.join(choices)}"
        yield at, "not-a-choice", f"{_shown(value)} is not a choice{hint}"
    else:
        yield at, *_limit(rule, wanted, value)


def _limit(rule: str, wanted: Any, value: Any) -> tuple[str, str]:
    match rule:
        case "minLength" | "minItems" | "minProperties":
            what = "is empty" if not value else f"has {len(value)} parts"
            return "too-short", f"{what}; expected at least {wanted}"
        case "maxLength":
            return "too-long", f"has {len(value):,} characters; at most {wanted:,} are taken"
        case "maxItems" | "maxProperties":
            return "too-long", f"has {len(value):,} parts; at most {wanted:,} are taken"
        case "minimum":
            return "too-small", f"{value} is less than {wanted}"
        case "exclusiveMinimum":
            return "too-small", f"{value} is not greater than {wanted}"
        case "maximum":
            return "too-large", f"{value} is greater than {wanted}"
        case "uniqueItems":
            return "twice", "the same value stands here twice; keep one"
        case "pattern":
            return "wrong-form", f"{_shown(value)} does not have the form {wanted}"
        case _:
            return rule.lower(), f"{_shown(value)} does not fit “{rule}” {wanted}"


def _listed(known: Iterable[str]) -> str:
    names = [name for name in known if name != "$schema"]
    return f"; expected one of {', '.join(names)}" if names and len(names) <= 12 else "; remove it"


def _meaning(part: Mapping[str, Any], value: Mapping[str, Any], key: str) -> str:
    """Say what the missing key is for: its description, or the type that asks for it."""
    found = part.get("properties", {}).get(key, {})
    if "description" in found:
        return f": {found['description']}"
    kind = value.get("do") or value.get("field")
    return f"; “{kind}” needs it" if isinstance(kind, str) else ""


def _shown(value: Any) -> str:
    match value:
        case str():
            return f"“{value if len(value) <= 60 else value[:59] + '…'}”"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case None:
            return "null"
        case _:
            return str(value)
