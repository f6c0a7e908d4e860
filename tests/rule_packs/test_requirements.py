"""The page of requirements names components that exist, each requirement once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dealwright import packs
from dealwright.metadata.catalog import Catalog

PAGE = Path(__file__).resolve().parents[2] / "docs" / "requirements.md"
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
COMPONENT = re.compile(r"`(?P<kind>[a-z_]+):(?P<id>[a-z0-9_.]+)(?:#(?P<pointer>[^`]+))?`")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return packs.catalog([packs.read(folder) for folder in packs.find().values()], {})


def test_each_requirement_stands_on_the_page_once() -> None:
    numbers = [int(number) for number, _, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))]
    assert numbers == list(range(1, 96))


def test_each_component_that_carries_a_requirement_exists(catalog: Catalog) -> None:
    wrong = []
    for number, _, carried in ROW.findall(PAGE.read_text(encoding="utf-8")):
        for found in COMPONENT.finditer(carried):
            key = (found["kind"], found["id"])
            if key not in catalog.documents or (
                found["pointer"] and not _leads_somewhere(catalog.documents[key], found["pointer"])
            ):
                wrong.append(f"{number}: {found[0]}")
    assert wrong == []


def _leads_somewhere(document: object, pointer: str) -> bool:
    here = document
    for step in pointer.strip("/").split("/"):
        if isinstance(here, list | tuple):
            here = next((one for one in here if one["id"] == step), None)
        else:
            here = here.get(step) if hasattr(here, "get") else None
    return here is not None
