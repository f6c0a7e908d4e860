"""What is said of rules that are right one by one, and of what nothing is said."""

from __future__ import annotations

import pytest

import deals
from dealwright.rules.analysis import warnings


def setting(name, condition=None, *, field="tier", value="'A'", on=None, layer="base", **more):
    on = on or {"record": {"events": ["updated"], "fields": ["qty"]}}
    return deals.rule(
        name, condition, on=on, then=[{"do": "set_field", "field": field, "value": value}], layer=layer, **more
    )


def found(*rules):
    return [(one.source.partition(".")[2], one.code, one.message) for one in warnings(deals.with_rules(rules))]


def codes(*rules):
    return [(name, code) for name, code, _ in found(*rules)]


def watching(*fields):
    return {"record": {"events": ["updated"], "fields": list(fields)}}


def test_rules_that_set_what_wakes_the_other_are_a_circle():
    one = setting("one", field="amount", value="1", on=watching("qty"))
    two = setting("two", field="qty", value="2", on=watching("amount"))
    ((name, code, message),) = found(one, two)
    assert (name, code) == ("one", "rule-cycle")
    assert "sales.one → sales.two → sales.one" in message
    assert "each fires once a save" in message


def test_a_circle_goes_through_formulas_too():
    one = setting("one", field="amount", value="1", on=watching("qty"))
    two = setting("two", field="qty", value="2", on=watching("double"))
    assert codes(one, two) == [("one", "rule-cycle")]


def test_records_that_make_records_are_a_circle_that_ends_with_a_refusal():
    made = [{"do": "create_record", "entity": "sales.deal", "values": {"name": "'next'"}}]
    ((_, code, message),) = found(deals.rule("more", on={"record": {"events": ["created"]}}, then=made))
    assert code == "rule-cycle"
    assert "refused after eight levels" in message


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([setting("own", field="qty", value="1")], id="its own field"),
        pytest.param(
            [setting("one", field="amount", value="1"), setting("two", on=watching("amount"))], id="one way only"
        ),
        pytest.param(
            [
                setting("one", field="seen", value="now()", on={"idle": {"of": "seen", "for": "P7D"}}),
                setting("two", field="qty", value="1", on=watching("seen")),
            ],
            id="one waits",
        ),
    ],
)
def test_what_is_no_circle_is_not_called_one(rules):
    assert codes(*rules) == []


def test_rules_of_two_packs_that_set_one_field_are_told_of_with_which_one_stays():
    mine = setting("mine", "qty > 1", layer="sales", priority=100)
    yours = setting("yours", "amount > 1", layer="med")
    ((name, code, message),) = found(mine, yours)
    assert (name, code) == ("yours", "two-writers")
    assert "also set by sales.mine of the pack sales" in message
    assert codes(mine, setting("other", "amount > 1", layer="sales")) == []
    assert codes(mine, setting("later", "amount > 1", layer="med", on=watching("seen"))) == []


@pytest.mark.parametrize(
    ("condition", "never"),
    [
        ("amount > 5 && amount < 5", True),
        ("amount >= 5 && amount <= 5", False),
        ("amount > 5 && amount == null", True),
        ('tier == "A" && tier == "B"', True),
        ('tier == "A" || tier == "B"', False),
        ('tier != "A" && tier != "B" && tier != "C"', False),  # it may be empty
        ('tier != "A" && tier != "B" && tier != "C" && tier != null', True),
        ("vip && !vip", True),
        ("vip || !vip", False),
        ("qty > 3 && (qty < 2 || qty == 3)", True),
        ("qty > param.days && qty < 7", True),
        ("amount > 5 && budget < 5", False),
        ('seen > datetime("2026-01-01T00:00:00Z") && seen < datetime("2025-01-01T00:00:00Z")', True),
    ],
)
def test_a_condition_that_no_record_can_meet_is_told_of(condition, never):
    assert codes(deals.rule("r", condition)) == ([("r", "never-true")] if never else [])


def test_tiers_that_leave_nothing_out_and_share_nothing_are_right():
    tiers = [
        setting("a", "qty >= 70"),
        setting("b", "qty >= 30 && qty < 70", value="'B'"),
        setting("c", "qty < 30", value="'C'"),
    ]
    assert codes(*tiers) == []


def test_tiers_that_both_take_a_border_are_told_of():
    ((name, code, message),) = found(setting("a", "qty >= 70"), setting("b", "qty <= 70", value="'B'"))
    assert (name, code) == ("b", "tier-overlap")
    assert message.startswith("sales.a also takes 70;")


def test_values_that_no_tier_takes_are_told_of():
    ((name, code, message),) = found(
        setting("a", "qty > 70"),
        setting("b", "qty >= 30 && qty < 70", value="'B'"),
        setting("c", "qty < 20", value="'C'"),
    )
    assert (name, code) == ("c", "tier-gap")
    assert message.startswith("20, between 20 and 30, 70: none of sales.a, sales.b, sales.c takes")


def test_rules_that_move_a_record_back_and_forth_are_a_circle():
    moved = deals.rule("moved", on={"stage": {"entered": "won"}}, then=[{"do": "move_stage", "to": "needs"}])
    back = deals.rule("back", on={"stage": {"left": "won"}}, then=[{"do": "move_stage", "to": "won"}])
    assert codes(moved, back) == [("back", "rule-cycle")]


def test_a_rule_that_changes_another_record_and_is_woken_by_such_a_change_is_a_circle():
    parents = deals.rule(
        "up", entity="sales.cost", on=watching("amount"),
        then=[{"do": "update_record", "record": "deal", "values": {"qty": "1"}}],
    )  # fmt: skip
    down = deals.rule(
        "down", on=watching("qty"),
        then=[{"do": "create_record", "entity": "sales.cost", "values": {"deal": "record.id"}}],
    )  # fmt: skip
    assert codes(parents, down) == []
    woken = deals.rule(
        "up", entity="sales.cost", then=[{"do": "update_record", "record": "deal", "values": {"qty": "1"}}],
        on={"record": {"events": ["created"]}},
    )  # fmt: skip
    ((name, code, message),) = found(woken, down)
    assert (name, code) == ("down", "rule-cycle")
    assert "eight levels" in message
