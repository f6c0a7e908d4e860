"""Reports and dashboards as frozen objects, and the closed list of what a report can work out.

    Report ── Group, Period, Tenure        Dashboard ── Tile ── Report

:func:`of` and :func:`dashboards` give them once per catalog. What each calculation means is told where it is worked
out (``dealwright.insights``) and in ``docs/insights.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document, Entity, Pipeline

#: Rows of a report whose document says nothing.
LIMIT: Final = 50
#: Cases below which a figure is marked as too few.
LEAST: Final = 5
#: Days that health looks ahead, and that a forecast has to come true.
HORIZON: Final = 30
#: Percent below the period before that make a fall.
FALL: Final = Decimal(15)
#: Measures of anomalies that are none of a field.
RATES: Final = ("win_rate", "conversion", "dwell")


@dataclass(frozen=True, slots=True)
class Calculation:
    """What one of the kinds of calculation asks of a report.

    Attributes:
        groups: Least and most groups.
        charts: How it can be drawn; the first is its own.
        takes: Keys of a report that it reads beside those that all take.
        needs: Keys that it cannot do without.
        pipeline: Whether the entity needs a pipeline.
    """

    groups: tuple[int, int]
    charts: tuple[str, ...]
    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    pipeline: bool = False


def _calculation(
    groups: tuple[int, int], charts: str, takes: str = "", needs: str = "", *, pipeline: bool = False
) -> Calculation:
    return Calculation(groups, tuple(charts.split()), frozenset(takes.split()), frozenset(needs.split()), pipeline)


#: Every calculation, and what it asks for.
CALCULATIONS: Final[Mapping[str, Calculation]] = MappingProxyType(
    {
        "totals": _calculation((0, 2), "bars lines heat_map table", "measure compare target"),
        "pareto": _calculation((1, 1), "pareto bars table", "measure compare"),
        "win_rate": _calculation((0, 2), "bars lines heat_map table", "compare benchmark warn least", pipeline=True),
        "cycle_time": _calculation(
            (0, 2), "bars lines heat_map table", "compare benchmark warn start end least", pipeline=True
        ),
        "conversion": _calculation(
            (0, 1), "funnel bars table", "compare benchmark warn pipeline view least", pipeline=True
        ),
        "dwell": _calculation((0, 1), "bars table", "compare benchmark warn pipeline least", pipeline=True),
        "losses": _calculation((0, 1), "bars heat_map table", "compare reason pipeline", pipeline=True),
        "leaderboard": _calculation((1, 1), "bars table", "measure compare tenure target"),
        "forecast": _calculation((0, 1), "bars table", "measure least pipeline", pipeline=True),
        "seasons": _calculation((0, 1), "lines heat_map table", "measure", "period"),
        "health": _calculation((0, 0), "bars table", "measure horizon least pipeline", pipeline=True),
        "anomalies": _calculation((0, 1), "table lines", "measure pipeline", "period"),
        "paths": _calculation((0, 0), "bars table", "pipeline", pipeline=True),
        "accuracy": _calculation((0, 0), "bars lines table", "forecast by horizon", "forecast", pipeline=True),
        "contest": _calculation((1, 1), "bars table", "points between tenure target", "points"),
        "trend": _calculation((0, 1), "bars table", "measure fall", "period"),
        "adherence": _calculation((0, 1), "bars table", "compare by least pipeline", pipeline=True),
        "effect": _calculation((0, 1), "bars table", "by least pipeline", pipeline=True),
        "arms": _calculation((0, 0), "bars table", "horizon least pipeline", pipeline=True),
        "effort": _calculation((1, 2), "bars heat_map table", "measure compare by"),
        "allocation": _calculation((1, 1), "bars table", "measure by returns move", "period", pipeline=True),
    }
)
#: What ``by`` may say; the first is meant where it says nothing.
BY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "accuracy": ("group", "stage", "run"),
        "adherence": ("action", "stage", "group", "record"),
        "effect": ("activity", "item", "touch"),
        "effort": ("activity", "minutes"),
        "allocation": ("activity", "minutes", "people"),
    }
)
#: Calculations that convert amounts of which each has a currency of its own.
CONVERTED: Final = ("totals", "pareto", "leaderboard")
#: Calculations that take shares of their measure.
SUMMED: Final = ("effort", "allocation")
#: Keys that every calculation reads.
ALWAYS: Final = frozenset(
    {"entity", "calculate", "group", "filter", "period", "chart", "limit", "schedule", "recipients", "email"}
)


@dataclass(frozen=True, slots=True)
class Group:
    """By what a report is parted: a field or path, and for a date or moment the length of time that makes a group."""

    path: str
    unit: str | None = None

    @property
    def text(self) -> str:
        """As it is written: ``closed_on:quarter``."""
        return self.path if self.unit is None else f"{self.path}:{self.unit}"


@dataclass(frozen=True, slots=True)
class Period:
    """Which time a report is about: the last ``last`` days, weeks, months, quarters or years, the running one too."""

    unit: str
    last: int
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A group of tenure. ``months`` is None for the last one, which takes all others."""

    id: str
    title: str
    months: int | None


