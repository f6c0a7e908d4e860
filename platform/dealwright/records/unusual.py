"""What is out of the ordinary: one list of what all reports that a person may read have found, the newest first.

Found is what a report itself calls unusual: an anomaly beside its own history, a trend, a figure far from its benchmark,
a stage below its threshold, a cycle time that surely differs from all others. Each finding names its report, its row
and why. Rights are those of the reports: who may not read one finds nothing of it. The cost is that of the reports that judge
anything, about a second for each over hundreds of thousands of records, and nothing where their results are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import NotFoundError, QueryError
from dealwright.insights import periods
from dealwright.metadata import reports as defined
from dealwright.records import reports
from dealwright.records.reports import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from dealwright.metadata.reports import Report
    from dealwright.records.reports import Made
    from dealwright.records.work import Work

#: Findings that the list holds, the newest.
MOST: Final = 200
_ALWAYS: Final = frozenset({"anomalies", "trend", "conversion"})
_VERDICTS: Final = frozenset({"high", "low", "falling", "rising"})
_MARKS: Final = frozenset({"below_threshold", "faster", "slower"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing out of the ordinary.

    Attributes:
        day: The last day that it is about.
        kind: high, low, falling, rising, above, below, below_threshold, faster or slower.
        key: Of the row, API JSON; ``labels`` are for people.
        figures: Of the row, API JSON.
        benchmark: What the row was held against, for above and below.
        counted: A figure of the row whose records can be listed; None where it has none.
    """

    day: date
    kind: str
    report: str
    title: str
    calculate: str
    key: list[Any]
    labels: list[str]
    figures: Mapping[str, Any]
    benchmark: Mapping[str, Any] | None
    counted: str | None

    def written(self) -> dict[str, Any]:
        """Return it as API JSON."""
        names = ("kind", "report", "title", "calculate", "key", "labels", "figures", "benchmark", "counted")
        return {"day": self.day.isoformat(), **{name: getattr(self, name) for name in names}}


def gathered(work: Work) -> list[Finding]:
    """Return what is out of the ordinary in all reports that the user may read, the newest first."""
    found: list[Finding] = []
    for report in defined.of(work.catalog).values():
        if not _judges(report):
            continue
        try:
            made = reports.make(work, report.id, Asked())
        except (NotFoundError, QueryError):
            continue  # none for this user, or too fine to be worked out at all
        found += _of(work, report, made)
    found.sort(key=lambda one: one.day, reverse=True)
    return found[:MOST]


def _judges(report: Report) -> bool:
    if report.calculate == "cycle_time" and report.group:
        return True
    return report.calculate in _ALWAYS or "warn" in report.document


def _of(work: Work, report: Report, made: Made) -> Iterator[Finding]:
    said, day = reports.shown(work, made), _day(report, made)
    counted = [one["id"] for one in said["columns"] if one["counted"]]
    for row in said["rows"]:
        figures, standard = row["figures"], row.get("benchmark") or {}
        kinds = [one for one in (figures.get("verdict"),) if one in _VERDICTS]
        kinds += [one for one in (figures.get("mark"),) if one in _MARKS]
        kinds += [one for one in (standard.get("verdict"),) if one in ("above", "below")]
        for kind in kinds:
            yield Finding(
                day=day,
                kind=kind,
                report=report.id,
                title=said["title"],
                calculate=report.calculate,
                key=row["key"],
                labels=row["labels"],
                figures=figures,
                benchmark=standard if kind in ("above", "below") else None,
                counted=next((one for one in counted if figures.get(one)), None),
            )


def _day(report: Report, made: Made) -> date:
    """Return the last day that findings are about: of the last whole period where one is judged, else the present one."""
    at = made.ground
    if report.calculate not in ("anomalies", "trend") or report.period is None or at.between is None:
        return at.today
    return min(at.between.until, periods.start(at.today, report.period.unit)) - timedelta(days=1)
