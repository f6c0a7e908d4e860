"""The rules of the house on the text of the code: ``rules.yml`` by semgrep, and what bandit knows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
SOURCES = ("platform", "admin", "plugins")
#: Findings that are right as they are: the file, the line, and why.
ALLOWED = {
    (
        "platform/dealwright/storage/database.py",
        'connection.execute(f"PRAGMA {pragma}").close()',
    ): "constants of the module",
    (
        "platform/dealwright/web/display.py",
        "return Markup(cleaned)  # noqa: S704 - nh3 has cleaned it",
    ): "sanitised HTML",
}


def unknown(findings: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the findings, ``(rule, file:line)``, that are not allowed."""
    found = []
    for rule, place in findings:
        file, _, line = place.rpartition(":")
        text = (ROOT / file).read_text().splitlines()[int(line) - 1].strip()
        if (str((ROOT / file).relative_to(ROOT)), text) not in ALLOWED:
            found.append((rule, place))
    return found


def semgrep() -> str:
    """Return the program; ``$SEMGREP`` names it where it lives in an environment of its own."""
    found = os.environ.get("SEMGREP") or shutil.which("semgrep")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("semgrep is not installed: set SEMGREP to its path")
        pytest.skip("NOT CHECKED: semgrep is not installed; set SEMGREP to its path")
    return found


def scanned(*paths: Path, folder: Path) -> list[tuple[str, str]]:
    """Return ``(rule, place)`` of everything that the rules find."""
    command = [semgrep(), "scan", "--metrics", "off", "--disable-version-check", "--no-git-ignore", "--json", "--quiet"]
    done = subprocess.run(
        [*command, "--config", str(HERE / "rules.yml"), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "SEMGREP_SEND_METRICS": "off"},
    )
    told = json.loads(done.stdout)
    assert told["errors"] == [], told["errors"]
    assert told["paths"]["scanned"], "nothing was looked at"
    return [(one["check_id"].rpartition(".")[2], f"{one['path']}:{one['start']['line']}") for one in told["results"]]


def test_no_rule_is_broken(tmp_path):
    assert unknown(scanned(*(ROOT / name for name in SOURCES), folder=tmp_path)) == []


def test_each_rule_finds_its_example(tmp_path):
    """The positive control: examples lie outside of folders that semgrep passes over as tests."""
    for file in (HERE / "examples").iterdir():
        shutil.copy(file, tmp_path / file.name)
    rules = {
        line.split("id: ")[1].strip() for line in (HERE / "rules.yml").read_text().splitlines() if "- id: " in line
    }
    assert {rule for rule, _ in scanned(tmp_path, folder=tmp_path)} == rules


def test_bandit_finds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-r", "-ll", "-q", "-f", "json", *SOURCES],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=ROOT,
    )
    told = json.loads(done.stdout)
    assert told["metrics"]["_totals"]["loc"] > 10_000
    found = [(one["test_id"], f"{one['filename']}:{one['line_number']}") for one in told["results"]]
    assert unknown(found) == []


def test_bandit_finds_what_is_wrong():
    """The positive control."""
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-ll", "-q", "-f", "json", str(HERE / "examples" / "wrong.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert {"B301", "B602", "B506", "B324"} <= {one["test_id"] for one in json.loads(done.stdout)["results"]}
