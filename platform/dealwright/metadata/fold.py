"""The fold: the documents of all layers become the definitions in force. A pure function; all else follows from it.

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
from dealwright.metadata import canonical, disabled, merge, schemas, variants
from dealwright.metadata.assertions import Assertion, Assertions, Key
from dealwright.metadata.definitions import Document
from dealwright.metadata.layers import BASE_LAYER, Layer
from dealwright.metadata.merge import Steps
from dealwright.metadata.overlaid import Overlaid, Standing
from dealwright.metadata.pointers import named, pointer, steps

#: A file, and the steps to something in it.
Place = tuple[str, tuple[str | int, ...]]


@dataclass(frozen=True, slots=True)
class Folded:
    """The definitions in force, and whence each of their attributes comes.

    Attributes:
        documents: Every effective document.
        owners: Id of the layer that defined each document.
        provenance: Document and path of an attribute to the ids of the layers whose value stands there.
        places: Document and path of an attribute to the file in which it was written, and the steps to it there.
        translations: Locale to path to text.
        problems: What makes these layers impossible together; the documents are whole only if there is none.
        warnings: What still works and should be looked at, such as an override of a value that has changed.
        standings: Id of each patch of the admins to what it comes to over these layers.
    """

    documents: Mapping[Key, Document]
    owners: Mapping[Key, str]
    provenance: Mapping[tuple[Key, Steps], tuple[str, ...]]
    places: Mapping[tuple[Key, Steps], Place]
    translations: Mapping[str, Mapping[str, str]]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    standings: Mapping[str, Standing] = field(default_factory=dict)
    _by_document: dict[Key, list[tuple[Steps, str, tuple[str | int, ...]]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def place(self, kind: str, identifier: str, at: str) -> tuple[str, str]:
        """Return the file and the pointer in it where an author wrote what ``at`` of an effective document says."""
        key = (kind, identifier)
        wanted = named(self.documents.get(key, {}), at)
        if not self._by_document:
            for (other, leaf), (file, where) in self.places.items():
                self._by_document.setdefault(other, []).append((leaf, file, where))
        for length in range(len(wanted), -1, -1):
            for leaf, file, where in self._by_document.get(key, ()):
                if leaf[:length] == wanted[:length]:
                    deeper = len(leaf) - length
                    return file, pointer(where[:-deeper]) if deeper else pointer((*where, *wanted[length:]))
        return "", at


def fold(layers: Sequence[Layer]) -> Folded:
    """Return the definitions in force.

    Args:
        layers: In the order of their dependencies: the base first, each pack after those it requires. Their documents
            fit their schemas (:func:`dealwright.metadata.schemas.check`).
    """
    above = ancestors(layers)
    everything, layers = layers, disabled.stilled(layers)
    found = Assertions()
    for layer in layers:
        for one in layer.documents:
            if not schemas.is_extension(one.document):
                found.define(layer, one)
    for layer in layers:
        for one in layer.documents:
            if schemas.is_extension(one.document):
                found.extend(layer, one, above[layer.id])
    problems = found.problems
    values: dict[Key, dict[Steps, Any]] = {}
    provenance: dict[tuple[Key, Steps], tuple[str, ...]] = {}
    places: dict[tuple[Key, Steps], Place] = {}
    patches = [one for layer in layers for one in layer.patches]
    words = {(one.document, one.steps): one.value for one in patches if one.op == "resolve"}
    for key, attributes in found.said.items():
        values[key] = {}
        for at, said in attributes.items():
            values[key][at], standing = _decided(key, said, above, problems, words.get((key, at)))
            provenance[key, at] = tuple(dict.fromkeys(one.layer.id for one in standing))
            places[key, at] = (standing[-1].source, standing[-1].at)
    overlaid = Overlaid(found, values, provenance, places, {one.id: one for one in layers})
    for patch in sorted(patches, key=lambda one: (one.op != "add", len(one.steps) if one.op == "add" else 0)):
        overlaid.lay(patch)
    documents: dict[Key, Document] = {
        key: merge.rebuilt(key[0], schemas.definition(key[0]), values[key]) for key in found.said
    }
    return variants.resolved(
        Folded(
            documents=documents,
            owners={key: layer.id for key, layer in found.owners.items()},
            provenance=provenance,
            places=places,
            translations=_translations(everything, provenance),
            problems=tuple(problems),
            warnings=tuple(found.warnings),
            standings=overlaid.standings,
        ),
        above,
    )


def ancestors(layers: Sequence[Layer]) -> Mapping[str, frozenset[str]]:
    """Return for each layer the ids of all layers that it builds on, directly or not."""
    found: dict[str, frozenset[str]] = {}
    for layer in layers:
        direct = layer.requires | ({BASE_LAYER} - {layer.id})
        found[layer.id] = direct.union(*(found.get(one, frozenset()) for one in direct))
    return found


def _decided(
    key: Key,
    said: Sequence[Assertion],
    above: Mapping[str, frozenset[str]],
    problems: list[Problem],
    word: str | None = None,
) -> tuple[Any, list[Assertion]]:
    """Return the value that stands, and whose it is; ``word`` is the pack that the admins have named to settle it."""
    if len(said) == 1:
        return said[0].leaf.value, [said[0]]
    where = f"{pointer(said[0].leaf.path)} of “{key[1]}”"
    if said[0].leaf.merge in merge.TIGHTENING:
        return _strictest(where, said, problems)
    if said[0].leaf.merge == "last":
        return _highest(where, said, above, problems, word)
    return _owned(where, said, problems)


def _owned(where: str, said: Sequence[Assertion], problems: list[Problem]) -> tuple[Any, list[Assertion]]:
    """Let only the definer speak; others may repeat him."""
    first = said[0]
    for one in said[1:]:
        if not _same(one, first):
            message = (
                f"{where} is for the pack {first.layer.id} to set, which defines it ({first.leaf.merge}); "
                "use a parameter, or define a document of your own"
            )
            problems.append(Problem(one.place, "protected", message, one.source))
    return first.leaf.value, [first]


def _strictest(where: str, said: Sequence[Assertion], problems: list[Problem]) -> tuple[Any, list[Assertion]]:
    """Let every layer tighten and none loosen."""
    first = said[0]
    try:
        value = merge.TIGHTENING[first.leaf.merge]([one.leaf.value for one in said], first.leaf.order)
    except ValueError:  # a parameter and a number, or two parameters: nobody can say which is stricter
        return _owned(where, said, problems)
    text = canonical.text(value)
    for one in said:
        if one.is_override and canonical.text(one.leaf.value) != text and first.leaf.merge != "union":
            message = f"{where} may only become stricter: {canonical.text(one.leaf.value)} would loosen {text}"
            problems.append(Problem(one.place, "weakens", message, one.source))
    return value, [one for one in said if canonical.text(one.leaf.value) == text] or list(said)


def _highest(
    where: str,
    said: Sequence[Assertion],
    above: Mapping[str, frozenset[str]],
    problems: list[Problem],
    word: str | None,
) -> tuple[Any, list[Assertion]]:
    """Let the layer speak on which no other speaker builds; several such must agree."""
    top = [one for one in said if not any(one.layer.id in above[other.layer.id] for other in said)]
    if any(not _same(one, top[0]) for one in top[1:]):
        if named := [one for one in top if one.layer.id == word]:
            return named[-1].leaf.value, named
        words = sorted(f"{one.layer.id} says {canonical.text(one.leaf.value)}" for one in top)
        message = (
            f"{where} is set differently by packs that do not build on one another: {', '.join(words)}; "
            "let one of them require the other, or say whose word stands (resolve)"
        )
        problems.append(Problem(top[-1].place, "conflict", message, top[-1].source))
    return top[-1].leaf.value, top


def _same(one: Assertion, other: Assertion) -> bool:
    return canonical.text(one.leaf.value) == canonical.text(other.leaf.value)


def _translations(
    layers: Sequence[Layer], provenance: Mapping[tuple[Key, Steps], tuple[str, ...]]
) -> dict[str, dict[str, str]]:
    """Return the texts by locale. A translation holds for the text that its layer could see, not for a later one."""
    rank = {layer.id: i for i, layer in enumerate(layers)}

    def since(where: str) -> int:
        document, _, at = where.partition("#")
        kind, _, identifier = document.partition(":")
        return max((rank[one] for one in provenance.get(((kind, identifier), steps(at)), ())), default=0)

    found: dict[str, dict[str, str]] = {}
    for layer in layers:
        for locale, texts in layer.translations.items():
            kept = {where: text for where, text in texts.items() if since(where) <= rank[layer.id]}
            found.setdefault(locale, {}).update(kept)
    return found
