"""What a workspace's own admins change: small patches over the packs, each of which remembers what it changed.

    {"path": "pipeline:sales.standard#/stages/proposal/title", "op": "set", "value": "Offer",
     "base": {"value": "Proposal", "layer": "sales_pipeline", "version": "1.4.0"},
     "by": "0199…", "at": "2026-03-02T02:12:00Z", "reason": "As the quotes call it"}

    op          path names                                   value
    set         an attribute                                 what it becomes
    add         an element ``c__…``, or a document ``c.…``   the element, or the document
    resolve     an attribute on which packs disagree         id of the pack whose value stands
    translate   a text                                       locale to text
    disable     a pack, ``pack:med_devices#``                nothing

There is at most one patch for an operation on a path, so its id follows from both. Nothing of a pack is ever edited: what
a pack says and what the admins say are laid over one another anew each time (:mod:`dealwright.metadata.fold`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from dealwright.errors import Problem
from dealwright.metadata import names, schemas
from dealwright.metadata.canonical import plain
from dealwright.metadata.layers import BASE_LAYER, Layer, SourcedDocument
from dealwright.metadata.pointers import steps

Operation = Literal["set", "add", "resolve", "translate", "disable"]
OPERATIONS: Final[tuple[str, ...]] = get_args(Operation)
#: Id of the layer of the admins' own changes, and its namespace.
OVERLAY: Final = names.CUSTOM
#: A patch is one attribute or one small document.
MAX_REASON: Final = 1000
_PATH: Final = re.compile(r"(?P<kind>[a-z_]+):(?P<id>[a-z0-9_.]+)#(?P<at>(?:/[^/]+)*)\Z")


@dataclass(frozen=True, slots=True)
class Base:
    """What stood where a patch was made, as the admin saw it.

    Attributes:
        value: The value; None where there was none.
        layer: Whose it was: one id, or several with ``+`` between; empty where there was none.
        version: Of that layer.
    """

    value: Any
    layer: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Patch:
    """One change of the admins.

    Attributes:
        path: What it changes, elements named by id: ``entity:sales.deal#/properties/name/title``.
        op: How.
        value: To what.
        base: What stood there; None where nothing can stand: for what is added, translated or disabled.
        by: Id of the user; None for the operator.
        at: When, RFC 3339.
        reason: Why, for people.
    """

    path: str
    op: str
    value: Any = None
    base: Base | None = None
    by: str | None = None
    at: str = ""
    reason: str = ""

    @property
    def id(self) -> str:
        """Its id, which follows from path and operation."""
        return identifier(self.path, self.op)

    @property
    def kind(self) -> str:
        """The kind of document that it is about, or ``pack``."""
        return self.path.partition(":")[0]

    @property
    def document(self) -> tuple[str, str]:
        """Kind and id of what it is about."""
        return self.kind, self.path.partition("#")[0].partition(":")[2]

    @property
    def steps(self) -> tuple[str, ...]:
        """Where in the document; empty for the whole."""
        return steps(self.path.partition("#")[2])

    @property
    def source(self) -> str:
        """What problems call it, in place of a file."""
        return f"overlay/{self.path.removesuffix('#')}"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON, decimals as strings; what is empty is left out."""
        told: dict[str, Any] = {"path": self.path, "op": self.op}
        if self.value is not None:
            told["value"] = plain(self.value)
        if self.base is not None:
            base = {"value": plain(self.base.value), "layer": self.base.layer, "version": self.base.version}
            told["base"] = {key: value for key, value in base.items() if value not in (None, "")}
        more = {"by": self.by, "at": self.at, "reason": self.reason}
        return {**told, **{key: value for key, value in more.items() if value}}


def identifier(path: str, op: str) -> str:
    """Return the id of the patch with this path and operation."""
    return "p_" + hashlib.sha256(f"{op} {path}".encode()).hexdigest()[:12]


