"""The fold: the documents of all layers become the definitions in force. A pure function, so everything follows from it.

Install, upgrade, rollback and uninstall are the same fold over another set of layers; nothing is ever merged into a
living definition, so nothing has to be taken out of one again. Each document is laid apart into attributes
(:mod:`dealwright.metadata.merge`), each attribute is decided by its merge class, and the layer whose value stands is
remembered. Order comes from what packs declare, never from when they were installed: two unrelated packs that set one
attribute to different values are a problem, not a race.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dealwright.errors import Problem
from dealwright.metadata import canonical, merge, names, schemas
from dealwright.metadata.definitions import Document
from dealwright.metadata.layers import BASE_LAYER, Layer, SourcedDocument, numbered
from dealwright.metadata.merge import Leaf, Steps
from dealwright.metadata.pointers import named, path, pointer, steps

#: Kind and id of a document.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Folded:
    """The definitions in force, and whence each of their attributes comes.

    Attributes:
        documents: Every effective document.
        owners: Id of the layer that defined each document.
        provenance: Document and path of an attribute to the ids of the layers whose value stands there.
        places: Document and path of an attribute to file and JSON Pointer in which it was written.
        translations: Locale to path to text.
        problems: What makes these layers impossible together; the documents are whole only if there is none.
        warnings: What still works and should be looked at, such as an override of a value that has changed.
    """

    documents: Mapping[Key, Document]
    owners: Mapping[Key, str]
    provenance: Mapping[tuple[Key, Steps], tuple[str, ...]]
    places: Mapping[tuple[Key, Steps], tuple[str, str]]
    translations: Mapping[str, Mapping[str, str]]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    def place(self, kind: str, identifier: str, at: str) -> tuple[str, str]:
        """Return the file and the pointer in it where an author wrote what ``at`` of an effective document says."""
        key = (kind, identifier)
        wanted = named(self.documents.get(key, {}), at)
        for length in range(len(wanted), -1, -1):
            path = wanted[:length]
            for (other, leaf), found in self.places.items():
                if other == key and leaf[:length] == path:
                    file, where = found
                    rest = len(leaf) - length
                    return file, pointer(steps(where)[:-rest]) if rest else where + pointer(wanted[length:])
        return "", at


@dataclass(frozen=True, slots=True)
class _Assertion:
    """One layer's value of one attribute. ``is_override`` marks one that a document set on another pack's."""

    layer: Layer
    leaf: Leaf
    source: str
    place: str
    is_override: bool = False


@dataclass
class _Work:
    """What the fold has found so far."""

    owners: dict[Key, Layer] = field(default_factory=dict)
    asserted: dict[Key, dict[Steps, list[_Assertion]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def add(self, key: Key, assertion: _Assertion) -> None:
        self.asserted[key].setdefault(assertion.leaf.path, []).append(assertion)


def fold(layers: Sequence[Layer]) -> Folded:
    """Return the definitions in force.

    Args:
        layers: In the order of their dependencies: the base first, each pack after those it requires. Their documents
            fit their schemas (:func:`dealwright.metadata.schemas.check`).
    """
    work = _Work()
    above = ancestors(layers)
    for layer in layers:
        for one in layer.documents:
            if "extends" not in one.document:
                _define(work, layer, one)
    for layer in layers:
        for one in layer.documents:
            if "extends" in one.document:
                _extend(work, layer, one, above)
    documents: dict[Key, Document] = {}
    provenance: dict[tuple[Key, Steps], tuple[str, ...]] = {}
    places: dict[tuple[Key, Steps], tuple[str, str]] = {}
    for key, attributes in work.asserted.items():
        values: dict[Steps, Any] = {}
        for at, assertions in attributes.items():
            values[at], standing = _decided(work, key, assertions, above)
            provenance[key, at] = tuple(dict.fromkeys(one.layer.id for one in standing))
            places[key, at] = (standing[-1].source, standing[-1].place)
        documents[key] = merge.rebuilt(key[0], schemas.definition(key[0]), values)
    return Folded(
        documents=documents,
        owners={key: layer.id for key, layer in work.owners.items()},
        provenance=provenance,
        places=places,
        translations=_translations(layers, provenance),
        problems=tuple(work.problems),
        warnings=tuple(work.warnings),
    )


def ancestors(layers: Sequence[Layer]) -> Mapping[str, frozenset[str]]:
    """Return for each layer the ids of all layers that it builds on, directly or not."""
    found: dict[str, frozenset[str]] = {}
    for layer in layers:
        direct = layer.requires | ({BASE_LAYER} - {layer.id})
        found[layer.id] = direct.union(*(found.get(one, frozenset()) for one in direct))
    return found


def _define(work: _Work, layer: Layer, one: SourcedDocument) -> None:
    document = numbered(one.document)
    key = (document["kind"], document["id"])
    if names.namespace_of(key[1]) != layer.namespace:
        message = f"“{key[1]}” is not of this pack; the id of what it defines starts with “{layer.namespace}.”"
        work.problems.append(Problem("/id", "foreign-namespace", message, one.source))
        return
    if key in work.owners:
        message = f"there are two documents of the kind {key[0]} with the id “{key[1]}”; rename one or remove it"
        work.problems.append(Problem("/id", "twice", message, one.source))
        return
    work.owners[key] = layer
    work.asserted[key] = {}
    for leaf in merge.leaves(key[0], schemas.definition(key[0]), _content(document)):
        _check_element_names(work, key, layer, leaf, one.source, pointer(leaf.place))
        work.add(key, _Assertion(layer, leaf, one.source, pointer(leaf.place)))


def _content(document: Document) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("$schema", "extends", "overrides")}


def _extend(work: _Work, layer: Layer, one: SourcedDocument, above: Mapping[str, frozenset[str]]) -> None:
    document = numbered(one.document)
    key = (document["kind"], document["extends"])
    owner = work.owners.get(key)
    message = None
    if owner is None:
        known = [identifier for kind, identifier in work.owners if kind == key[0]]
        message = f"there is no {key[0]} “{key[1]}” to extend{schemas.near(key[1], known)}"
    elif owner.id == layer.id:
        message = f"“{key[1]}” is this pack's own; write it into the document that defines it"
    elif owner.id not in above[layer.id]:
        message = f"“{key[1]}” belongs to the pack {owner.id}; name that pack under requires in pack.json"
    if message is not None:
        work.problems.append(Problem("/extends", "cannot-extend", message, one.source))
        return
    allowed = work.asserted[key].get(("extensible",))
    open_to = allowed[0].leaf.value if allowed else {}
    content = {name: value for name, value in _content(document).items() if name not in ("kind", "lang")}
    if content and not open_to.get("fields", True):
        message = f"“{key[1]}” takes no fields, checks or options of other packs (extensible)"
        work.problems.append(Problem("", "cannot-extend", message, one.source))
        return
    for leaf in merge.leaves(key[0], schemas.definition(key[0]), content):
        _check_element_names(work, key, layer, leaf, one.source, pointer(leaf.place))
        work.add(key, _Assertion(layer, leaf, one.source, pointer(leaf.place)))
    overrides = document.get("overrides", ())
    if overrides and not open_to.get("overrides", True):
        message = f"“{key[1]}” lets no other pack set its attributes (extensible)"
        work.problems.append(Problem("/overrides", "cannot-extend", message, one.source))
        return
    for i, override in enumerate(overrides):
        _override(work, key, layer, override, f"/overrides/{i}", one.source)


def _override(work: _Work, key: Key, layer: Layer, override: Mapping[str, Any], place: str, source: str) -> None:
    at = steps(override["path"].removeprefix("#"))
    part: Mapping[str, Any] | None = schemas.definition(key[0])
    known = work.asserted[key]
    for depth, step in enumerate(at):
        if part is not None and "x-merge" in part:
            part = None
        here = part
        part = merge.inside(key[0], here, step) if here is not None else None
        is_new = here is not None and merge.is_element(key[0], here, step) and not _within(known, at[: depth + 1])
        if part is None or (is_new and depth + 1 < len(at)):
            siblings = {one[depth] for one in known if len(one) > depth and one[:depth] == at[:depth]}
            siblings |= set(here.get("properties", ())) if here is not None else set()
            message = f"“{step}” in {override['path']} is nothing of “{key[1]}”{schemas.near(step, siblings)}"
            work.problems.append(Problem(f"{place}/path", "unknown-path", message, source))
            return
    assert part is not None
    value = override["value"]
    if merge.is_element(key[0], _parent(key[0], at), at[-1]) and isinstance(value, Mapping) and _is_keyed(key[0], at):
        value = {"id": at[-1], **value}
    wrong = (
        schemas.check_part(key[0], part, value, source, (*steps(place), "value"))
        if not _within(known, at) or ("x-merge" in part)
        else []
    )
    if wrong:
        work.problems.extend(wrong)
        return
    if (
        "was" in override
        and at in known
        and canonical.text(known[at][-1].leaf.value) != canonical.text(override["was"])
    ):
        message = (
            f"{override['path']} of “{key[1]}” was {canonical.text(override['was'])} when this was written and is now "
            f"{canonical.text(known[at][-1].leaf.value)}; look at it again"
        )
        work.warnings.append(Problem(f"{place}/was", "stale-override", message, source))
    for leaf in merge.leaves(key[0], part, value, at):
        _check_element_names(work, key, layer, leaf, source, place)
        work.add(key, _Assertion(layer, leaf, source, f"{place}/value{pointer(leaf.place)}", is_override=True))


def _parent(kind: str, at: Steps) -> Mapping[str, Any]:
    part: Mapping[str, Any] = schemas.definition(kind)
    for step in at[:-1]:
        part = merge.inside(kind, part, step) or {}
    return part


def _is_keyed(kind: str, at: Steps) -> bool:
    return "x-key" in schemas.resolved(kind, _parent(kind, at))


def _within(known: Mapping[Steps, object], at: Steps) -> bool:
    return any(one[: len(at)] == at for one in known)


def _check_element_names(work: _Work, key: Key, layer: Layer, leaf: Leaf, source: str, place: str) -> None:
    """Hold a layer to its own names: what it adds to another's document is ``namespace__name``."""
    owner = work.owners[key]
    known = work.asserted[key]
    part: Mapping[str, Any] | None = schemas.definition(key[0])
    for depth, step in enumerate(leaf.path[:-1]):
        if part is None:
            return
        at = leaf.path[: depth + 1]
        if merge.is_element(key[0], part, step) and not _within(known, at):
            prefix, bar, _ = step.partition("__")
            if owner.id == layer.id:
                if bar and at[-2:-1] != ("options",):
                    message = (
                        f"“{step}”: a name with __ belongs to what other packs add; use single _ in your own document"
                    )
                    work.problems.append(Problem(place, "foreign-name", message, source))
            elif not bar or prefix != layer.namespace:
                message = (
                    f"“{step}” is added to “{key[1]}” of the pack {owner.id}, so its name is "
                    f"“{layer.namespace}__{step.rpartition('__')[2]}”"
                )
                work.problems.append(Problem(place, "foreign-name", message, source))
            return
        part = merge.inside(key[0], part, step)


