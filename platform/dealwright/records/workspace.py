"""A workspace: one database with its own catalog, users and records."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from dealwright import packs
from dealwright.records.strikes import Strikes
from dealwright.storage import revisions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from dealwright.metadata.catalog import Catalog
    from dealwright.records.work import Work
    from dealwright.storage import Database

#: Catalogs kept in memory: the active one, and those that requests in flight still use while a new one goes live.
_KEPT = 4


class Workspace:
    """One database with the catalogs of its revisions. Made once per process and workspace; safe for threads.

    Attributes:
        database: Where everything is.
        folder: Where uploaded files lie.
        strikes: What counts against rules in this process.
        drawn: Makes a report, as its answer has it, a page that stands alone, for a mail; None where this process has no
            pages.
    """

    def __init__(
        self, database: Database, folder: Path, *, on_catalog: Callable[[Catalog], object] | None = None
    ) -> None:
        """Describe a workspace.

        Args:
            database: A migrated database.
            folder: Where uploaded files lie; made when the first one comes.
            on_catalog: Called with each catalog that this process sees for the first time; it must return at once.
        """
        self.database = database
        self.folder = folder
        self._on_catalog = on_catalog
        self._catalogs: OrderedDict[str, Catalog] = OrderedDict()
        self._lock = threading.Lock()
        self.strikes = Strikes()
        self.drawn: Callable[[Work, Mapping[str, Any]], str] | None = None

    def watch(self, on_catalog: Callable[[Catalog], object]) -> None:
        """Have a function called with each catalog that this process knows already, and with each that comes."""
        with self._lock:
            known = list(self._catalogs.values())
            self._on_catalog = on_catalog
        for catalog in known:
            on_catalog(catalog)

    def catalog(self, connection: Connection) -> Catalog:
        """Return the catalog that is in force for this transaction; one small statement.

        The caller keeps it to the end of its transaction: a revision that goes live meanwhile is for the next one.
        """
        return self.catalog_of(connection, revisions.active(connection))

    def latest(self) -> Catalog | None:
        """Return the catalog that was used last: most likely the one in force. None before the first."""
        with self._lock:
            return next(reversed(self._catalogs.values()), None)

    def catalog_of(self, connection: Connection, revision: str) -> Catalog:
        """Return the catalog of a revision, parsed once per process."""
        with self._lock:
            if (catalog := self._catalogs.get(revision)) is not None:
                self._catalogs.move_to_end(revision)
                return catalog
        # Parsed outside the lock, which every request takes: two threads may do it twice, and one result is kept.
        made = packs.stored_catalog(connection, revision)
        with self._lock:
            catalog = self._catalogs.setdefault(revision, made)
            while len(self._catalogs) > _KEPT:
                self._catalogs.popitem(last=False)
        if self._on_catalog is not None and catalog is made:
            self._on_catalog(catalog)
        return catalog
