"""Every page that changes something refuses a post that was not made by a page of ours."""

from __future__ import annotations

import pytest
from flask import Flask

from dealwright import access
from dealwright.records import Work, Workspace, page
from pages import ADMIN, PASSWORD, Person

#: Every address that takes posts, with what a post would do there.
POSTS = [
    ("/records/t.thing/new", {"name": "forged"}),
    ("/records/t.deal/new", {"name": "forged"}),
    ("/sign-out", {}),
    ("/language", {"tag": "zh-CN"}),
    ("/admin/users/new/", {"name": "x", "email": "x@example.com"}),
    ("/admin/users/roles/", {"id": "x"}),
    ("/admin/users/state/", {"id": "x"}),
    ("/admin/users/password/", {"id": "x"}),
    ("/admin/users/sessions/", {"id": "x"}),
    ("/admin/users/tokens/", {"id": "x", "token": "x"}),
    ("/admin/outbox/do/", {"do": "skip"}),
    ("/admin/jobs/do/", {"do": "skip"}),
    ("/admin/rules-off/do/", {"do": "on"}),
    ("/records/t.deal/x/move", {"to": "offer"}),
    ("/records/t.deal/x/archive", {}),
    ("/records/t.deal/x/restore", {}),
    ("/records/t.deal/x/edit", {"name": "forged"}),
    ("/files/t.thing/papers", {}),
    ("/records/t.deal/x/checklist", {"id": "call"}),
    ("/records/t.deal/x/approvals", {"approval": "t.consent"}),
    ("/records/t.deal/x/follow", {"do": "start"}),
    ("/records/t.deal/x/drop", {"to": "offer"}),
    ("/records/t.deal/x/sequences", {"start": "t.care"}),
    ("/records/t.deal/x/comments", {"text": "forged"}),
    ("/records/t.deal/x/space", {"do": "comment", "text": "forged"}),
    ("/records/t.deal/x/checkin", {}),
    ("/records/t.deal/x/tasks", {"title": "forged"}),
    ("/records/t.deal/x/tasks/done", {"id": "y"}),
    ("/records/t.deal/views", {"title": "forged", "do": "new"}),
    ("/todo", {"do": "add", "title": "forged"}),
    ("/quick/t.thing", {"name": "forged"}),
    ("/markdown", {"text": "forged"}),
    ("/records/t.deal/import", {}),
    ("/records/t.deal/import/x", {"do": "start"}),
    ("/records/t.deal/bulk", {"do": "archive", "ids": "x"}),
    ("/notifications/read", {}),
    ("/suggestions/x/accept", {}),
    ("/suggestions/x/dismiss", {"reason": "forged"}),
    ("/approvals/x/approve", {}),
    ("/approvals/x/reject", {"comment": "no"}),
    ("/approvals/x/return", {}),
    ("/approvals/x/recall", {}),
    ("/approvals/x/delegate", {"who": "y"}),
    ("/approvals/x/add_approver", {"who": "y", "where": "after"}),
    ("/approvals/mail/x/decide", {"verdict": "approved"}),
    ("/approvals/x/note", {"text": "forged"}),
    ("/approvals/x/appoint", {"chair": "boss:", "who": "y"}),
    ("/approvals/bulk", {"verdict": "approved"}),
    ("/absences/new", {"since": "2026-11-01"}),
    ("/absences/x/end", {}),
    ("/admin/drafts/begin/", {"title": "forged"}),
    ("/admin/drafts/x/title/", {"title": "forged"}),
    ("/admin/drafts/x/undo/", {}),
    ("/admin/drafts/x/settle/", {}),
    ("/admin/drafts/x/discard/", {}),
    ("/admin/drafts/x/plan/", {}),
    ("/admin/drafts/x/publish/", {"reason": "forged"}),
    ("/admin/drafts/x/entities/", {"title": "forged"}),
    ("/admin/drafts/x/entities/t.deal/", {"title": "forged"}),
    ("/admin/drafts/x/entities/t.deal/reset/", {}),
    ("/admin/drafts/x/entities/t.deal/restore/", {"field": "c__x"}),
    ("/admin/drafts/x/entities/t.deal/fields/add/", {"type": "text", "title": "forged"}),
    ("/admin/drafts/x/entities/t.deal/fields/budget/", {"title": "forged"}),
    ("/admin/drafts/x/entities/t.deal/fields/budget/retire/", {}),
    ("/admin/drafts/x/entities/t.deal/fields/budget/reset/", {}),
    ("/admin/drafts/x/entities/t.deal/preview/", {"name": "forged"}),
    ("/admin/drafts/x/views/", {"title": "forged", "entity": "t.deal"}),
    ("/admin/drafts/x/views/t.form/", {"title": "forged"}),
    ("/admin/drafts/x/views/t.form/reset/", {}),
    ("/admin/drafts/x/approvals/", {"title": "forged", "entity": "t.deal"}),
    ("/admin/drafts/x/approvals/t.budget/", {"title": "forged"}),
    ("/admin/drafts/x/approvals/t.budget/reset/", {}),
    ("/admin/drafts/x/pipelines/", {"title": "forged", "entity": "t.deal"}),
    ("/admin/drafts/x/pipelines/t.simple/", {"title": "forged"}),
    ("/admin/drafts/x/pipelines/t.simple/reset/", {}),
    ("/admin/drafts/x/scores/", {"title": "forged", "entity": "t.deal"}),
    ("/admin/drafts/x/scores/t.warmth/", {"title": "forged"}),
    ("/admin/drafts/x/scores/t.warmth/reset/", {}),
    ("/admin/drafts/x/tables/t.deal/budget/", {"do": "add"}),
    ("/admin/drafts/x/rules/", {"title": "forged", "entity": "t.deal"}),
    ("/admin/drafts/x/rules/t.big/", {"title": "forged"}),
    ("/admin/drafts/x/rules/t.big/reset/", {}),
    ("/admin/drafts/x/roles/", {"title": "forged"}),
    ("/admin/drafts/x/roles/t.clerk/", {"title": "forged"}),
    ("/admin/drafts/x/roles/t.clerk/reset/", {}),
    ("/admin/drafts/x/parameters/", {}),
    ("/admin/drafts/x/parameters/space/", {}),
    ("/admin/drafts/x/parameters/reset/", {"name": "t.x"}),
    ("/admin/drafts/x/messages/", {"title": "forged"}),
    ("/admin/drafts/x/messages/t.hello/", {"title": "forged"}),
    ("/admin/drafts/x/messages/t.hello/send/", {"channel": "in_app"}),
    ("/admin/drafts/x/messages/t.hello/reset/", {}),
    ("/admin/drafts/x/slas/", {"title": "forged", "entity": "t.deal"}),
    ("/admin/drafts/x/slas/t.answer/", {"title": "forged"}),
    ("/admin/drafts/x/slas/t.answer/reset/", {}),
    ("/admin/drafts/x/calendars/", {"title": "forged"}),
    ("/admin/drafts/x/calendars/base.working_hours/", {"title": "forged"}),
    ("/admin/drafts/x/calendars/base.working_hours/days/", {"day": "2027-01-01"}),
    ("/admin/drafts/x/calendars/base.working_hours/reset/", {}),
    ("/admin/revisions/x/rollback/", {}),
    ("/admin/packs/plan/", {"without": "page_fields"}),
    ("/admin/packs/plan/x/answers/", {"all": "take"}),
    ("/admin/packs/plan/x/apply/", {"reason": "forged"}),
    ("/admin/packs/of/page_fields/switch/", {"on": "0"}),
    ("/admin/packs/export/", {"name": "forged"}),
    ("/admin/packs/left/purge/", {"pack": "page_fields", "records": "0"}),
]


