"""Approvals that are open while the definitions change: they finish on the revision with which they began, or migrate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import clock, packs
from dealwright.errors import DefinitionError
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.packs import courses, in_flight
from dealwright.records import Change, Work, approval_views, approving, save_one
from dealwright.storage import approvals as stored
from dealwright.storage import events, revisions, schema, timers
from passing import pass_until
from worlds import SETTINGS, documents, opened, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.access import User

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TWICE = {
    "kind": "approval", "id": "t.twice", "lang": 1, "title": "Twice", "entity": "t.deal",
    "steps": [
        {"id": "boss", "title": "Boss", "approvers": [{"manager_of": "owner"}]},
        {"id": "finance", "title": "Finance", "approvers": [{"role": "t.finance"}], "due": {"param": "days", "unit": "day"}},
    ],
    "rules": {"restart_on": ["discount"], "lock": "fields"},
}  # fmt: skip
DAYS = {"kind": "parameter", "id": "t.days", "type": "integer", "title": "Days", "default": 2}
FINANCE = {
    "kind": "role", "id": "t.finance", "lang": 1, "title": "Finance", "grants": [{"entity": "t.deal", "ops": ["read"]}],
}  # fmt: skip


class Office:
    """Ann sells, mia manages her, fay is in finance; ann has asked."""

    def __init__(self, database: Any, folder: Any) -> None:
        self.workspace = opened(database, TWICE, DAYS, FINANCE, folder=folder)
        self.mia = person(self.workspace, "Mia", ["base.admin"])
        self.ann = person(self.workspace, "Ann", ["t.rep"], manager=self.mia.id)
        self.fay = person(self.workspace, "Fay", ["t.finance"])
        self.deal = self.act(self.ann, lambda work: save_one(work, "t.deal", Change({"name": "Lift"}))).id
        self.one = self.act(self.ann, lambda work: approving.request(work, "t.twice", "t.deal", self.deal))

    def act(self, user: User, what: Callable[[Work], Any]) -> Any:
        with clock.frozen(NOON), self.workspace.database.write() as connection:
            return what(Work(self.workspace, connection, user))

    def put_in_force(self, *more: Any) -> Any:
        sourced = tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in documents(FINANCE, *more))
        layers = [load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))]
        catalog = load.catalog(layers, SETTINGS)
        with self.workspace.database.write() as connection:
            before = self.workspace.catalog(connection)
            in_flight.check(connection, before, catalog)
            counted = courses.affected(connection, before, catalog)
            schema.plan(before, catalog).apply(connection)
            packs.store(connection, catalog, layers, reason="test", by=None, at=clock.now())
            revisions.activate(connection, catalog.revision, reason="test", by=None, at=clock.now())
            told = {"before": before.revision}
            timers.put(connection, [timers.Timer("", catalog.revision, f"revision:{catalog.revision}", NOON, told)])
        pass_until(self.workspace, NOON + timedelta(hours=1))
        self.said = [one.detail for one in counted]
        return [(one.approval, one.count, one.then) for one in counted]

    def decide(self, user: User) -> str:
        return self.act(user, lambda work: approving.decide(work, self.one, "approved")).state

    def seen(self, user: User) -> list[tuple[str, str]]:
        return self.act(
            user, lambda work: [(one["title"], one["state"]) for one in approval_views.one(work, self.one)["steps"]]
        )


@pytest.fixture
def office(database, tmp_path) -> Office:
    return Office(database, tmp_path)


def test_a_step_that_was_removed_meanwhile_is_still_asked(office):
    assert office.put_in_force({**TWICE, "steps": TWICE["steps"][:1]}) == [("t.twice", 1, "finish")]
    assert office.decide(office.mia) == "open"
    assert office.seen(office.fay) == [("Boss", "approved"), ("Finance", "open")]
    assert office.decide(office.fay) == "approved"


def test_an_approval_whose_definition_is_gone_goes_to_its_end(office):
    office.put_in_force()
    assert office.seen(office.ann) == [("Boss", "open"), ("Finance", "waiting")]
    assert office.decide(office.mia) == "open"
    assert office.decide(office.fay) == "approved"
    with office.workspace.database.read() as connection:
        assert stored.asked(connection, office.fay.id or "") == {}


def test_a_new_one_begins_on_the_new_definition(office):
    office.act(office.ann, lambda work: approving.recall(work, office.one))
    office.put_in_force({**TWICE, "steps": TWICE["steps"][:1]})
    office.one = office.act(office.ann, lambda work: approving.request(work, "t.twice", "t.deal", office.deal))
    assert office.decide(office.mia) == "approved"


BOSS, MONEY = TWICE["steps"][0], TWICE["steps"][1]
CHECK = {"id": "check", "title": "Check", "approvers": [{"role": "t.finance"}]}


def test_a_definition_that_migrates_takes_those_along_that_are_open(office):
    """The boss has approved; finance is money now, and a check comes before it that nobody had to do."""
    office.decide(office.mia)
    new = {**TWICE, "steps": [BOSS, CHECK, {**MONEY, "id": "money", "title": "Money"}], "in_flight": "migrate",
           "step_map": {"finance": "money"}}  # fmt: skip
    assert office.put_in_force(new, DAYS) == [("t.twice", 1, "migrate")]
    assert office.said == [
        "1 are open and go on under the new definition: what was decided counts, what is new is asked"
    ]
    assert office.seen(office.fay) == [("Boss", "approved"), ("Check", "open"), ("Money", "waiting")]
    assert office.decide(office.fay) == "approved"  # once: who has approved the check counts for the money too
    with office.workspace.database.read() as connection:
        kinds = [one["type"] for one in events.since(connection, 0) if one["type"].startswith("approval.")]
    assert kinds == [f"approval.{one}" for one in ("requested", "decided", "migrated", "decided", "approved")]


def test_a_step_that_leads_nowhere_is_refused_with_the_number_of_those_on_their_way(office):
    gone = {**TWICE, "steps": [BOSS], "in_flight": "migrate"}
    with pytest.raises(DefinitionError) as refused:
        office.put_in_force(gone)
    assert [(p.source, p.pointer, p.code) for p in refused.value.problems] == [
        ("approval:t.twice", "/step_map", "unmapped-step")
    ]
    assert refused.value.problems[0].message.startswith("1 open approvals have the step “finance”")
    with pytest.raises(DefinitionError, match="approvals are on their way"):
        office.put_in_force({**gone, "step_map": {"finance": "boss"}})  # it would be there twice
    assert office.seen(office.mia) == [("Boss", "open"), ("Finance", "waiting")]


def test_one_that_is_needed_no_longer_under_the_new_definition_ends(office):
    office.put_in_force({**TWICE, "when": "amount > 1000", "in_flight": "migrate"}, DAYS)
    with office.workspace.database.read() as connection:
        assert stored.get(connection, [office.one])[office.one].state == "recalled"
