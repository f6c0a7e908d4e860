"""The work in the background over REST: figures, what was given up, and what an administrator does about it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dealwright import access, clock
from dealwright.records import Change, Work, save_one
from dealwright.storage import audit, outbox, queue, timers
from worlds import made

PATHS = ("/operations", "/metrics", "/outbox", "/jobs", "/timers")


@pytest.fixture
def dead(workspace):
    """A message that was given up."""
    now = clock.now() - timedelta(minutes=5)
    row = {"id": clock.new_id(), "at": now, "channel": "email", "target": "ann@example.com", "key": "k1"}
    with workspace.database.write() as connection:
        outbox.put(connection, [{**row, "payload": {"text": "secret"}, "rule": "t.say"}])
        outbox.dead(connection, row["id"], "550 not this one", now)
    return row["id"]


@pytest.mark.parametrize("path", PATHS)
def test_who_is_no_administrator_learns_nothing(clients, path):
    assert clients["ada"].get(path).status_code == 403


def test_messages_are_told_without_what_they_say_and_to_whom(clients, dead):
    answer = clients["admin"].get("/outbox?state=dead")
    (one,) = answer.json["items"]
    assert (one["id"], one["rule"], one["last_error"]) == (dead, "t.say", "550 not this one")
    assert "secret" not in answer.text
    assert "ann@example.com" not in answer.text
    assert clients["admin"].get("/outbox?state=sent").json["items"] == []
    assert clients["admin"].get("/outbox?state=lost").status_code == 400


def test_a_message_that_was_given_up_is_sent_again_or_left_and_the_audit_log_says_by_whom(clients, dead, workspace):
    admin = clients["admin"]
    assert clients["ada"].post("/outbox/replay", {"ids": [dead]}).status_code == 403
    assert admin.post("/outbox/replay", {"ids": [dead]}).json == {"changed": 1}
    assert admin.get("/outbox").json["items"][0]["state"] == "pending"
    assert admin.post("/outbox/skip", {"ids": [dead]}).json == {"changed": 1}
    assert admin.get("/outbox").json["items"][0]["state"] == "skipped"
    assert admin.post("/outbox/skip", {"ids": "all"}).status_code == 422
    with workspace.database.read() as connection:
        entries = [one for one in audit.latest(connection) if one["action"].startswith("outbox.")]
    assert sorted(one["action"] for one in entries) == ["outbox.replay", "outbox.skip"]
    assert {one["actor"] for one in entries} == {admin.get("/me").json["id"]}


def test_a_job_that_is_not_there_is_not_run_anew_and_leaves_no_trace(clients, workspace):
    with workspace.database.read() as connection:
        before = len(audit.latest(connection))
    assert clients["admin"].post("/jobs/none/replay", {}).status_code == 404
    assert clients["admin"].post("/jobs/none/skip", {}).status_code == 404
    with workspace.database.read() as connection:
        assert len(audit.latest(connection)) == before


def test_a_job_that_waits_is_shown_and_cannot_be_given_up(clients, workspace):
    queue.install(workspace.database)
    with workspace.database.write() as connection:
        queue.enqueue(connection, "timer", {"secret": 1}, lane="a", key="job-1")
    answer = clients["admin"].get("/jobs")
    assert [(one["kind"], one["state"]) for one in answer.json["items"]] == [("timer", "waiting")]
    assert "secret" not in answer.text
    identifier = answer.json["items"][0]["id"]
    assert clients["admin"].post(f"/jobs/{identifier}/skip", {}).status_code == 409


def test_timers_are_told_with_how_late_they_are(clients, workspace):
    deal = made(workspace, "t.deal", name="Lift")
    soon, late = clock.now() + timedelta(days=1), clock.now() - timedelta(minutes=1)
    with workspace.database.write() as connection:
        timers.put(
            connection, [timers.Timer("t.deal", deal, f"x:{n}", at, {"a": "b"}) for n, at in ((1, soon), (2, late))]
        )
    found = [one for one in clients["admin"].get("/timers").json["items"] if one["record"] == deal]
    assert [one["name"] for one in found] == ["x:2", "x:1"]
    assert found[0]["late"] >= 60
    assert found[1]["late"] == 0
    assert "data" not in found[0]


def test_figures_are_given_to_prometheus_without_a_value_of_a_record(clients, dead, workspace):
    with workspace.database.write() as connection:
        save_one(Work(workspace, connection, access.operator()), "t.deal", Change({"name": "Kestrel", "win": "80"}))
    figures = clients["admin"].get("/operations").json
    assert (figures["outbox"]["dead"], figures["backlog"]["dead_messages"]) == (1, 1)
    assert figures["decisions"]["fired"] >= 1
    answer = clients["admin"].get("/metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'dealwright_outbox_messages{state="dead"} 1' in lines
    assert f'dealwright_decisions_last_minute{{fired="true"}} {figures["decisions"]["fired"]}' in lines
    assert "# TYPE dealwright_timer_lag_seconds gauge" in lines
    assert "Kestrel" not in answer.text
