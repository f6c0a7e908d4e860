from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask, template_rendered

from dealwright import access, clock, records
from dealwright.errors import SignInRequiredError
from dealwright.records import Work, Workspace
from dealwright.storage import accounts, audit, outbox, queue, timers
from pages import ADMIN, CLERK, PASSWORD, Person, deal, text

LISTS = [
    "audit",
    "users",
    "roles",
    "entities",
    "rules",
    "packs",
    "events",
    "decisions",
    "outbox",
    "timers",
    "jobs",
    "rules-off",
]


def user_id(workspace: Workspace, email: str) -> str:
    with workspace.database.read() as connection:
        found = accounts.by_email(connection, email)
    assert found is not None
    return str(found.user)


def pending(workspace: Workspace, state: str) -> str:
    identifier, now = clock.new_id(), clock.now()
    row = {"id": identifier, "at": now, "channel": "webhook", "target": "erp", "payload": {"a": 1}, "key": identifier}
    with workspace.database.write() as connection:
        outbox.put(connection, [row])
        if state == "dead":
            outbox.dead(connection, identifier, "refused by the other side", now)
    return identifier


def background(workspace: Workspace) -> None:
    """Leave something behind for a worker: a job that waits, a timer, and a rule that is off."""
    queue.install(workspace.database)
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        timers.put(connection, [timers.Timer("t.deal", "d1", "rule:t.big", clock.now())])
        queue.enqueue(connection, "retention", {})
        records.switch_rule(work, "t.big", on=False, why="far too much")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_the_console_shows_its_rows_in_our_shell(admin: Person, workspace: Workspace, name: str) -> None:
    deal(workspace, budget="5000")
    if name in ("timers", "jobs", "rules-off"):
        background(workspace)
    page = admin.get(f"/admin/{name}/")
    assert page.status_code == 200
    assert '<aside class="side"' in page.text
    assert "<tbody><tr>" in page.text or (name == "packs" and 'class="card body"' in page.text)


@pytest.mark.parametrize("name", ["", *(f"{one}/" for one in LISTS), "users/new/", "users/details/?id=x"])
def test_only_administrators_may_enter(app: Flask, clerk: Person, name: str) -> None:
    assert clerk.get(f"/admin/{name}").status_code == 403
    assert Person(app).get(f"/admin/{name}").location.startswith("/sign-in")


def test_no_page_of_the_console_is_drawn_by_a_template_of_flask_admin(app: Flask, admin: Person) -> None:
    used: list[str] = []

    def note(_app: Flask, template: object, **_: object) -> None:
        used.append(str(getattr(template, "filename", "")))

    with template_rendered.connected_to(note, app):
        for name in LISTS:
            admin.get(f"/admin/{name}/")
        admin.get("/admin/entities/details/?id=t.thing")
        admin.get("/admin/users/new/")
    assert used and not [name for name in used if "flask_admin" in name]


@pytest.mark.parametrize(
    "file", ["admin/js/filters.js", "bootstrap/bootstrap4/js/bootstrap.min.js", "vendor/jquery.min.js"]
)
def test_nothing_of_flask_admins_scripts_is_served(admin: Person, file: str) -> None:
    assert admin.get(f"/admin/static/{file}").status_code == 404


@pytest.mark.parametrize(
    "path", ["users/edit/?id=x", "users/delete/", "outbox/action/", "users/ajax/update/", "roles/new/"]
)
def test_flask_admins_own_ways_of_writing_are_closed(admin: Person, workspace: Workspace, path: str) -> None:
    before = len(everybody(workspace))
    for answer in (admin.get(f"/admin/{path}"), admin.post(f"/admin/{path}", {"id": "x", "action": "delete"})):
        assert answer.status_code in (302, 303, 404, 405)
    assert len(everybody(workspace)) == before


def everybody(workspace: Workspace) -> list[object]:
    with workspace.database.read() as connection:
        return list(accounts.everybody(connection, workspace.catalog(connection)))


