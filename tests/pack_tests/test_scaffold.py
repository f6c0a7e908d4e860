"""A pack that was just begun has no fault, and its tests pass and reach all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dealwright import pack_tests, packs
from dealwright.errors import ConflictError, DefinitionError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_pack_works(tmp_path: Path) -> None:
    files = packs.scaffold.begin(tmp_path / "office_supplies", "supply")
    assert sorted(files) == sorted(one for one in (tmp_path / "office_supplies").rglob("*") if one.is_file())
    assert packs.check([tmp_path / "office_supplies"]) == []
    report = pack_tests.run(tmp_path / "office_supplies")
    assert [(one.name, one.because) for one in report.results if not one.ok] == []
    assert report.passed == 4
    assert report.coverage.holes() == []


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConflictError, match="not empty"):
        packs.scaffold.begin(tmp_path / "shop")
    assert [one.name for one in (tmp_path / "shop").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(("name", "ns"), [("Office", ""), ("office-supplies", ""), ("office", "Supply"), ("o", "")])
def test_a_name_that_a_pack_cannot_have_is_refused(tmp_path: Path, name: str, ns: str) -> None:
    with pytest.raises(DefinitionError, match="cannot be begun"):
        packs.scaffold.begin(tmp_path / name, ns)
    assert not (tmp_path / name).exists()
