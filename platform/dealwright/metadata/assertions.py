"""What each layer says about each attribute, before it is decided whose word stands.

Here it is seen that a layer speaks only of what is its own or what it may speak of: ids in its own namespace, elements
added to another pack's document named ``namespace__name``, extensions of packs that it requires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dealwright.errors import Problem
from dealwright.metadata import canonical, merge, names, schemas
from dealwright.metadata.definitions import Document
from dealwright.metadata.layers import Layer, SourcedDocument, numbered
from dealwright.metadata.merge import Leaf, Steps
from dealwright.metadata.pointers import pointer, steps

#: Kind and id of a document.
Key = tuple[str, str]

_NOT_CONTENT = frozenset({"$schema", "overrides"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """One layer's value of one attribute.

    Attributes:
        source: File in which it was written.
        at: Steps to it in that file.
        is_override: Whether the layer sets it on another pack's element, rather than as part of its own.
    """

    layer: Layer
    leaf: Leaf
    source: str
    at: tuple[str | int, ...]
    is_override: bool = False

    @property
    def place(self) -> str:
        """JSON Pointer to it in its file."""
        return pointer(self.at)


@dataclass
class Assertions:
    """All that the layers say, by document and attribute, in the order in which it was said.

    Attributes:
        owners: Which layer defined each document.
        said: Every attribute of each document with its assertions, lowest layer first.
        problems: What a layer may not say, or says of nothing.
        warnings: Overrides of values that are no longer what their author saw.
        there: Of each document every attribute, and all that lies around one.
    """

    owners: dict[Key, Layer] = field(default_factory=dict)
    said: dict[Key, dict[Steps, list[Assertion]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    there: dict[Key, set[Steps]] = field(default_factory=dict)

    def define(self, layer: Layer, one: SourcedDocument) -> None:
        """Take in a whole document of a layer."""
        document = numbered(one.document)
        key = (document["kind"], document["id"])
        if names.namespace_of(key[1]) != layer.namespace:
            message = f"“{key[1]}” is not of this pack; the id of what it defines starts with “{layer.namespace}.”"
            self.problems.append(Problem("/id", "foreign-namespace", message, one.source))
        elif not names.is_id(key[1]):
            message = f"“{key[1]}” is too long; each part of an id has at most 40 characters"
            self.problems.append(Problem("/id", "name-too-long", message, one.source))
        elif key in self.owners:
            message = f"there are two documents of the kind {key[0]} with the id “{key[1]}”; rename one or remove it"
            self.problems.append(Problem("/id", "twice", message, one.source))
        else:
            self.owners[key] = layer
            self.said[key] = {}
            self.there[key] = set()
            self._take(key, layer, document, one.source)

    def extend(self, layer: Layer, one: SourcedDocument, below: frozenset[str]) -> None:
        """Take in what a layer adds to, or sets on, a document of a layer ``below`` it."""
        document = numbered(one.document)
        key = (document["kind"], document["extends"])
        added = {name: value for name, value in document.items() if name not in ("kind", "lang", "extends")}
        overrides = document.get("overrides", ())
        refusal = self._refusal(key, layer, below, bool(added.keys() - _NOT_CONTENT), bool(overrides))
        if refusal is not None:
            self.problems.append(Problem("/extends", "cannot-extend", refusal, one.source))
            return
        self._take(key, layer, added, one.source)
        for i, override in enumerate(overrides):
            self._override(key, layer, override, ("overrides", i), one.source)

    def _refusal(self, key: Key, layer: Layer, below: frozenset[str], adds: bool, overrides: bool) -> str | None:
        """Return why a layer may not extend a document, or None if it may."""
        owner = self.owners.get(key)
        if owner is None:
            known = [identifier for kind, identifier in self.owners if kind == key[0]]
            return f"there is no {key[0]} “{key[1]}” to extend{schemas.near(key[1], known)}"
        if owner.id == layer.id:
            return f"“{key[1]}” is this pack's own; write it into the document that defines it"
        if owner.id not in below:
            return f"“{key[1]}” belongs to the pack {owner.id}; name that pack under requires in pack.json"
        if any(one.leaf.value for one in self.said[key].get(("sealed",), ())):
            return f"“{key[1]}” is sealed: the pack {owner.id} lets no other pack extend it"
        said = self.said[key].get(("extensible",))
        allowed = said[0].leaf.value if said else {}
        if adds and not allowed.get("fields", True):
            return f"“{key[1]}” takes no fields, checks or options of other packs (extensible)"
        if overrides and not allowed.get("overrides", True):
            return f"“{key[1]}” lets no other pack set its attributes (extensible)"
        return None

    def _take(self, key: Key, layer: Layer, document: Document, source: str) -> None:
        content = {name: value for name, value in document.items() if name not in _NOT_CONTENT}
        for leaf in merge.leaves(key[0], schemas.definition(key[0]), content):
            self._add(key, Assertion(layer, leaf, source, leaf.place))

    def _add(self, key: Key, one: Assertion) -> None:
        self._check_names(key, one)
        said = self.said[key].setdefault(one.leaf.path, [])
        if one.leaf.merge != "union" and any(other.layer.id == one.layer.id for other in said):
            if one.leaf.path[-1] == "id" or one.is_override:
                what = f"the id “{one.leaf.value}”" if one.leaf.path[-1] == "id" else pointer(one.leaf.path)
                message = f"{what} stands here twice; keep one of them"
                self.problems.append(Problem(one.place, "twice", message, one.source))
            return
        said.append(one)
        path, there = one.leaf.path, self.there[key]
        while path and path not in there:  # what is around something that is there is there as well
            there.add(path)
            path = path[:-1]

    def _check_names(self, key: Key, one: Assertion) -> None:
        """Hold a layer to its own names where an element occurs for the first time."""
        if one.leaf.path[:-1] in self.there[key]:
            return
        owner = self.owners[key]
        part: Mapping[str, Any] | None = schemas.definition(key[0])
        for depth, step in enumerate(one.leaf.path[:-1]):
            if part is None:
                return
            at = one.leaf.path[: depth + 1]
            if owner.id != one.layer.id and step.startswith(f"{one.layer.namespace}__"):
                return  # what the layer itself added; what is in it has whatever names the layer gives
            if merge.is_element(key[0], part, step) and at not in self.there[key]:
                prefix, bar, rest = step.partition("__")
                if owner.id != one.layer.id and (not bar or prefix != one.layer.namespace):
                    self._misnamed(
                        one,
                        f"“{step}” is added to “{key[1]}” of the pack {owner.id}, so its name is "
                        f"“{one.layer.namespace}__{rest or step}”",
                    )
                elif owner.id == one.layer.id and bar and at[-2:-1] != ("options",):
                    self._misnamed(one, f"“{step}”: __ stands only in what other packs add; use a single _")
                return
            part = merge.inside(key[0], part, step)

    def _misnamed(self, one: Assertion, message: str) -> None:
        self.problems.append(Problem(one.place.rpartition("/")[0], "foreign-name", message, one.source))

    def _override(
        self, key: Key, layer: Layer, override: Mapping[str, Any], place: tuple[str | int, ...], source: str
    ) -> None:
        at = steps(override["path"].removeprefix("#"))
        part = self._part(key, at, pointer((*place, "path")), override["path"], source)
        if part is None:
            return
        value = override["value"]
        known = self.said[key]
        if at not in self.there[key]:  # a new element of a keyed list: its id stands in the path
            value = {"id": at[-1], **value} if isinstance(value, Mapping) and self.is_keyed(key, at) else value
        if "x-merge" in part or at not in self.there[key]:
            wrong = schemas.check_part(key[0], part, value, source, (*place, "value"))
            if wrong:
                self.problems.extend(wrong)
                return
        elif not isinstance(value, Mapping):
            message = f"{override['path']} has attributes of its own; set one of them, or give an object with some"
            self.problems.append(Problem(pointer((*place, "value")), "wrong-type", message, source))
            return
        if "was" in override and at in known:
            now, was = (canonical.text(one) for one in (known[at][-1].leaf.value, override["was"]))
            if now != was:
                message = (
                    f"{override['path']} of “{key[1]}” was {was} when this was written and is now {now}; look again"
                )
                self.warnings.append(Problem(pointer((*place, "was")), "stale-override", message, source))
        for leaf in merge.leaves(key[0], part, value, at):
            where = (*place, "value", *leaf.place)
            self._add(key, Assertion(layer, leaf, source, where, is_override=True))

    def is_keyed(self, key: Key, at: Steps) -> bool:
        """Tell whether a path names an element of a list, which carries its id, and not a key of an object."""
        here: Mapping[str, Any] | None = schemas.definition(key[0])
        for step in at[:-1]:
            here = merge.inside(key[0], here, step) if here is not None else None
        return here is not None and "x-key" in schemas.resolved(key[0], here)

    def _part(self, key: Key, at: Steps, place: str, shown: str, source: str) -> Mapping[str, Any] | None:
        """Return the schema of what a path names; None, and a problem, if it names nothing."""
        here: Mapping[str, Any] = schemas.definition(key[0])
        for depth, step in enumerate(at):
            inner = None if "x-merge" in here else merge.inside(key[0], here, step)
            is_last = depth + 1 == len(at)
            absent = merge.is_element(key[0], here, step) and at[: depth + 1] not in self.there[key]
            if inner is None or (absent and not is_last):
                siblings = {path[depth] for path in self.said[key] if len(path) > depth and path[:depth] == at[:depth]}
                message = f"“{step}” in {shown} is nothing of “{key[1]}”"
                hint = schemas.near(step, siblings | set(here.get("properties", ())))
                self.problems.append(Problem(place, "unknown-path", message + hint, source))
                return None
            here = inner
        return here
