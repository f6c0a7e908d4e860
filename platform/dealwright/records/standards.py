"""Benchmarks beside figures: records of ``base.benchmark`` with the metric of a report, each with its source and day.

A row is held against the benchmark of its industry and stage, else of its industry, else of its stage, else one that names
neither; of several the latest that is valid. The industry of a row is any key of its groups, by its id or by what people
call it. One of an industry stands beside no row of another, nor beside rows of all of them together. Who may not read
benchmarks sees none.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import DealwrightError
from dealwright.insights import figures
from dealwright.metadata import scores
from dealwright.records import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.insights import Row, Table
    from dealwright.metadata.reports import Report
    from dealwright.records.work import Work

#: The figure of each calculation that is held against a benchmark.
HELD: Final = {"win_rate": "win_rate", "cycle_time": "mean", "conversion": "decided_rate", "dwell": "mean"}
_BENCHMARK = "base.benchmark"
_FIELDS = ("metric", "stage", "industry", "value", "source", "valid_from")


def of(work: Work, report: Report) -> Sequence[Mapping[str, Any]]:
    """Return the benchmarks of a report's metric, the latest first; none without one, or without the right to read."""
    if report.benchmark is None or _BENCHMARK not in work.catalog.entities:
        return ()
    metric = report.benchmark.replace("\\", "\\\\").replace('"', '\\"')
    try:
        page = read.page(
            work, _BENCHMARK, filter=f'metric == "{metric}"', sort="-valid_from", only=_FIELDS, size=read.LARGEST_PAGE
        )
    except DealwrightError:
        return ()
    today = work.env["today()"].isoformat()
    return [one for one in page.items if one.get("valid_from") is None or one["valid_from"] <= today]


def fitting(
    work: Work,
    report: Report,
    known: Sequence[Mapping[str, Any]],
    table: Table,
    row: Row,
    labels: Sequence[str] = (),
) -> dict[str, Any] | None:
    """Return the benchmark that a row is held against; None if there is none.

    Args:
        work: The transaction.
        report: The report.
        known: What :func:`of` found.
        table: The report worked out.
        row: One of its rows.
        labels: What people call the keys of the row.

    Returns:
        ``value``, ``source``, ``valid_from``; where the report warns also ``percent``, what the figure is of the
        benchmark, and ``verdict``: above, below or within its limits, or few where there are too few cases.
    """
    stage = next((one for head, one in zip(table.heads, row.key, strict=True) if head.kind == "stage"), None)
    groups = [i for i, head in enumerate(table.heads) if head.kind == "field"]
    named = {str(one).casefold() for i in groups for one in (row.key[i], *labels[i : i + 1]) if one}
    for industries, wanted in product((named, {""}), dict.fromkeys((stage, None))):
        for one in known:
            if (one.get("stage") or None) == wanted and (one.get("industry") or "").casefold() in industries:
                found = {name: one.get(name) for name in ("value", "source", "valid_from")}
                return found | _judged(work, report, row, Decimal(one["value"]))
    return None


def _judged(work: Work, report: Report, row: Row, value: Decimal) -> dict[str, Any]:
    limits = report.document.get("warn")
    figure = row.figures.get(HELD[report.calculate])
    if limits is None or figure is None or not value:
        return {}
    percent = figures.share(Decimal(figure), value)
    above, below = (
        scores.settled(work.catalog, report.id, limits[side]) if side in limits else None for side in ("above", "below")
    )
    verdict = "within"
    if row.figures.get("mark") == "few":
        verdict = "few"
    elif above is not None and percent is not None and percent > above:
        verdict = "above"
    elif below is not None and percent is not None and percent < below:
        verdict = "below"
    return {"percent": str(percent), "verdict": verdict}
