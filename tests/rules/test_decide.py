from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

import deals
from dealwright import rules
from dealwright.errors import ConditionError, NotFoundError
from dealwright.rules import ruleset

EMPTY = {"now()": deals.NOW, "today()": deals.TODAY}


def decided(made, env, happened=None, matcher=None):
    return rules.decide(deals.with_rules(made), [(happened or deals.event(), {**EMPTY, **env})], matcher)


def test_a_decision_is_made_for_each_rule_that_the_event_woke_fired_or_not():
    made = [
        deals.rule("large", "amount >= param.large"),
        deals.rule("small", "amount < param.large"),
        deals.rule("asleep", "amount >= param.large", on={"record": {"events": ["deleted"]}}),
        deals.rule("draft", "amount >= param.large", mode="draft"),
        deals.rule("elsewhere", "amount >= param.large", entity="sales.cost"),
    ]
    found = decided(made, {"amount": Decimal(1000)})
    assert [(one.rule, one.fired) for one in found] == [("sales.large", True), ("sales.small", False)]


def test_a_decision_keeps_what_the_condition_read_and_whether_each_comparison_held():
    condition = '(amount >= 1000 || vip) && account.region == "East" && seen > now() - days(7)'
    env = {"amount": Decimal("999.90"), "vip": True, "account.region": None, "seen": deals.NOW, "name": "not read"}
    (found,) = decided([deals.rule("r", condition, mode="shadow", once_per="record")], env)
    assert found.facts == {
        "account.region": None,
        "amount": "999.9",
        "now()": "2026-11-23T08:00:00.000Z",
        "seen": "2026-11-23T08:00:00.000Z",
        "vip": True,
    }
    assert found.truth == (False, True, False, True)
    assert (found.fired, found.mode, found.window, found.at) == (False, "shadow", "record", deals.NOW)
    assert (found.entity, found.record, found.event) == ("sales.deal", "d1", "e1")


def test_a_decision_keeps_no_secret_only_that_there_is_one():
    (found,) = decided([deals.rule("r", 'pin == "1234" || old.pin != null')], {"pin": "1234", "old.pin": None})
    assert found.facts == {"pin": {"set": True}, "old.pin": None}
    assert (found.fired, found.truth) == (True, (True, False))


def test_a_rule_whose_on_can_never_wake_it_is_known_and_sleeps():
    catalog = deals.with_rules([deals.rule("r", on={"event": {"type": "sla.breached"}})])
    assert rules.of(catalog).groups() == ()
    assert rules.of(catalog).rule("sales.r").needs() == frozenset()


def test_a_rule_without_a_condition_always_fires():
    for matcher in (None, "python", "durable"):
        (found,) = decided([deals.rule("r")], {}, matcher=matcher)
        assert (found.fired, found.facts, found.truth) == (True, {}, ())


def test_decisions_come_in_the_order_of_events_then_priority_then_id():
    made = [deals.rule("b", priority=5), deals.rule("a", priority=9), deals.rule("c", priority=5)]
    happened = [(deals.event(id=name), EMPTY) for name in ("second", "first")]
    found = rules.decide(deals.with_rules(made), happened)
    assert [(one.event, one.rule) for one in found] == [
        ("second", "sales.b"),
        ("second", "sales.c"),
        ("second", "sales.a"),
        ("first", "sales.b"),
        ("first", "sales.c"),
        ("first", "sales.a"),
    ]
    assert [one.id for one in found] == sorted({one.id for one in found})


def test_an_event_that_wakes_nothing_gives_no_decision():
    assert decided([deals.rule("r")], {}, deals.event("engagement.opened")) == []
    assert rules.decide(deals.with_rules([deals.rule("r")]), []) == []


def test_an_event_says_something_only_to_rules_that_listen_to_its_type():
    opened = deals.rule("r", 'event.kind == "demo" && event.count >= 3', on={"event": {"type": "engagement.opened"}})
    env = {"event.kind": "demo", "event.count": 3}
    (found,) = decided([opened], env, deals.event("engagement.opened"))
    assert found.fired
    assert found.facts == {"event.count": 3, "event.kind": "demo"}


@pytest.mark.parametrize(
    ("once_per", "window"),
    [
        pytest.param("always", "e1", id="always"),
        pytest.param("record", "record", id="record"),
        pytest.param("stage_visit", "stage:proposal:2026-11-16T08:00:00.000Z", id="stage visit"),
        pytest.param("day", "day:2026-11-24", id="a day of Shanghai, where it is already Tuesday"),
    ],
)
def test_a_decision_names_the_window_in_which_the_rule_fires_once(once_per, window):
    env = {"stage": "proposal", "stage_entered_at": deals.NOW - timedelta(days=7)}
    late = deals.event(at=deals.NOW + timedelta(hours=9))
    (found,) = decided([deals.rule("r", once_per=once_per)], env, late)
    assert found.window == window


