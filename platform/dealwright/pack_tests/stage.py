"""Where tests of a pack take place: one throw-away workspace, of which nothing is left after each test.

The workspace is a real one in a SQLite file, made once for a pack: migrated, the pack and what it requires installed.
Each test runs in one transaction of it that is rolled back at the end, each of its steps in a savepoint.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dealwright import clock, packs
from dealwright.errors import NotFoundError
from dealwright.metadata import load, names
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.metadata.patches import Patch
from dealwright.packs.enact import enact
from dealwright.packs.prepare import prepare
from dealwright.records import Workspace
from dealwright.storage import Database, migrations, revisions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Connection


@dataclass(frozen=True, slots=True)
class Beside:
    """What is in force in a workspace, together with which a pack is tested.

    Attributes:
        packs: Its packs; one with the id of the tested one is replaced by it.
        overlay: What its admins have changed.
    """

    packs: Sequence[packs.PackSource] = ()
    overlay: Sequence[Patch] = ()


class Stage:
    """One throw-away workspace.

    Attributes:
        catalog: The definitions of the pack and all that it requires, with no parameter changed.
    """

    def __init__(
        self,
        database: Database,
        workspace: Workspace,
        sources: Sequence[packs.PackSource],
        own: str,
        overlay: Sequence[Patch] = (),
    ) -> None:
        self._database, self._workspace, self._sources, self._own = database, workspace, sources, own
        self._overlay = overlay
        self._variants: dict[str, tuple[Catalog, list[Layer]]] = {}
        with database.read() as connection:
            self.catalog = workspace.catalog(connection)

    @contextmanager
    def play(self, uses: Mapping[str, Any]) -> Iterator[tuple[Workspace, Connection, Catalog]]:
        """Begin a test: yield the workspace, its one transaction and the definitions; at the end nothing has happened.

        Raises:
            DefinitionError: If a parameter or setting of ``uses`` cannot be as it says.
        """
        with self._database.write() as connection:
            savepoint = connection.begin_nested()
            try:
                catalog = self.catalog
                if uses.get("params") or uses.get("settings"):
                    catalog = self._put_in_force(connection, uses)
                yield self._workspace, connection, catalog
            finally:
                savepoint.rollback()

    def _put_in_force(self, connection: Connection, uses: Mapping[str, Any]) -> Catalog:
        params, settings = uses.get("params", {}), uses.get("settings", {})
        key = json.dumps([params, settings], sort_keys=True)
        if key not in self._variants:
            if self._overlay:
                layers = packs.layers_of(self._sources, self._patched(params))
            else:
                layers = packs.layers_of(self._sources)
                if params:
                    layers.append(self._changed(params))
            self._variants[key] = (load.catalog(layers, settings), layers)
        catalog, layers = self._variants[key]
        packs.store(connection, catalog, layers, reason="a test", by=None, at=clock.now())
        revisions.activate(connection, catalog.revision, reason="a test", by=None, at=clock.now())
        return self._workspace.catalog(connection)

    def _patched(self, params: Mapping[str, Any]) -> list[Patch]:
        """Return what the admins have changed, with the parameters of a test in the place of theirs.

        Raises:
            NotFoundError: If there is no such parameter.
        """
        changes = {one.id: one for one in self._overlay}
        for name, value in params.items():
            namespace, _, rest = name.rpartition("__")
            identifier = f"{namespace or self._own}.{rest}"
            if identifier not in self.catalog.parameters:
                raise NotFoundError(f"there is no parameter “{identifier}”")
            patch = Patch(f"parameter:{identifier}#/default", "set", value)
            changes[patch.id] = patch
        return list(changes.values())

    def _changed(self, params: Mapping[str, Any]) -> Layer:
        """Return what the admins of a workspace add by setting parameters."""
        documents = []
        for name, value in params.items():
            namespace, _, rest = name.rpartition("__")
            document = {
                "kind": "parameter",
                "extends": f"{namespace or self._own}.{rest}",
                "overrides": [{"path": "#/default", "value": value}],
            }
            documents.append(SourcedDocument(document, f"uses/params/{name}"))
        required = frozenset(one.id for one in self._sources)
        return Layer(names.CUSTOM, names.CUSTOM, tuple(documents), requires=required)


@contextmanager
def made(
    source: packs.PackSource, places: Sequence[Path], begins: datetime, beside: Beside | None = None
) -> Iterator[Stage]:
    """Make the workspace for the tests of a pack; it is removed at the end.

    Args:
        source: The pack.
        places: Where packs that it requires may lie, beside the usual places.
        begins: The earliest moment of a test; the pack is in force from the day before.
        beside: What is in force with it.

    Raises:
        DefinitionError: If the pack, or what it requires, has a fault.
    """
    beside = beside or Beside()
    sources = {**{one.id: one for one in beside.packs}, source.id: source}
    packs.with_required(sources, places)
    with empty() as (database, workspace):
        with clock.frozen(begins.astimezone(UTC) - timedelta(days=1)):
            with database.read() as connection:
                wanted = packs.Wanted(packs=list(sources.values()), overlay=beside.overlay or None)
                prepared = prepare(connection, wanted)
            enact(database, prepared, by=None, reason="pack test")
        yield Stage(database, workspace, list(sources.values()), source.layer.namespace, beside.overlay)


@contextmanager
def empty() -> Iterator[tuple[Database, Workspace]]:
    """Yield a workspace in which nothing is in force yet; it is removed at the end."""
    with (
        TemporaryDirectory(prefix="dealwright-") as folder,
        Database(f"sqlite:///{Path(folder) / 'workspace.db'}") as database,
    ):
        migrations.upgrade(database)
        yield database, Workspace(database, Path(folder) / "files")
