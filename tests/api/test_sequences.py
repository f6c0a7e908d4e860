"""Sequences through the API: started by hand, listed with their steps, gone on with and ended, each call once."""

from __future__ import annotations

import pytest

from worlds import opened, rows_of

CARE = {
    "kind": "sequence", "id": "t.care", "lang": 1, "title": "Care", "entity": "t.deal",
    "steps": [{"id": "call", "title": "Call", "after": "P3D", "then": [{"do": "create_task", "title": "Call {name}"}]},
              {"id": "ask", "after": "P9D", "then": [{"do": "create_task", "title": "Ask {name}"}]}],
}  # fmt: skip


@pytest.fixture
def path(workspace, clients):
    opened(workspace.database, CARE, folder=workspace.folder)
    return f"/records/t.deal/{clients['ada'].post('/records/t.deal', {'name': 'Lift'}).json['id']}/sequences"


def test_a_sequence_is_started_gone_on_with_and_ended_by_who_may_change_the_record(workspace, clients, path):
    ada = clients["ada"]
    assert ada.get(path).json == {"items": [], "offered": [{"sequence": "t.care", "title": "Care", "steps": 2}]}
    first = ada.post(path, {"sequence": "t.care"}, Idempotency_Key="k1")
    assert (first.status_code, first.json["state"]) == (201, "running")
    assert ada.post(path, {"sequence": "t.care"}, Idempotency_Key="k1").json == first.json
    again = ada.post(path, {"sequence": "t.care"})
    assert (again.status_code, again.json["code"]) == (409, "conflict")
    listed = ada.get(path).json
    assert ([one["id"] for one in listed["items"]], listed["offered"]) == ([first.json["id"]], [])
    done = ada.post(f"{path}/t.care/advance", {}).json
    assert [(step["title"], step["done"]) for step in done["steps"]] == [("Call", True), ("ask", False)]
    assert [row["title"] for row in rows_of(workspace.database, "base__task")] == ["Call Lift"]
    ended = ada.post(f"{path}/t.care/stop", {})
    assert (ended.status_code, ended.json["state"], ended.json["why"]) == (200, "stopped", "person")
    assert ada.post(f"{path}/t.care/stop", {}).status_code == 409


def test_what_cannot_be_started_is_refused_and_leaves_nothing(workspace, clients, path):
    ada, cy = clients["ada"], clients["cy"]
    assert ada.post(path, {}).json["errors"][0]["pointer"] == "/sequence"
    assert ada.post(path, {"sequence": "t.cure"}).status_code == 404
    assert ada.post(path, {"sequence": "t.care", "at": "now"}).status_code == 422
    for answer in (
        cy.get(path),
        cy.post(path, {"sequence": "t.care"}),
        cy.post(f"{path}/t.care/advance", {}),
        cy.post(f"{path}/t.care/stop", {}),
    ):
        assert answer.status_code == 404  # a deal of another team
    assert ada.post(f"{path}/t.care/advance", {}).status_code == 409
    assert rows_of(workspace.database, "dw_enrolment") == []