def test_a_rule_woken_by_leaving_a_stage_counts_the_visit_that_ended():
    left = deals.rule("r", once_per="stage_visit", on={"stage": {"left": "needs"}})
    env = {
        "stage": "won",
        "stage_entered_at": deals.NOW,
        "old.stage": "needs",
        "old.stage_entered_at": deals.NOW - timedelta(days=7),
    }
    (found,) = decided([left], env, deals.event("record.moved", changes={"stage": ("needs", "won")}))
    assert found.window == "stage:needs:2026-11-16T08:00:00.000Z"


def test_what_must_be_known_is_asked_by_entity_and_type_of_event():
    made = [
        deals.rule("a", "amount > budget", once_per="stage_visit"),
        deals.rule(
            "b",
            "vip",
            on={"event": {"type": "engagement.opened"}},
            then=[
                {"do": "set_field", "field": "qty", "value": "coalesce(qty, 0) + 1"},
                {"do": "notify", "to": "owner", "message": "sales.hello"},
                {"do": "call_webhook", "to": "erp", "values": {"staff": "account.staff", "fixed": 3}},
            ],
        ),
        deals.rule("c", "ratio > 0", mode="draft"),
    ]
    known = ruleset.of(deals.with_rules(made))
    assert known.needs("sales.deal", "record.updated") == {"amount", "budget", "stage", "stage_entered_at"}
    assert known.needs("sales.deal", "engagement.opened") == {
        "account.region",
        "account.staff",
        "name",
        "owner",
        "qty",
        "vip",
    }
    assert known.needs("sales.deal", "record.deleted") == frozenset()


def test_the_values_of_actions_are_compiled():
    then = [
        {"do": "set_field", "field": "tier", "value": "'A'"},
        {"do": "set_field", "field": "vip", "value": True},
        {"do": "set_field", "field": "amount", "value": {"param": "large"}},
        {"do": "set_field", "field": "budget", "value": None},
        {"do": "create_record", "entity": "sales.cost", "values": {"deal": "record.id", "amount": "amount * 2"}},
        {"do": "create_task", "assignee": "owner", "title": "Call {name}", "due": {"param": "days", "unit": "day"}},
    ]
    catalog = deals.with_rules([deals.rule("r", then=then)])
    made = rules.of(catalog).actions("sales.r")
    env = {"id": "d1", "amount": Decimal(4), "owner": "u1", "name": "Ann"}
    assert [one.do for one in made] == [one["do"] for one in then]
    assert [{name: value.evaluate(env) for name, value in one.values.items()} for one in made] == [
        {"value": "A"},
        {"value": True},
        {"value": Decimal(1000)},
        {"value": None},
        {"deal": "d1", "amount": Decimal(8)},
        {"assignee": "u1", "due": 7},
    ]
    assert {text: value.evaluate(env) for text, value in made[5].placeholders.items()} == {"name": "Ann"}
    assert made[5].spec["title"] == "Call {name}"


def test_a_rule_that_is_no_rule_or_a_draft_has_no_actions():
    known = rules.of(deals.with_rules([deals.rule("draft", mode="draft")]))
    for name in ("sales.draft", "sales.nothing"):
        with pytest.raises(NotFoundError, match=f"no live or shadow rule “{name}”"):
            known.actions(name)


def test_a_condition_that_is_not_valid_is_told_with_its_place():
    with pytest.raises(ConditionError, match="did you mean “amount”") as caught:
        rules.of(deals.with_rules([deals.rule("r", "amuont > 1")]))
    assert (caught.value.start, caught.value.end) == (0, 6)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param({"title": "Another"}, True, id="a title"),
        pytest.param({"priority": 1}, True, id="a priority"),
        pytest.param({"condition": "amount > 2"}, False, id="a condition"),
        pytest.param({"mode": "shadow"}, False, id="a mode"),
        pytest.param({"once_per": "day"}, False, id="a window"),
        pytest.param({"actions": ()}, False, id="actions"),
    ],
)
def test_a_rule_has_a_new_version_when_it_decides_or_does_something_else(change, same):
    from dataclasses import replace

    first = deals.rule("r", "amount > 1", then=[{"do": "set_field", "field": "budget", "value": Decimal("1.5")}])
    assert (ruleset.version_of(replace(first, **change)) == ruleset.version_of(first)) is same