def _decided(
    work: _Work, key: Key, assertions: Sequence[_Assertion], above: Mapping[str, frozenset[str]]
) -> tuple[Any, list[_Assertion]]:
    """Return the value that stands, and whose it is."""
    first = assertions[0]
    values = [one.leaf.value for one in assertions]
    if len(assertions) == 1:
        return first.leaf.value, [first]
    where = f"{pointer(first.leaf.path)} of “{key[1]}”"
    strictest = merge.TIGHTENING.get(first.leaf.merge)
    if strictest is not None:
        try:
            value = strictest(values, first.leaf.order)
        except ValueError:
            if len({canonical.text(one) for one in values}) > 1:
                message = f"{where} is set by several packs and cannot be compared; only its owner can change it"
                work.problems.append(Problem(assertions[-1].place, "cannot-compare", message, assertions[-1].source))
            return first.leaf.value, [first]
        for one in assertions[1:]:
            if one.is_override and canonical.text(one.leaf.value) != canonical.text(value):
                message = (
                    f"{where} may only become stricter: {canonical.text(one.leaf.value)} would loosen "
                    f"{canonical.text(value)}"
                )
                work.problems.append(Problem(one.place, "weakens", message, one.source))
        return value, [one for one in assertions if canonical.text(one.leaf.value) == canonical.text(value)] or [first]
    if first.leaf.merge != "last":
        for one in assertions[1:]:
            if canonical.text(one.leaf.value) != canonical.text(first.leaf.value):
                message = (
                    f"{where} can only be changed by the pack {first.layer.id} that defines it ({first.leaf.merge}); "
                    "use a parameter, or disable the document and define your own"
                )
                work.problems.append(Problem(one.place, "protected", message, one.source))
        return first.leaf.value, [first]
    top = [one for one in assertions if not any(one.layer.id in above[other.layer.id] for other in assertions)]
    if len({canonical.text(one.leaf.value) for one in top}) > 1:
        said = ", ".join(f"{one.layer.id} says {canonical.text(one.leaf.value)}" for one in sorted(top, key=_layer_id))
        message = (
            f"{where} is set differently by packs that do not build on one another: {said}; let one require the other"
        )
        work.problems.append(Problem(top[-1].place, "conflict", message, top[-1].source))
    return top[-1].leaf.value, top


def _layer_id(one: _Assertion) -> str:
    return one.layer.id


def _translations(
    layers: Sequence[Layer], provenance: Mapping[tuple[Key, Steps], tuple[str, ...]]
) -> dict[str, dict[str, str]]:
    """Return the texts by locale. A translation holds for the text that its layer could see, not for a later one."""
    rank = {layer.id: i for i, layer in enumerate(layers)}
    since = {path(kind, name, at): max(rank[one] for one in whose) for ((kind, name), at), whose in provenance.items()}
    found: dict[str, dict[str, str]] = {}
    for layer in layers:
        for locale, texts in layer.translations.items():
            kept = {where: text for where, text in texts.items() if since.get(where, 0) <= rank[layer.id]}
            found.setdefault(locale, {}).update(kept)
    return found
