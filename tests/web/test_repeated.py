"""A change that waited for a connection and arrives twice is made once; a visit is noted where the browser was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pages
from dealwright import access, clock
from dealwright.records import Work, Workspace, page
from pages import Person, text

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def found(workspace: Workspace, entity: str) -> list[Any]:
    with workspace.database.read() as connection:
        return list(page(Work(workspace, connection, access.operator()), entity, sort="id").items)


def test_a_form_with_a_key_is_saved_once_and_refused_when_it_says_something_else(
    admin: Person, workspace: Workspace
) -> None:
    sent = {"Idempotency-Key": "k1", "HX-Request": "true"}
    first, again = (admin.post("/records/t.thing/new", {"name": "Lamp"}, **sent) for _ in range(2))
    assert (first.status_code, again.status_code) == (204, 204)
    assert first.headers["HX-Redirect"] == again.headers["HX-Redirect"]
    assert [one["name"] for one in found(workspace, "t.thing")] == ["Lamp"]
    other = admin.post("/records/t.thing/new", {"name": "Lantern"}, **sent)
    assert (other.status_code, "sent before with other content" in text(other)) == (422, True)
    # A refused one uses nothing up, and the key of one person is none of another's.
    assert admin.post("/records/t.thing/new", {"name": ""}, **{**sent, "Idempotency-Key": "k2"}).status_code == 422
    assert admin.post("/records/t.thing/new", {"name": "Chair"}, **{**sent, "Idempotency-Key": "k2"}).status_code == 204
    assert admin.post("/records/t.thing/new", {"name": "X"}, **{**sent, "Idempotency-Key": ""}).status_code == 400
    # Somebody else saved meanwhile: the change that waited is shown beside it, and overwrites nothing.
    lamp = found(workspace, "t.thing")[0]["id"]
    pages.save(workspace, access.operator(), "t.thing", {"name": "Theirs"}, id=lamp)
    late = admin.post(
        f"/records/t.thing/{lamp}/edit", {"name": "Mine", "version": "1"}, **{**sent, "Idempotency-Key": "k3"}
    )
    assert late.status_code == 412 and "Theirs" in late.text and "Mine" in late.text
    assert found(workspace, "t.thing")[0]["name"] == "Theirs"


def test_a_check_in_notes_the_place_and_the_moment_it_was_made_and_is_noted_once(
    admin: Person, clerk: Person, workspace: Workspace
) -> None:
    deal = pages.deal(workspace).id
    here = f"/records/t.deal/{deal}/checkin"
    made = (NOW - timedelta(hours=3)).isoformat()
    with clock.frozen(NOW):
        for _ in range(2):
            data = {"at": made, "lat": "31.2304", "lon": "121.4737"}
            assert admin.post(here, data, **{"Idempotency-Key": "c1"}).status_code == 303
        for at in ((NOW - timedelta(days=2)).isoformat(), (NOW + timedelta(days=1)).isoformat(), "yesterday"):
            assert admin.post(here, {"at": at}).status_code == 303
        assert admin.post(here, {"lat": "95", "lon": "0"}).status_code == 422
    visits = found(workspace, "base.activity")
    assert [one["at"][:16] for one in visits] == ["2026-11-23T05:00"] + ["2026-11-23T08:00"] * 3
    assert [one["position"] for one in visits] == [{"lat": 31.2304, "lon": 121.4737}, None, None, None]
    assert {(one["kind"], one["about"]["id"]) for one in visits} == {("visit", deal)}
    assert clerk.post(here, {}).status_code in (403, 404)


def test_the_shell_can_be_installed_and_its_worker_looks_after_all_pages_but_keeps_none(admin: Person) -> None:
    home = admin.get("/records/t.thing").text
    address = home.split('rel="manifest" href="')[1].partition('"')[0]
    manifest = admin.get(address)
    assert manifest.mimetype == "application/manifest+json"
    assert (manifest.json["display"], manifest.json["scope"]) == ("standalone", "/")
    for icon in manifest.json["icons"]:
        assert admin.get(icon["src"]).data.startswith(b"\x89PNG")
    worker = admin.get(home.split('data-worker="')[1].partition('"')[0])
    assert (worker.headers["Service-Worker-Allowed"], worker.headers["Cache-Control"]) == ("/", "no-cache")
    kept = worker.text.split("FILES = [")[1].partition("]")[0].replace('"', "").split(",")
    kept.append(worker.text.split("OFFLINE = '")[1].partition("'")[0])
    assert all(one.startswith("/static/dist/") and admin.get(one).status_code == 200 for one in kept)
    assert "data-worker" not in Person(admin.client.application).client.get("/sign-in").text