def problems(given: Any, source: str) -> list[Problem]:
    """Return in what something is not the JSON of a patch; whether it fits the definitions is the fold's to say."""
    if not isinstance(given, Mapping):
        return [Problem("", "wrong-type", "expected an object with path, op and value", source)]
    found = [
        Problem(f"/{key}", "unknown-key", f"“{key}” is no part of a patch{schemas.near(key, _KEYS)}", source)
        for key in given
        if key not in _KEYS
    ]
    path, op = given.get("path"), given.get("op", "set")
    match = _PATH.match(path) if isinstance(path, str) else None
    if match is None or len(str(path)) > 400:
        message = "a path is a kind, an id and a place: entity:sales.deal#/properties/name/title"
        found.append(Problem("/path", "wrong-form", message, source))
    if op not in OPERATIONS:
        found.append(Problem("/op", "not-a-choice", f"expected one of {', '.join(OPERATIONS)}", source))
    if match is None or op not in OPERATIONS:
        return found
    found += [Problem(f"/{key}", code, message, source) for key, code, message in _misfits(match, op, given)]
    base = given.get("base")
    if base is not None and not (isinstance(base, Mapping) and base.keys() <= {"value", "layer", "version"}):
        found.append(Problem("/base", "wrong-form", "a base has value, layer and version", source))
    for key in ("by", "at", "reason"):
        if not isinstance(given.get(key, ""), str | None) or len(given.get(key) or "") > MAX_REASON:
            message = f"expected a text of at most {MAX_REASON:,} characters"
            found.append(Problem(f"/{key}", "wrong-type", message, source))
    return found


_KEYS: Final = ("path", "op", "value", "base", "by", "at", "reason", "id", "state")


def _misfits(match: re.Match[str], op: str, given: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    kind, identifier, at, value = match["kind"], match["id"], match["at"], given.get("value")
    if (kind == "pack") != (op == "disable"):
        yield "op", "wrong-operation", "a pack can be disabled, and nothing else; set mode to draft for a rule"
    elif kind != "pack" and kind not in schemas.KINDS:
        known = schemas.near(kind, schemas.KINDS)
        yield "path", "unknown-kind", f"“{kind}” is not a kind of document{known}"
    elif op in ("set", "resolve", "translate") and not at:
        yield "path", "wrong-form", "a path to an attribute goes on behind the #, such as #/title"
    elif op == "add" and not at:
        whole = isinstance(value, Mapping) and value.get("kind") == kind and value.get("id") == identifier
        if not whole:
            yield "value", "wrong-form", f"the value is the whole document, with kind “{kind}” and id “{identifier}”"
        elif names.namespace_of(identifier) != OVERLAY:
            yield "path", "foreign-namespace", f"a document of your own has an id that starts with “{OVERLAY}.”"
    elif op == "add" and not isinstance(value, Mapping):
        yield "value", "wrong-type", "what is added is an object"
    elif op == "resolve" and not isinstance(value, str):
        yield "value", "wrong-type", "the value is the id of the pack whose word stands"
    elif op == "translate" and not (isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())):
        yield "value", "wrong-type", "the value is an object of locale to text"


def read(given: Mapping[str, Any]) -> Patch:
    """Return a patch from its JSON, which has no :func:`problems`."""
    base = given.get("base")
    kept = Base(base.get("value"), base.get("layer", ""), base.get("version", "")) if base is not None else None
    return Patch(
        path=given["path"],
        op=given.get("op", "set"),
        value=given.get("value"),
        base=kept,
        by=given.get("by") or None,
        at=given.get("at") or "",
        reason=given.get("reason") or "",
    )


def layer(patches: Iterable[Patch], below: Iterable[Layer]) -> Layer:
    """Return the layer of the overlay over others: documents of its own, translations, and patches.

    Args:
        patches: At most one for an operation on a path.
        below: The base and the packs.
    """
    ordered = tuple(sorted(patches, key=lambda one: (one.at, one.path, one.op)))
    documents: list[SourcedDocument] = []
    translations: dict[str, dict[str, str]] = {}
    for one in ordered:
        if one.op == "add" and not one.steps:
            documents.append(SourcedDocument(one.value, one.source))
        elif one.op == "translate":
            for locale, text in one.value.items():
                translations.setdefault(locale, {})[one.path] = text
    return Layer(
        OVERLAY,
        names.CUSTOM,
        tuple(documents),
        MappingProxyType(translations),
        requires=frozenset(one.id for one in below if one.id != BASE_LAYER),
        folder="overlay",
        patches=ordered,
    )


def moved(patch: Patch, moves: Iterable[Mapping[str, Any]]) -> Patch:
    """Return a patch under the names that packs have given to what it is about (``moves.json``)."""
    path = patch.path
    for one in moves:
        was, now = one.get("from"), one.get("to")
        if isinstance(was, str) and isinstance(now, str) and (path == was or path.startswith(f"{was}/")):
            path = now + path[len(was) :]
    return patch if path == patch.path else replace(patch, path=path)
