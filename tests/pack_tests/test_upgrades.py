"""Tests of upgrades: from a release before, with changes of admins and records, to the one that is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dealwright import pack_tests, packs, rules
from dealwright.errors import DefinitionError
from shop_pack import LARGE, MAY, SHOP, THING, pack

NAME = "entity:shop.thing#/properties/name/title"
MOVE = {"since": "1.2.0", "from": "entity:shop.thing#/properties/called", "to": "entity:shop.thing#/properties/name"}
OLD: dict[str, Any] = {**THING, "display": "called", "properties": {"called": THING["properties"]["name"], "amount": THING["properties"]["amount"]}}  # fmt: skip # noqa: E501
TEST: dict[str, Any] = {
    "test": "the name keeps its values and what the admins call it",
    "from": {
        "version": "1.1.0",
        "files": {
            "entities/thing.json": OLD, "moves.json": None,
            "messages/look.json": {**SHOP["messages/look.json"], "title": "Look at {called}"},
        },
    },
    "overlay": [{"path": "entity:shop.thing#/properties/called/title", "op": "set", "value": "Label"}],
    "given": {"shop.thing": [{"id": "desk", "called": "Desk", "amount": "50"}]},
    "plan": [
        {"action": "UPGRADE", "path": "pack:shop"},
        {"action": "MOVED", "path": "entity:shop.thing#/properties/called/title"},
        {"action": "KEPT", "path": NAME, "risk": "safe"},
    ],
    "when": [{"update": "desk", "record": {"amount": "200"}}],
    "expect": [{"field": {"id": "desk", "name": "Desk"}}, {"decision": {"rule": "shop.large", "fired": True}}],
}  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def run(place: Path, *tests: dict[str, Any]) -> list[tuple[str, ...]]:
    files = {**SHOP, "rules/large.json": LARGE, "moves.json": [MOVE], "tests/upgrade/from_1_1.json": list(tests)}
    report = pack_tests.run(pack(place, files, permissions=MAY), "keeps")
    return [one.because for one in report.results]


def test_an_upgrade_is_played_with_changes_and_records_and_what_is_not_so_is_told(tmp_path: Path) -> None:
    wrong = {
        **TEST, "test": "it keeps nothing",
        "plan": [{"action": "PARKED", "path": NAME}, {"action": "KEPT", "path": NAME, "risk": "review"}],
    }  # fmt: skip
    other = {**TEST, "test": "it keeps another value", "expect": [{"field": {"id": "desk", "name": "Chair"}}]}
    first, second, third = run(tmp_path, TEST, wrong, other)
    assert first == ()
    assert second == (
        f"the plan has no line PARKED {NAME}; of that path it says KEPT",
        f"KEPT {NAME} is safe, not review",
    )
    assert any("Desk" in line and "Chair" in line for line in third), third


def test_a_test_of_an_upgrade_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path) -> None:
    broken = {key: one for key, one in TEST.items() if key != "plan"}
    with pytest.raises(DefinitionError, match="“plan” is missing"):
        run(tmp_path, broken)
    assert [one.code for one in packs.check([tmp_path / "shop"])] == ["missing-plan"]
