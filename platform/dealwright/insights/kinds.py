"""The calculations by name, and what each of them reads: the one place where a report meets its statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright import conditions
from dealwright.insights import (
    adherence,
    allocation,
    arms,
    contests,
    effects,
    effort,
    gaps,
    hindsight,
    oddities,
    outcomes,
    outlook,
    paths,
    periods,
    stages,
    totals,
    touches,
    trends,
)
from dealwright.insights.periods import Between
from dealwright.metadata import names, reports
from dealwright.storage import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.conditions import Condition
    from dealwright.insights.ground import Ground
    from dealwright.insights.table import Table
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.reports import Report

CALCULATED: Final[Mapping[str, Callable[[Ground], Table]]] = {
    "accuracy": hindsight.accuracy,
    "adherence": adherence.adherence,
    "allocation": allocation.allocation,
    "anomalies": oddities.anomalies,
    "arms": arms.arms,
    "contest": contests.contest,
    "conversion": stages.conversion,
    "cycle_time": gaps.cycle_time,
    "dwell": stages.dwell,
    "effect": effects.effect,
    "effort": effort.effort,
    "forecast": outlook.forecast,
    "health": outlook.health,
    "leaderboard": totals.leaderboard,
    "losses": outcomes.losses,
    "pareto": totals.pareto,
    "paths": paths.paths,
    "seasons": outlook.seasons,
    "totals": totals.totals,
    "trend": trends.trend,
    "win_rate": outcomes.win_rate,
}
#: What a calculation tells of a record beside the fields that the report names.
_TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "accuracy": ("stage", "status", "stage_entered_at"),
    "adherence": ("stage",),
    "allocation": ("status",),
    "arms": ("stage", "status"),
    "conversion": ("stage", "status"),
    "cycle_time": ("status",),
    "dwell": ("stage",),
    "effect": ("stage", "status", "stage_entered_at"),
    "forecast": ("stage", "status"),
    "health": ("stage",),
    "losses": ("stage",),
    "paths": ("stage", "status", "owner"),
    "win_rate": ("status",),
}


def calculated(at: Ground) -> Table:
    """Return the table of the report that the ground is for."""
    return CALCULATED[at.report.calculate](at)


def reads(catalog: Catalog, report: Report) -> frozenset[str]:
    """Return every field and path that a report looks at, beside those of its filter: who may not see them gets none."""
    found = {one.path for one in report.group} | set(_TOLD.get(report.calculate, ()))
    found |= {path for path in (report.measure[1], report.start, report.end) if path is not None}
    entity = catalog.entity(report.entity)
    if report.calculate == "adherence":
        found |= {one.name for one in adherence.due(catalog, report) if one.kind == "field"}
    if report.period is not None and report.calculate != "effort":
        found.add(report.period.of or _timed(report))
    if report.tenure is not None:
        found.add(report.tenure[0])
    if report.calculate == "cycle_time":
        found |= {report.start or "created_at", report.end or "stage_entered_at"}
    if report.measure[0] in reports.RATES:
        found |= {"status"} if report.measure[0] == "win_rate" else {"stage"}
    if report.calculate == "seasons" and entity.pipelines:
        found |= {"status"} | ({"stage_entered_at"} if report.period is not None and not report.period.of else set())
    if report.calculate == "contest":
        found |= {contests.timed(catalog, report)} | {one.of for one in report.points if one.of is not None}
    if report.calculate == "accuracy":
        found |= reads(catalog, reports.of(catalog)[report.forecast or ""])
    if report.calculate == "losses" and not report.group:
        pipeline = reports.pipeline_of(catalog, report)
        reason = report.reason or (pipeline.reason_field if pipeline is not None else None)
        found |= {reason} if reason is not None and entity.field(reason) is not None else set()
    return frozenset(found)


def beside(report: Report) -> Mapping[str, frozenset[str]]:
    """Return the fields that a report looks at on records of other entities, by entity: activities."""
    found = {"about", "at"}
    if report.calculate == "effect" and report.by in (None, "activity"):
        found.add("kind")
    elif report.calculate == "effort" or (report.calculate == "allocation" and report.by == "minutes"):
        found.add("ended_at")
    elif report.calculate == "allocation" and report.by == "people":
        found.add("owner")
    elif report.calculate != "allocation" and not (report.calculate == "effect" and report.by == "touch"):
        return {}
    return {touches.ACTIVITY: frozenset(found)}


def question(at: Ground) -> tuple[str, Mapping[str, Any]]:
    """Return what is asked of the records as SQL with its values: the criteria, and each field that is looked at."""
    paths = sorted(reads(at.catalog, at.report))
    statement = sa.select(at.table.c.id, *(at.value(one) for one in paths)).where(*at.criteria)
    text, values = _written(at, statement)
    for entity, criteria in sorted(at.others.items()):
        more, other = _written(at, sa.select(tables.layout(at.catalog, entity).table.c.id).where(*criteria))
        text, values = f"{text};{more}", {**values, **{f"{entity}.{name}": one for name, one in other.items()}}
    return text, values


def _written(at: Ground, statement: sa.Select[Any]) -> tuple[str, dict[str, Any]]:
    compiled = statement.compile(dialect=at.connection.dialect, compile_kwargs={"render_postcompile": True})
    return str(compiled), dict(compiled.params)


def more_than(at: Ground, number: int) -> bool:
    """Tell whether the entity has more than so many records, seen or not; it looks no further."""
    beyond: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(at.table).offset(number).limit(1)
    return at.connection.execute(beyond).first() is not None


def filters(catalog: Catalog, report: Report) -> list[Condition]:
    """Return the conditions that every record of a report meets: its filter, and that of the forecast it looks back on."""
    found = [report]
    if report.calculate == "accuracy":
        found.append(reports.of(catalog)[report.forecast or ""])
    return [
        conditions.of(catalog, one.entity, one.filter, "filter", namespace=names.namespace_of(one.id))
        for one in found
        if one.filter is not None
    ]


def asks(catalog: Catalog, report: Report) -> list[Condition]:
    """Return the conditions that a report asks of single records, beside its filters: the rules of a contest."""
    found = [contests.condition(catalog, report, rule) for rule in report.points]
    return [one for one in found if one is not None]


def _timed(report: Report) -> str:
    """Return the field that says when a record counts where the period names none."""
    if (
        report.calculate in ("win_rate", "cycle_time", "paths", "effect", "allocation")
        or report.measure[0] == "win_rate"
    ):
        return report.end or "stage_entered_at"
    if report.calculate in ("conversion", "dwell", "losses", "adherence", "arms") or report.measure[0] in (
        "conversion",
        "dwell",
    ):
        return "stage"
    return "created_at"


def between(at: Ground) -> Between | None:
    """Return the time that a report is about where its reader has chosen none; None for all of it."""
    period, contest = at.report.period, at.report.between
    if contest is not None:
        return Between(contest[0], periods.later(contest[1], "day", 1))
    return None if period is None else periods.last(period.unit, period.last, at.today)
