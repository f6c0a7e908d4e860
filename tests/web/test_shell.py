"""What stands around every page: finding, notifications, undo, and refusals in the language of the page."""

from __future__ import annotations

import re

import pytest

from dealwright import access
from dealwright.records import Workspace, save
from dealwright.storage import accounts
from pages import ADMIN, CLERK, Person, deal, text, thing
from sent import statements


def user_id(workspace: Workspace, email: str) -> str:
    with workspace.database.read() as connection:
        found = accounts.by_email(connection, email)
    assert found is not None
    return found.user


def told(workspace: Workspace, email: str, title: str, about: str | None = None) -> str:
    whose = user_id(workspace, email)
    data = {"user": whose, "owner": whose, "title": title}
    if about:
        data["about"] = {"entity": "t.deal", "id": about}
    return save(workspace, access.operator(), "base.notification", data).id


def test_the_palette_finds_pages_things_to_make_and_records_by_a_part_of_a_chinese_name(
    admin: Person, workspace: Workspace
) -> None:
    made = thing(workspace, name="上海第一医院")
    everything = admin.get("/palette?q=").json["items"]
    assert {"Things", "Deals", "New: Deal", "Notifications", "Approvals", "Administration"} <= {
        one["title"] for one in everything
    }
    found = admin.get("/palette?q=一医").json["items"]
    assert [(one["title"], one["hint"], one["url"]) for one in found] == [
        ("上海第一医院", "Thing", f"/records/t.thing/{made.id}")
    ]
    page = admin.get("/search?q=医院")
    assert "上海第一医院" in text(page) and f"/records/t.thing/{made.id}" in page.text


def test_the_palette_offers_nobody_what_he_may_not_do(clerk: Person, guest: Person, workspace: Workspace) -> None:
    deal(workspace, name="Kept")
    titles = {one["title"] for one in clerk.get("/palette?q=").json["items"]}
    assert "New: Thing" in titles and not {"New: Deal", "Administration"} & titles
    assert guest.get("/palette?q=Kept").json["items"] == []
    assert "Kept" not in text(guest.get("/search?q=Kept"))


def test_a_notification_is_counted_until_it_is_opened_and_leads_to_what_it_is_about(
    admin: Person, workspace: Workspace
) -> None:
    about = deal(workspace, name="Large one")
    one = told(workspace, ADMIN, "Look at this", about.id)
    told(workspace, ADMIN, "And at that")
    told(workspace, CLERK, "Not yours")
    page = admin.get("/records/t.thing").text
    assert "Notifications: 2 not read" in page
    listed = text(admin.get("/notifications"))
    assert "Look at this Large one" in listed and "Not yours" not in listed
    opened = admin.post("/notifications/read", {"id": one})
    assert opened.location == f"/records/t.deal/{about.id}"
    assert "Notifications: 1 not read" in admin.get("/records/t.thing").text
    assert admin.post("/notifications/read", {}).location == "/notifications"
    assert "not read" not in admin.get("/records/t.thing").text
    assert "Mark all as read" not in text(admin.get("/notifications"))


def test_archiving_offers_to_take_it_back(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Gone too soon")
    archived = admin.post(f"/records/t.deal/{made.id}/archive", {})
    page = admin.get(archived.location).text
    undo = re.search(r'<form method="post" action="(/records/t\.deal/[^"]+/restore)">', page)
    assert undo is not None
    assert admin.post(undo[1], {}).status_code == 303
    assert "Gone too soon" in text(admin.get("/records/t.deal"))
    # Only what was just archived is offered, and nothing that an address invents.
    assert "/restore" not in admin.get('/records/t.deal?notice=archived&undo=a"b').text
    assert "/restore" not in admin.get(f"/records/t.deal?undo={made.id}").text


def test_the_navigation_stands_by_pack_and_names_it_in_the_language_of_the_page(admin: Person) -> None:
    page = admin.get("/records/t.thing").text
    headings = re.findall(r'<h2 id="nav-\d+"[^>]*>([^<]+)</h2>', page)
    assert headings == ["Work", "Records", "Build"]


def test_a_pack_s_lists_stay_folded_up_for_who_folded_them_but_where_he_is(
    admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = {"t.lease": "rooms"}  # as if leases came from a pack of their own
    monkeypatch.setattr("dealwright.web.shell.namespace_of", lambda one: apart.get(one, one.partition(".")[0]))
    admin.client.set_cookie("folded", "rooms.nothing")
    page = admin.get("/records/t.thing").text
    assert re.search(r'data-group="rooms" aria-expanded="false".*?<div id="group-rooms" hidden>', page, re.S)
    assert '<div id="group-t">' in page
    assert '<div id="group-rooms">' in admin.get("/records/t.lease").text


def test_rows_are_compact_for_who_chose_that(admin: Person) -> None:
    assert "data-density" not in admin.get("/records/t.thing").text
    admin.client.set_cookie("density", "compact")
    assert 'data-density="compact"' in admin.get("/records/t.thing").text
    admin.client.set_cookie("density", '"><script>')
    assert "data-density" not in admin.get("/records/t.thing").text


def test_a_chinese_page_gives_no_english_reason(admin: Person, clerk: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="X", budget="5")
    for person in (admin, clerk):
        person.post("/language", {"tag": "zh-CN", "next": "/"})
    answers = {
        404: [clerk.get("/records/base.currency_rate"), admin.get("/records/t.deal/no-such"), admin.get("/nowhere")],
        403: [clerk.get("/records/t.deal/new"), clerk.post(f"/records/t.deal/{made.id}/archive", {})],
        409: [admin.post(f"/records/t.deal/{made.id}/move", {"to": "lead"})],
    }
    for status, some in answers.items():
        for answer in some:
            assert answer.status_code == status
            start = answer.text.index('role="alert"' if status == 409 else "<main")
            body = re.sub(r"<[^>]+>", " ", answer.text[start:].partition("</main>" if status != 409 else "</div>")[0])
            assert not re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", body), body
    assert "已处于" in text(answers[409][0])


def test_a_page_asks_once_for_unread_notifications_and_a_part_of_a_page_never(
    admin: Person, workspace: Workspace
) -> None:
    deal(workspace)
    with statements() as sent:
        admin.get("/records/t.deal")
    assert sum("base__notification" in one for one in sent) == 1
    with statements() as sent:
        admin.get("/records/t.deal", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert not any("base__notification" in one for one in sent)