def test_a_user_is_added_with_roles_and_may_sign_in(admin: Person, workspace: Workspace) -> None:
    data = {"name": "Nina", "email": "Nina@Example.com", "password": PASSWORD, "roles": ["t.clerk"]}
    assert admin.post("/admin/users/new/", data).status_code == 303
    assert "Nina nina@example.com Clerk active" in text(admin.get("/admin/users/"))
    assert access.sign_in(workspace, "nina@example.com", PASSWORD)[1].roles == ("t.clerk",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "no address"}, "not an email address"),
        ({"name": ""}, "A value is required here"),
        ({"password": "short"}, "the password has 5 characters"),
        ({"roles": ["t.nothing"]}, "there is no role “t.nothing”"),
        ({"email": CLERK}, ""),
    ],
)
def test_a_user_that_cannot_be_added_is_refused_with_the_reason_at_the_input(
    admin: Person, workspace: Workspace, change: dict[str, object], said: str
) -> None:
    data = {"name": "Nina", "email": "nina@example.com", "password": PASSWORD, **change}
    answer = admin.post("/admin/users/new/", data)
    assert answer.status_code in (409, 422)
    assert said in text(answer)
    assert len(everybody(workspace)) == 3


def test_roles_are_given_and_taken_and_the_audit_log_says_so(admin: Person, workspace: Workspace) -> None:
    clerk = user_id(workspace, CLERK)
    assert admin.post("/admin/users/roles/", {"id": clerk, "roles": ["base.member", "t.nothing"]}).status_code == 303
    with workspace.database.read() as connection:
        assert accounts.roles_of(connection, [clerk])[clerk] == ("base.member",)
        entry = audit.latest(connection, limit=1)[0]
    assert (entry["action"], entry["data"]["before"], entry["data"]["after"]) == (
        "user.roles",
        ["t.clerk"],
        ["base.member"],
    )


def test_administrators_cannot_lock_themselves_out(admin: Person, workspace: Workspace) -> None:
    me = user_id(workspace, ADMIN)
    assert admin.post("/admin/users/roles/", {"id": me}).status_code == 409
    assert admin.post("/admin/users/state/", {"id": me, "state": "disabled"}).status_code == 409
    assert admin.get("/admin/users/").status_code == 200


def test_a_disabled_user_is_out_at_once(admin: Person, clerk: Person, workspace: Workspace) -> None:
    admin.post("/admin/users/state/", {"id": user_id(workspace, CLERK), "state": "disabled"})
    assert clerk.get("/records/t.thing").location.startswith("/sign-in")
    with pytest.raises(SignInRequiredError):
        access.sign_in(workspace, CLERK, PASSWORD)


def test_a_new_password_ends_the_sessions_of_the_old(admin: Person, clerk: Person, workspace: Workspace) -> None:
    person = user_id(workspace, CLERK)
    assert admin.post("/admin/users/password/", {"id": person, "password": "12345678"}).status_code == 422
    assert clerk.get("/records/t.thing").status_code == 200
    assert admin.post("/admin/users/password/", {"id": person, "password": "quite another one"}).status_code == 303
    assert clerk.get("/records/t.thing").status_code == 303
    access.sign_in(workspace, CLERK, "quite another one")


def test_sessions_are_ended_and_tokens_taken_back(admin: Person, clerk: Person, workspace: Workspace) -> None:
    person = user_id(workspace, CLERK)
    now = clock.now()
    with workspace.database.write() as connection:
        ends = now + timedelta(days=30)
        accounts.put_token(connection, clock.new_id(), "0" * 64, person, "Import of the night", None, now, ends)
    assert "Import of the night" in text(admin.get(f"/admin/users/details/?id={person}"))
    with workspace.database.read() as connection:
        (held,) = accounts.tokens(connection, person)
    assert admin.post("/admin/users/tokens/", {"id": person, "token": held["id"]}).status_code == 303
    assert "No token is in use" in text(admin.get(f"/admin/users/details/?id={person}"))
    assert clerk.get("/records/t.thing").status_code == 200
    assert admin.post("/admin/users/sessions/", {"id": person}).status_code == 303
    assert clerk.get("/records/t.thing").location.startswith("/sign-in")
    with workspace.database.read() as connection:
        assert [one["action"] for one in audit.latest(connection, limit=2)] == [
            "user.sessions_ended",
            "user.token_revoked",
        ]


