"""Measures of the records that refer to a record, period by period; one statement for any number of records."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions import sql
from dealwright.storage import tables
from dealwright.storage.several import chunks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection


def measured(
    connection: Connection,
    catalog: Catalog,
    of: str,
    ids: Collection[str],
    *,
    via: str,
    at: str,
    measure: tuple[str, str | None],
    boundaries: Sequence[date | datetime],
    where: Condition | None,
    env: Mapping[str, Any],
) -> dict[str, tuple[bool, list[Decimal | int | None]]]:
    """Return what active records of ``of`` add up to, for each record that they refer to.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        of: Entity of the records that are measured.
        ids: The records that they may refer to.
        via: Their reference.
        at: Their date or datetime.
        measure: count, sum, avg, min or max, and the field; None with count.
        boundaries: Where periods begin, rising, and where the last one ends; of the type of ``at``.
        where: A filter that they meet.
        env: ``now()`` and ``today()`` for the filter.

    Returns:
        Id to whether any record lies before the end of the first period, and the value of each period; None where a
        period has no record. Ids to which none refers before the last boundary are left out.
    """
    table = tables.layout(catalog, of).table
    link, moment = table.c[via], table.c[at]
    ends = [sa.bindparam(f"b{place}", value, type_=moment.type) for place, value in enumerate(boundaries)]
    columns: list[sa.ColumnElement[Any]] = [sa.func.min(moment)]
    for start, end in pairwise(ends):
        columns += _columns(table, measure, sa.and_(moment >= start, moment < end))
    criteria = [table.c.archived_at.is_(None), moment < ends[-1]]
    if where is not None:
        criteria.append(sql.criteria(where, tables.of(catalog), table, catalog, env))
    wanted = sa.select(link, *columns).where(link.in_(sa.bindparam("ids__", expanding=True)), *criteria).group_by(link)
    found: dict[str, tuple[bool, list[Decimal | int | None]]] = {}
    for some in chunks(list(ids)):
        for identifier, first, *values in connection.execute(wanted, {"ids__": some}):
            if measure[0] == "avg":
                pairs = zip(values[::2], values[1::2], strict=True)
                values = [Decimal(total) / count if count else None for total, count in pairs]
            found[identifier] = (first < boundaries[1], list(values))
    return found


def _columns(
    table: sa.Table, measure: tuple[str, str | None], within: sa.ColumnElement[bool]
) -> list[sa.ColumnElement[Any]]:
    operation, field = measure
    if operation == "count" or field is None:
        return [sa.func.sum(sa.case((within, 1), else_=0))]
    value = sa.case((within, table.c[field]))
    if operation == "avg":  # divided in Python: an average of scaled numbers would be a binary float on SQLite
        return [sa.func.sum(value), sa.func.count(value)]
    measures: Mapping[str, Any] = {"sum": sa.func.sum, "min": sa.func.min, "max": sa.func.max}
    return [measures[operation](value)]
