"""``POST /plan`` and ``POST /apply``: what a change would do, then just that, while requests go on."""

from __future__ import annotations

from typing import Any

import pytest

from dealwright import packs, rules
from dealwright.records import Workspace
from dealwright.storage import plans

TITLE = "entity:t.deal#/properties/amount/title"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def propose(workspace: Workspace, value: str) -> None:
    with workspace.database.write() as connection:
        packs.overlay.propose(connection, [{"path": TITLE, "value": value}])


def test_an_administrator_plans_and_applies_and_the_next_request_sees_it(
    clients: dict[str, Any], workspace: Workspace
) -> None:
    admin = clients["admin"]
    propose(workspace, "Value")
    planned = admin.post("/plan", {"tests": True})
    assert planned.status_code == 201, planned.text
    plan = planned.json
    assert plan["risk"] == "safe"
    assert [one["action"] for one in plan["actions"] if one["action"] != "LOOK"] == ["SET", "MODIFY"]
    assert admin.get("/metadata/entity/t.deal").json["properties"]["amount"]["title"] == "Amount"
    wrong = admin.post("/apply", {"plan": plan["plan"], "fingerprint": "sha256:0"})
    assert (wrong.status_code, wrong.json["code"]) == (409, "plan-stale")
    done = admin.post("/apply", {"plan": plan["plan"], "fingerprint": plan["fingerprint"], "reason": "wording"})
    assert (done.status_code, done.json["revision"]) == (200, plan["to"]), done.text
    assert admin.get("/metadata/entity/t.deal").json["properties"]["amount"]["title"] == "Value"
    again = admin.post("/apply", {"plan": plan["plan"], "fingerprint": plan["fingerprint"]})
    assert (again.status_code, again.json["code"]) == (409, "conflict")


def test_a_plan_says_which_decisions_of_the_past_would_be_other_ones(
    clients: dict[str, Any], workspace: Workspace
) -> None:
    admin = clients["admin"]
    created = admin.post("/records/t.deal", {"name": "D", "win": "75"})
    assert created.status_code == 201, created.text
    with workspace.database.write() as connection:
        changes = packs.overlay.clone(connection, "rule", "t.tier_a", "tier_a")
        changes[0]["value"]["if"] = "win >= 80"
        packs.overlay.propose(connection, changes)
    found = admin.post("/plan", {"since": "P1D"}).json["decision_diff"]
    by_rule = {one["rule"]: one for one in found["rules"]}
    assert by_rule["t.tier_a"]["no_longer"] == 1
    assert by_rule["c.tier_a"]["newly"] == 0


def test_others_cannot_plan_and_faults_of_a_call_have_their_place(clients: dict[str, Any]) -> None:
    assert clients["ada"].post("/plan", {}).status_code == 403
    assert clients["ada"].post("/apply", {"plan": "pl_0", "fingerprint": "x"}).status_code == 403
    assert clients["nobody"].post("/plan", {}).status_code == 401
    admin = clients["admin"]
    wrong = admin.post("/plan", {"install": "t", "proposals": 1, "since": 7})
    assert wrong.status_code == 422
    assert [one["pointer"] for one in wrong.json["errors"]] == ["/install", "/proposals", "/since"]
    assert admin.post("/plan", {"instal": []}).status_code == 422
    assert admin.post("/plan", {"tests": "all"}).json["errors"][0]["pointer"] == "/tests"
    assert admin.post("/plan", {"install": ["no_such_pack"]}).status_code == 404
    assert admin.post("/apply", {"plan": "pl_0", "fingerprint": "x"}).status_code == 404
    assert admin.post("/apply", {"plan": "pl_0"}).status_code == 422
    blocked = admin.post("/plan", {"uninstall": ["nothing"]}).json
    assert (blocked["risk"], blocked["to"]) == ("blocked", None)


def test_a_request_that_is_sent_again_with_its_key_gets_its_answer_again_and_nothing_is_done_twice(
    clients: dict[str, Any], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = clients["admin"]
    propose(workspace, "Value")
    planned = admin.post("/plan", {}, **{"Idempotency-Key": "p1"}).json
    assert admin.post("/plan", {}, **{"Idempotency-Key": "p1"}).headers["Idempotent-Replay"] == "true"
    call, key = {"plan": planned["plan"], "fingerprint": planned["fingerprint"]}, {"Idempotency-Key": "a1"}

    def dies(*args: Any, **named: Any) -> None:
        raise RuntimeError("the machine is gone")

    monkeypatch.setattr(plans, "applied", dies)
    admin.post("/apply", call, **key)
    monkeypatch.undo()
    monkeypatch.setattr(rules, "prove", rules.matcher_status)
    done = admin.post("/apply", call, **key)  # neither the revision nor the answer was there: it is done now
    assert (done.status_code, "Idempotent-Replay" in done.headers) == (200, False), done.text
    again = admin.post("/apply", call, **key)
    assert (again.status_code, again.json, again.headers["Idempotent-Replay"]) == (200, done.json, "true")
    other = admin.post("/apply", {**call, "reason": "x"}, **key)
    assert (other.status_code, other.json["errors"][0]["code"]) == (422, "key-reused")
    with workspace.database.read() as connection:
        assert [one["revision"] for one in packs.history(connection)].count(planned["to"]) == 1
