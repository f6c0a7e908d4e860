"""Standings of a contest: points by the rules of its document, within its days, those of each band of tenure by themselves.

A rule gives ``each`` points for every record that meets its condition, or for every 1 of a number of that record. A
record may give points by several rules. Equal sums have an equal rank, and the next rank is that much lower (1, 1, 3:
"standard competition ranking"). Points are exact decimals, shown with two places. One statement.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import conditions
from dealwright.conditions import sql
from dealwright.insights import figures, ground, totals
from dealwright.insights.ground import flag, total
from dealwright.insights.table import Column, Row, Table
from dealwright.metadata import names
from dealwright.storage import tables

if TYPE_CHECKING:
    from dealwright.conditions import Condition
    from dealwright.insights.ground import Ground
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.reports import Points, Report


def condition(catalog: Catalog, report: Report, rule: Points) -> Condition | None:
    """Return the condition of a rule; None where every record counts."""
    if rule.when is None:
        return None
    return conditions.of(catalog, report.entity, rule.when, "filter", namespace=names.namespace_of(report.id))


def timed(catalog: Catalog, report: Report) -> str:
    """Return the path that says when a record counts."""
    named = report.between[2] if report.between is not None else report.period.of if report.period is not None else None
    return named or ("stage_entered_at" if catalog.entity(report.entity).pipelines else "created_at")


def contest(at: Ground) -> Table:
    """Groups ranked by points, with the points of each rule and the number of records that gave any."""
    rules = at.report.points
    keys = at.grouped(timed(at.catalog, at.report))
    if at.report.tenure is not None:
        keys = [totals.band(at), *keys]
    names_of = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    met = [_met(at, rule) for rule in rules]
    values = [
        (flag(one) if rule.of is None else sa.case((one, at.value(rule.of)))).label(f"v{i}")
        for i, (rule, one) in enumerate(zip(rules, met, strict=True))
    ]
    told = (
        sa.select(at.table.c.id.label("record"), *names_of, *values)
        .where(*at.criteria, *at.within(at.value(timed(at.catalog, at.report))), sa.or_(*met))
        .subquery("told")
    )
    groups = [told.c[f"k{i}"] for i in range(len(keys))]
    sums = [total(told.c[f"v{i}"]) if rule.of is None else sa.func.sum(told.c[f"v{i}"]) for i, rule in enumerate(rules)]
    rows = []
    for found in at.rows(sa.select(*groups, sa.func.count(), *sums).group_by(*groups).order_by(*groups)):
        given = [Decimal(one or 0) * rule.each for one, rule in zip(found[len(keys) + 1 :], rules, strict=True)]
        figured: dict[str, Any] = {"points": sum(given, Decimal(0)), "count": found[len(keys)]}
        figured |= {f"points:{rule.id}": _short(one) for rule, one in zip(rules, given, strict=True)}
        rows.append(Row(tuple(found[: len(keys)]), figured))
    return Table(
        tuple(key.head for key in keys),
        (
            Column("rank", "number"),
            Column("points", "number"),
            *(Column(f"points:{rule.id}", "number") for rule in rules),
            Column("count", "count", counted=True),
        ),
        _ranked(at, rows),
        lambda row, _: ground.chosen(told, [one.name for one in groups], row.key),
        {key.head.id: key.starts for key in keys if key.starts},
        notes=[("contest", _state(at))] if at.between is not None else (),
    )


def _met(at: Ground, rule: Points) -> sa.ColumnElement[bool]:
    found = condition(at.catalog, at.report, rule)
    if found is None:
        return sa.true()
    return sql.criteria(found, tables.of(at.catalog), at.table, at.catalog, at.env)


def _ranked(at: Ground, rows: list[Row]) -> list[Row]:
    bands = {one.id: i for i, one in enumerate(at.report.tenure[1])} if at.report.tenure is not None else {}
    rows.sort(key=lambda row: (bands.get(row.key[0], 0), -row.figures["points"]))
    shown: list[Row] = []
    place = 0
    for i, row in enumerate(rows):
        earlier = rows[i - 1] if i else None
        same_band = earlier is not None and (not bands or earlier.key[0] == row.key[0])
        place = place + 1 if same_band else 1
        tied = same_band and earlier is not None and earlier.figures["points"] == row.figures["points"]
        rank = shown[-1].figures["rank"] if tied else place
        shown.append(Row(row.key, {"rank": rank, **row.figures}))
    return [Row(row.key, {**row.figures, "points": _short(row.figures["points"])}) for row in shown]


def _short(value: Decimal) -> Decimal:
    """Return points with two places at most, without zeros at the end; ranks go by the exact ones."""
    value = figures.rounded(value)
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _state(at: Ground) -> dict[str, Any]:
    """Return whether the contest is still to come, running or over, and how many days it has left."""
    assert at.between is not None  # noqa: S101 - the caller has looked
    if at.today < at.between.since:
        return {"state": "ahead", "days": (at.between.since - at.today).days}
    if at.today >= at.between.until:
        return {"state": "over", "days": 0}
    return {"state": "running", "days": (at.between.until - at.today).days}
