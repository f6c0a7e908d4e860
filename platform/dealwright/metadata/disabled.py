"""What is left in force of a pack that the admins have disabled: what its data need to stay readable, and nothing that acts.

    rule, sequence                    gone; so are those of other packs that name one of them, or one of its clocks
    report, dashboard, view           gone, with those of other packs that show one of them
    sla, deadline                     stay, as conditions may name them; no clock of theirs runs (``sla.of``)
    entity                            stays: its records are read and exported, and not changed (``access``)
    field of another pack's entity    stays, is not asked for, and is on no page; checks and overrides are gone
    pipeline                          stays: records are in its stages
    approval, score                   stay: what is open goes on, what is worked out stands; nothing new begins
    role, parameter, message, option set, calendar, fact    stay

To disable a pack is first aid and always possible, so nothing here can be a problem: what cannot stand without what is
gone is gone too. It all comes back with the pack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import schemas
from dealwright.metadata.layers import Layer, SourcedDocument

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Document

#: What acts by itself, or is a page of its own, and that nothing else needs to be read.
ACTING: Final = frozenset({"rule", "sequence", "report", "dashboard", "view"})
_CLOCKS: Final = frozenset({"sla", "deadline"})
#: Extensions of these stay whole: records may be in a stage that one adds, and rights are no action.
_WHOLE: Final = frozenset({"pipeline", "role", "option_set"})


def ids(layers: Iterable[Layer]) -> frozenset[str]:
    """Return the ids of the packs that the admins have disabled."""
    return frozenset(
        patch.document[1]
        for layer in layers
        for patch in layer.patches
        if patch.op == "disable" and patch.kind == "pack"
    )


def namespaces(layers: Sequence[Layer]) -> frozenset[str]:
    """Return the namespaces of the disabled packs that are among layers."""
    off = ids(layers)
    return frozenset(layer.namespace for layer in layers if layer.id in off)


def stilled(layers: Sequence[Layer]) -> Sequence[Layer]:
    """Return layers in which disabled packs do nothing; the same where none is disabled."""
    off = ids(layers)
    if not off or off.isdisjoint(layer.id for layer in layers):
        return layers
    names: set[str] = set()
    found = [_still(layer, names) if layer.id in off else layer for layer in layers]
    count = -1
    while count != len(names):  # what names something that is gone goes as well, and so on
        count = len(names)
        found = [_without(layer, names) for layer in found]
    return found


def _still(layer: Layer, gone: set[str]) -> Layer:
    kept: list[SourcedDocument] = []
    for one in layer.documents:
        document = one.document
        if not schemas.is_extension(document):
            if document["kind"] in ACTING | _CLOCKS:
                gone.add(document["id"])
            if document["kind"] not in ACTING:
                kept.append(one)
        elif document["kind"] in _WHOLE:
            kept.append(one)
        elif document["kind"] == "entity" and document.get("properties"):
            head = {key: document[key] for key in ("kind", "lang", "extends") if key in document}
            fields = {name: _unasked(spec) for name, spec in document["properties"].items()}
            kept.append(replace(one, document={**head, "properties": fields}))
    return replace(layer, documents=tuple(kept))


def _unasked(spec: Mapping[str, Any]) -> Document:
    return {key: value for key, value in spec.items() if key != "required_when"}


def _without(layer: Layer, gone: set[str]) -> Layer:
    kept = []
    for one in layer.documents:
        if one.document["kind"] in ACTING and _names(one.document, gone):
            if not schemas.is_extension(one.document):
                gone.add(one.document["id"])
        else:
            kept.append(one)
    return layer if len(kept) == len(layer.documents) else replace(layer, documents=tuple(kept))


def _names(node: Any, gone: set[str]) -> bool:
    if isinstance(node, str):
        return node in gone
    if isinstance(node, Mapping):
        return any(_names(one, gone) for one in node.values())
    return isinstance(node, list | tuple) and any(_names(one, gone) for one in node)
