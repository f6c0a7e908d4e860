"""Figures of the process beside those of pm4py, a library of process mining, on the same event log.

pm4py brings 550 MB along and is under the AGPL, so it is no part of the environment: ``make process`` installs it in one of
its own and writes what it says into ``tests/data/process_figures.json``, and fails where that is not what stands there.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

from insights.generated import figures

FIGURES = Path(__file__).parents[1] / "data" / "process_figures.json"


@pytest.fixture(scope="module")
def theirs():
    return json.loads(FIGURES.read_text(encoding="utf-8"))


def test_paths_are_the_variants_of_pm4py(deals, theirs):
    assert {key[0]: row["count"] for key, row in figures(deals, "ways").items()} == theirs["variants"]


def test_days_in_stages_are_the_service_times_of_pm4py(deals, theirs):
    for (stage,), row in figures(deals, "stay").items():
        assert float(row["mean"]) == pytest.approx(theirs["mean_days"][stage], abs=0.005)
        assert float(row["median"]) == pytest.approx(theirs["median_days"][stage], abs=1 / 24)  # told in whole hours


def test_cycle_times_are_the_durations_of_won_cases_of_pm4py(deals, theirs):
    rows = figures(deals, "cycle").values()
    won = sum(row["won"] for row in rows)
    assert won == len(theirs["won_days"])
    mean = sum(float(row["mean"]) * row["won"] for row in rows) / won
    assert mean == pytest.approx(statistics.mean(theirs["won_days"]), abs=0.006)
