"""Revisions in the database: the layers of a workspace, document by document, from which its catalog is folded again.

Layers are stored, not their fold, because the fold of the same layers is always the same and whatever changes them
later (an upgrade, the admins' own layer) starts from them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import load, patches, pipelines, schemas
from dealwright.metadata.canonical import plain
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.definitions import Document
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.metadata.patches import Patch
from dealwright.storage import revisions

if TYPE_CHECKING:
    from dealwright.storage.database import Connection

#: Under what the admins' changes stand among the documents of a revision.
OVERLAY_DOCUMENT: Final = "overlay"


def store(
    connection: Connection,
    catalog: Catalog,
    layers: Sequence[Layer],
    *,
    reason: str,
    by: str | None,
    at: datetime,
    shards: Collection[str] = (),
) -> None:
    """Store the revision of a catalog, which is not in force before :func:`dealwright.storage.revisions.activate`.

    Args:
        connection: The transaction.
        catalog: What the layers make.
        layers: In the order of the fold.
        reason: Why, for people.
        by: Id of the user; None for the operator.
        at: When.
        shards: Names of the parts of its rules on which the C library was right (:func:`dealwright.rules.shards`).
    """
    stored: dict[str, Any] = {
        "settings": dict(catalog.settings),
        "accepted": {"schemas": schemas.fingerprint(), "shards": sorted(shards)},
    }
    if catalog.versions:
        stored["kept"] = [pipelines.kept(one, {}) for one in catalog.versions.values()]
    for layer in layers:
        if layer.patches:  # which are all that there is to it
            stored[OVERLAY_DOCUMENT] = [one.as_json() for one in layer.patches]
            continue
        stored[f"layer:{layer.id}"] = {
            "id": layer.id,
            "namespace": layer.namespace,
            "version": layer.version,
            "requires": sorted(layer.requires),
            "folder": layer.folder,
            "manifest": plain(layer.manifest),
            "sources": [one.source for one in layer.documents],
        }
        if layer.moves:
            stored[f"layer:{layer.id}"]["moves"] = plain(layer.moves)
        stored.update((f"{layer.id}:{one.source}", plain(one.document)) for one in layer.documents)
        stored.update((f"{layer.id}:i18n:{locale}", dict(texts)) for locale, texts in layer.translations.items())
    packs = {layer.id: layer.version for layer in layers if not layer.patches}
    revisions.put(connection, catalog.revision, stored, packs=packs, reason=reason, by=by, at=at)


@dataclass(frozen=True, slots=True)
class State:
    """What a stored revision was made of, and what need not be looked at again where it has not changed.

    Attributes:
        layers: In the order of the fold.
        settings: What they were folded with.
        accepted: Documents by source that fit the schemas as they are now.
        shards: Names of the parts of the rules on which the C library was right.
        kept: Versions of pipelines that are not in force any more and that records may still finish on.
    """

    revision: str
    layers: tuple[Layer, ...]
    settings: dict[str, str]
    accepted: Mapping[str, Document]
    shards: frozenset[str]
    kept: tuple[Mapping[str, Any], ...] = ()

    @property
    def patches(self) -> tuple[Patch, ...]:
        """What the admins have changed."""
        return tuple(one for layer in self.layers for one in layer.patches)

    def catalog(self) -> Catalog:
        """Return the catalog; nothing of it is checked again, because it was before it was stored."""
        return load.catalog(self.layers, self.settings, checked=True, kept=self.kept)


def state(connection: Connection, revision: str) -> State:
    """Return what a stored revision was made of.

    Raises:
        NotFoundError: If no such revision is stored.
    """
    stored = revisions.documents(connection, revision)
    layers = []
    for name, head in stored.items():
        if not name.startswith("layer:"):
            continue
        prefix = f"{head['id']}:i18n:"
        layers.append(
            Layer(
                id=head["id"],
                namespace=head["namespace"],
                documents=tuple(SourcedDocument(stored[f"{head['id']}:{one}"], one) for one in head["sources"]),
                translations={
                    key.removeprefix(prefix): texts for key, texts in stored.items() if key.startswith(prefix)
                },
                requires=frozenset(head["requires"]),
                version=head["version"],
                manifest=head["manifest"],
                folder=head["folder"],
                moves=tuple(head.get("moves", ())),
            )
        )
    changes = [patches.read(one) for one in stored.get(OVERLAY_DOCUMENT, ())]
    if changes:
        layers.append(patches.layer(changes, layers))
    looked_at = stored.get("accepted", {})
    same = looked_at.get("schemas") == schemas.fingerprint()
    accepted = {one.source: one.document for layer in layers for one in layer.documents} if same else {}
    shards = frozenset(looked_at.get("shards", ()))
    return State(revision, tuple(layers), stored["settings"], accepted, shards, tuple(stored.get("kept", ())))


def stored_layers(connection: Connection, revision: str) -> tuple[list[Layer], dict[str, str]]:
    """Return the layers of a stored revision, in the order of the fold, and the settings they were folded with.

    Raises:
        NotFoundError: If no such revision is stored.
    """
    found = state(connection, revision)
    return list(found.layers), found.settings


def stored_catalog(connection: Connection, revision: str) -> Catalog:
    """Return the catalog of a stored revision; nothing of it is checked again, because it was before it was stored.

    Raises:
        NotFoundError: If no such revision is stored.
    """
    return state(connection, revision).catalog()
