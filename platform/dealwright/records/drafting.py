"""Draft definitions beside those in force: a catalog in which some documents are other than they are, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dealwright import conditions, fields, packs, rules
from dealwright.errors import DefinitionError, Problem
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.records.work import Work

#: Kinds that can be tried: none of them changes a table.
KINDS: Final = ("rule", "score", "pipeline", "approval", "parameter")


def drafted(work: Work, documents: Sequence[Mapping[str, Any]]) -> Catalog:
    """Return the catalog in force with these whole documents in place of those with the same ids, or beside them.

    A rule that is a draft is taken as live: that is what is asked.

    Raises:
        DefinitionError: With every fault, as if they were published.
    """
    wrong = [
        one for one in documents if not isinstance(one, Mapping) or one.get("kind") not in KINDS or "id" not in one
    ]
    if wrong or not documents:
        text = f"only whole documents can be tried, of the kinds {', '.join(KINDS)}"
        raise DefinitionError("the draft cannot be tried", [Problem("/kind", "not-a-draft", text, "draft")])
    layers, settings = packs.stored_layers(work.connection, work.catalog.revision)
    for one in documents:
        document = {**one, "mode": "live"} if one["kind"] == "rule" and one.get("mode") == "draft" else one
        layers = _with(layers, SourcedDocument(document, f"draft/{one['kind']}/{one['id']}"))
    catalog = load.catalog(layers, settings)
    found = [*conditions.problems(catalog), *fields.problems(catalog), *rules.problems(catalog)]
    if found:
        raise load.refused(found)
    return catalog


def _with(layers: Iterable[Layer], sourced: SourcedDocument) -> list[Layer]:
    """Return the layers with a document in the one that has it, else in that of its namespace, else in one of its own."""
    layers = list(layers)
    key = (sourced.document["kind"], sourced.document["id"])
    namespace = namespace_of(str(key[1]))
    for place, layer in enumerate(layers):
        kept = tuple(one for one in layer.documents if (one.document.get("kind"), one.document.get("id")) != key)
        if len(kept) < len(layer.documents) or (layer.namespace == namespace and not _elsewhere(layers, key)):
            layers[place] = replace(layer, documents=(*kept, sourced))
            return layers
    before = frozenset(one.id for one in layers)
    return [*layers, Layer(namespace, namespace, (sourced,), {}, before)]


def _elsewhere(layers: Iterable[Layer], key: tuple[str, str]) -> bool:
    return any((one.document.get("kind"), one.document.get("id")) == key for layer in layers for one in layer.documents)
