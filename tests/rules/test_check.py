from __future__ import annotations

import pytest

import deals
from dealwright import rules


def problems(*then, **others):
    return rules.problems(deals.with_rules([deals.rule("r", then=then, **others)]))


def setting(field, value):
    return {"do": "set_field", "field": field, "value": value}


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(setting("amount", "qty"), id="a whole number in a number"),
        pytest.param(setting("amount", {"param": "large"}), id="a parameter"),
        pytest.param(setting("amount", None), id="empty"),
        pytest.param(setting("vip", True), id="yes"),
        pytest.param(setting("tier", "'A'"), id="an option"),
        pytest.param(setting("tier", "vip ? 'A' : 'B'"), id="a choice"),
        pytest.param(setting("close", "today() + days(3)"), id="a day"),
        pytest.param(setting("owner", "user.id"), id="the owner"),
        pytest.param(setting("name", "event.name"), id="what is known only when it happens"),
        pytest.param({"do": "assign", "to": "buyer"}, id="a user"),
        pytest.param({"do": "assign", "to": "team"}, id="a team"),
        pytest.param({"do": "notify", "to": "owner", "message": "sales.hello"}, id="a message with placeholders"),
        pytest.param(
            {"do": "create_record", "entity": "sales.cost", "values": {"deal": "record.id"}}, id="a reference"
        ),
        pytest.param({"do": "call_webhook", "to": "erp", "values": {"x": "lines.sum(l, l.qty)"}}, id="a webhook"),
        pytest.param({"do": "create_task", "title": "Call {{now}}", "assignee": "owner", "due": "P1D"}, id="a task"),
    ],
)
def test_values_that_fit_are_no_problem(then):
    assert problems(then) == []


@pytest.mark.parametrize(
    ("then", "pointer", "code", "message"),
    [
        pytest.param(
            setting("amount", "name"), "/value", "value-misfit", "“amount” takes a number; this is a text", id="text"
        ),
        pytest.param(
            setting("qty", "amount"),
            "/value",
            "value-misfit",
            "“qty” takes a whole number; this is a number",
            id="a fraction in a whole number",
        ),
        pytest.param(
            setting("close", "now()"), "/value", "value-misfit", "“close” takes a date; this is a moment", id="a moment"
        ),
        pytest.param(
            setting("account", "owner"),
            "/value",
            "value-misfit",
            "“account” takes a reference to sales.account; this is a reference to base.user",
            id="a reference to another entity",
        ),
        pytest.param(
            setting("vip", None),
            "/value",
            "value-misfit",
            "“vip” is yes or no and cannot be emptied; use false",
            id="an empty yes or no",
        ),
        pytest.param(
            setting("tier", "'D'"),
            "/value",
            "unknown-option",
            "“tier” has no option “D”; expected one of A, B, C",
            id="no option",
        ),
        pytest.param(
            {"do": "assign", "to": "account"},
            "/to",
            "value-misfit",
            "expected a user or team, such as owner; this is a reference to sales.account",
            id="an account is nobody",
        ),
        pytest.param(
            {"do": "create_task", "title": "x", "assignee": "name"},
            "/assignee",
            "value-misfit",
            "expected a user, such as owner; this is a text",
            id="a name is nobody",
        ),
        pytest.param(
            {"do": "create_task", "title": "x", "due": {"param": "large", "unit": "day"}},
            "/due",
            "value-misfit",
            "a due time counts whole units; this parameter is a number",
            id="a fraction of a day",
        ),
        pytest.param(
            {"do": "create_record", "entity": "sales.cost", "values": {"amount": "name"}},
            "/values/amount",
            "value-misfit",
            "“amount” takes a number; this is a text",
            id="a value of a new record",
        ),
        pytest.param(
            {"do": "notify", "to": "owner", "title": "Hello {nmae}"},
            "/title",
            "placeholder-invalid",
            "{nmae} in the text: “sales.deal” has no field “nmae”; did you mean “name”?",
            id="a placeholder that leads nowhere",
        ),
        pytest.param(
            {"do": "set_fields"},
            "/do",
            "unknown-action",
            "there is no action “set_fields”; did you mean “set_field”?",
            id="no action",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_a_problem_with_its_place(then, pointer, code, message):
    (found,) = problems({"do": "assign", "to": "owner"}, then)
    assert found.source == "rule:sales.r"
    assert (found.pointer, found.code, found.message) == (f"/then/1{pointer}", code, message)


def test_a_window_that_cannot_be_is_a_problem():
    (year,) = problems(once_per="year")
    assert (year.pointer, year.code) == ("/once_per", "window-not-supported")
    (visit,) = problems(once_per="stage_visit", entity="sales.cost", on={"record": {"events": ["created"]}})
    assert (visit.pointer, visit.code) == ("/once_per", "no-pipeline")


def test_every_problem_of_every_rule_is_found_drafts_too():
    made = [
        deals.rule("a", then=[setting("amount", "name"), setting("qty", "amount")], once_per="year"),
        deals.rule("b", then=[setting("vip", None)], mode="draft"),
    ]
    assert [(one.source, one.pointer) for one in rules.problems(deals.with_rules(made))] == [
        ("rule:sales.a", "/once_per"),
        ("rule:sales.a", "/then/0/value"),
        ("rule:sales.a", "/then/1/value"),
        ("rule:sales.b", "/then/0/value"),
    ]


def test_a_rule_about_an_entity_that_does_not_exist_is_left_to_the_check_of_names():
    then = {"do": "notify", "to": "owner", "title": "Hello {nmae}"}
    assert problems(then, setting("amount", "name"), entity="sales.nothing") == []


@pytest.mark.parametrize(
    ("then", "pointer", "code", "message"),
    [
        pytest.param(
            {"do": "update_record", "record": "name", "values": {"name": "'x'"}}, "/record", "value-misfit",
            "expected a reference to one record, such as account; this is a text", id="no reference",
        ),
        pytest.param(
            {"do": "update_record", "record": "account", "values": {"nmae": "'x'"}}, "/values/nmae", "unknown-name",
            "sales.account has no field “nmae”; did you mean “name”?", id="no such field there",
        ),
        pytest.param(
            {"do": "update_record", "record": "account", "values": {"staff": "name"}}, "/values/staff", "value-misfit",
            "“staff” takes a whole number; this is a text", id="another type there",
        ),
        pytest.param(
            {"do": "send_message", "to": "name", "message": "sales.hello"}, "/to", "no-channel",
            "an address is reached by e-mail, and the message “sales.hello” has not the channel email",
            id="an address without e-mail",
        ),
        pytest.param(
            {"do": "send_message", "to": "account", "message": "sales.hello"}, "/to", "value-misfit",
            "expected a user or team, such as owner; this is a reference to sales.account", id="nobody",
        ),
        pytest.param(
            {"do": "move_stage", "to": "won", "reason": "for {nmae}"}, "/reason", "placeholder-invalid", None,
            id="a placeholder in a reason",
        ),
    ],
)  # fmt: skip
def test_what_other_actions_need_is_checked(then, pointer, code, message):
    (found,) = [one for one in problems(then) if one.pointer == f"/then/0{pointer}"]
    assert found.code == code
    assert message is None or found.message == message
