"""Moves, checklists and the history of stages over HTTP."""

from __future__ import annotations

import pytest

from dealwright.app import create_app
from worlds import PIPELINE, opened, staff

LISTED = {**PIPELINE, "stages": [
    {**PIPELINE["stages"][0], "checklist": [{"id": "call", "title": "Call", "required": True, "needs": "note"}]},
    *PIPELINE["stages"][1:]]}  # fmt: skip
SMALL = {
    "kind": "pipeline", "id": "t.small", "lang": 1, "title": "Small", "entity": "t.deal", "version": 1, "start": "open",
    "stages": [{"id": "open", "title": "Open"}, {"id": "won", "title": "Won", "outcome": "won"}],
}  # fmt: skip


@pytest.fixture
def app(database, tmp_path):
    """The application on a world with a checklist and a second pipeline."""
    return create_app(opened(database, {**LISTED, "intake": "default"}, SMALL, folder=tmp_path))


@pytest.fixture
def workspace(app):
    """The workspace of the application."""
    return app.extensions["dealwright"]


@pytest.fixture
def tokens(workspace):
    return staff(workspace)


@pytest.fixture
def deal(clients):
    return clients["ada"].post("/records/t.deal", {"name": "x"}).json["id"]


def test_a_refused_move_answers_409_with_labels_in_the_language_that_is_asked_for(clients, deal):
    path = f"/records/t.deal/{deal}/move"
    answer = clients["ada"].post(path, {"to": "offer"}, Accept_Language="zh-CN,zh;q=0.9")
    assert (answer.status_code, answer.json["code"]) == (409, "gate-unmet")
    assert answer.json["errors"] == [
        {"pointer": "/account", "code": "required", "message": "此处必填，请填写。", "label": "Account"},
        {
            "pointer": "/amount",
            "code": "gate-unmet",
            "message": "Say how large it is",
            "label": "Amount",
            "item": "sized",
        },
        {
            "pointer": "/checklist/call",
            "code": "item-undone",
            "message": "“Call”需要备注，请填写。",
            "label": "Call",
            "item": "call",
        },
    ]  # fmt: skip
    plain = clients["ada"].post(path, {"to": "offer"}).json
    assert plain["errors"][0]["message"] == "A value is required here; fill it in."


def test_a_checklist_is_read_and_ticked_and_a_repeated_request_does_it_once(clients, deal):
    path = f"/records/t.deal/{deal}/checklist"
    before = clients["ada"].get(path).json
    assert (before["pipeline"]["id"], before["checklist"][0]["done"]) == ("t.sale", False)
    assert [one["to"] for one in before["items"]] == ["offer", "lost"]
    body = {"items": [{"id": "call", "note": "spoke to Li"}]}
    first = clients["ada"].ask("PUT", path, body, Idempotency_Key="k")
    again = clients["ada"].ask("PUT", path, body, Idempotency_Key="k")
    assert (first.status_code, again.json) == (200, first.json)
    assert (first.json["checklist"][0]["done"], first.json["checklist"][0]["note"]) == (True, "spoke to Li")
    told = clients["ada"].get(f"/records/t.deal/{deal}/history").json
    assert [one["type"] for one in told["items"]] == ["checklist.done", "record.created"]
    assert [(one["stage"], one["to"]) for one in told["stages"]] == [("open", None)]


@pytest.mark.parametrize(
    "body", [{}, {"items": {}}, {"items": [], "all": 1}, {"items": [{"id": "sing"}]}, {"items": [{}] * 201}]
)
def test_a_checklist_that_cannot_be_read_is_refused_with_422(clients, deal, body):
    assert clients["ada"].ask("PUT", f"/records/t.deal/{deal}/checklist", body).status_code == 422


def test_a_record_is_moved_into_another_pipeline_by_its_id(clients, deal):
    path = f"/records/t.deal/{deal}/move"
    moved = clients["ada"].post(path, {"pipeline": "t.small"})
    assert (moved.status_code, moved.json["pipeline"], moved.json["stage"]) == (200, "t.small", "open")
    assert clients["ada"].post(path, {"pipeline": 5}).status_code == 422
    assert clients["ada"].post(path, {}).status_code == 422
    assert clients["ada"].post(path, {"pipeline": "t.none"}).status_code == 400
    assert clients["ada"].ask("PATCH", f"/records/t.deal/{deal}", {"pipeline": "t.sale"}).status_code == 422


def test_what_stages_are_measured_by_is_read_with_the_metadata(clients):
    stage = clients["ada"].get("/metadata/pipeline/t.sale").json["stages"][0]
    assert (stage["probability"], stage["checklist"][0]["id"]) == (20, "call")
