from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

import deals
from dealwright import rules
from dealwright.errors import NotFoundError

CONDITION = 'status == "open" && (amount >= 1000 || !(qty > 2)) && (vip ? tier == "A" : tier != "A")'
MADE = [deals.rule("r", CONDITION), deals.rule("always"), deals.rule("draft", mode="draft")]
CATALOG = deals.with_rules(MADE)


def decided(**env):
    return rules.decide(CATALOG, [(deals.event(), env)])[1]


def test_a_decision_is_told_as_a_tree_with_values():
    told = rules.explain(CATALOG, decided(status="open", amount=Decimal(5), qty=3, vip=False, tier="B"))
    assert told["fired"] is False
    assert told["tree"] == {
        "op": "all",
        "truth": False,
        "text": CONDITION,
        "parts": [
            {"op": "leaf", "truth": True, "text": 'status == "open"', "values": {"status": "open"}},
            {
                "op": "any",
                "truth": False,
                "text": "amount >= 1000 || !(qty > 2)",
                "parts": [
                    {"op": "leaf", "truth": False, "text": "amount >= 1000", "values": {"amount": "5"}},
                    {
                        "op": "not",
                        "truth": False,
                        "text": "!(qty > 2)",
                        "parts": [{"op": "leaf", "truth": True, "text": "qty > 2", "values": {"qty": 3}}],
                    },
                ],
            },
            {
                "op": "choice",
                "truth": True,
                "text": 'vip ? tier == "A" : tier != "A"',
                "parts": [
                    {"op": "leaf", "truth": False, "text": "vip", "values": {"vip": False}},
                    {"op": "leaf", "truth": False, "text": 'tier == "A"', "values": {"tier": "B"}},
                    {"op": "leaf", "truth": True, "text": 'tier != "A"', "values": {"tier": "B"}},
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    ("env", "because", "sentence"),
    [
        pytest.param(
            {"status": "open", "amount": Decimal(5), "qty": 3, "tier": "B"},
            ["amount >= 1000", "qty > 2"],
            "did not fire, because amount >= 1000 is false (amount is 5), qty > 2 is true (qty is 3)",
            id="neither alternative",
        ),
        pytest.param(
            {"status": "open", "amount": Decimal(5), "tier": "B"},
            ['status == "open"', "qty > 2", "vip", 'tier != "A"'],
            'fired, because status == "open" is true (status is open), qty > 2 is false (qty is empty), '
            "vip is false (vip is empty), and 1 more",
            id="fired, by the second alternative and the second choice",
        ),
    ],
)
def test_the_reasons_are_the_comparisons_that_made_the_outcome(env, because, sentence):
    told = rules.explain(CATALOG, decided(**env))
    assert told["because"] == because
    assert told["sentence"] == sentence


def test_a_rule_without_a_condition_has_no_tree():
    always = rules.decide(CATALOG, [(deals.event(), {})])[0]
    told = rules.explain(CATALOG, always)
    assert (told["tree"], told["sentence"]) == (None, "fired: the rule has no condition")


def test_a_decision_of_another_version_keeps_its_facts_and_is_not_told_with_the_new_text():
    old = replace(decided(status="open", amount=Decimal(5)), rule_version="0" * 16)
    told = rules.explain(CATALOG, old)
    assert (told["same_version"], told["tree"], told["facts"]["amount"]) == (False, None, "5")
    assert "another version" in told["sentence"]


def test_why_a_rule_did_not_act():
    latest = {
        one.rule: rules.explain(CATALOG, one) for one in rules.decide(CATALOG, [(deals.event(), {"status": "won"})])
    }
    assert rules.why_not(CATALOG, "sales.r", latest["sales.r"])["reason"] == "condition-false"
    assert rules.why_not(CATALOG, "sales.r", None)["sentence"] == (
        "no event has woken “R”; it is woken by record.created, record.moved, record.updated"
    )
    assert rules.why_not(CATALOG, "sales.draft", None)["reason"] == "draft"
    assert rules.why_not(CATALOG, "sales.always", latest["sales.always"])["reason"] == "fired"
    shadow = {**latest["sales.always"], "mode": "shadow"}
    assert "does nothing" in rules.why_not(CATALOG, "sales.always", shadow)["sentence"]
    with pytest.raises(NotFoundError):
        rules.why_not(CATALOG, "sales.nothing", None)


def test_a_decision_is_told_from_what_was_stored_alone():
    stored = decided(status="open", amount=Decimal(5), qty=3, vip=True, tier="A")
    empty = replace(stored, facts={}, truth=tuple(not one for one in stored.truth))
    told = rules.explain(CATALOG, empty)
    assert [leaf["values"] for leaf in told["tree"]["parts"][:1]] == [{}]
    assert told["tree"]["parts"][0]["truth"] is False
