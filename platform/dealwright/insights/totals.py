"""Counts, sums and other measures of records by group; as a Pareto table, and as a leaderboard.

``totals``       count, and sum, average, least or greatest of a field, by up to two groups.
``pareto``       the groups by size, with the share that those up to each make together. V. Pareto, *Cours d'économie
                 politique*, 1897; J. M. Juran, *Quality Control Handbook*, 1951, for "the vital few": class A are the
                 groups that together make the first 80 %.
``leaderboard``  the groups ranked by size, equal ones with an equal rank, those of each band of tenure by themselves.

One statement each, and one for rates where amounts have currencies of their own. Without a measure it is the count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.insights import figures, ground
from dealwright.insights.ground import Key
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.rules.spans import months_later
from dealwright.storage import rates

if TYPE_CHECKING:
    from dealwright.insights.ground import Ground

#: Codes of what should be known of the figures, with their values.
Notes = Sequence[tuple[str, Mapping[str, Any]]]
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
    if own_currency(at):
        columns.append(at.value(f"{path}__currency").label("currency"))
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


def own_currency(at: Ground) -> bool:
    """Tell whether the measure is of amounts of which each has a currency of its own."""
    path = at.report.measure[1]
    return path is not None and rates.own_currency(at.catalog, at.layout.entity, path)


def sums(at: Ground, keys: Sequence[Key]) -> tuple[list[Row], sa.Subquery, Notes]:
    """Return a row for each group with the count and the measure, in the order of the keys, and what to know of them.

    Amounts with a currency of their own are added up by currency and converted into that of the workspace at the rates
    of the day; a group with an amount that has no rate has no measure. One statement, and one for the rates.
    """
    cases = told(at, keys)
    names = [cases.c[f"k{i}"] for i in range(len(keys))]
    paid = own_currency(at)
    by = [*names, cases.c.currency] if paid else names
    statement = sa.select(*by, *measured(at, cases)).select_from(cases).group_by(*by).order_by(*names)
    found = at.rows(statement)
    if paid:
        converted, notes = _converted(at, keys, found)
        return converted, cases, notes
    rows = []
    for row in found:
        rest = row[len(keys) :]
        figured = {"count": rest[0]}
        if at.report.measure[1] is not None:
            figured[columns(at)[-1].id] = settled(at, rest)
        rows.append(Row(tuple(row[: len(keys)]), figured))
    return rows, cases, ()


def _converted(at: Ground, keys: Sequence[Key], found: Sequence[Any]) -> tuple[list[Row], Notes]:
    """Put the rows of one group together that differ in their currencies, each amount converted."""
    known = rates.on(at.connection, at.catalog, rates.workspace_currency(at.catalog), at.today)
    operation, name = at.report.measure[0], main(at)
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in found:
        groups.setdefault(tuple(row[: len(keys)]), []).append(row[len(keys) :])
    rows, lacking = [], set[str]()
    for key, parts in groups.items():
        amounts = [
            rates.Part(currency, Decimal(rest[1]), rest[2] if operation == "avg" else 1)
            for currency, *rest in parts
            if rest[1] is not None and currency is not None
        ]
        missing = known.missing(amounts)
        lacking.update(missing)
        total = None if missing else known.total(operation, amounts)
        rows.append(Row(key, {"count": sum(part[1] for part in parts), name: total}))
    notes: list[tuple[str, dict[str, Any]]] = [("converted", {"currency": known.to, "on": at.today.isoformat()})]
    if lacking:
        notes.append(("no-rate", {"currencies": sorted(lacking), "currency": known.to}))
    return rows, notes


def table(
    at: Ground, keys: Sequence[Key], rows: Sequence[Row], cases: sa.Subquery, notes: Notes, more: Sequence[Column] = ()
) -> Table:
    """Return the table of rows over these cases; the list behind a count is the records with the keys of its row."""
    names = [f"k{i}" for i in range(len(keys))]
    return Table(
        heads=tuple(key.head for key in keys),
        columns=(*columns(at), *more),
        rows=rows,
        records=lambda row, _: ground.chosen(cases, names, row.key),
        starts={key.head.id: key.starts for key in keys if key.starts},
        notes=notes,
        by_key=at.report.calculate == "totals" and len(keys) > 1,
    )


def main(at: Ground) -> str:
    """Return the id of the column that rows are ordered by: the measure."""
    return columns(at)[-1].id


def totals(at: Ground) -> Table:
    """Count and measure by group; the largest first, groups of time in their order."""
    keys = at.grouped(timed(at))
    rows, cases, notes = sums(at, keys)
    if keys and not any(key.starts for key in keys) and len(keys) == 1:
        rows.sort(key=lambda row: -(row.figures[main(at)] or 0))
    return table(at, keys, rows, cases, notes)


def pareto(at: Ground) -> Table:
    """Groups by size, with their share, the running share, and class A for those that reach the first 80 %."""
    keys = at.grouped(timed(at))
    rows, cases, notes = sums(at, keys)
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
    more = (Column("share", "percent"), Column("running", "percent"), Column("class", "word"))
    return table(at, keys, shown, cases, notes, more)


def leaderboard(at: Ground) -> Table:
    """Groups ranked by size, those of each band of tenure by themselves; who has none counts in the last band."""
    keys = at.grouped(timed(at))
    if at.report.tenure is not None:
        keys = [band(at), *keys]
    rows, cases, notes = sums(at, keys)
    name, order = main(at), {band.id: i for i, band in enumerate(at.report.tenure[1] if at.report.tenure else ())}

    def size(row: Row) -> Any:
        return row.figures[name] or 0

    rows.sort(key=lambda row: (order.get(row.key[0], 0) if order else 0, -size(row)))
    shown: list[Row] = []
    for row in rows:
        group = row.key[:-1]
        above = sum(1 for other in rows if other.key[:-1] == group and size(other) > size(row))
        shown.append(Row(row.key, {"rank": above + 1, **row.figures}))
    found = table(at, keys, shown, cases, notes)
    return replace(found, columns=(Column("rank", "number"), *found.columns))


def band(at: Ground) -> Key:
    """Return the band of tenure that a record's person is in, as a key."""
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
