"""The benchmarks run: a short turn of everything they measure. What they measure depends on the machine; nothing here does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory and processor time are read from /proc")
def test_a_quick_run_measures_both_programs_in_everything(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "sqlite", "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))["databases"]["sqlite"]
    operations = found["operations"]
    assert set(operations) == {"create", "update", "read one", "page of 50, count", "aggregate", "import"}
    assert all(one[program] > 0 for one in operations.values() for program in ("dealwright", "by hand"))
    assert len(found["cold start"]) == len(found["memory"]) == len(found["add a field"]) == 2


def test_a_save_runs_as_many_statements_as_the_documentation_says(tmp_path: Path) -> None:
    script = (
        "import json, pathlib, sys; from benchmarks.programs import Platform;"
        "folder = pathlib.Path(sys.argv[1]); program = Platform(f'sqlite:///{folder}/w.db', folder, 0);"
        "program.fill(50); print(json.dumps(program.statements()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)
    assert counted == {"create": 5, "update": 5, "read one": 2, "page of 50, count": 2, "aggregate": 2}


@pytest.mark.slow
def test_a_quick_run_of_rules_finds_the_same_rules_by_every_program(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.rules", "--quick", "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))["10"]
    assert found["held"] == 151  # of 200 records and 10 rules, always the same
    assert all(found[name] > 0 for name in ("Python matcher, /s", "decide, /s", "saves, /s"))


@pytest.mark.slow
def test_a_quick_run_of_passing_time_fires_each_timer_and_looks_at_each_record_once(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.passing", "--quick", "--only", "sqlite", "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = json.loads(figures.read_text(encoding="utf-8"))
    assert (found["timers"]["fired"], found["timers"]["records"]) == (300, 300)
    assert (found["run"]["fired"], found["run"]["different records"]) == (30, 30)


@pytest.mark.slow
def test_a_quick_run_of_reports_asks_each_beside_the_same_by_hand(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    sizes = ["--deals", "300", "--rounds", "1", "--only", "sqlite"]
    command = [sys.executable, "-m", "benchmarks.reports", *sizes, "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))["databases"]["sqlite"]
    compared = {"totals", "win_rate", "cycle_time", "conversion", "dwell", "losses", "paths"}
    assert set(found) == compared | {"forecast", "health", "anomalies"}
    assert all(one["ratio"] > 0 and one["again"] > 0 for one in found.values())
