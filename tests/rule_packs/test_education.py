"""An example: a pack of one's own on top of a shipped one. It is right, and its tests reach all of it."""

from __future__ import annotations

from pathlib import Path

from dealwright import pack_tests, packs

PACK = Path(__file__).parents[2] / "examples" / "education_cn"


def test_the_education_pack_has_nothing_to_be_looked_at_and_its_tests_reach_all_of_it() -> None:
    assert [f"{one.code} {one}" for one in packs.lint.run(PACK).findings] == []
    report = pack_tests.run(PACK)
    assert [(one.name, one.because) for one in report.results if not one.ok] == []
    assert (report.passed, [str(one) for one in report.coverage.holes()]) == (14, [])
