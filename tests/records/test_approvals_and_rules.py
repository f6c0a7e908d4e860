"""What asks for an approval by itself, and what follows from its end: by the same road as rules, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import clock
from dealwright.errors import DefinitionError
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Change, Work, approving, fetch, save_one
from dealwright.storage import approvals as stored
from worlds import documents, opened, person, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.access import User

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DISCOUNT = {
    "kind": "approval", "id": "t.discount", "lang": 1, "title": "Discount", "entity": "t.deal", "when": "discount > 5",
    "by_hand": "no",
    "start": {"record": {"events": ["created", "updated"], "fields": ["discount"]}},
    "steps": [{"id": "manager", "title": "Manager", "approvers": [{"manager_of": "owner"}]}],
    "rules": {"restart_on": ["discount"]},
    "on_approved": [{"do": "set_field", "field": "code", "value": "'agreed'"}],
    "on_rejected": [{"do": "set_field", "field": "discount", "value": "5"},
                    {"do": "notify", "to": "owner", "title": "{name} goes at 5 %"}],
}  # fmt: skip
VISIT = {
    "kind": "approval", "id": "t.visit", "lang": 1, "title": "Visit", "entity": "t.deal",
    "steps": [{"id": "manager", "title": "Manager", "approvers": [{"manager_of": "requester"}]}],
}  # fmt: skip
ASKS = {
    "kind": "rule", "id": "t.asks", "lang": 1, "title": "Ask before visits", "entity": "t.deal",
    "on": {"record": {"events": ["created", "updated"], "fields": ["amount"]}}, "if": "amount > 1000",
    "then": [{"do": "request_approval", "approval": "t.visit"}],
}  # fmt: skip
HEARS = {
    "kind": "rule", "id": "t.hears", "lang": 1, "title": "Agreed visits", "entity": "t.deal",
    "on": {"approval": {"approval": "t.visit", "event": "approved"}},
    "then": [{"do": "set_field", "field": "opened", "value": "7"}],
}  # fmt: skip


class Office:
    """Ann sells, mia manages her."""

    def __init__(self, database: Any, folder: Any) -> None:
        self.workspace = opened(database, DISCOUNT, VISIT, ASKS, HEARS, folder=folder)
        self.mia = person(self.workspace, "Mia", ["base.admin"])
        self.ann = person(self.workspace, "Ann", ["t.rep"], manager=self.mia.id)

    def act(self, user: User, what: Callable[[Work], Any]) -> Any:
        with clock.frozen(NOON), self.workspace.database.write() as connection:
            return what(Work(self.workspace, connection, user))

    def save(self, record: str | None = None, **data: Any) -> str:
        given = data if record else {"name": "Lift", **data}
        return self.act(self.ann, lambda work: save_one(work, "t.deal", Change(given, record))).id

    def asked(self, deal: str) -> list[tuple[str, str]]:
        with self.workspace.database.read() as connection:
            return [(row.approval, row.state) for row in stored.rows(connection, [deal])]

    def decide(self, verdict: str) -> None:
        with self.workspace.database.read() as connection:
            (one,) = stored.asked(connection, self.mia.id or "")
        self.act(self.mia, lambda work: approving.decide(work, one, verdict, comment="because"))

    def row(self, deal: str) -> dict[str, Any]:
        return next(one for one in rows_of(self.workspace.database, "t__deal") if one["id"] == deal)


@pytest.fixture
def office(database, tmp_path) -> Office:
    return Office(database, tmp_path)


def test_a_change_asks_for_an_approval_where_it_is_needed_and_once(office):
    deal = office.save(discount="3")
    assert office.asked(deal) == []
    office.save(deal, discount="12")
    assert office.asked(deal) == [("t.discount", "open")]
    office.save(deal, discount="13")  # it begins anew; there is no second one
    assert office.asked(deal) == [("t.discount", "open")]


def test_what_was_agreed_to_is_not_asked_again_for_the_same_values(office):
    deal = office.save(discount="12")
    office.decide("approved")
    assert office.row(deal)["code"] == "agreed"
    office.save(deal, discount="6")
    assert office.asked(deal) == [("t.discount", "approved"), ("t.discount", "open")]
    office.decide("rejected")
    assert office.asked(deal)[1] == ("t.discount", "rejected")


def test_a_rejection_does_what_the_approval_says_and_is_explained_as_a_decision(office):
    deal = office.save(discount="12")
    office.decide("rejected")
    with office.workspace.database.read() as connection:
        assert fetch(Work(office.workspace, connection, office.mia), "t.deal", deal)["discount"] == "5"
    titles = [row["title"] for row in rows_of(office.workspace.database, "base__notification")]
    assert "Lift goes at 5 %" in titles
    made = [row["rule"] for row in rows_of(office.workspace.database, "dw_decision") if row["fired"]]
    assert {"t.discount.start", "t.discount.on_rejected"} <= set(made)


def test_a_rule_asks_for_an_approval_and_another_hears_of_its_end(office):
    deal = office.save(amount="5000")
    assert office.asked(deal) == [("t.visit", "open")]
    office.decide("approved")
    assert office.row(deal)["opened"] == 7


def test_what_asks_or_follows_and_leads_nowhere_is_found():
    other = {**VISIT, "id": "t.other", "entity": "t.account"}
    wrong = {**ASKS, "then": [{"do": "request_approval", "approval": name} for name in ("t.vist", "t.other")]}
    start = {
        **DISCOUNT,
        "start": {"stage": {"entered": "offr"}},
        "on_approved": [{"do": "set_field", "field": "cod", "value": "1"}],
    }
    sourced = tuple(SourcedDocument(one) for one in documents(VISIT, other, wrong, start))
    with pytest.raises(DefinitionError) as refused:
        load.catalog([load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))])
    assert {(one.pointer, one.code) for one in refused.value.problems} == {
        ("/then/0/approval", "unknown-name"),
        ("/then/1/approval", "wrong-entity"),
        ("/start/stage/entered", "unknown-name"),
        ("/on_approved/0/field", "unknown-name"),
    }
