"""What stands on a record's page beside its fields: what refers to it, what is to be done, what people said."""

from __future__ import annotations

import re

from dealwright import access
from dealwright.records import Workspace, save
from dealwright.storage import accounts
from pages import ADMIN, CLERK, GUEST, Person, deal, text, thing


def user_id(workspace: Workspace, email: str) -> str:
    with workspace.database.read() as connection:
        found = accounts.by_email(connection, email)
    assert found is not None
    return found.user


def test_what_refers_to_a_record_is_on_its_page_and_all_of_it_one_click_away(
    admin: Person, clerk: Person, workspace: Workspace
) -> None:
    lamp = thing(workspace, name="Lamp", count=9)
    for i in range(6):
        deal(workspace, name=f"Deal {i}", thing=lamp.id, budget="100")
    thing(workspace, name="Shade", other=lamp.id)
    page = admin.get(f"/records/t.thing/{lamp.id}")
    said = text(page)
    assert "Deals 6" in said and "Deal 5 Lead ¥100.00" in said and "Deal 0" not in said  # the five newest
    assert "Things (Other) 1 Shade" in said
    more = re.search(r'<a class="lnk sm" href="(/records/t\.deal\?filter=[^"]+)">All 6', page.text)
    assert more is not None
    assert text(admin.get(more[1].replace("&amp;", "&"))).count("Deal ") >= 6
    assert "Deal 5" in text(clerk.get(f"/records/t.thing/{lamp.id}"))  # who may read deals


def test_a_comment_stands_in_the_timeline_and_tells_whoever_is_mentioned_and_may_read_the_record(
    admin: Person, workspace: Workspace
) -> None:
    made = deal(workspace, name="Big one")
    said = "Look at this, @Carl Neu and @Gus and @Nobody: <b>now</b>"
    assert admin.post(f"/records/t.deal/{made.id}/comments", {"text": said}).status_code == 303
    page = admin.get(f"/records/t.deal/{made.id}")
    assert "Ada Berg wrote" in text(page) and "&lt;b&gt;now" in page.text and "<b>now" not in page.text
    with workspace.database.read() as connection:
        from dealwright.records import Work
        from dealwright.records import page as listed

        work = Work(workspace, connection, access.operator())
        told = {one["owner"]: one for one in listed(work, "base.notification").items}
    assert set(told) == {user_id(workspace, CLERK)}  # Gus may read nothing, and is told nothing
    assert told[user_id(workspace, CLERK)]["title"] == "Ada Berg: Big one"
    assert admin.post(f"/records/t.deal/{made.id}/comments", {"text": " "}).status_code == 422
    assert user_id(workspace, GUEST) not in told and user_id(workspace, ADMIN) not in told


def test_tasks_about_a_record_are_added_shown_until_done_and_those_of_others_left_alone(
    admin: Person, workspace: Workspace
) -> None:
    made, other = deal(workspace, name="One"), deal(workspace, name="Two")
    address = f"/records/t.deal/{made.id}"
    assert admin.post(f"{address}/tasks", {"title": "Call them", "due": "2020-01-01"}).status_code == 303
    page = admin.get(address)
    assert "Call them Ada Berg · due Jan 1, 2020 23:59" in text(page) and 'class="late"' in page.text
    task = re.search(r'name="id" value="([^"]+)" title="Done"', page.text)
    assert task is not None
    assert admin.post(f"/records/t.deal/{other.id}/tasks/done", {"id": task[1]}).status_code == 403
    assert admin.post(f"{address}/tasks/done", {"id": task[1]}).status_code == 303
    assert "Call them" not in text(admin.get(address))
    assert admin.post(f"{address}/tasks", {"title": "", "due": "no day"}).status_code == 422


def test_activities_stand_in_the_timeline_with_the_changes_by_time(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Long")
    data = {"kind": "visit", "subject": "At the fair", "about": {"entity": "t.deal", "id": made.id}}
    save(workspace, access.operator(), "base.activity", {**data, "at": "2020-05-01T08:00:00Z"})
    said = text(admin.get(f"/records/t.deal/{made.id}"))
    assert "noted: Visit" in said and "At the fair" in said
    assert said.index("created it") < said.index("noted: Visit")  # newest first


def test_who_may_not_see_a_record_can_say_nothing_about_it(guest: Person, clerk: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Closed")
    for address in ("comments", "tasks"):
        answer = guest.post(f"/records/t.deal/{made.id}/{address}", {"text": "x", "title": "x"})
        assert answer.status_code == 404
    # A clerk may read deals, and has no grant for comments.
    page = clerk.get(f"/records/t.deal/{made.id}")
    assert "Write a comment" not in page.text and "Add a task" not in page.text
