"""How many records a rule would look at: what an administrator should know before it goes live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from dealwright.conditions import sql
from dealwright.storage import tables

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection

#: Records are counted up to here: enough to know that it is very many, and never long.
COUNTED: Final = 100_000


def matching(connection: Connection, catalog: Catalog, entity: str, condition: Condition | None, now: datetime) -> int:
    """Return how many active records meet a filter now (None for all), counted up to :data:`COUNTED`."""
    table = tables.layout(catalog, entity).table
    where: list[sa.ColumnElement[bool]] = [table.c.archived_at.is_(None)]
    if condition is not None:
        where.append(_criteria(catalog, table, condition, now))
    return _counted(connection, table, where)


def both(connection: Connection, catalog: Catalog, entity: str, one: Condition, other: Condition, now: datetime) -> int:
    """Return how many active records meet two filters now, of this or of another catalog with the same tables."""
    table = tables.layout(catalog, entity).table
    where = [_criteria(catalog, table, each, now) for each in (one, other)]
    return _counted(connection, table, [table.c.archived_at.is_(None), *where])


def older(connection: Connection, catalog: Catalog, entity: str, field: str, than: datetime) -> int:
    """Return how many active records have a moment before another one; without an activity, that of their making."""
    table = tables.layout(catalog, entity).table
    moment: sa.ColumnElement[datetime] = table.c[field]
    if field == "last_activity_at":
        moment = sa.func.coalesce(moment, table.c.created_at)
    before = sa.bindparam(None, than, type_=table.c[field].type)
    return _counted(connection, table, [table.c.archived_at.is_(None), moment < before])


def _criteria(catalog: Catalog, table: sa.Table, condition: Condition, now: datetime) -> sa.ColumnElement[bool]:
    zone = ZoneInfo(catalog.settings.get("zone", "UTC"))
    env = {"now()": now, "today()": now.astimezone(zone).date()}
    return sql.criteria(condition, tables.of(catalog), table, catalog, env)


def _counted(connection: Connection, table: sa.Table, where: list[sa.ColumnElement[bool]]) -> int:
    some = sa.select(sa.literal_column("1")).select_from(table).where(*where).limit(COUNTED).subquery()
    number: int = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return number
