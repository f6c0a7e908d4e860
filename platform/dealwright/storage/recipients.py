"""Who is to be told: the active users behind ids of users and teams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dealwright.metadata.names import EVERYBODY
from dealwright.storage import tables
from dealwright.storage.several import chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who can be told. ``email`` and ``locale`` are None where his record has none."""

    id: str
    team: str | None
    email: str | None
    locale: str | None


def of(connection: Connection, catalog: Catalog, ids: Sequence[str]) -> list[Recipient]:
    """Return the active users among ``ids``, and those of the teams among them; each once, by id.

    With ``EVERYBODY`` among the ids it is every active user.
    """
    table = tables.of(catalog).tables["base__user"]
    columns = [table.c[name] for name in Recipient.__slots__]
    found = {}
    everybody = EVERYBODY in ids
    for some in chunks([EVERYBODY] if everybody else list(ids)):
        meant = sa.true() if everybody else table.c.id.in_(some) | table.c.team.in_(some)
        where = (meant, table.c.active.is_(True), table.c.archived_at.is_(None))
        for row in connection.execute(sa.select(*columns).where(*where)):
            found[row[0]] = Recipient(*row)
    return [found[one] for one in sorted(found)]
