"""``dealwright pack test``: each expectation can hold and can fail, time passes, and a failure says why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dealwright import pack_tests
from dealwright.cli import main
from dealwright.errors import DefinitionError

if TYPE_CHECKING:
    from pathlib import Path

ORDER: dict[str, Any] = {
    "kind": "entity", "id": "shop.order", "lang": 1, "title": "Order", "plural": "Orders", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name", "maxLength": 40},
        "amount": {"field": "money", "title": "Amount", "minimum": 0},
        "large": {"field": "boolean", "title": "Large"},
        "sent_at": {"field": "datetime", "title": "Sent at"},
        "labels": {"field": "tags", "title": "Labels"},
    },
    "required": ["name"],
    "checks": [{"id": "not_too_much", "error_when": "amount > 9000", "at": "amount", "message": "Ask first"}],
}  # fmt: skip
LARGE: dict[str, Any] = {
    "kind": "rule", "id": "shop.large", "lang": 1, "title": "Large order", "entity": "shop.order",
    "on": {"record": {"events": ["created", "updated"], "fields": ["amount"]}}, "if": "amount >= param.large_from",
    "then": [
        {"do": "set_field", "field": "large", "value": "true"},
        {"do": "create_task", "assignee": "owner", "message": "shop.look", "due": "P1D"},
        {"do": "notify", "to": "owner", "message": "shop.look"},
        {"do": "send_message", "to": "owner", "message": "shop.mail"},
        {"do": "call_webhook", "to": "store", "values": {"name": "name"}},
    ],
}  # fmt: skip
FORGOTTEN: dict[str, Any] = {
    "kind": "rule", "id": "shop.forgotten", "lang": 1, "title": "Forgotten", "entity": "shop.order",
    "on": {"after": {"field": "sent_at", "offset": "P7D"}}, "if": "large",
    "then": [{"do": "set_field", "field": "name", "value": "'Forgotten'"}],
}  # fmt: skip
HURRY: dict[str, Any] = {
    "kind": "sla", "id": "shop.hurry", "title": "Send it within two days", "entity": "shop.order",
    "start": {"event": "record.created"}, "stop": {"event": "record.updated", "if": "sent_at != null"}, "target": "P2D",
}  # fmt: skip
ROLE: dict[str, Any] = {
    "kind": "role", "id": "shop.clerk", "title": "Clerk",
    "grants": [{"entity": "shop.order", "ops": ["read", "create"]}],
}  # fmt: skip
SALE: dict[str, Any] = {
    "kind": "approval", "id": "shop.sale", "lang": 1, "title": "Sale", "entity": "shop.order", "when": "amount > 100",
    "steps": [{"id": "head", "title": "Head", "approvers": [{"manager_of": "requester"}]}],
    "on_approved": [{"do": "set_field", "field": "name", "value": "'Agreed'"}],
}  # fmt: skip
SIZE: dict[str, Any] = {
    "kind": "score", "id": "shop.size", "lang": 1, "title": "Size", "entity": "shop.order",
    "inputs": [{"id": "amount", "title": "Amount", "value": "amount", "scale": {"steps": [[0, 0], [1000, 50]]}, "weight": 1}],
    "tiers": [{"id": "A", "title": "Large", "from": 50}, {"id": "B", "title": "Small", "from": 0}],
}  # fmt: skip
FILES: dict[str, Any] = {
    "pack.json": {"format": 1, "id": "shop", "ns": "shop", "version": "1.0.0", "title": "Shop", "platform": ">=0.1 <1"},
    "entities/order.json": ORDER,
    "rules/large.json": LARGE,
    "rules/forgotten.json": FORGOTTEN,
    "sla/hurry.json": HURRY,
    "roles/clerk.json": ROLE,
    "approvals/sale.json": SALE,
    "scores/size.json": SIZE,
    "messages/mail.json": {
        "kind": "message",
        "id": "shop.mail",
        "title": "{name} is large",
        "body": "Look",
        "channels": ["email"],
    },
    "messages/look.json": {"kind": "message", "id": "shop.look", "title": "Look at {name}"},
    "parameters.json": [{"id": "large_from", "type": "integer", "title": "Large from", "default": 1000}],
}

GIVEN = {"base.user": [{"id": "ada", "name": "Ada", "roles": ["shop.clerk"]}]}
WHEN = [
    {
        "create": "shop.order",
        "record": {"id": "big", "name": "Chairs", "amount": "1000", "owner": "ada", "labels": ["a", "b"]},
    },
    {"at": "+PT1H", "create": "shop.order", "record": {"id": "small", "name": "Cup", "amount": "999.99"}},
]


def written(folder: Path, *tests: dict[str, Any]) -> Path:
    """Write the pack with these tests; return its folder."""
    shop = folder / "shop"
    for name, content in {**FILES, "tests/all.json": list(tests)}.items():
        file = shop / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
    return shop


def case(*expect: dict[str, Any], name: str = "it is so", **more: Any) -> dict[str, Any]:
    clock = "2026-11-23T09:00:00+08:00"
    return {"test": name, "clock": clock, "given": GIVEN, "when": WHEN, "expect": list(expect), **more}


#: What is so after the two orders, each with what is not.
PAIRS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"field": {"id": "big", "large": True, "amount": 1000}}, {"field": {"id": "big", "large": None}}),
    ({"field": {"id": "big", "amount": "1000"}}, {"field": {"id": "big", "amount": "1000.01"}}),
    ({"field": {"id": "big", "owner": "ada"}}, {"field": {"id": "small", "owner": "ada"}}),
    ({"field": {"id": "big", "labels": ["b", "a"]}}, {"field": {"id": "big", "labels": ["a"]}}),
    (
        {"field": {"id": "small", "created_at": "2026-11-23T02:00:00Z"}},
        {"field": {"id": "small", "created_at": "2026-11-23T01:00:00Z"}},
    ),
    ({"record": {"entity": "shop.order", "count": 2}}, {"record": {"entity": "shop.order", "count": 1}}),
    (
        {"record": {"entity": "shop.order", "large": True, "count": 1}},
        {"record": {"entity": "shop.order", "name": "Table"}},
    ),
    (
        {"task": {"assignee": "ada", "message": "shop.look", "due": "2026-11-24T09:00:00+08:00", "count": 1}},
        {"task": {"message": "shop.look", "count": 2}},
    ),
    ({"task": {"rule": "shop.large", "about": "big", "title": "Look at Chairs"}}, {"task": {"about": "small"}}),
    (
        {"task": {"due_lte": "2026-11-24T01:00:00Z", "due_gte": "2026-11-24T01:00:00Z"}},
        {"task": {"due_lte": "2026-11-24T00:59:59Z"}},
    ),
    ({"notice": {"user": "ada", "message": "shop.look"}}, {"notice": {"rule": "shop.forgotten"}}),
    (
        {"after": 0, "decision": {"rule": "shop.large", "record": "big"}},
        {"decision": {"rule": "shop.large", "record": "big"}},
    ),
    ({"decision": {"rule": "shop.large", "fired": False}}, {"decision": {"rule": "shop.forgotten", "fired": False}}),
    (
        {"after": 0, "event": {"type": "record.updated", "data": {"rule": "shop.large"}}},
        {"event": {"type": "record.updated"}},
    ),
    (
        {"webhook": {"to": "store", "values": {"name": "Chairs"}, "count": 1}},
        {"webhook": {"to": "store", "values": {"name": "Cup"}}},
    ),
    (
        {"sla": {"id": "shop.hurry", "record": "big", "due": "2026-11-25T09:00:00+08:00", "state": "running"}},
        {"sla": {"id": "shop.hurry", "state": "met"}},
    ),
    (
        {"score": {"id": "shop.size", "record": "big", "value": 50, "tier": "A"}},
        {"score": {"id": "shop.size", "record": "big", "value": "49.9"}},
    ),
    (
        {"score": {"id": "shop.size", "record": "small", "value": "0.00", "tier": "B"}},
        {"score": {"id": "shop.size", "record": "small", "tier": "A"}},
    ),
    (
        {"message": {"channel": "email", "to": "ada", "subject": "Chairs is large", "count": 1}},
        {"message": {"to": "ada", "subject": "Cup is large"}},
    ),
    ({"message": {"to": "ada@example.com", "text": "Look", "rule": "shop.large"}}, {"message": {"channel": "sms"}}),
    ({"never": {"breach": {"sla": "shop.hurry"}}}, {"breach": {"sla": "shop.hurry"}}),
    ({"never": {"task": {"about": "small"}}}, {"never": {"task": {"about": "big"}}}),
]


def test_what_is_so_passes_and_what_is_not_fails(tmp_path: Path) -> None:
    tests = []
    for number, (true, false) in enumerate(PAIRS):
        tests += [case(true, name=f"true {number}"), case(false, name=f"false {number}")]
    report = pack_tests.run(written(tmp_path, *tests))
    assert [(one.name, one.because) for one in report.results if one.name.startswith("true") and not one.ok] == []
    assert [one.name for one in report.results if one.name.startswith("false") and one.ok] == []


def test_a_failure_says_what_was_found_and_what_the_rules_decided(tmp_path: Path) -> None:
    (result,) = pack_tests.run(written(tmp_path, case({"task": {"about": "small"}}))).results
    assert result.because == (
        'after step 1 (create shop.order): expected {"task": {"about": "small"}}, '
        'found 0 of 1: [{"title": "Look at Chairs", "about": "big"}]',
        "shop.large on small did not fire, because amount >= param.large_from is false (amount is 999.99)",
    )


def test_a_refused_step_leaves_nothing_and_must_be_expected(tmp_path: Path) -> None:
    when = [{"create": "shop.order", "record": {"id": "much", "name": "Houses", "amount": "9001"}}]
    refused = {"refused": {"code": "record-invalid", "pointers": ["/amount"]}}
    gone = {"record": {"entity": "shop.order", "count": 0}}
    report = pack_tests.run(
        written(
            tmp_path,
            case(refused, gone, name="expected", when=when),
            case(gone, name="not expected", when=when),
            case({"refused": {"code": "forbidden"}}, name="another code", when=when),
            case({"refused": {"code": "record-invalid", "pointers": []}}, name="another place", when=when),
            case({"refused": {"code": "record-invalid"}}, name="not refused"),
        )
    )
    assert [one.name for one in report.results if one.ok] == ["expected"]
    assert report.results[1].because[0].startswith("after create shop.order: the step was refused: ")


def test_time_passes_by_the_timers_that_are_due_each_at_its_moment(tmp_path: Path) -> None:
    when = [
        {"create": "shop.order", "record": {"id": "big", "name": "Chairs", "amount": "2000", "sent_at": "2026-11-23T01:00:00Z"}},
        {"at": "+P6DT23H59M", "tick": True},
        {"at": "+P7D", "tick": True},
    ]  # fmt: skip
    early = {"after": 1, "field": {"id": "big", "name": "Chairs"}}
    due = {"after": 2, "field": {"id": "big", "name": "Forgotten", "updated_at": "2026-11-30T01:00:00Z"}}
    report = pack_tests.run(written(tmp_path, case(early, due, when=when)))
    assert report.results[0].because == ()


def test_nothing_of_a_test_is_left_for_the_next_and_each_run_is_the_same(tmp_path: Path) -> None:
    one = case({"record": {"entity": "shop.order", "count": 2}}, name="one")
    wrong = {**one, "test": "wrong", "expect": [{"field": {"id": "big", "version": 9}}]}
    shop = written(tmp_path, one, {**one, "test": "again"}, wrong)
    first, second = pack_tests.run(shop), pack_tests.run(shop)
    assert [result.ok for result in first.results] == [True, True, False]
    assert first == second


def test_parameters_and_settings_of_one_test_are_its_own(tmp_path: Path) -> None:
    when = [{"create": "shop.order", "record": {"id": "cup", "name": "Cup", "amount": "10"}}]
    fired = {"decision": {"rule": "shop.large", "fired": True}}
    report = pack_tests.run(
        written(
            tmp_path,
            case(
                fired, name="lower", when=when, uses={"params": {"large_from": 10}, "settings": {"zone": "Asia/Tokyo"}}
            ),
            case({"decision": {"rule": "shop.large", "fired": False}}, name="as shipped", when=when),
            case(fired, name="unknown", when=when, uses={"params": {"huge_from": 10}}),
        )
    )
    assert [one.ok for one in report.results] == [True, True, False]
    assert "huge_from" in report.results[2].because[0]


def test_a_step_happens_in_the_name_of_a_person_with_roles(tmp_path: Path) -> None:
    given = {
        "base.user": [{"id": "ada", "name": "Ada", "roles": ["shop.clerk"]}, {"id": "bob", "name": "Bob", "roles": []}]
    }
    when = [
        {"create": "shop.order", "record": {"id": "cup", "name": "Cup"}},
        {"update": "cup", "record": {"name": "Mug"}},
    ]
    forbidden, unknown = {"refused": {"code": "forbidden"}}, {"refused": {"code": "not-found"}}
    report = pack_tests.run(
        written(
            tmp_path,
            case(forbidden, name="ada", given=given, when=when, uses={"user": "ada"}),
            case(unknown, name="bob", given=given, when=[{**when[0], "as": "bob"}]),
            case(unknown, name="carl", given=given, when=[{**when[0], "as": "carl"}]),
            {"test": "all", "kind": "access", "role": "shop.clerk", "may": {"shop.order": ["create", "read"], "base.user": []}},
            {"test": "more", "kind": "access", "role": "shop.clerk", "may": {"shop.order": ["create", "read", "delete"]}},
        )
    )  # fmt: skip
    assert [one.name for one in report.results if one.ok] == ["ada", "bob", "all"]
    assert report.results[2].because == ("“carl” is nobody of “given”; there are: ada, bob",)
    assert report.results[4].because == (
        "shop.clerk may read, create records of shop.order, expected read, create, delete",
    )


def test_an_approval_is_asked_for_and_decided_by_who_is_asked(tmp_path: Path) -> None:
    given = {
        "base.user": [
            {"id": "mia", "name": "Mia", "roles": ["base.admin"]},
            {"id": "ada", "name": "Ada", "manager": "mia", "roles": ["base.admin"]},
        ],
        "shop.order": [
            {"id": "big", "name": "Chairs", "amount": "101"},
            {"id": "small", "name": "Cup", "amount": "100"},
        ],
    }
    ask = {"as": "ada", "request": "shop.sale", "record": "big"}
    when = [ask, {"as": "ada", "approve": "big"}, {"as": "mia", "approve": "big", "comment": "Go on"}]
    open_one = {"after": 0, "approval": {"id": "shop.sale", "record": "big", "state": "open", "asked": ["mia"]}}
    agreed = {"approval": {"id": "shop.sale", "record": "big", "state": "approved", "asked": [], "count": 1}}
    not_asked = {"after": 1, "refused": {"code": "conflict"}}
    done = {"field": {"id": "big", "name": "Agreed"}}
    report = pack_tests.run(
        written(
            tmp_path,
            case(open_one, not_asked, agreed, done, name="agreed", given=given, when=when),
            case(
                {"approval": {"id": "shop.sale", "state": "rejected"}}, {"field": {"id": "big", "name": "Chairs"}},
                name="rejected", given=given, when=[ask, {"as": "mia", "reject": "big", "comment": "Too dear"}],
            ),
            case({"refused": {"code": "conflict"}}, name="not needed", given=given, when=[{**ask, "record": "small"}]),
            case({"approval": {"id": "shop.sale", "asked": ["ada"]}}, name="asks another", given=given, when=[ask]),
            case(done, name="nothing open", given=given, when=[{"as": "mia", "approve": "big"}]),
        )
    )  # fmt: skip
    assert [(one.name, one.because) for one in report.results[:3] if not one.ok] == []
    assert [one.ok for one in report.results[3:]] == [False, False]
    assert "it has: none" in report.results[4].because[0]
    # 100 is at the threshold, and 1000 above it; both ends were reached, by those three that pass.
    holes = [(one.code, one.path) for one in report.coverage.holes() if one.path.startswith("approval:")]
    assert holes == [("T005", "approval:shop.sale")]


def test_a_skipped_test_runs_again_after_its_day(tmp_path: Path) -> None:
    wrong = {"field": {"id": "big", "large": None}}
    report = pack_tests.run(
        written(
            tmp_path,
            case(wrong, name="later", skip={"reason": "the supplier decides", "until": "2999-12-31"}),
            case(wrong, name="now", skip={"reason": "the supplier decides", "until": "2020-12-31"}),
        )
    )
    assert [one.skipped for one in report.results] == ["the supplier decides (until 2999-12-31)", ""]
    assert (report.passed, report.failed) == (0, 1)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"expect": []}, "missing-expect", "/0"),
        ({"expect": [{"after": 2, "field": {"id": "big", "large": True}}]}, "unknown-step", "/0/expect/0/after"),
        ({"expect": [{"feild": {"id": "big"}}]}, "unknown-key", "/0/expect/0/feild"),
        ({"when": [{"create": "shop.order", "update": "big", "record": {}}]}, "wrong-form", "/0/when/0"),
        ({"when": [{"create": "shop.order"}]}, "wrong-form", "/0/when/0/record"),
        ({"when": [{"move": "big"}]}, "wrong-form", "/0/when/0/record"),
        ({"clock": "2026-11-23"}, "wrong-form", "/0/clock"),
        ({"clock": "0001-01-01T00:00:00+14:00"}, "wrong-form", "/0/clock"),
        ({"clock": "1969-12-31T00:00:00Z"}, "wrong-form", "/0/clock"),
        ({"skip": {"reason": "later", "until": "2026-13-45"}}, "wrong-form", "/0/skip/until"),
        ({"role": "shop.clerk"}, "missing-may", "/0"),
        ({"kind": "speed"}, "not-a-choice", "/0/kind"),
    ],
)
def test_a_test_that_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, change: dict[str, Any], code: str, pointer: str
) -> None:
    document = {**case({"field": {"id": "big", "large": True}}), **change}
    with pytest.raises(DefinitionError) as refused:
        pack_tests.run(written(tmp_path, document))
    assert (code, pointer) in {(one.code, one.pointer) for one in refused.value.problems}


#: Names that there are not, and what the author is told.
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"expect": [{"field": {"id": "bog", "large": True}}]}, "there is no record “bog”"),
    ({"expect": [{"field": {"id": "big", "lrge": True}}]}, "has no field “lrge”"),
    ({"expect": [{"decision": {"rule": "shop.larg"}}]}, "there is no rule “shop.larg”"),
    ({"expect": [{"task": {"message": "shop.lok"}}]}, "there is no message “shop.lok”"),
    ({"expect": [{"record": {"entity": "shop.ordr"}}]}, "there is no entity “shop.ordr”"),
    ({"expect": [{"sla": {"id": "shop.hury"}}]}, "there is no sla “shop.hury”"),
    ({"given": {"shop.ordr": [{}]}}, "there is no entity “shop.ordr”"),
    ({"when": [WHEN[1], {**WHEN[0], "at": "+PT30M"}]}, "lies before the step before it"),
    ({"when": [{**WHEN[0], "at": "soon"}]}, "“soon” is no time after the clock of the test"),
    ({"when": [{**WHEN[0], "at": "+P900000W"}]}, "“+P900000W” is no time after the clock of the test"),
    ({"when": [{**WHEN[0], "at": "0001-01-01T00:00:00+14:00"}]}, "is no time after the clock of the test"),
]


def test_a_wrong_name_fails_the_test_and_is_never_taken_for_an_absence(tmp_path: Path) -> None:
    right = case({"field": {"id": "big", "large": True}})
    tests = [{**right, **change, "test": str(number)} for number, (change, _) in enumerate(MISTAKES)]
    results = pack_tests.run(written(tmp_path, *tests)).results
    told = [(says, " ".join(one.because)) for one, (_, says) in zip(results, MISTAKES, strict=True)]
    assert [(says, because) for says, because in told if says not in because] == []


def test_coverage_names_what_no_passing_test_has_reached(tmp_path: Path) -> None:
    fired = {"after": 0, "decision": {"rule": "shop.large"}}
    access = {"test": "role", "kind": "access", "role": "shop.clerk", "may": {"shop.order": ["create", "read"]}}
    large, forgotten = "rule:shop.large", "rule:shop.forgotten"
    codes = ("T007", "T008", "T005", "T005", "T005")
    sale = [(code, "approval:shop.sale") for code in codes]
    sale += [("T007", "approval:shop.sale#/steps/head"), ("T009", "approval:shop.sale"), ("T010", "approval:shop.sale")]
    holes = [(one.code, one.path) for one in pack_tests.run(written(tmp_path, case(fired), access)).coverage.holes()]
    # 1000 is at the threshold and 999.99 below it; nobody has ordered for more, and nothing was forgotten.
    assert holes == [("T001", forgotten), ("T002", forgotten), ("T005", large), *sale]
    wrong = case({"field": {"id": "big", "large": None}})
    holes = [(one.code, one.path) for one in pack_tests.run(written(tmp_path, wrong)).coverage.holes()]
    assert holes == [
        ("T001", forgotten), ("T002", forgotten), ("T001", large), ("T002", large), ("T005", large), ("T005", large),
        ("T005", large), *sale, ("T006", "role:shop.clerk"),
    ]  # fmt: skip


def test_the_command_reports_as_json_and_by_its_exit_code(tmp_path: Path) -> None:
    def said(*words: object) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["pack", "test", *map(str, words)])
        return done.exit_code, done.output

    right = case({"field": {"id": "big", "large": True}}, name="right")
    shop = written(tmp_path, right, case({"task": {"about": "small"}}, name="wrong"))
    code, out = said(shop, "--json")
    report = json.loads(out)
    assert (code, report["passed"], report["failed"]) == (1, 1, 1)
    assert [(one["test"], one["ok"], bool(one["because"])) for one in report["tests"]] == [
        ("right", True, False),
        ("wrong", False, True),
    ]
    assert said(shop, "-k", "RIGHT") == (0, "ok       right\n1 passed, 0 failed\n")
    code, out = said(shop, "-k", "right", "--coverage", "--json")
    assert code == 1
    assert {"code": "T006", "path": "role:shop.clerk", "message": "no test of the kind “access” for the role"} in (
        json.loads(out)["coverage"]["holes"]
    )
    assert said(shop, "-k", "nothing like it") == (1, "there is no such test\n")
    assert said(tmp_path / "nowhere")[0] == 2
