"""Why a rule did, or did not, act on a record, now and at a moment of the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import access, clock, records
from dealwright.errors import NotFoundError
from dealwright.records import Work
from sent import statements
from worlds import made, opened, person

if TYPE_CHECKING:
    from dealwright.access import User
    from dealwright.records import Workspace

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(name: str, condition: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "rule", "id": f"t.{name}", "lang": 1, "title": name.title(), "entity": "t.deal", "if": condition,
        "on": {"record": {"events": ["updated"], "fields": ["amount"]}}, "once_per": "record",
        "then": [{"do": "create_task", "title": name}], **more,
    }  # fmt: skip


ONCE = rule("once", "amount > 100")
TRIED = rule("tried", "amount > 100", mode="shadow")
PLANNED = rule("planned", "amount > 100", mode="draft")
SECRET = rule("secret", "margin > 100")
IDLE = rule("idle", "amount > 100", on={"idle": {"of": "last_activity_at", "for": "P7D"}}, once_per="episode")


def changed(workspace: Workspace, at: datetime, record: str, **data: Any) -> None:
    with clock.frozen(at):
        records.save(workspace, access.operator(), "t.deal", data, id=record)


def why(workspace: Workspace, name: str, record: str, at: datetime | None = None) -> dict[str, Any]:
    with clock.frozen(NOON + 9 * DAY), workspace.database.read() as connection:
        return records.why(Work(workspace, connection, access.operator()), f"t.{name}", record, at=at)


@pytest.fixture
def deal(database: Any) -> tuple[Workspace, str]:
    """A deal whose amount was 10 from the first day on, 500 on the second, and another 600 on the third."""
    with clock.frozen(NOON):
        workspace = opened(database, ONCE, TRIED, PLANNED, SECRET, IDLE)
        record = made(workspace, "t.deal", name="Lift", amount="10")
    changed(workspace, NOON + DAY, record, amount="500")
    changed(workspace, NOON + 2 * DAY, record, amount="600")
    return workspace, record


def test_each_reason_is_told_and_as_of_then(deal):
    workspace, record = deal
    told = why(workspace, "once", record)
    assert told["reason"] == "held-back"
    assert told["held_by"]["at"] == "2026-11-24T12:00:00.000Z"
    assert told["sentence"] == (
        "its condition held, but it had fired already at 2026-11-24T12:00:00.000Z, and it fires once for a record"
    )
    first = why(workspace, "once", record, NOON + 1.5 * DAY)
    assert (first["reason"], first["held_by"], first["then"]["holds"]) == ("fired", None, True)
    assert first["decision"]["decision"] == told["held_by"]["decision"]
    before = why(workspace, "once", record, NOON + 0.5 * DAY)
    assert (before["reason"], before["then"]["holds"], before["in_force"]) == ("never-woken", False, "same")
    assert why(workspace, "once", record, NOON - DAY)["reason"] == "not-in-force"
    assert why(workspace, "tried", record)["reason"] == "shadow"
    assert why(workspace, "planned", record)["reason"] == "draft"
    waits = why(workspace, "idle", record)
    assert (waits["reason"], waits["next"]) == ("never-woken", "2026-11-30T12:00:00.001Z")


def test_a_decision_of_an_older_version_is_told_with_the_text_of_then(deal, database):
    workspace, record = deal
    with clock.frozen(NOON + 3 * DAY):
        workspace = opened(database, {**ONCE, "if": "amount > 1000"}, TRIED, PLANNED, SECRET, IDLE)
    told = why(workspace, "once", record, NOON + 1.5 * DAY)
    assert (told["reason"], told["in_force"], told["then"]["holds"]) == ("fired", "other-version", False)
    assert told["sentence"] == "fired, because amount > 100 is true (amount is 500)"
    changed(workspace, NOON + 4 * DAY, record, amount="700")
    assert why(workspace, "once", record)["sentence"] == "did not fire, because amount > 1000 is false (amount is 700)"


def test_all_rules_about_a_record_are_told_at_once_as_far_as_the_reader_may_see_what_they_look_at(deal):
    workspace, record = deal

    def asked(user: User) -> dict[str, str]:
        with clock.frozen(NOON + 9 * DAY), workspace.database.read() as connection:
            return {
                one["rule"]: one["reason"] for one in records.whys(Work(workspace, connection, user), "t.deal", record)
            }

    assert asked(access.operator()) == {
        "t.big": "never-woken", "t.idle": "never-woken", "t.once": "held-back", "t.opened": "never-woken",
        "t.secret": "condition-false", "t.tier_a": "condition-false", "t.tier_b": "condition-false",
        "t.tried": "shadow", "t.planned": "draft",
    }  # fmt: skip
    ann = person(workspace, "Ann", ["t.rep"])
    changed(workspace, NOON + 3 * DAY, record, owner=ann.id)
    told = asked(ann)
    assert "t.once" in told
    assert told.keys().isdisjoint({"t.secret", "t.planned"})  # a rep does not see the margin, nor what is not live
    with workspace.database.read() as connection, pytest.raises(NotFoundError, match="no rule"):
        records.why(Work(workspace, connection, ann), "t.secret", record)


def test_asking_of_all_rules_takes_as_many_statements_as_asking_of_one(deal):
    workspace, record = deal
    taken = []
    for ask in (
        lambda work: records.why(work, "t.once", record),
        lambda work: records.whys(work, "t.deal", record),
        lambda work: records.whys(work, "t.deal", record, at=NOON + 1.5 * DAY),
    ):
        with clock.frozen(NOON + 9 * DAY), workspace.database.read() as connection:
            work = Work(workspace, connection, access.operator())
            with statements() as sent:
                ask(work)
            taken.append(len(sent))
    assert taken[1] <= taken[0] + 1  # when rules that wait for time are woken next
    assert taken[2] <= taken[0] + 1  # what was in force then
