"""What goes into the fold: documents with their files, and the layer that brought them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dealwright.metadata import names
from dealwright.metadata.definitions import EMPTY, Document

if TYPE_CHECKING:
    from dealwright.metadata.patches import Patch

#: Id of the layer of the platform's own definitions; every other layer builds on it.
BASE_LAYER = names.BASE


@dataclass(frozen=True, slots=True)
class SourcedDocument:
    """A document as its author wrote it, and the file that problems name."""

    document: Document
    source: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """The base, a pack, or what a workspace's admins add. Never changed, only replaced by another release.

    Attributes:
        id: ``base``, the id of a pack, or ``c``.
        namespace: What stands before the dot in the ids of its documents.
        requires: Ids of the layers that it builds on directly; the base always counts as one.
        translations: Locale to path (``entity:sales.lead#/title``) to text.
        manifest: The pack's manifest; empty for the admins' own layer.
        folder: How the sources of its files begin; empty where there are none.
        moves: Entries of its ``moves.json``: what has another name than in an earlier version.
        patches: Of the admins' own layer, what it changes of the others (:mod:`dealwright.metadata.patches`).
    """

    id: str
    namespace: str
    documents: tuple[SourcedDocument, ...]
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    requires: frozenset[str] = frozenset()
    version: str = "0"
    manifest: Document = field(default_factory=lambda: EMPTY)
    folder: str = ""
    moves: tuple[Mapping[str, Any], ...] = ()
    patches: tuple[Patch, ...] = ()


def numbered(document: Document) -> Document:
    """Return the document with an explicit ``order`` on each field of an entity, and on each place of a view.

    Order is what the author wrote, and JSON objects have none, so it is written down as numbers. A field without
    ``order`` has ten times its place; those of an extension come after the owner's.
    """
    key = {"entity": "properties", "view": "fields"}.get(str(document.get("kind")), "")
    if not isinstance(document.get(key), Mapping):
        return document
    return {**document, key: _numbered(document[key], 10_000 if "extends" in document else 0)}


def _numbered(properties: Mapping[str, Any], start: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, (name, spec) in enumerate(properties.items(), 1):
        if isinstance(spec, Mapping):
            spec = {"order": start + 10 * place, **spec}
            items = spec.get("items")
            if isinstance(items, Mapping) and isinstance(items.get("properties"), Mapping):
                spec["items"] = {**items, "properties": _numbered(items["properties"], 0)}
        found[name] = spec
    return found