def test_the_list_of_posts_is_complete(app: Flask) -> None:
    drafts = {
        address.replace("/drafts/x/", "/drafts/<draft>/")
        .replace("/revisions/x/", "/revisions/<revision>/")
        .replace("/plan/x/", "/plan/<plan>/")
        .replace("/of/page_fields/", "/of/<pack>/")
        .replace("t.deal", "<entity>")
        .replace("budget/", "<field>/")
        .replace("t.<field>", "<approval>")
        .replace("t.simple", "<pipeline>")
        .replace("t.form", "<view>")
        .replace("t.clerk", "<role>")
        .replace("base.working_hours", "<calendar>")
        .replace("t.answer", "<sla>")
        .replace("t.hello", "<message>")
        .replace("parameters/space/", "parameters/<pack>/")
        .replace("t.big", "<rule>")
        .replace("t.warmth", "<score>")
        for address, _ in POSTS
        if address.startswith(("/admin/drafts/", "/admin/revisions/", "/admin/packs/"))
    }
    known = {address.replace("t.thing", "<entity_id>").replace("t.deal", "<entity_id>") for address, _ in POSTS}
    known = {address.replace("/approvals/x/", "/approvals/<identifier>/") for address in known}
    known = {address.replace("/suggestions/x/", "/suggestions/<identifier>/") for address in known}
    known = {address.replace("/mail/x/", "/mail/<secret>/") for address in known}
    known = {address.replace("/absences/x/", "/absences/<identifier>/") for address in known}
    known = {address.replace("/x/", "/<record_id>/") for address in known} | {"/sign-in"}
    known |= {"/forms/<identifier>"}  # knows nobody, so no post can be made in somebody's name
    known = {address.replace("/import/x", "/import/<identifier>") for address in known}
    known = {address.replace("/papers", "/<field_id>") for address in known}
    known = {
        one for one in known if not one.startswith(("/admin/drafts/", "/admin/revisions/", "/admin/packs/"))
    } | drafts
    takes_posts = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.rule.startswith("/api/")
    }
    # Flask-Admin registers what its views could do; what ours cannot do is refused by the views themselves.
    ours = {rule for rule in takes_posts if not rule.endswith(("/edit/", "/delete/", "/action/", "/ajax/update/"))}
    ours -= {rule for rule in ours if rule.endswith("/new/") and rule != "/admin/users/new/"}
    assert ours == known


