"""The tests of each shipped pack pass and reach every rule, gate, threshold and role of it."""

from __future__ import annotations

import pytest

from dealwright import pack_tests, packs
from dealwright.pack_tests import cases


@pytest.mark.parametrize("name", ["compliance_core", "fmcg_channels", "medical_devices_cn", "sales_pipeline"])
def test_a19_the_tests_of_a_pack_pass_and_reach_all_of_it(name: str) -> None:
    report = pack_tests.run(packs.find()[name])
    assert [(one.name, *one.because) for one in report.results if not one.ok] == []
    assert report.passed == len(report.results) > 0
    assert [f"{one.path}: {one.code}" for one in report.coverage.holes()] == []


#: What the tests of a pack, all of which pass, must speak of: words of their names.
VECTORS = {
    "medical_devices_cn": [
        "a death is reported within seven days, and the October holiday moves nothing",
        "five working days for the plan over the holiday",
        "a permit is renewed from 90 to 30 working days before its end, counted with the holidays of October",
        "a registration is to be renewed six months before its end",
    ],
    "fmcg_channels": [
        "three months in a row by 15 percent and more warn",
        "one fall of 14.94 percent among them does not",
        "deep falls that come to rest do not",
        "two months are too little history",
        "a month after one without orders has no change",
        *("at 89.99 percent of the target", "at 90 percent", "at 100 percent two", "at 110 percent three"),
        *("counted above each bound, 90 percent bring nothing", "100 percent bring one percent of the last tenth"),
    ],
}


def names(pack: str) -> list[str]:
    return [one.name for one in cases.read(packs.find()[pack])]


def test_a20_the_legal_clocks_are_tried_across_the_october_holiday_and_windows_before_the_end_of_papers() -> None:
    known = names("medical_devices_cn")
    assert [one for one in VECTORS["medical_devices_cn"] if not any(one in name for name in known)] == []


def test_a21_falls_of_dealers_and_bounds_of_rebates_are_tried_on_both_sides() -> None:
    known = names("fmcg_channels")
    assert [one for one in VECTORS["fmcg_channels"] if not any(one in name for name in known)] == []
