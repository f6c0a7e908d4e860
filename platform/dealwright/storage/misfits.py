"""How many stored records do not meet a limit that shall be stricter: what a plan counts before it is applied."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.storage import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection

_Column = sa.ColumnElement[Any]
_BROKEN: Final[dict[str, Callable[[_Column, Any], _Column]]] = {
    "maxLength": lambda column, limit: sa.func.length(column) > limit,
    "minLength": lambda column, limit: sa.func.length(column) < limit,
    "minimum": lambda column, limit: column < limit,
    "maximum": lambda column, limit: column > limit,
    "exclusiveMinimum": lambda column, limit: column <= limit,
    "exclusiveMaximum": lambda column, limit: column >= limit,
}


def beyond(connection: Connection, catalog: Catalog, entity: str, field: str, keyword: str, limit: Any) -> int:
    """Return how many records of an entity break a limit on a field; one statement that looks at each of them.

    Args:
        connection: The transaction.
        catalog: The definitions in force, which the tables fit.
        entity: Its id.
        field: One of its fields with a column of its own; of others nothing is counted.
        keyword: ``maxLength``, ``minimum`` and the like; of others nothing is counted.
        limit: A number; a parameter is not counted.
    """
    table = tables.layout(catalog, entity).table
    if keyword not in _BROKEN or field not in table.c or isinstance(limit, bool | dict):
        return 0
    number = limit if keyword.endswith("Length") else Decimal(str(limit))
    return _count(connection, table, _BROKEN[keyword](table.c[field], number))


def empty(connection: Connection, catalog: Catalog, entity: str, field: str) -> int:
    """Return how many records of an entity have nothing in a field; all of them if it has no such column yet."""
    table = tables.layout(catalog, entity).table
    return _count(connection, table, table.c[field].is_(None) if field in table.c else sa.true())


def records(connection: Connection, catalog: Catalog, entity: str) -> int:
    """Return how many records an entity has, archived ones too."""
    return _count(connection, tables.layout(catalog, entity).table, sa.true())


def _count(connection: Connection, table: sa.Table, where: _Column) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(where)).scalar_one())
