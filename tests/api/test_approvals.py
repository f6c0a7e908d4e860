"""Approvals over REST: asking, the inbox, deciding, and what each says to whom."""

from __future__ import annotations

import pytest

from worlds import made, person, rows_of


@pytest.fixture
def deal(clients, workspace):
    owner = clients["ada"].get("/me").json["id"]
    return made(workspace, "t.deal", name="Lift", discount="12", owner=owner)


@pytest.fixture
def asked(clients, deal):
    answer = clients["ada"].post(
        f"/records/t.deal/{deal}/approvals", {"approval": "t.consent", "comment": "please"}, Idempotency_Key="one"
    )
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/approvals/{answer.json['id']}"
    return answer.json["id"]


def test_an_approval_is_asked_for_found_in_the_inbox_and_decided(clients, deal, asked):
    ada, admin = clients["ada"], clients["admin"]
    (waiting,) = admin.get("/approvals").json["items"]
    assert (waiting["id"], waiting["record_title"], waiting["requester_name"]) == (asked, "Lift", "Ada")
    assert waiting["asks_me"] == [{"step": "office", "why": "role base.admin", "behalf": None}]
    assert ada.get("/approvals").json["items"] == []
    assert [one["id"] for one in ada.get("/approvals?mine=asked").json["items"]] == [asked]
    done = admin.post(f"/approvals/{asked}/approve", {"comment": "fine"}).json
    assert (done["state"], done["steps"][0]["people"][0]["comment"]) == ("approved", "fine")
    assert admin.get("/approvals").json["items"] == []
    assert admin.post(f"/approvals/{asked}/approve", {}).status_code == 409


def test_the_same_key_asks_once(clients, deal, asked):
    body = {"approval": "t.consent", "comment": "please"}
    again = clients["ada"].post(f"/records/t.deal/{deal}/approvals", body, Idempotency_Key="one")
    assert (again.status_code, again.json["id"]) == (201, asked)
    assert clients["ada"].post(f"/records/t.deal/{deal}/approvals", body).status_code == 409


def test_a_record_tells_its_approvals_and_what_may_be_asked_for(clients, deal, asked):
    told = clients["ada"].get(f"/records/t.deal/{deal}/approvals").json
    assert ([one["id"] for one in told["items"]], told["may_request"]) == ([asked], [])
    assert clients["ada"].post(f"/approvals/{asked}/recall", {}).json["state"] == "recalled"
    told = clients["ada"].get(f"/records/t.deal/{deal}/approvals").json
    assert told["may_request"] == [{"approval": "t.consent", "title": "Consent"}]


def test_what_has_changed_since_it_was_asked_for_is_shown(clients, asked, workspace, deal):
    """The discount begins it anew, so its value at the time is the new one; the turn says that it was begun again."""
    assert clients["ada"].ask("PATCH", f"/records/t.deal/{deal}", {"discount": "14"}).status_code == 200
    told = clients["admin"].get(f"/approvals/{asked}").json
    assert (told["turn"], told["changed"], [one["past"] for one in told["steps"]]) == (2, [], [True, False])
    assert told["values"] == {"discount": "14"}


@pytest.mark.parametrize(
    ("doing", "body", "status", "pointer"),
    [
        ("reject", {}, 422, "/comment"),
        ("reject", {"comment": 7}, 422, "/comment"),
        ("delegate", {}, 422, "/to"),
        ("delegate", {"to": "nobody"}, 422, "/to"),
        ("add_approver", {"who": "nobody", "where": "after"}, 422, "/who"),
        ("add_approver", {"who": "x", "where": "under"}, 422, "/where"),
        ("approve", {"vote": 1}, 422, "/vote"),
    ],
)
def test_what_cannot_be_used_is_refused_and_decides_nothing(clients, asked, doing, body, status, pointer):
    answer = clients["admin"].post(f"/approvals/{asked}/{doing}", body)
    assert (answer.status_code, [one["pointer"] for one in answer.json["errors"]]) == (status, [pointer])
    assert clients["admin"].get(f"/approvals/{asked}").json["state"] == "open"


def test_who_has_nothing_to_do_with_it_is_told_what_he_is_told_of_none(clients, asked):
    """Nor whether somebody else may read the record: whoever is named, the answer is the same."""
    for doing, body in (("approve", {}), ("delegate", {"to": "x"}), ("add_approver", {"who": "x", "where": "after"})):
        there = clients["cy"].post(f"/approvals/{asked}/{doing}", body)
        gone = clients["cy"].post(f"/approvals/{asked[::-1]}/{doing}", body)
        assert (there.status_code, gone.status_code) == (404, 404)
        assert there.json["detail"].replace(asked, "") == gone.json["detail"].replace(asked[::-1], "")


def test_the_description_names_every_route_of_approvals(clients):
    paths = clients["ada"].get("/openapi.json").json["paths"]
    assert {"get", "post"} == set(paths["/records/t.deal/{id}/approvals"])
    assert {f"/approvals/{{id}}/{one}" for one in ("approve", "reject", "return", "recall", "delegate")} <= set(paths)


