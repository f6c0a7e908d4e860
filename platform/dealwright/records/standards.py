"""Benchmarks beside figures: records of ``base.benchmark`` with the metric of a report, each with its source and day.

A row is held against the benchmark of its stage, else against one that names no stage; of several the latest that is
valid. Who may not read benchmarks sees none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright.errors import DealwrightError
from dealwright.records import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.insights import Row, Table
    from dealwright.metadata.reports import Report
    from dealwright.records.work import Work

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


def fitting(known: Sequence[Mapping[str, Any]], table: Table, row: Row) -> dict[str, Any] | None:
    """Return the benchmark that a row is held against: ``value``, ``source``, ``valid_from``; None if there is none."""
    stage = next((one for head, one in zip(table.heads, row.key, strict=True) if head.kind == "stage"), None)
    for wanted in dict.fromkeys((stage, None)):
        for one in known:
            if (one.get("stage") or None) == wanted:
                return {name: one.get(name) for name in ("value", "source", "valid_from")}
    return None
