"""The to-do page: what comes first and why, done and put off, the calendar, a manager's team."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from dealwright import access, clock
from dealwright.records import Work, Workspace, fetch, page, save
from pages import ADMIN, CLERK, Person, deal, text


def people(workspace: Workspace) -> dict[str, str]:
    with workspace.database.read() as connection:
        found = page(Work(workspace, connection, access.operator()), "base.user", only=["id", "email"]).items
    return {one["email"]: one["id"] for one in found}


def task(workspace: Workspace, title: str, who: str, days: float | None = None, about: str | None = None) -> str:
    data: dict[str, Any] = {"title": title, "assignee": who}
    if days is not None:
        data["due"] = (clock.now() + timedelta(days=days)).isoformat()
    if about is not None:
        data["about"] = {"entity": "t.deal", "id": about}
    return save(workspace, access.operator(), "base.task", data).id


def titles(html: str) -> list[str]:
    return re.findall(r'<a class="ttl" href="[^"]+">([^<]+)</a>', html)


def test_the_most_worth_doing_comes_first_and_says_why(admin: Person, workspace: Workspace) -> None:
    me = people(workspace)[ADMIN]
    small, large = (
        deal(workspace, name=name, budget=budget).id for name, budget in (("Small", "10"), ("Large", "9000"))
    )
    task(workspace, "Someday", me)
    task(workspace, "Late and small", me, -3, small)
    task(workspace, "Soon and large", me, 2, large)
    task(workspace, "In a month", me, 30)
    task(workspace, "Somebody else's", people(workspace)[CLERK], -9)
    # 30 + 50, 50 + 25, 10, 0 points.
    answer = admin.get("/todo")
    assert titles(answer.text) == ["Soon and large", "Late and small", "In a month", "Someday"]
    assert "80 of 100 points" in answer.text and "75 of 100 points: 3 days overdue" in answer.text
    shown = text(answer)
    assert "3 days overdue" in shown and "Large" in shown and "¥9,000.00" in shown


def test_a_task_is_added_put_off_and_done(admin: Person, workspace: Workspace) -> None:
    assert admin.post("/todo", {"do": "add", "title": "Call Li", "due": "2030-01-02"}).status_code == 303
    assert titles(admin.get("/todo").text) == ["Call Li"]
    one = re.search(r'name="id" value="([^"]+)"', admin.get("/todo").text)
    assert one is not None
    admin.post("/todo", {"do": "tomorrow", "id": one[1]})
    assert "tomorrow" in text(admin.get("/todo"))
    assert admin.post("/todo", {"do": "done", "id": one[1]}).location.endswith("notice=done")
    assert "Nothing to do" in text(admin.get("/todo"))
    refused = admin.post("/todo", {"do": "add", "title": ""})
    assert refused.status_code == 422
    assert admin.post("/todo", {"do": "sing", "id": one[1]}).status_code == 404


def test_a_calendar_shows_each_task_on_its_day(admin: Person, workspace: Workspace) -> None:
    me = people(workspace)[ADMIN]
    # Half past four in the afternoon in London is the next day in Shanghai.
    save(
        workspace,
        access.operator(),
        "base.task",
        {"title": "Countersign", "assignee": me, "due": "2026-12-09T16:30:00Z"},
    )
    shown = admin.get("/todo?shape=calendar&month=2026-12").text
    day = re.search(r'<time datetime="2026-12-10".*?</td>', shown, re.DOTALL)
    assert day is not None and "Countersign" in day[0]
    assert "Countersign" not in admin.get("/todo?shape=calendar&month=2026-11").text
    assert admin.get("/todo?shape=calendar&month=nonsense").status_code == 200


def test_a_task_is_moved_to_a_day_and_keeps_its_hour(admin: Person, workspace: Workspace) -> None:
    one = save(
        workspace, access.operator(), "base.task",
        {"title": "Visit", "assignee": people(workspace)[ADMIN], "due": "2030-12-09T02:30:00Z"},
    ).id  # fmt: skip
    answer = admin.post("/todo", {"do": "move", "id": one, "day": "2030-12-16"})
    assert (answer.status_code, answer.json["late"]) == (200, False) and "December 16, 2030" in answer.json["message"]
    with workspace.database.read() as connection:
        assert fetch(Work(workspace, connection, access.operator()), "base.task", one)["due"] == "2030-12-16T02:30:00Z"
    assert admin.post("/todo", {"do": "move", "id": one, "day": "soon"}).status_code == 422
    assert admin.post("/todo", {"do": "move", "id": "nothing", "day": "2030-12-16"}).status_code == 404


def test_a_manager_sees_what_the_people_under_him_have_open(admin: Person, workspace: Workspace) -> None:
    assert "My team" not in text(admin.get("/todo"))
    ids = people(workspace)
    save(workspace, access.operator(), "base.user", {"manager": ids[ADMIN]}, id=ids[CLERK])
    task(workspace, "His call", ids[CLERK], -2)
    one = deal(workspace, name="His deal", budget="700").id
    save(workspace, access.operator(), "t.deal", {"owner": ids[CLERK]}, id=one)
    shown = text(admin.get("/todo?who=team"))
    assert "Carl Neu 1 1" in shown and "1 ¥700.00" in shown, shown
    assert titles(admin.get("/todo?who=team").text) == ["His call"]
    assert titles(admin.get("/todo").text) == []


def test_who_sees_no_tasks_has_no_such_page(clerk: Person) -> None:
    assert clerk.get("/todo").status_code == 403
    assert "/todo" not in clerk.get("/records/t.thing").text
