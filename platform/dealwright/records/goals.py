"""Targets beside figures: records of ``base.target`` with the metric of a report, of the person, team or time of each row.

A row of a person has that person's targets, one of a team those of the team that name no person, one of neither those
that name no person and no team. What lies within the time of the row is added up: three months make a quarter. Who may
not read targets sees none.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dealwright.errors import DealwrightError
from dealwright.insights import figures, periods
from dealwright.records import read, report_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.insights import Between, Row, Table
    from dealwright.metadata.reports import Report
    from dealwright.records.work import Work

_TARGET = "base.target"
_FIELDS = ("metric", "person", "team", "starts_on", "ends_on", "value")


def of(work: Work, report: Report) -> Sequence[Mapping[str, Any]]:
    """Return the targets of a report's metric; none without one, or without the right to read."""
    if report.target is None or _TARGET not in work.catalog.entities:
        return ()
    metric = report.target.replace("\\", "\\\\").replace('"', '\\"')
    found: list[Mapping[str, Any]] = []
    try:
        cursor = None
        while True:
            page = read.page(
                work, _TARGET, filter=f'metric == "{metric}"', only=_FIELDS, size=read.LARGEST_PAGE, cursor=cursor
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found
    except DealwrightError:
        return ()


def fitting(
    work: Work, report: Report, known: Sequence[Mapping[str, Any]], table: Table, row: Row, between: Between | None
) -> dict[str, Any] | None:
    """Return the target of a row: ``value``, and ``reached`` in percent of it; None if there is none."""
    person = team = None
    for head, key in zip(table.heads, row.key, strict=True):
        if head.kind == "period" and head.unit is not None and key is not None:
            first = table.starts[head.id][key]
            between = periods.Between(first, periods.later(first, head.unit, 1))
        if head.kind == "field" and key is not None:
            entity = report_labels.pointed(work, report.entity, head.path)
            if entity == "base.user":
                person = key
            elif entity == "base.team":
                team = key
            else:
                return None
    value = sum((Decimal(one["value"]) for one in known if _meant(one, person, team, between)), Decimal(0))
    if not value:
        return None
    reached = next((row.figures[one.id] for one in reversed(table.columns) if one.id == _drawn(table)), None)
    return {
        "value": str(value.normalize()) if value % 1 else str(int(value)),
        "reached": figures.share(Decimal(reached or 0), value),
    }


def _drawn(table: Table) -> str:
    """Return the column that a target is one of: points, or the measure."""
    if table.column("points") is not None:
        return "points"
    return next(one.id for one in reversed(table.columns) if one.kind in ("value", "count"))


def _meant(one: Mapping[str, Any], person: Any, team: Any, between: Between | None) -> bool:
    if one.get("person") != person or (person is None and one.get("team") != team):
        return False
    if between is None:
        return True
    return date.fromisoformat(one["starts_on"]) >= between.since and date.fromisoformat(one["ends_on"]) < between.until
