"""How many records must still be kept, because the law or a contract says for how long (``retention`` of an entity)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.conditions.sql.types import UtcDateTime
from dealwright.storage import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection

FOREVER: Final = "forever"
_KEEP: Final = re.compile(r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?\Z")


def held(
    connection: Connection,
    table: sa.Table,
    retention: Mapping[str, Any] | None,
    now: datetime,
    where: sa.ColumnElement[bool] | None = None,
) -> int:
    """Return how many records of a table must still be kept; none where nothing says how long.

    A record whose date is not known yet is kept: its time has not begun. The last day is kept whole.

    Args:
        connection: The transaction.
        table: Of an entity.
        retention: ``{"keep": "P5Y", "from": "expires_on"}`` of its document.
        now: The present moment.
        where: Which records are asked about; None for all of them.
    """
    if not retention:
        return 0
    count = sa.select(sa.func.count()).select_from(table)
    if where is not None:
        count = count.where(where)
    if retention["keep"] != FOREVER:
        column = table.c[retention.get("from", "created_at")]
        begun = _earlier(now.astimezone(UTC).date(), retention["keep"])
        # What lies before that day has been kept for as long as it must be.
        limit: date | datetime = datetime.combine(begun, time(), UTC) if isinstance(column.type, UtcDateTime) else begun
        count = count.where(column.is_(None) | (column >= limit))
    return int(connection.execute(count).scalar_one())


def of_record(connection: Connection, catalog: Catalog, entity: str, record: str, now: datetime) -> bool:
    """Tell whether a record must still be kept; asks the database only where something says how long."""
    rules = catalog.entity(entity).document.get("retention")
    table = tables.layout(catalog, entity).table
    return bool(held(connection, table, rules, now, table.c.id == record))


def _earlier(day: date, keep: str) -> date:
    """Return the day that lies a period before another; the last of a month stands for days that it has not."""
    found = _KEEP.match(keep)
    years, months, days = (int(one or 0) for one in found.groups()) if found is not None else (0, 0, 0)
    months += 12 * years
    if months >= 12 * day.year:
        return date.min
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    moved = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return moved - timedelta(days=days) if days < moved.toordinal() else date.min
