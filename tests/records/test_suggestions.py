"""A rule suggests, a person accepts or dismisses: in his own name, with his own rights, once, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import access, clock, records
from dealwright.errors import ConflictError, GateUnmetError, NotFoundError, RecordError
from dealwright.records import Work
from worlds import made, opened, person, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.access import User

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def suggesting(name: str, **action: Any) -> dict[str, Any]:
    """Return a rule that suggests something when the name of a deal is set to its own name."""
    return {
        "kind": "rule", "id": f"t.{name}", "lang": 1, "title": name.title(), "entity": "t.deal",
        "on": {"record": {"events": ["updated"], "fields": ["code"]}}, "if": f"code == \"{name}\"",
        "then": [{"do": "suggest", "title": name.title(), "reason": "because", **action}],
    }  # fmt: skip


#: 3 openings of the quote since the stage was entered: change how it is negotiated.
STRATEGY = {
    "kind": "rule", "id": "t.strategy", "lang": 1, "title": "Quote opened again and again", "entity": "t.deal",
    "on": {"count": {"event": "engagement.seen", "at_least": 3, "since": "stage"}}, "if": "status == \"open\"",
    "once_per": "stage_visit",
    "then": [{"do": "suggest", "title": "Change the negotiation strategy for {name}", "due": "P14D",
              "reason": "The quote was opened {event.count} times since it came to this stage", "values": {"discount": 10}}],
}  # fmt: skip
VISIT = suggesting("visit", entity="base.task", values={"title": "'Visit ' + name", "about": "record.id"})
OFFER = suggesting("offer", stage="offer")
CALL = suggesting("call")
SPEAKS = suggesting("speaks", title=None, reason=None, message="t.hint")
MARGIN = suggesting("margin", reason="{margin} is left")
SETS = suggesting("sets", values={"tier": "'A'"})
HINT = {"kind": "message", "id": "t.hint", "lang": 1, "title": "Hint for {name}", "body": "Amount {amount}"}
HEARS = {
    "kind": "rule", "id": "t.hears", "lang": 1, "title": "Hears", "entity": "t.deal",
    "on": {"event": {"type": "suggestion.dismissed"}},
    "then": [{"do": "create_task", "title": "Not {event.rule}: {event.reason}"}],
}  # fmt: skip
for _one in (SPEAKS["then"][0],):
    del _one["title"], _one["reason"]


class Office:
    """Ann owns a deal of 500 in its first stage; the rules above look at it."""

    def __init__(self, database: Any, folder: Any) -> None:
        rules = (STRATEGY, VISIT, OFFER, CALL, SPEAKS, MARGIN, SETS, HINT, HEARS)
        role = {"kind": "role", "id": "t.tasks", "lang": 1, "title": "Tasks", "grants": [
            {"entity": "base.task", "ops": ["read", "create"], "fields": {"*": "edit"}}]}  # fmt: skip
        with clock.frozen(NOON):
            self.workspace = opened(database, *rules, role, folder=folder)
            self.ann = person(self.workspace, "Ann", ["t.rep", "t.tasks"])
            self.bob = person(self.workspace, "Bob", ["t.viewer"])
            account = made(self.workspace, "t.account", name="Kestrel")
            self.deal = made(self.workspace, "t.deal", name="Lift", amount="500", owner=self.ann.id, account=account)

    def act(self, what: Callable[[Work], Any], who: User | None = None, at: datetime = NOON) -> Any:
        with clock.frozen(at), self.workspace.database.write() as connection:
            return what(Work(self.workspace, connection, who or self.ann))

    def name(self, code: str | None) -> None:
        with clock.frozen(NOON):
            records.save(self.workspace, access.operator(), "t.deal", {"code": code}, id=self.deal)

    def suggested(self, code: str, who: User | None = None) -> Any:
        self.name(code)
        return self.shown(who)[0]

    def shown(self, who: User | None = None, at: datetime = NOON) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.act(lambda work: records.suggestions(work, "t.deal", self.deal), who, at)
        return found

    def fetched(self) -> dict[str, Any]:
        return dict(self.act(lambda work: records.fetch(work, "t.deal", self.deal), access.operator()))

    def told(self) -> list[tuple[str, str | None]]:
        found = self.act(lambda work: records.history(work, "t.deal", self.deal), access.operator())
        return [(e["type"], e["actor"]) for e in reversed(found) if e["type"].startswith("suggestion.")]


@pytest.fixture
def office(database, tmp_path) -> Office:
    return Office(database, tmp_path)


def test_three_openings_of_a_quote_suggest_another_strategy_which_is_accepted_in_ones_own_name(office):
    for _ in range(4):
        office.act(lambda work: records.send(work, "engagement.seen", "t.deal", office.deal, {}))
    (one,) = office.shown()
    assert one["title"] == "Change the negotiation strategy for Lift"
    assert one["reason"] == "The quote was opened 3 times since it came to this stage"
    assert (one["state"], one["does"]) == ("open", {"do": "update", "data": {"discount": 10}})
    assert one["until"] == NOON + 14 * DAY
    assert office.fetched()["discount"] is None  # nothing is done before somebody accepts
    after = office.act(lambda work: records.accept(work, one["id"]))
    assert (after["state"], after["decided_by"]) == ("accepted", office.ann.id)
    assert office.fetched()["discount"] == "10"
    assert office.told() == [("suggestion.made", None), ("suggestion.accepted", office.ann.id)]
    history = office.act(lambda work: records.history(work, "t.deal", office.deal), access.operator())
    assert [e["actor"] for e in history if "discount" in e["changes"]] == [office.ann.id]
    with pytest.raises(ConflictError, match="accepted already"):
        office.act(lambda work: records.dismiss(work, one["id"], "late"))


def test_a_dismissal_wants_a_reason_and_a_rule_hears_it(office):
    one = office.suggested("call")
    with pytest.raises(RecordError, match="was not dismissed"):
        office.act(lambda work: records.dismiss(work, one["id"], "  "))
    office.act(lambda work: records.dismiss(work, one["id"], "spoke to them today"))
    (after,) = office.shown()
    assert (after["state"], after["because"]) == ("dismissed", "spoke to them today")
    titles = [row["title"] for row in rows_of(office.workspace.database, "base__task")]
    assert titles == ["Not t.call: spoke to them today"]


def test_the_same_is_not_suggested_twice_while_it_waits_and_again_once_it_was_decided(office):
    office.suggested("call")
    office.name(None)
    office.suggested("call")
    assert [one["state"] for one in office.shown()] == ["open"]
    decided = office.act(lambda work: records.decided(work, "t.deal", office.deal), access.operator())
    assert [o["code"] for row in decided if row["rule"] == "t.call" for o in row["outcomes"]] == ["open"]
    waiting = office.shown()[0]["id"]
    office.act(lambda work: records.accept(work, waiting))
    office.name(None)
    office.suggested("call")
    assert [one["state"] for one in office.shown()] == ["open", "accepted"]


def test_accepting_makes_a_record_or_moves_one_and_what_refuses_it_refuses_the_whole(office):
    visit = office.suggested("visit")
    after = office.act(lambda work: records.accept(work, visit["id"]))
    (task,) = rows_of(office.workspace.database, "base__task")
    assert (task["id"], task["title"], task["created_by"]) == (after["made"], "Visit Lift", office.ann.id)
    offer = office.suggested("offer")
    records.save(office.workspace, access.operator(), "t.deal", {"amount": "0"}, id=office.deal)
    with pytest.raises(GateUnmetError):
        office.act(lambda work: records.accept(work, offer["id"]))
    assert [one["state"] for one in office.shown()] == ["open", "accepted"]
    records.save(office.workspace, access.operator(), "t.deal", {"amount": "7"}, id=office.deal)
    office.act(lambda work: records.accept(work, offer["id"]))
    assert office.fetched()["stage"] == "offer"


def test_rights_are_those_of_who_decides(office):
    tier = office.suggested("sets")  # a rep sees the tier and may not set it
    with pytest.raises(RecordError) as refused:
        office.act(lambda work: records.accept(work, tier["id"]))
    assert [problem.pointer for problem in refused.value.problems] == ["/tier"]
    assert office.shown()[0]["state"] == "open"
    assert office.shown(office.bob) == []  # who sees names only is told of nothing that looks at a code
    with pytest.raises(NotFoundError):
        office.act(lambda work: records.accept(work, tier["id"]), office.bob)
    office.name("margin")
    assert [one["title"] for one in office.shown()] == ["Sets"]  # its reason tells of the margin
    assert [one["title"] for one in office.shown(access.operator())] == ["Margin", "Sets"]


def test_a_message_says_it_in_the_words_of_its_document(office):
    one = office.suggested("speaks")
    assert (one["title"], one["reason"]) == ("Hint for Lift", "Amount 500")


def test_one_whose_time_is_over_can_no_longer_be_accepted_and_may_be_made_anew(office):
    for _ in range(3):
        office.act(lambda work: records.send(work, "engagement.seen", "t.deal", office.deal, {}))
    late = NOON + 14 * DAY
    (one,) = office.shown(at=late)
    assert one["state"] == "expired"
    with pytest.raises(ConflictError, match="expired already"):
        office.act(lambda work: records.accept(work, one["id"]), at=late)
    office.act(lambda work: records.move_one(work, "t.deal", office.deal, "offer"), at=late)
    for _ in range(3):
        office.act(lambda work: records.send(work, "engagement.seen", "t.deal", office.deal, {}), at=late)
    assert [found["state"] for found in office.shown(at=late)] == ["open", "expired"]


def test_nobody_else_sends_what_only_the_platform_tells_of(office):
    with pytest.raises(RecordError):
        office.act(lambda work: records.send(work, "suggestion.accepted", "t.deal", office.deal, {}))
