"""What one transaction works with, and the results that it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dealwright import clock
from dealwright.storage import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, MetaData

    from dealwright.access import User
    from dealwright.errors import Problem
    from dealwright.metadata.catalog import Catalog
    from dealwright.records.workspace import Workspace


class Work:
    """One transaction of one user on one catalog.

    Attributes:
        now: The moment at which everything in this transaction happens.
        rules: Whether rules are asked; False only for an import that says so, which the audit log records.
        address: Where the request came from, for the audit log; empty for the command line.
        bulk: Whether this is a batch of an import: what its rules do is bounded by the file, not by a budget.
    """

    def __init__(
        self,
        workspace: Workspace,
        connection: Connection,
        user: User,
        *,
        catalog: Catalog | None = None,
        rules: bool = True,
        address: str = "",
        bulk: bool = False,
    ) -> None:
        self.workspace = workspace
        self.connection = connection
        self.user = user
        self.catalog = catalog if catalog is not None else workspace.catalog(connection)
        self.now: datetime = clock.now()
        self.rules = rules
        self.address = address
        self.bulk = bulk

    @property
    def tables(self) -> MetaData:
        """The tables of the catalog's entities."""
        return tables.of(self.catalog)

    @cached_property
    def env(self) -> Mapping[str, Any]:
        """What conditions know in this transaction whatever the record: the user, the moment, the day."""
        zone = ZoneInfo(self.catalog.settings.get("zone", "UTC"))
        return {**self.user.env(), "now()": self.now, "today()": self.now.astimezone(zone).date()}


@dataclass(frozen=True, slots=True)
class Change:
    """What a caller asks for.

    Attributes:
        data: Fields and their new values, API JSON.
        id: The record to change; None makes a new one.
        version: The version that the caller has seen; None changes whatever is there.
    """

    data: Mapping[str, Any]
    id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A record after a save.

    Attributes:
        record: The record in API JSON, as far as the user may see it; empty where many were saved at once.
        warnings: What checks of level ``warning`` and suspicious duplicates say.
        decisions: Ids of the stored decisions that the save led to.
        unchanged: True if the save changed nothing, wrote nothing and left the version as it was.
    """

    id: str
    version: int
    record: Mapping[str, Any]
    warnings: Sequence[Problem] = ()
    decisions: Sequence[str] = field(default_factory=tuple)
    created: bool = False
    unchanged: bool = False
