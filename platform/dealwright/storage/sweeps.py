"""Going through the records of an entity, some hundred at a time, in the order of their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions import sql
from dealwright.storage import tables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection


def matching(
    connection: Connection, catalog: Catalog, entity: str, condition: Condition | None, env: Mapping[str, Any]
) -> sa.Select[tuple[str]]:
    """Return a SELECT of the ids of active records that meet a filter; None for all."""
    table = tables.layout(catalog, entity).table
    statement = sa.select(table.c.id).where(table.c.archived_at.is_(None))
    if condition is not None:
        statement = statement.where(sql.criteria(condition, tables.of(catalog), table, catalog, env))
    return statement


def page(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    fields: Collection[str] = (),
    *,
    condition: Condition | None = None,
    env: Mapping[str, Any] | None = None,
    after: str | None = None,
    limit: int = 500,
    lock: bool = False,
) -> list[dict[str, Any]]:
    """Return the next active records: ``id`` and those ``fields`` that have a column. One statement.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        entity: Whose records.
        fields: Fields to read.
        condition: A filter that they meet; None for all.
        env: ``now()``, ``today()`` and ``user.…`` for the condition.
        after: Id of the last one of the page before.
        limit: How many at most.
        lock: Whether nobody may change them before the transaction ends.
    """
    table = tables.layout(catalog, entity).table
    names = ["id", *(name for name in sorted(fields) if name in table.c and name != "id")]
    statement = sa.select(*(table.c[name] for name in names)).where(table.c.archived_at.is_(None))
    if condition is not None:
        statement = statement.where(sql.criteria(condition, tables.of(catalog), table, catalog, env or {}))
    if after is not None:
        statement = statement.where(table.c.id > after)
    statement = statement.order_by(table.c.id).limit(limit)
    if lock:
        statement = statement.with_for_update(of=table)
    return [dict(zip(names, row, strict=True)) for row in connection.execute(statement)]
