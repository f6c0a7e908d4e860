"""Catalogs that this test process has read: the same definitions are read once for all tests, as for all requests.

A catalog never changes. A test that changes the program itself (``monkeypatch``) reads definitions anew and leaves none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dealwright import plugins
from dealwright.metadata import load
from dealwright.records import Workspace
from dealwright.storage import revisions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.layers import Layer
    from dealwright.storage import Database

#: Whether the test that runs may use what others have read.
shared = False
_by_revision: dict[tuple[int, str], Catalog] = {}
_by_layers: dict[tuple[int, str], Catalog] = {}


def of(layers: Sequence[Layer], settings: Mapping[str, str]) -> Catalog:
    """Return the catalog of layers."""
    if not shared:
        return load.catalog(layers, settings)
    key = id(plugins.installed()), json.dumps([list(map(_said, layers)), dict(settings)], default=str)
    if key not in _by_layers:
        _by_layers[key] = load.catalog(layers, settings)
    return _by_layers[key]


def _said(layer: Layer) -> list[object]:
    texts = {locale: dict(some) for locale, some in layer.translations.items()}
    documents = [[one.source, one.document] for one in layer.documents]
    return [layer.id, layer.namespace, layer.version, sorted(layer.requires), texts, documents, repr(layer.manifest)]


def opened(database: Database, folder: Path) -> Workspace:
    """Return the workspace of a database; what is in force there is known, if another test has read it."""
    made = Workspace(database, folder, on_catalog=_remember)
    if shared:
        with database.read() as connection:
            revision = revisions.active(connection)
        known = _by_revision.get((id(plugins.installed()), revision))
        if known is not None:
            made._catalogs[revision] = known
    return made


def _remember(catalog: Catalog) -> None:
    if shared:
        _by_revision.setdefault((id(plugins.installed()), catalog.revision), catalog)
