"""What a draft would have done, on records as they were; and why a rule did not fire back then."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, records
from dealwright.errors import DefinitionError, QueryError
from dealwright.records import Work
from scored import HEAT, W_WIN, WORLD
from security.traces import traces
from worlds import PIPELINE, RULES, opened, person

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, 9, tzinfo=UTC)
NOW = START + 30 * DAY
TIER_A = next(one for one in RULES if one["id"] == "t.tier_a")


def at(day):
    return clock.frozen(START + day * DAY)


def save(workspace, day, record=None, **data):
    with at(day):
        return records.save(workspace, access.operator(), "t.deal", data, id=record).id


def asked(workspace, *documents, since="P90D", user=None):
    with clock.frozen(NOW), workspace.database.read() as connection:
        work = Work(workspace, connection, user or access.operator())
        return records.simulate(work, documents, records.beginning(since, work.now))


@pytest.fixture
def told(workspace):
    """Three deals whose win probability went up and down."""
    with at(0):
        account = records.save(workspace, access.operator(), "t.account", {"name": "Kestrel", "region": "east"}).id
    first = save(workspace, 1, name="One", account=account, win="50", amount="10")
    second = save(workspace, 1, name="Two", account=account, win="80", amount="10")
    save(workspace, 2, first, win="72")
    save(workspace, 3, first, win="20")
    save(workspace, 4, second, win="60")
    return first, second


def test_a_draft_is_asked_about_each_event_on_the_record_as_it_was(workspace, told):
    _, second = told
    [found] = asked(workspace, {**TIER_A, "if": "win >= 55"})["rules"]
    # old: 80 on the second day, 72; new: 80, 72, 60
    assert {name: found[name] for name in ("woken", "newly", "no_longer", "changed", "same")} == {
        "woken": 5, "newly": 1, "no_longer": 0, "changed": 0, "same": 2,
    }  # fmt: skip
    [example] = found["examples"]["newly"]
    assert (example["record"], example["facts"], example["at"]) == (
        second,
        {"win": "60"},
        "2026-11-05T09:00:00.000Z",
    )
    assert example["does"] == [{"do": "SetField", "field": "tier", "value": "A"}]


def test_what_no_longer_fires_and_what_does_something_else_is_told(workspace, told):
    [found] = asked(
        workspace, {**TIER_A, "if": "win >= 75", "then": [{"do": "set_field", "field": "tier", "value": "'B'"}]}
    )["rules"]
    assert (found["newly"], found["no_longer"], found["changed"], found["same"]) == (0, 1, 1, 0)
    [gone], [changed] = found["examples"]["no_longer"], found["examples"]["changed"]
    assert (gone["record"], gone["facts"]["win"]) == (told[0], "72")
    assert (changed["did"][0]["value"], changed["does"][0]["value"]) == ("A", "B")


def test_a_new_rule_reads_old_values_and_the_clock_of_then(workspace, told):
    rule = {
        "kind": "rule", "id": "t.fell", "lang": 1, "title": "Fell", "entity": "t.deal", "mode": "draft",
        "on": {"record": {"events": ["updated"], "fields": ["win"]}},
        "if": "old.win - win >= 20 && today() < date(\"2026-11-05\")",
        "then": [{"do": "create_task", "title": "Ask {name}", "due": "P1D"}],
    }  # fmt: skip
    [found] = asked(workspace, rule)["rules"]
    assert (found["woken"], found["newly"]) == (3, 1)
    [example] = found["examples"]["newly"]
    assert (example["record"], example["facts"]["old.win"]) == (told[0], "72")
    assert example["does"][0]["data"]["title"] == "Ask One"


def test_a_window_lets_a_rule_fire_once_for_a_record(workspace, told):
    [found] = asked(workspace, {**TIER_A, "if": "win >= 10", "once_per": "record"})["rules"]
    # one fired at 72, two at 80; now each fires at its first event
    assert (found["newly"], found["no_longer"], found["same"]) == (1, 1, 1)


def test_only_the_past_that_is_asked_for_is_played(workspace, told):
    [found] = asked(workspace, {**TIER_A, "if": "win >= 55"}, since=(START + 3.5 * DAY).isoformat())["rules"]
    assert (found["woken"], found["newly"], found["same"]) == (1, 1, 0)


def test_the_same_question_gives_the_same_answer_to_the_byte_and_leaves_nothing_behind(workspace, told):
    before = traces(workspace.database)
    answers = {json.dumps(asked(workspace, {**TIER_A, "if": "win >= 55"}), default=str) for _ in range(3)}
    assert len(answers) == 1
    assert traces(workspace.database) == before


def test_a_draft_that_decides_as_before_is_not_told_of(workspace, told):
    assert asked(workspace, {**TIER_A, "title": "Another name"}) == {
        "rules": [], "scores": [], "pipelines": [], "approvals": []
    }  # fmt: skip


def test_a_draft_with_a_fault_is_refused_as_when_it_is_published(workspace):
    with pytest.raises(DefinitionError) as refused:
        asked(workspace, {**TIER_A, "if": "wim >= 55"})
    assert [(one.pointer, one.code) for one in refused.value.problems] == [("/if", "unknown-field")]
    with pytest.raises(DefinitionError):
        asked(workspace, {"kind": "entity", "id": "t.deal"})
    with pytest.raises(QueryError):
        asked(workspace, TIER_A, since="last year")


def test_a_gate_is_asked_about_each_move_on_the_record_as_it_was(workspace, told):
    first, second = told
    with at(5):
        records.move(workspace, access.operator(), "t.deal", first, "offer")
    save(workspace, 6, first, amount="5000")
    with at(7):
        records.move(workspace, access.operator(), "t.deal", second, "offer")
    strict = copy.deepcopy(PIPELINE)
    strict["stages"][0]["exit"][0]["require"] = "amount >= 1000"
    [found] = asked(workspace, strict)["pipelines"]
    assert (found["moves"], found["newly"], found["no_longer"]) == (2, 2, 0)
    example = found["examples"]["newly"][0]
    assert (example["record"], example["from"], example["to"], example["after"]) == (
        first, "open", "offer", ["Say how large it is"],
    )  # fmt: skip


def test_a_score_is_compared_on_every_record_with_the_moves_of_tiers(database):
    world = opened(database, *WORLD)
    with at(0):
        account = records.save(world, access.operator(), "t.account", {"name": "Kestrel", "credit": "400"}).id
    for n, win in enumerate(("0", "40", "100")):
        save(world, 1, name=f"D{n}", account=account, win=win, amount="10")
    [found] = asked(world, {**W_WIN, "default": 7})["scores"]
    # 2·40 + w·win + 100 over 3 + w: 45, 55, 70 become 18, 46, 88
    assert (found["records"], found["changed"]) == (3, 3)
    assert found["moves"] == [{"from": "B", "to": "C", "records": 1}]
    assert found["examples"]["changed"][0]["before"] == {"value": "45.00", "tier": "B"}
    assert found["examples"]["changed"][0]["after"] == {"value": "18.00", "tier": "C"}
    assert asked(world, {**HEAT, "title": "Other"})["scores"] == []


def test_a_score_is_compared_in_each_state_that_records_were_in_too(database):
    world = opened(database, *WORLD)
    with at(0):
        account = records.save(world, access.operator(), "t.account", {"name": "Kestrel", "credit": "400"}).id
    deal = save(world, 1, name="Swings", account=account, win="100", amount="10")
    save(world, 2, deal, win="60")
    save(world, 3, deal, win="100")
    save(world, 3.5, deal, name="Swings on")  # the same score in another state
    # (2·40 + w·win + 100) / (3 + w): 70, 60, 70, 70 with w = 1: A, B, and B as long as 75 is not reached; with 7: 88, 60, 88, 88.
    [found] = asked(world, {**W_WIN, "default": 7})["scores"]
    assert (found["states"], found["then"], found["tier_changes"]) == (4, 3, {"before": 1, "after": 2})
    assert [(one["at"], one["before"], one["after"]) for one in found["examples"]["then"]] == [
        ("2026-11-02T09:00:00.000Z", {"value": "70.00", "tier": "A"}, {"value": "88.00", "tier": "A"}),
        ("2026-11-04T09:00:00.000Z", {"value": "70.00", "tier": "B"}, {"value": "88.00", "tier": "A"}),
        ("2026-11-04T21:00:00.000Z", {"value": "70.00", "tier": "B"}, {"value": "88.00", "tier": "A"}),
    ]
    assert found["read_as_now"] == ["account.credit"]
    [late] = asked(world, {**W_WIN, "default": 7}, since=(START + 2.5 * DAY).isoformat())["scores"]
    assert (late["states"], late["then"]) == (3, 2)  # the state that it was in then is the first


def test_only_records_are_asked_that_the_reader_may_see_in_full(workspace, told):
    with at(0):
        ada = person(workspace, "Ada", ["t.rep"])
    mine = save(workspace, 8, name="Mine", win="60", owner=ada.id)
    [found] = asked(workspace, {**TIER_A, "if": "win >= 55"}, user=ada)["rules"]
    assert (found["woken"], [one["record"] for one in found["examples"]["newly"]]) == (1, [mine])
    [found] = asked(workspace, {**TIER_A, "if": "margin == null"}, user=ada)["rules"]
    assert found["woken"] == 0


def test_why_a_rule_did_not_fire_then_is_told_from_the_record_as_it_was(workspace, told):
    first, _ = told
    with clock.frozen(NOW), workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        found = records.why(work, "t.tier_a", first, at=START + 1.5 * DAY)
        assert (found["reason"], found["then"]["holds"]) == ("condition-false", False)
        assert found["then"]["sentence"] == "the condition did not hold, because win >= 70 is false (win is 50)"
        assert records.why(work, "t.tier_a", first, at=START + 2.5 * DAY)["then"]["holds"] is True
        assert records.why(work, "t.tier_a", first, at=START)["then"] is None
        assert records.why(work, "t.tier_a", first)["reason"] == "condition-false"
