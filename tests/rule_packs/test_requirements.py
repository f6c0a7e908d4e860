"""The page of requirements names components, pages and tests that exist, each requirement once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from dealwright import packs
from dealwright.metadata import strict
from dealwright.metadata.catalog import Catalog
from dealwright.resources import shipped

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([^`]+)`")
COMPONENT = re.compile(r"(?P<kind>[a-z_]+):(?P<id>[a-z0-9_.]+)(?:#(?P<pointer>.+))?")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Row(NamedTuple):
    number: int
    practice: str
    carried: str
    shown: str
    open: str


def cells(line: str) -> list[str]:
    return [one.strip() for one in line.strip().strip("|").split("|")]


LINES = [cells(line) for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
ROWS = [Row(int(line[0]), *line[1:]) for line in LINES if len(line) == 5]
OUTCOMES = [int(line[0]) for line in LINES if len(line) == 2]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return packs.catalog([packs.read(folder) for folder in packs.find().values()], {})


def test_each_of_the_96_requirements_stands_on_the_page_once() -> None:
    assert [row.number for row in ROWS] == list(range(1, 97))
    assert len(ROWS) + len(OUTCOMES) == len(LINES)


def test_what_is_not_done_says_so_and_what_is_done_is_shown_by_a_test() -> None:
    wrong = [row.number for row in ROWS if (not NAMED.search(row.shown) if row.carried != "–" else not row.open)]
    assert wrong == []
    assert [row.number for row in ROWS if row.carried == "–" and row.shown] == []


def test_each_component_and_page_that_carries_a_requirement_exists(catalog: Catalog) -> None:
    wrong = [
        f"{row.number}: {name}"
        for row in ROWS
        if row.carried != "–"
        for name in NAMED.findall(row.carried) or ["nothing is named"]
        if not (page_exists(name) if name.startswith(("docs/", "examples/")) else component_exists(catalog, name))
    ]
    assert wrong == []


def test_each_test_that_shows_a_requirement_exists() -> None:
    assert [
        f"{row.number}: {name}" for row in ROWS for name in NAMED.findall(row.shown) if not holds_a_test(name)
    ] == []


def test_outcomes_belong_to_requirements_and_each_stands_once() -> None:
    assert len(OUTCOMES) == len(set(OUTCOMES))
    assert {23, 43, 47, 49, 53, 70, 72, 74, 76, 81} <= set(OUTCOMES) <= {row.number for row in ROWS}


def test_a_name_of_nothing_is_found_out(catalog: Catalog) -> None:
    assert not component_exists(catalog, "rule:sales.no_such_rule")
    assert not component_exists(catalog, "pipeline:sales.standard#/stages/lead/exit/no_such_gate")
    assert not page_exists("docs/no_such_page.md")
    assert not page_exists("docs/pipelines.md#no-such-heading")
    assert not holds_a_test("rule_packs/sales_pipeline/tests/no_such_test.json")
    assert not holds_a_test("docs/pipelines.md")


def component_exists(catalog: Catalog, name: str) -> bool:
    found = COMPONENT.fullmatch(name)
    if found is None or (found["kind"], found["id"]) not in catalog.documents:
        return False
    here: object = catalog.documents[(found["kind"], found["id"])]
    for step in (found["pointer"] or "").strip("/").split("/") if found["pointer"] else ():
        if isinstance(here, list | tuple):
            here = next((one for one in here if one["id"] == step), None)
        else:
            here = here.get(step) if hasattr(here, "get") else None
    return here is not None


def page_exists(name: str) -> bool:
    path, _, anchor = name.partition("#")
    if not (ROOT / path).is_file():
        return False
    headings = HEADING.findall((ROOT / path).read_text(encoding="utf-8"))
    return not anchor or anchor in [re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings]


def holds_a_test(name: str) -> bool:
    """Whether a file of tests is there that holds one: of the project, or data of a pack."""
    folder, _, rest = name.partition("/")
    path = shipped("rule_packs") / rest if folder == "rule_packs" else ROOT / name
    if not path.is_file():
        return False
    if path.suffix == ".json":
        read = strict.read(path, name)
        return path.parent.name == "tests" and any(
            one.get("test") for one in (read if isinstance(read, list) else [read])
        )
    return folder == "tests" and "\ndef test_" in path.read_text(encoding="utf-8")
