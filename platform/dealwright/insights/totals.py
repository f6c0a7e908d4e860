"""Counts, sums and other measures of records by group; as a Pareto table, and as a leaderboard.

``totals``       count, and sum, average, least or greatest of a field, by up to two groups.
``pareto``       the groups by size, with the share that those up to each make together. V. Pareto, *Cours d'économie
                 politique*, 1897; J. M. Juran, *Quality Control Handbook*, 1951, for "the vital few": class A are the
                 groups that together make the first 80 %.
``leaderboard``  the groups ranked by size, equal ones with an equal rank, those of each band of tenure by themselves.

One statement each. Without a measure it is the count.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.insights import figures, ground
from dealwright.insights.ground import Key
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.rules.spans import months_later

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.insights.ground import Ground

_PLACES: Final = Decimal("0.000001")
#: Percent of the whole that class A makes.
_VITAL: Final = 80


def timed(at: Ground) -> str:
    """Return the field that says when a record counts: that of the period, else when it was made."""
    period = at.report.period
    return period.of if period is not None and period.of is not None else "created_at"


def told(at: Ground, keys: Sequence[Key]) -> sa.Subquery:
    """Return the cases: each record with its keys ``k0`` … and the measured value ``v``."""
    path = at.report.measure[1]
    columns = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    if path is not None:
        columns.append(at.value(path).label("v"))
    within = at.within(at.value(timed(at))) if at.between is not None else []
    return sa.select(at.table.c.id.label("record"), *columns).where(*at.criteria, *within).subquery("told")


def measured(at: Ground, cases: sa.Subquery) -> list[sa.ColumnElement[Any]]:
    """Return the count and what the measure is made of."""
    operation, path = at.report.measure
    found: list[sa.ColumnElement[Any]] = [sa.func.count()]
    if path is None:
        return found
    value = cases.c.v
    if operation == "avg":  # divided in Python: an average of scaled numbers would be a binary float on SQLite
        return [*found, sa.func.sum(value), sa.func.count(value)]
    if operation == "sum" and isinstance(value.type, sa.Integer):
        return [*found, sa.cast(sa.func.sum(value), sa.BigInteger)]
    measures: dict[str, Any] = {"sum": sa.func.sum, "min": sa.func.min, "max": sa.func.max}
    return [*found, measures[operation](value)]


def settled(at: Ground, values: Sequence[Any]) -> Any:
    """Return the measure out of what :func:`measured` found."""
    operation, path = at.report.measure
    if path is None:
        return values[0]
    if operation == "avg":
        return (Decimal(values[1]) / values[2]).quantize(_PLACES) if values[2] else None
    return values[1]


def columns(at: Ground) -> tuple[Column, ...]:
    """Return the columns of the count and the measure."""
    count = Column("count", "count", counted=True)
    operation, path = at.report.measure
    return (count,) if path is None else (count, Column(f"{operation}:{path}", "value", path=path))


def sums(at: Ground, keys: Sequence[Key]) -> tuple[list[Row], sa.Subquery]:
    """Return a row for each group with the count and the measure, in the order of the keys; one statement."""
    cases = told(at, keys)
    names = [cases.c[f"k{i}"] for i in range(len(keys))]
    statement = sa.select(*names, *measured(at, cases)).select_from(cases).group_by(*names).order_by(*names)
    found = []
    for row in at.rows(statement):
        rest = row[len(keys) :]
        figured = {"count": rest[0]}
        if at.report.measure[1] is not None:
            figured[columns(at)[-1].id] = settled(at, rest)
        found.append(Row(tuple(row[: len(keys)]), figured))
    return found, cases


def table(at: Ground, keys: Sequence[Key], rows: Sequence[Row], cases: sa.Subquery, more: Sequence[Column]) -> Table:
    """Return the table of rows over these cases; the list behind a count is the records with the keys of its row."""
    names = [f"k{i}" for i in range(len(keys))]
    return Table(
        heads=tuple(key.head for key in keys),
        columns=(*columns(at), *more),
        rows=rows,
        records=lambda row, _: ground.chosen(cases, names, row.key),
        starts={key.head.id: key.starts for key in keys if key.starts},
        by_key=at.report.calculate == "totals" and len(keys) > 1,
    )


def main(at: Ground) -> str:
    """Return the id of the column that rows are ordered by: the measure."""
    return columns(at)[-1].id


def totals(at: Ground) -> Table:
    """Count and measure by group; the largest first, groups of time in their order."""
    keys = at.grouped(timed(at))
    rows, cases = sums(at, keys)
    if keys and not any(key.starts for key in keys) and len(keys) == 1:
        rows.sort(key=lambda row: -(row.figures[main(at)] or 0))
    return table(at, keys, rows, cases, ())


def pareto(at: Ground) -> Table:
    """Groups by size, with their share, the running share, and class A for those that reach the first 80 %."""
    keys = at.grouped(timed(at))
    rows, cases = sums(at, keys)
    name = main(at)
    rows.sort(key=lambda row: -(row.figures[name] or 0))
    values = [Decimal(row.figures[name] or 0) for row in rows]
    whole = sum(values, Decimal(0))
    shown, before = [], Decimal(0)
    for row, value, up_to in zip(rows, values, figures.running(values), strict=True):
        word = ("A" if before < _VITAL else "B") if up_to is not None else None
        shown.append(
            Row(row.key, {**row.figures, "share": figures.share(value, whole), "running": up_to, "class": word})
        )
        before = up_to if up_to is not None else before
    return table(
        at, keys, shown, cases, (Column("share", "percent"), Column("running", "percent"), Column("class", "word"))
    )


def leaderboard(at: Ground) -> Table:
    """Groups ranked by size, those of each band of tenure by themselves; who has none counts in the last band."""
    keys = at.grouped(timed(at))
    if at.report.tenure is not None:
        keys = [_band(at), *keys]
    rows, cases = sums(at, keys)
    name, order = main(at), {band.id: i for i, band in enumerate(at.report.tenure[1] if at.report.tenure else ())}

    def size(row: Row) -> Any:
        return row.figures[name] or 0

    rows.sort(key=lambda row: (order.get(row.key[0], 0) if order else 0, -size(row)))
    shown: list[Row] = []
    for row in rows:
        group = row.key[:-1]
        above = sum(1 for other in rows if other.key[:-1] == group and size(other) > size(row))
        shown.append(Row(row.key, {"rank": above + 1, **row.figures}))
    found = table(at, keys, shown, cases, ())
    return Table(found.heads, (Column("rank", "number"), *found.columns), shown, found.records, found.starts)


def _band(at: Ground) -> Key:
    assert at.report.tenure is not None  # noqa: S101 - the caller has looked
    path, bands = at.report.tenure
    since = at.value(path)
    cases = [
        (since > at.bound(since, months_later(at.today, -band.months)), sa.literal_column(f"'{band.id}'", sa.Text()))
        for band in bands
        if band.months is not None
    ]
    last = sa.literal_column(f"'{bands[-1].id}'", sa.Text())
    return Key(Head("tenure", "band"), sa.case(*cases, else_=last))
