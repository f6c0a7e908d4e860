"""What pm4py says of an event log, for comparison: run in an environment of its own (``make process``).

    python tests/insights/pm4py_figures.py LOG.csv > figures.json

LOG.csv has a line for each visit of a stage: case, stage, entered, left (empty while it lasts), status of the case.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pandas
import pm4py


def figures(path: str) -> dict[str, Any]:
    """Return variants, days in stages of ended visits, and days from the first to the last event of won cases."""
    table = pandas.read_csv(path, dtype=str, keep_default_na=False)
    for name in ("entered", "left"):
        table[name] = pandas.to_datetime(table[name], utc=True)
    log = pm4py.format_dataframe(table, case_id="case", activity_key="stage", timestamp_key="entered")
    variants = pm4py.get_variants(log)
    ended = table[table["left"].notna()]
    stays = pm4py.format_dataframe(
        ended, case_id="case", activity_key="stage", timestamp_key="left", start_timestamp_key="entered"
    )
    won = log[log["status"] == "won"]
    return {
        "version": pm4py.__version__,
        "variants": {">".join(way): _count(cases) for way, cases in sorted(variants.items())},
        "mean_days": _days(
            pm4py.get_service_time(stays, aggregation_measure="mean", start_timestamp_key="start_timestamp")
        ),
        "median_days": _days(
            pm4py.get_service_time(stays, aggregation_measure="median", start_timestamp_key="start_timestamp")
        ),
        "won_days": sorted(round(one / 86_400, 6) for one in pm4py.get_all_case_durations(won)),
    }


def _count(cases: Any) -> int:
    return cases if isinstance(cases, int) else len(cases)


def _days(seconds: dict[str, float]) -> dict[str, float]:
    return {stage: round(one / 86_400, 6) for stage, one in sorted(seconds.items())}


if __name__ == "__main__":
    json.dump(figures(sys.argv[1]), sys.stdout, indent=1, sort_keys=True)
    print()
