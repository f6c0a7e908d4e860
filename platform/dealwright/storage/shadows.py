"""Fills the shadow columns of records that were there before the column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.metadata import names
from dealwright.storage import tables

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection

#: Records in one statement.
_BATCH = 5000


def fill(connection: Connection, catalog: Catalog, column: sa.Column[Any]) -> None:
    """Work out a shadow column of every stored record; does nothing for another column."""
    table = column.table
    entity = catalog.entities[table.info["entity"]]
    shadow = tables.comparable(entity, column.key) if table.name == names.table_name(entity.id) else None
    if shadow is None:
        return
    field, comparable = shadow
    text = table.c[field]
    statement = sa.update(table).where(table.c.id == sa.bindparam("id__")).values({column.key: sa.bindparam("value__")})
    last = ""
    while True:
        some = sa.select(table.c.id, text).where(table.c.id > last, text.is_not(None)).order_by(table.c.id)
        rows = connection.execute(some.limit(_BATCH)).all()
        if not rows:
            return
        last = rows[-1][0]
        connection.execute(statement, [{"id__": row[0], "value__": comparable(row[1])} for row in rows])