def test_an_administrator_names_who_decides_a_step_that_found_nobody(clients, workspace):
    """The administrator's own request: he may not decide it, and there is no other."""
    admin, ada = clients["admin"], clients["ada"]
    deal = made(workspace, "t.deal", name="Lift", owner=ada.get("/me").json["id"])
    one = admin.post(f"/records/t.deal/{deal}/approvals", {"approval": "t.consent"}).json
    assert one["steps"][0]["state"] == "blocked"
    named = {"step": "office", "who": ada.get("/me").json["id"]}
    assert ada.post(f"/approvals/{one['id']}/appoint", named).status_code == 404
    assert admin.post(f"/approvals/{one['id']}/appoint", {**named, "who": "nobody"}).status_code == 422
    assert admin.post(f"/approvals/{one['id']}/appoint", named).json["steps"][0]["state"] == "open"
    assert admin.post(f"/approvals/{one['id']}/appoint", named).status_code == 409
    assert ada.post(f"/approvals/{one['id']}/approve", {}).json["state"] == "approved"


def test_several_are_decided_one_by_one_and_one_refusal_hinders_no_other(clients, workspace):
    owner = clients["ada"].get("/me").json["id"]
    made_of = [made(workspace, "t.deal", name=f"Deal {i}", owner=owner) for i in range(3)]
    ids = [
        clients["ada"].post(f"/records/t.deal/{deal}/approvals", {"approval": "t.consent"}).json["id"]
        for deal in made_of
    ]
    decisions = [
        {"id": ids[0], "verdict": "approved"},
        {"id": ids[1], "verdict": "rejected"},
        {"id": owner, "verdict": "approved"},
        {"id": ids[2], "verdict": "rejected", "comment": "no"},
    ]
    results = clients["admin"].post("/approvals/bulk", {"decisions": decisions}).json["results"]
    assert [one.get("state", one.get("code")) for one in results] == [
        "approved",
        "record-invalid",
        "not-found",
        "rejected",
    ]
    assert results[1]["errors"][0]["pointer"] == "/comment"
    assert clients["admin"].get(f"/approvals/{ids[1]}").json["state"] == "open"
    wrong = clients["admin"].post("/approvals/bulk", {"decisions": [{"id": ids[1], "verdict": "maybe"}]})
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/decisions/0/verdict")


def test_somebody_notes_an_absence_and_the_delegate_is_asked(clients, workspace, deal):
    ada, admin = clients["ada"], clients["admin"]
    me, other = admin.get("/me").json["id"], person(workspace, "Zoe", ["t.viewer"]).id
    when = {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
    noted = admin.post("/absences", {**when, "delegate": other, "entity": "t.deal"})
    assert noted.status_code == 201
    (listed,) = admin.get("/absences").json["items"]
    assert (listed["user"], listed["delegate"], listed["entity"]) == (me, other, "t.deal")
    one = ada.post(f"/records/t.deal/{deal}/approvals", {"approval": "t.consent"}).json
    assert [(p["name"], p["behalf_name"]) for p in one["steps"][0]["people"]] == [("Zoe", "Root")]
    assert ada.ask("DELETE", f"/absences/{noted.json['id']}").status_code == 404
    assert admin.ask("DELETE", f"/absences/{noted.json['id']}").status_code == 204
    assert admin.get("/absences").json["items"] == []
    actions = [row["action"] for row in rows_of(workspace.database, "dw_audit")]
    assert {"absence.noted", "absence.ended"} <= set(actions)


def test_an_absence_that_cannot_be_is_refused_with_every_fault(clients):
    me = clients["ada"].get("/me").json["id"]
    wrong = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "delegate": me, "entity": "t.nothing"}
    answer = clients["ada"].post("/absences", wrong)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json["errors"]] == ["/until", "/delegate", "/entity"]
    assert clients["ada"].post("/absences", {**wrong, "user": "somebody"}).status_code == 403
    assert clients["ada"].get("/absences?user=somebody").status_code == 403


def test_who_would_approve_is_told_with_reasons_and_asks_nobody(clients, workspace, deal):
    told = clients["ada"].get(f"/approvals/simulate?approval=t.consent&record={deal}").json
    assert (told["needed"], told["refusal"]) == (True, None)
    (step,) = told["steps"]
    assert [(one["name"], one["why"]) for one in step["people"]] == [("Root", "role base.admin")]
    assert clients["admin"].get("/approvals").json["items"] == []
    own = clients["admin"].get(f"/approvals/simulate?approval=t.consent&record={deal}").json["steps"][0]
    assert (own["people"], own["nobody"], own["left_out"][0]["why"]) == ([], "block", "who asks cannot decide")
    assert clients["cy"].get(f"/approvals/simulate?approval=t.consent&record={deal}").status_code == 404
