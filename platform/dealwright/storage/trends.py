"""Measures of the records that refer to a record, period by period; one statement for any number of records."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions import sql
from dealwright.events import RECORD_TYPES
from dealwright.storage import tables
from dealwright.storage.several import chunks
from dealwright.storage.system import event

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection


@dataclass(slots=True)
class Measured:
    """What records add up to, for one record that they refer to.

    Attributes:
        operation: count, sum, avg, min or max.
        first: The earliest date or moment among them.
        parts: For each period the measure so far (None without any record) and, for avg, over how many.
    """

    operation: str
    first: date | datetime
    parts: list[tuple[Decimal | int | None, int]]

    def add(self, other: Measured) -> None:
        """Take what other records add up to in."""
        self.first = min(self.first, other.first)
        self.parts = [
            (_together(self.operation, mine, theirs), count + more)
            for (mine, count), (theirs, more) in zip(self.parts, other.parts, strict=True)
        ]

    @property
    def values(self) -> list[Decimal | int | None]:
        """The measure of each period; None where a period has no record."""
        if self.operation != "avg":
            return [value for value, _ in self.parts]
        return [Decimal(value or 0) / count if count else None for value, count in self.parts]


def _together(operation: str, mine: Decimal | int | None, theirs: Decimal | int | None) -> Decimal | int | None:
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    if operation in ("min", "max"):
        return min(mine, theirs) if operation == "min" else max(mine, theirs)
    return mine + theirs


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
    untouched: datetime | None = None,
) -> dict[str, Measured]:
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
        untouched: Only records about which the log tells nothing since this moment; None for all.

    Returns:
        By id; those to which no record refers before the last boundary are left out.
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
    if untouched is not None:
        changed = sa.select(event.c.id).where(
            event.c.record == table.c.id, event.c.entity == of, event.c.at >= untouched, event.c.type.in_(RECORD_TYPES)
        )
        criteria.append(~changed.exists())
    wanted = sa.select(link, *columns).where(link.in_(sa.bindparam("ids__", expanding=True)), *criteria).group_by(link)
    found: dict[str, Measured] = {}
    for some in chunks(list(ids)):
        for identifier, first, *values in connection.execute(wanted, {"ids__": some}):
            counts = values[1::2] if measure[0] == "avg" else [0] * len(values)
            totals = values[::2] if measure[0] == "avg" else values
            found[identifier] = Measured(measure[0], first, list(zip(totals, counts, strict=True)))
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
