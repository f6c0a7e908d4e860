"""Own rules, fields and grants follow the new names of the fields that they read."""

from __future__ import annotations

from typing import Any

import pytest

from dealwright.conditions.renamed import renamed
from dealwright.metadata.patches import Patch
from dealwright.packs.renaming import followed

MOVES = [
    {"since": "2.0.0", "from": "entity:sales.deal#/properties/dept", "to": "entity:sales.deal#/properties/ward"},
    {"since": "3.0.0", "from": "entity:sales.deal#/properties/ward", "to": "entity:sales.deal#/properties/unit"},
]


@pytest.mark.parametrize(
    ("source", "becomes"),
    [
        pytest.param('dept == "dept"', 'unit == "dept"', id="a name and not a text"),
        pytest.param("old.dept != record.dept", "old.unit != record.unit", id="behind a root"),
        pytest.param("account.dept == dept", "account.dept == unit", id="not the field of another entity"),
        pytest.param("deptx > 1 && dept != null", "deptx > 1 && unit != null", id="a whole name only"),
        pytest.param("lines.exists(l, l.dept == dept)", "lines.exists(l, l.dept == unit)", id="not a column of a row"),
        pytest.param("changed(dept)", "changed(unit)", id="an argument"),
        pytest.param("dept ==", "dept ==", id="what cannot be read stays as it is"),
    ],
)
def test_a_condition_changes_in_its_names_alone(source: str, becomes: str) -> None:
    assert renamed(source, {"dept": "unit"}) == becomes


def after(path: str, value: Any, op: str = "add") -> Patch:
    return followed(Patch(path, op, value), MOVES, {("rule", "sales.big"): "sales.deal"}.get)  # type: ignore[arg-type]


def test_an_own_rule_follows_in_conditions_actions_and_texts() -> None:
    rule = {
        "kind": "rule", "id": "c.big", "title": "Big dept", "entity": "sales.deal",
        "on": {"record": {"events": ["updated"], "fields": ["dept", "name"]}}, "if": "dept != null && amount > 5",
        "then": [
            {"do": "set_field", "field": "dept", "value": "upper(dept)"},
            {"do": "create_task", "title": "Visit {dept} of {account.dept}", "assignee": "owner"},
            {"do": "create_record", "entity": "sales.quote", "values": {"dept": "dept", "deal": "record.id"}},
        ],
    }  # fmt: skip
    found = after("rule:c.big#", rule).value
    assert found["on"] == {"record": {"events": ["updated"], "fields": ["unit", "name"]}}
    assert (found["title"], found["if"]) == ("Big dept", "unit != null && amount > 5")
    assert found["then"] == [
        {"do": "set_field", "field": "unit", "value": "upper(unit)"},
        {"do": "create_task", "title": "Visit {unit} of {account.dept}", "assignee": "owner"},
        {"do": "create_record", "entity": "sales.quote", "values": {"dept": "unit", "deal": "record.id"}},
    ]


def test_a_rule_about_another_entity_stays_as_it_is() -> None:
    rule = {"kind": "rule", "id": "c.x", "entity": "sales.quote", "if": "dept != null"}
    assert after("rule:c.x#", rule).value == rule


def test_an_own_field_follows_in_its_formula_and_the_path_of_a_set_one_too() -> None:
    own = after(
        "entity:sales.deal#/properties/c__x", {"field": "text", "visible_when": "dept != null", "title": "dept"}
    )
    assert own.value == {"field": "text", "visible_when": "unit != null", "title": "dept"}
    assert after("entity:sales.deal#/properties/dept/title", "Ward", "set").path.endswith("/properties/unit/title")
    assert after("entity:sales.deal#/required", ["dept", "name"], "set").value == ["unit", "name"]
    assert after("rule:sales.big#/title", "dept", "set").value == "dept"


def test_a_grant_follows_in_its_fields_and_rows() -> None:
    grants = [
        {"entity": "sales.deal", "ops": ["read"], "rows": "dept == user.dept", "fields": {"*": "see", "dept": "none"}},
        {"entity": "sales.quote", "ops": ["read"], "rows": "dept == null", "fields": {"dept": "none"}},
    ]
    found = after("role:c.rep#", {"kind": "role", "id": "c.rep", "title": "Rep", "grants": grants}).value["grants"]
    assert found[0]["rows"] == "unit == user.dept"
    assert found[0]["fields"] == {"*": "see", "unit": "none"}
    assert found[1] == grants[1]
