"""What an installation says of rules that are woken by time, and what should be looked at in rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, packs
from dealwright.errors import DefinitionError
from dealwright.records import Work, Workspace, save_one
from dealwright.records.work import Change
from dealwright.storage import estimates

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

DEAL = {
    "kind": "entity", "id": "shop.deal", "lang": 1, "title": "Deal", "plural": "Deals",
    "properties": {"name": {"field": "text", "title": "Name"}, "amount": {"field": "money", "title": "Amount"}},
}  # fmt: skip


def rule(name, on, **more):
    then = [{"do": "create_task", "title": "Look"}]
    return {
        "kind": "rule",
        "id": f"shop.{name}",
        "lang": 1,
        "title": name,
        "entity": "shop.deal",
        "on": on,
        "then": then,
        **more,
    }


STALL = rule("stall", {"idle": {"of": "last_activity_at", "for": "P7D"}})
CLEAN = rule("clean", {"schedule": {"every": "month", "on": "last", "at": "23:00", "filter": "amount < 100"}})
NEVER = rule("never", {"record": {"events": ["created"]}}, **{"if": "amount > 5 && amount < 4"})


def folder(place, *documents):
    root = place / "shop"
    for one in documents:
        kind = {"entity": "entities", "rule": "rules"}[one["kind"]]
        (root / kind).mkdir(parents=True, exist_ok=True)
        (root / kind / f"{one['id'].partition('.')[2]}.json").write_text(json.dumps(one))
    manifest = {"format": 1, "id": "shop", "ns": "shop", "version": "1.0.0", "title": "X", "platform": ">=0.1"}
    (root / "pack.json").write_text(json.dumps(manifest))
    return root


@pytest.fixture
def filled(database, tmp_path):
    """A workspace with five deals of 0, 50, 100, 150 and 200, made a day apart."""
    with clock.frozen(NOON):
        packs.install(database, [packs.read(folder(tmp_path / "one", DEAL))])
    workspace = Workspace(database, tmp_path)
    for number in range(5):
        with clock.frozen(NOON + timedelta(days=number)), database.write() as connection:
            save_one(Work(workspace, connection, access.operator()), "shop.deal", Change({"amount": str(number * 50)}))
    return database


def test_it_is_told_how_many_records_rules_look_at_that_are_woken_by_time(filled, tmp_path):
    with clock.frozen(NOON + timedelta(days=9)):
        done = packs.install(filled, [packs.read(folder(tmp_path / "two", DEAL, STALL, CLEAN))])
        again = packs.install(filled, [packs.read(folder(tmp_path / "two", DEAL, STALL, CLEAN))])
    assert [str(one) for one in done.outlook] == [
        "shop.clean looks at 2 records each run, next at 2026-12-31 23:00 UTC",
        "shop.stall finds 2 records idle and looks at them at once",
    ]
    assert list(again.outlook) == []


def test_very_many_are_not_counted_to_the_end(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(estimates, "COUNTED", 1)
    with clock.frozen(NOON + timedelta(days=9)):
        done = packs.install(filled, [packs.read(folder(tmp_path / "two", DEAL, STALL))])
    assert [str(one) for one in done.outlook] == ["shop.stall finds 1 or more records idle and looks at them at once"]


def test_what_should_be_looked_at_is_told_and_hinders_nothing(filled, tmp_path):
    pack = folder(tmp_path / "two", DEAL, NEVER)
    reviewed = packs.review([pack])
    assert reviewed.problems == []
    assert [(one.source, one.pointer, one.code) for one in reviewed.warnings] == [
        ("shop/rules/never.json", "/if", "never-true")
    ]
    done = packs.install(filled, [packs.read(pack)])
    assert [one.code for one in done.warnings] == ["never-true"]


@pytest.mark.parametrize("budget", ["0", "many", "-5", "1.5"])
def test_a_budget_that_is_no_number_is_refused(filled, budget):
    with pytest.raises(DefinitionError, match="settings"):
        packs.install(filled, settings={"rule_budget": budget})
