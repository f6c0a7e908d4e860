"""The calculations by name, and what each of them reads: the one place where a report meets its statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealwright.insights import oddities, outcomes, outlook, paths, periods, stages, totals
from dealwright.metadata import reports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.insights.ground import Ground
    from dealwright.insights.periods import Between
    from dealwright.insights.table import Table
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.reports import Report

CALCULATED: Final[Mapping[str, Callable[[Ground], Table]]] = {
    "anomalies": oddities.anomalies,
    "conversion": stages.conversion,
    "cycle_time": outcomes.cycle_time,
    "dwell": stages.dwell,
    "forecast": outlook.forecast,
    "health": outlook.health,
    "leaderboard": totals.leaderboard,
    "losses": outcomes.losses,
    "pareto": totals.pareto,
    "paths": paths.paths,
    "seasons": outlook.seasons,
    "totals": totals.totals,
    "win_rate": outcomes.win_rate,
}
#: What a calculation tells of a record beside the fields that the report names.
_TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "conversion": ("stage", "status"),
    "cycle_time": ("status",),
    "dwell": ("stage",),
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
    if report.period is not None:
        found.add(report.period.of or _timed(report))
    if report.tenure is not None:
        found.add(report.tenure[0])
    if report.calculate == "cycle_time":
        found |= {report.start or "created_at", report.end or "stage_entered_at"}
    if report.measure[0] in reports.RATES:
        found |= {"status"} if report.measure[0] == "win_rate" else {"stage"}
    if report.calculate == "seasons" and entity.pipelines:
        found |= {"status"} | ({"stage_entered_at"} if report.period is not None and not report.period.of else set())
    if report.calculate == "losses" and not report.group:
        pipeline = reports.pipeline_of(catalog, report)
        reason = report.reason or (pipeline.reason_field if pipeline is not None else None)
        found |= {reason} if reason is not None and entity.field(reason) is not None else set()
    return frozenset(found)


def _timed(report: Report) -> str:
    """Return the field that says when a record counts where the period names none."""
    if report.calculate in ("win_rate", "cycle_time", "paths") or report.measure[0] == "win_rate":
        return report.end or "stage_entered_at"
    if report.calculate in ("conversion", "dwell", "losses") or report.measure[0] in ("conversion", "dwell"):
        return "stage"
    return "created_at"


def between(at: Ground) -> Between | None:
    """Return the time that a report is about where its reader has chosen none; None for all of it."""
    period = at.report.period
    return None if period is None else periods.last(period.unit, period.last, at.today)