@pytest.mark.parametrize(("address", "data"), POSTS, ids=[address for address, _ in POSTS])
def test_a_post_without_our_token_is_refused(admin: Person, address: str, data: dict[str, str]) -> None:
    assert admin.client.post(address, data=data).status_code == 403
    assert admin.client.post(address, data={**data, "csrf_token": "0" * 64}).status_code == 403


@pytest.mark.parametrize(("address", "data"), POSTS, ids=[address for address, _ in POSTS])
def test_a_post_from_another_site_is_refused_even_with_the_token(
    admin: Person, address: str, data: dict[str, str]
) -> None:
    assert admin.post(address, data, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert admin.post(address, data, **{"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert admin.post(address, data, Origin="https://evil.example").status_code == 403
    assert admin.post(address, data, Origin="null").status_code == 403


def test_a_refused_post_leaves_no_trace(admin: Person, workspace: Workspace) -> None:
    admin.client.post("/records/t.thing/new", data={"name": "forged"})
    with workspace.database.read() as connection:
        assert page(Work(workspace, connection, access.operator()), "t.thing").items == []


def test_the_token_of_one_session_is_no_good_in_another(app: Flask, admin: Person, workspace: Workspace) -> None:
    other = Person(app, access.sign_in(workspace, ADMIN, PASSWORD)[0])
    other.token, own = admin.token, other.token
    assert other.post("/records/t.thing/new", {"name": "x"}).status_code == 403
    other.token = own
    assert other.post("/records/t.thing/new", {"name": "x"}).status_code == 303


def test_signing_in_needs_the_token_of_this_browser(app: Flask) -> None:
    page_of_another = Person(app).token
    stranger = Person(app)
    stranger.token = page_of_another
    assert stranger.post("/sign-in", {"email": ADMIN, "password": PASSWORD}).status_code == 403


def test_scripts_send_the_token_in_a_header(admin: Person) -> None:
    answer = admin.client.post(
        "/records/t.thing/new", data={"name": "x"}, headers={"X-CSRF-Token": admin.token, "HX-Request": "true"}
    )
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "address",
    sorted(
        {
            address
            for address, _ in POSTS
            if not address.endswith(("/new", "/edit", "/new/", "/import", "/quick/t.thing", "/todo", "/packs/export/"))
        }
    ),
)
def test_nothing_is_done_by_opening_an_address(admin: Person, address: str) -> None:
    assert admin.get(address).status_code in (404, 405)  # some look like a record that is not there