def test_a_message_that_was_given_up_is_sent_again_or_skipped(admin: Person, workspace: Workspace) -> None:
    dead, other = pending(workspace, "dead"), pending(workspace, "dead")
    assert "refused by the other side" in text(admin.get("/admin/outbox/"))
    admin.post("/admin/outbox/do/", {"do": "replay", "rowid": [dead]})
    admin.post("/admin/outbox/do/", {"do": "skip", "rowid": [other]})
    with workspace.database.read() as connection:
        states = {row["id"]: row["state"] for row in outbox.latest(connection)}
    assert states == {dead: "pending", other: "skipped"}
    assert admin.post("/admin/outbox/do/", {"do": "delete", "rowid": [dead]}).status_code == 400


def test_a_rule_that_was_switched_off_is_switched_on_again_and_the_log_says_by_whom(
    admin: Person, workspace: Workspace
) -> None:
    background(workspace)
    page = text(admin.get("/admin/rules-off/"))
    assert "far too much" in page
    assert "t.big" in admin.get("/admin/rules-off/").text
    assert admin.post("/admin/rules-off/do/", {"do": "burn", "rowid": ["t.big"]}).status_code == 400
    assert admin.post("/admin/rules-off/do/", {"do": "on", "rowid": ["t.big"]}).status_code == 303
    assert "far too much" not in text(admin.get("/admin/rules-off/"))
    with workspace.database.read() as connection:
        last = audit.latest(connection, limit=1)[0]
    assert (last["action"], last["subject"]) == ("rule.switched_on", "rule:t.big")
    assert last["actor"] == user_id(workspace, ADMIN)


def test_a_job_that_is_not_dead_is_neither_run_anew_nor_given_up(admin: Person, workspace: Workspace) -> None:
    background(workspace)
    page = admin.get("/admin/jobs/")
    assert "retention waiting" in text(page)
    found = re.search(r'name="rowid" value="([^"]+)"', page.text)
    assert found is not None
    for doing, status in (("skip", 409), ("replay", 409), ("burn", 400)):
        assert admin.post("/admin/jobs/do/", {"do": doing, "rowid": [found[1]]}).status_code == status
    assert admin.post("/admin/jobs/do/", {"do": "skip", "rowid": ["nothing"]}).status_code == 404


def test_a_list_can_be_searched_and_sorted(admin: Person) -> None:
    assert "Carl" in text(admin.get("/admin/users/?search=carl")) and "Gus" not in text(
        admin.get("/admin/users/?search=carl")
    )
    down = re.findall(r"(?:ada|carl|gus)@example.com", admin.get("/admin/users/?sort=1&desc=1").text)
    assert down == ["gus@example.com", "carl@example.com", "ada@example.com"]


def test_a_document_can_be_read_as_it_is_in_force(admin: Person) -> None:
    page = text(admin.get("/admin/rules/details/?id=t.big"))
    assert '"if": "budget > 1000 && !big"' in page


@pytest.mark.parametrize("name", LISTS)
def test_a_row_that_is_not_there_is_not_found(admin: Person, name: str) -> None:
    assert admin.get(f"/admin/{name}/details/?id=nothing").status_code == 404


def test_a_fault_inside_a_view_is_told_as_it_is(admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise TypeError("the very fault")

    monkeypatch.setattr(accounts, "everybody", broken)
    with pytest.raises(TypeError, match="the very fault"):
        admin.get("/admin/users/")
