"""``GET /records/{entity}/{id}/clocks``: moments and durations as text, and only what the caller may see."""

from __future__ import annotations

import json

from dealwright import access, clock
from dealwright.app import create_app
from passing import pass_until
from ticketing import HOUR, NINE, change, desk, ticket
from worlds import person

AGENT = {
    "kind": "role", "id": "t.agent", "lang": 1, "title": "Agent",
    "grants": [{"entity": "t.ticket", "ops": ["read"], "rows": "owner == user.id", "fields": {"*": "see"}}],
}  # fmt: skip
BLIND = {**AGENT, "id": "t.blind", "grants": [{**AGENT["grants"][0], "fields": {"*": "see", "status": "none"}}]}


def asked(workspace, user, record, at):
    with workspace.database.write() as connection:
        token = access.new_token(connection, user.id, "test")
    with clock.frozen(at):
        client = create_app(workspace).test_client()
        answer = client.get(f"/api/v1/records/t.ticket/{record}/clocks", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, json.loads(answer.text)


def test_the_clocks_of_a_record_are_told_in_the_time_that_they_count(database):
    workspace = desk(database, AGENT)
    ada = person(workspace, "Ada", ["t.agent"])
    one = ticket(workspace, NINE, owner=ada.id)
    change(workspace, NINE + HOUR, one, status="waiting")
    change(workspace, NINE + 2 * HOUR, one, status="open")
    pass_until(workspace, NINE + 26 * HOUR)
    status, body = asked(workspace, ada, one, NINE + 27 * HOUR)
    (found,) = body["items"]
    identifier, revision = found.pop("id"), found.pop("revision")
    assert (status, len(identifier), len(revision)) == (200, 36, 16)
    assert found == {
        "kind": "sla",
        "policy": "t.solve",
        "title": "Solve",
        "state": "running",
        "breached": True,
        "started_at": "2026-11-23T09:00:00.000Z",
        "due_at": "2026-11-24T11:00:00.000Z",
        "ended_at": None,
        "breached_at": "2026-11-24T11:00:00.000Z",
        "working_time": True,
        "target": "PT10H",
        "elapsed": "PT11H",
        "remaining": "-PT1H",
        "late": None,
        "pauses": [["2026-11-23T10:00:00.000Z", "2026-11-23T11:00:00.000Z"]],
        "assumed_years": [],
    }


def test_who_may_not_see_what_a_clock_looks_at_is_told_of_no_clock_and_others_of_no_record(database):
    workspace = desk(database, AGENT, BLIND)
    ada, bo = person(workspace, "Ada", ["t.blind"]), person(workspace, "Bo", ["t.agent"])
    one = ticket(workspace, NINE, owner=ada.id)
    assert asked(workspace, ada, one, NINE) == (200, {"items": []})
    assert asked(workspace, bo, one, NINE)[0] == 404
