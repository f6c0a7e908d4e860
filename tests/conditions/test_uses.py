"""Every condition of every document is checked, and every field knows where it is used."""

from __future__ import annotations

import pytest

from conditions.world import DEAL, DOCUMENTS, catalog
from dealwright.conditions import problems, uses
from dealwright.metadata import load

RULE = {
    "kind": "rule",
    "id": "sales.stall",
    "title": "Stall",
    "entity": DEAL,
    "on": {"record": {"events": ["updated"]}},
    "if": "changed(stage) && amount > param.floor",
    "then": [
        {"do": "set_field", "field": "code", "value": "'x' + name"},
        {"do": "set_field", "field": "active", "value": True},
        {"do": "assign", "to": "record.owner.manager"},
    ],
}


def world(*more):
    return load.catalog_of([*DOCUMENTS, *more])


def changed(kind, identifier, change):
    """The world with one document changed."""
    documents = []
    for one in DOCUMENTS:
        if (one["kind"], one["id"]) == (kind, identifier):
            one = {**one}
            change(one)
        documents.append(one)
    return load.catalog_of(documents)


def test_the_world_is_sound():
    assert problems(catalog()) == []


def test_a_field_knows_where_it_is_used():
    found = uses(world(RULE))
    assert {(use.kind, use.id, use.pointer) for use in found[DEAL, "amount"]} == {
        ("entity", DEAL, "/properties/pace/formula"),
        ("entity", "sales.account", "/properties/won/value"),
        ("rule", "sales.stall", "/if"),
    }
    assert [use.pointer for use in found["base.user", "manager"]] == ["/then/2/to"]
    assert [use.pointer for use in found[DEAL, "lines.price"]] == ["/properties/total/formula"]
    assert [use.pointer for use in found["sales.account", "region"]] == ["/properties/home/value"]
    assert [(use.kind, use.pointer) for use in found[DEAL, "owner"]] == [
        ("rule", "/then/2/to"),
        ("role", "/grants/0/rows"),
    ]


def test_a_field_that_nothing_reads_is_not_in_the_index():
    assert (DEAL, "wait") not in uses(catalog())


def test_the_index_is_made_once():
    assert uses(catalog()) is uses(catalog())


def with_field(name, **keys):
    def change(document):
        document["properties"] = {**document["properties"], name: {**document["properties"].get(name, {}), **keys}}

    return change


@pytest.mark.parametrize(
    ("kind", "identifier", "change", "pointer", "code"),
    [
        ("entity", DEAL, with_field("name", visible_when="qtyy > 1"), "/properties/name/visible_when", "unknown-field"),
        ("entity", DEAL, with_field("name", required_when="qty"), "/properties/name/required_when", "not-a-condition"),
        (
            "entity",
            DEAL,
            with_field("name", readonly_when="old.qty > 1"),
            "/properties/name/readonly_when",
            "not-allowed",
        ),
        ("entity", DEAL, with_field("closes", default={"expr": "today("}), "/properties/closes/default/expr", "syntax"),
        ("entity", DEAL, with_field("age", formula="now() - nothing"), "/properties/age/formula", "unknown-field"),
        (
            "entity",
            DEAL,
            with_field("level", options_when={"gold": "amount"}),
            "/properties/level/options_when/gold",
            "not-a-condition",
        ),
        ("entity", DEAL, with_field("account", where="regio == 'East'"), "/properties/account/where", "unknown-field"),
        (
            "entity",
            DEAL,
            with_field("account", where="region == record.level2"),
            "/properties/account/where",
            "unknown-field",
        ),
        (
            "entity",
            "sales.account",
            with_field("won", filter="level == 'bronze'"),
            "/properties/won/filter",
            "no-such-option",
        ),
        (
            "entity",
            DEAL,
            lambda one: one.update(checks=[{"id": "c", "error_when": "amount = 3", "message": "m"}]),
            "/checks/0/error_when",
            "syntax",
        ),
        (
            "entity",
            DEAL,
            lambda one: one.update(unique=[{"id": "u", "fields": ["name"], "when": "is_new"}]),
            "/unique/0/when",
            "not-allowed",
        ),
        (
            "role",
            "sales.rep",
            lambda one: one.update(grants=[{"entity": "sales.*", "ops": ["read"], "rows": "team == user.team"}]),
            "/grants/0/rows",
            "unsafe-empty",
        ),
        (
            "pipeline",
            "sales.standard",
            lambda one: one.update(
                stages=[
                    {"id": "lead", "title": "Lead", "exit": [{"id": "g", "require": "event.x == 1", "message": "m"}]},
                    *one["stages"][1:],
                ]
            ),
            "/stages/0/exit/0/require",
            "not-allowed",
        ),
    ],
)
def test_a_wrong_condition_is_told_with_its_place_in_the_document(kind, identifier, change, pointer, code):
    found = problems(changed(kind, identifier, change))
    assert {(one.source, one.pointer, one.code) for one in found} == {(f"{kind}:{identifier}", pointer, code)}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"if": "nothing > 1"}, "/if"),
        ({"then": [{"do": "set_field", "field": "code", "value": "nothing"}]}, "/then/0/value"),
        ({"then": [{"do": "create_record", "entity": DEAL, "values": {"name": "nothing"}}]}, "/then/0/values/name"),
        ({"then": [{"do": "assign", "to": "nothing"}]}, "/then/0/to"),
        ({"then": [{"do": "create_task", "assignee": "nothing", "message": "sales.m"}]}, "/then/0/assignee"),
    ],
)
def test_a_wrong_expression_of_a_rule_is_told(change, pointer):
    message = {"kind": "message", "id": "sales.m", "title": "M", "body": "m"}
    found = problems(world({**RULE, **change}, message))
    assert [(one.source, one.pointer, one.code) for one in found] == [("rule:sales.stall", pointer, "unknown-field")]
    assert "“nothing”" in found[0].message


def test_every_fault_of_a_condition_is_a_problem_of_its_own():
    found = problems(world({**RULE, "if": "nothing > 1 && stage == 'wonn'"}))
    assert [one.code for one in found] == ["unknown-field", "no-such-option"]
