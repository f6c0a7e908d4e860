"""The tests of each shipped pack pass and reach every rule, gate, threshold and role of it."""

from __future__ import annotations

import pytest

from dealwright import pack_tests, packs


@pytest.mark.parametrize("name", ["compliance_core", "fmcg_channels", "medical_devices_cn", "sales_pipeline"])
def test_a19_the_tests_of_a_pack_pass_and_reach_all_of_it(name: str) -> None:
    report = pack_tests.run(packs.find()[name])
    assert [(one.name, *one.because) for one in report.results if not one.ok] == []
    assert report.passed == len(report.results) > 0
    assert [f"{one.path}: {one.code}" for one in report.coverage.holes()] == []
