"""Tests of packs run on what a plan would put in force, before it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dealwright import pack_tests, packs, rules
from dealwright.errors import ConflictError
from dealwright.packs import Wanted
from dealwright.storage import Database, revisions
from shop_pack import LARGE, MAY, SHOP, pack

DESK: dict[str, Any] = {
    "test": "a desk above a thousand is looked at",
    "when": [{"create": "shop.thing", "record": {"id": "a", "name": "Desk", "amount": "1200"}}],
    "expect": [{"decision": {"rule": "shop.large", "fired": True}}],
}


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    with Database(sqlite_url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def shop(place: Path, version: str = "1.0.0", **rule: Any) -> packs.PackSource:
    files = {**SHOP, "rules/large.json": {**LARGE, "if": "amount > 1000", **rule}, "tests/large.json": [DESK]}
    return packs.read(pack(place, files, version=version, permissions=MAY))


def test_a_plan_with_a_test_that_fails_cannot_be_applied_and_one_whose_tests_pass_can(
    sqlite_database: Database, tmp_path: Path
) -> None:
    good, bad = shop(tmp_path / "a"), shop(tmp_path / "b", "1.1.0", **{"if": "amount > 2000"})
    made = packs.plan(sqlite_database, Wanted(packs=[good]), trial=pack_tests.trial({"shop": good.folder}))
    assert [(one.path, one.detail) for one in made.lines if one.action == "TEST"] == [
        ("pack:shop", "1 of 1 tests pass")
    ]
    packs.apply(sqlite_database, made.id)
    blocked = packs.plan(sqlite_database, Wanted(packs=[bad]), trial=pack_tests.trial({"shop": bad.folder}))
    (failed, _) = [one for one in blocked.lines if one.action == "TEST"]
    assert (blocked.risk, failed.path, failed.risk) == ("blocked", "shop/tests/large.json/0", "blocked")
    assert "“a desk above a thousand is looked at” fails" in failed.detail
    with pytest.raises(ConflictError):
        packs.apply(sqlite_database, blocked.id)
    with pytest.raises(ConflictError, match="tests fail on what would be in force"):
        packs.install(sqlite_database, [bad], trial=pack_tests.trial({"shop": bad.folder}))
    with sqlite_database.read() as connection:
        assert revisions.active(connection) == made.revision


def test_a_change_of_the_admins_that_breaks_a_promise_of_a_pack_and_a_test_of_their_own_are_found(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shop(tmp_path / "packs")
    packs.install(sqlite_database, [source])
    monkeypatch.setattr(packs, "find", lambda: {"shop": source.folder})
    own = {
        **DESK,
        "test": "a chair is never looked at",
        "expect": [{"never": {"decision": {"rule": "shop.large", "fired": True}}}],
    }
    (tmp_path / "here" / "tests").mkdir(parents=True)
    (tmp_path / "here" / "tests" / "own.json").write_text(json.dumps([own]), encoding="utf-8")
    off = packs.overlay.read(
        {"format": 1, "changes": [{"path": "rule:shop.large#/mode", "op": "set", "value": "draft"}]}
    )

    def failed(**more: Any) -> list[str]:
        tried = pack_tests.trial({}, tmp_path / "here", everything=True)
        made = packs.plan(sqlite_database, Wanted(**more), trial=tried)
        return [one.path for one in made.lines if one.action == "TEST" and one.risk == "blocked"]

    assert failed(overlay=off) == ["shop/tests/large.json/0"]
    assert failed() == ["here/tests/own.json/0"]