@dataclass(frozen=True, slots=True)
class Points:
    """A rule of a contest: ``each`` points for every record that meets ``when``, or for every 1 of ``of``."""

    id: str
    title: str
    when: str | None
    of: str | None
    each: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """A report. Each attribute says what the key of the document says, with its default settled.

    Attributes:
        measure: Operation and path; the path is None for ``count`` and for the rates of :data:`RATES`.
        tenure: Path to the date since when a person has been there, and the bands; None for none.
        between: First and last day of a contest, and the path that says when a record counts; None for the period.
        forecast: Id of the report whose snapshots are held against what came.
        recipients: Ids of the roles whose users get a snapshot each time that ``schedule`` of the document says.
    """

    id: str
    title: str
    entity: str
    calculate: str
    measure: tuple[str, str | None]
    group: tuple[Group, ...]
    filter: str | None
    period: Period | None
    compare: str
    benchmark: str | None
    pipeline: str | None
    view: str
    start: str | None
    end: str | None
    reason: str | None
    tenure: tuple[str, tuple[Band, ...]] | None
    target: str | None
    forecast: str | None
    by: str | None
    fall: Decimal
    between: tuple[date, date, str | None] | None
    points: tuple[Points, ...]
    horizon: int
    least: int
    chart: str
    limit: int
    recipients: tuple[str, ...]
    email: str
    document: Document


@dataclass(frozen=True, slots=True)
class Tile:
    """One report on a dashboard; ``width`` is half or full."""

    id: str
    report: str
    width: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Reports that are looked at together."""

    id: str
    title: str
    tiles: tuple[Tile, ...]
    document: Document


def of(catalog: Catalog) -> Mapping[str, Report]:
    """Return the reports of a catalog by id, in the order of their ids; read once."""
    return catalog.once("metadata.reports", lambda: MappingProxyType(dict(_read(catalog))))


def _read(catalog: Catalog) -> list[tuple[str, Report]]:
    found = sorted((key[1], one) for key, one in catalog.documents.items() if key[0] == "report")
    return [(identifier, _report(identifier, document)) for identifier, document in found]


def dashboards(catalog: Catalog) -> Mapping[str, Dashboard]:
    """Return the dashboards of a catalog by id, in the order of their ids; read once."""

    def read() -> Mapping[str, Dashboard]:
        found = sorted((key[1], one) for key, one in catalog.documents.items() if key[0] == "dashboard")
        return MappingProxyType({identifier: _dashboard(identifier, document) for identifier, document in found})

    return catalog.once("metadata.dashboards", read)


def group(text: str) -> Group:
    """Return what ``closed_on:quarter`` or ``account.region`` means."""
    path, _, unit = text.partition(":")
    return Group(path, unit or None)


def _report(identifier: str, document: Document) -> Report:
    operation, _, path = str(document.get("measure", "count")).partition(":")
    period, tenure, between = document.get("period"), document.get("tenure"), document.get("between")
    return Report(
        id=identifier,
        title=document["title"],
        entity=document["entity"],
        calculate=document["calculate"],
        measure=(operation, path or None),
        group=tuple(group(one) for one in document.get("group", ())),
        filter=document.get("filter"),
        period=None if period is None else Period(period["unit"], period["last"], period.get("of")),
        compare=document.get("compare", "none"),
        benchmark=document.get("benchmark"),
        pipeline=document.get("pipeline"),
        view=document.get("view", "cohort"),
        start=document.get("start"),
        end=document.get("end"),
        reason=document.get("reason"),
        tenure=None
        if tenure is None
        else (
            tenure["of"],
            tuple(Band(one["id"], one["title"], one.get("months")) for one in tenure["groups"]),
        ),
        target=document.get("target"),
        forecast=document.get("forecast"),
        by=document.get("by"),
        fall=Decimal(str(document.get("fall", FALL))),
        between=None if between is None else (_day(between["first"]), _day(between["last"]), between.get("of")),
        points=tuple(
            Points(one["id"], one["title"], one.get("when"), one.get("of"), Decimal(str(one["each"])))
            for one in document.get("points", ())
        ),
        horizon=document.get("horizon", HORIZON),
        least=document.get("least", LEAST),
        chart=document.get("chart") or CALCULATIONS[document["calculate"]].charts[0],
        limit=document.get("limit", LIMIT),
        recipients=tuple(document.get("recipients", ())),
        email=document.get("email", "none"),
        document=document,
    )


def _day(text: str) -> date:
    """Return a day; one that the calendar does not have is told by the check of the definitions."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min


def _dashboard(identifier: str, document: Document) -> Dashboard:
    tiles = tuple(Tile(one["id"], one["report"], one.get("width", "half")) for one in document["reports"])
    return Dashboard(identifier, document["title"], tiles, document)


def pipeline_of(catalog: Catalog, report: Report) -> Pipeline | None:
    """Return the pipeline whose stages a report follows: its own, else the default, else the first; None for none."""
    if report.pipeline is not None:
        return catalog.pipelines.get(report.pipeline)
    entity: Entity | None = catalog.entities.get(report.entity)
    own = [catalog.pipelines[one] for one in entity.pipelines] if entity is not None else []
    whole = [one for one in own if one.extends is None]
    return next((one for one in whole if one.intake == "default"), whole[0] if whole else None)
