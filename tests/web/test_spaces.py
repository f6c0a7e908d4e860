"""The space of a team: who sees it, what it shares, and what it opens beside."""

from __future__ import annotations

import io

import pytest
from flask import Flask

import pages
from dealwright import access
from dealwright.records import Work, Workspace, add_user, fetch, page, save
from pages import Person, text


@pytest.fixture
def crew(app: Flask, workspace: Workspace) -> tuple[Person, str]:
    """Somebody who may read only what he is in the team of, and his id."""
    user = add_user(workspace, "dora@example.com", "Dora Lang", pages.PASSWORD, ["t.crew"])
    return Person(app, access.sign_in(workspace, "dora@example.com", pages.PASSWORD)[0]), user


def ada(workspace: Workspace) -> str:
    with workspace.database.read() as connection:
        (found,) = page(Work(workspace, connection, access.operator()), "base.user", filter='name == "Ada Berg"').items
    return str(found["id"])


def row(workspace: Workspace, identifier: str) -> dict[str, object]:
    with workspace.database.read() as connection:
        return dict(fetch(Work(workspace, connection, access.operator()), "t.lease", identifier))


def test_a_team_shares_what_is_said_and_filed_about_its_record_and_nothing_else(
    admin: Person, clerk: Person, crew: tuple[Person, str], workspace: Workspace
) -> None:
    dora, user = crew
    lease, other = (pages.lease(workspace, name=name).id for name in ("Hall lease", "Other lease"))
    here, there = (f"/records/t.lease/{one}/space" for one in (lease, other))
    assert dora.get(here).status_code == dora.get(f"/records/t.lease/{lease}").status_code == 404

    assert "Nobody is in the team yet." in text(admin.get(here))
    save(workspace, access.operator(), "t.lease", {"owner": ada(workspace)}, id=lease)
    assert "Ada Berg Owner" in text(admin.get(here))
    member = {"do": "add", "crew.new.person.title": "Dora Lang", "crew.new.role": "delivery"}
    assert admin.post(here, member).status_code == 303
    assert admin.post(here, {"do": "comment", "text": "The customer decides on Friday"}).status_code == 303
    paper = {"do": "file", "file": (io.BytesIO(b"%PDF-1.7 plan"), "plan.pdf")}
    assert admin.post(here, paper).status_code == 303
    about = {"entity": "t.lease", "id": lease}
    task = {"title": "Measure the hall", "about": about, "assignee": user}
    save(workspace, access.operator(), "base.task", task)
    assert admin.post(there, {"do": "comment", "text": "Not for Dora"}).status_code == 303

    # Being in the team opens the record, its space, and the file that is shared in it; tasks need a grant to tasks.
    shown = dora.get(here)
    for part in ("Dora Lang", "Delivery consultant", "decides on Friday", "plan.pdf"):
        assert part in text(shown)
    assert "Measure the hall" not in text(shown) and "Measure the hall" in text(admin.get(here))
    assert "Add somebody" not in text(shown)
    address = shown.text.split('class="lnk cut" href="')[1].partition('"')[0]
    assert dora.get(address).data == b"%PDF-1.7 plan"
    assert 'href="' + here in dora.get(f"/records/t.lease/{lease}").text
    assert "+ Hall lease" in text(dora.get("/notifications"))
    assert dora.post(here, {"do": "comment", "text": "I am on it"}).status_code == 303
    assert "I am on it" in text(admin.get(here))

    # It opens nothing else: not another record's space, not lists of comments, not the team itself.
    assert dora.get(there).status_code == dora.post(there, {"do": "comment", "text": "x"}).status_code == 404
    with workspace.database.read() as connection:
        who = access.session_user(connection, workspace.catalog(connection), dora.client.get_cookie("dw_session").value)  # type: ignore[union-attr]
        assert who is not None
        assert [one["text"] for one in page(Work(workspace, connection, who), "base.comment").items] == ["I am on it"]
    assert dora.post(here, {**member, "crew.new.role": "sales"}).status_code == 403
    assert clerk.get(here).status_code == 404

    # Who may read the record, and is neither in its team nor may change it, sees the record alone.
    add_user(workspace, "vera@example.com", "Vera", pages.PASSWORD, ["t.viewer"])
    vera = Person(admin.client.application, access.sign_in(workspace, "vera@example.com", pages.PASSWORD)[0])
    assert vera.get(f"/records/t.lease/{lease}").status_code == 200
    assert here not in vera.get(f"/records/t.lease/{lease}").text
    assert [vera.get(here).status_code, vera.get(address).status_code] == [403, 404]
    assert vera.post(here, {"do": "comment", "text": "Let me in"}).status_code == 403

    # Out of the team: the record, the space and the file are gone in the next request.
    (one,) = row(workspace, lease)["crew"]  # type: ignore[misc]
    assert (one["person"], one["role"]) == (user, "delivery")
    assert admin.post(here, {**member, "crew.new.role": "sales"}).status_code == 303
    (again,) = row(workspace, lease)["crew"]  # type: ignore[misc]
    assert (again["id"], again["role"]) == (one["id"], "sales")
    assert admin.post(here, {"do": "remove", "row": one["id"]}).status_code == 303
    assert row(workspace, lease)["crew"] == []
    assert [dora.get(each).status_code for each in (here, address)] == [404, 404]


def test_what_is_wrong_is_said_on_the_page_and_records_without_a_team_have_none(
    admin: Person, workspace: Workspace
) -> None:
    here = f"/records/t.lease/{pages.lease(workspace).id}/space"
    for sent in ({"crew.new.person.title": "Nobody Atall", "crew.new.role": "sales"}, {"crew.new.role": "sales"}):
        answer = admin.post(here, {"do": "add", **sent})
        assert answer.status_code == 422
        assert "Nobody Atall" in text(answer) or "Choose a person and a role" in text(answer)
    assert admin.post(here, {"do": "remove", "row": "x"}).status_code == 422
    assert admin.post(here, {"do": "file"}).status_code == 422
    assert admin.post(here, {"do": "everything"}).status_code == 403
    assert admin.get(f"/records/t.deal/{pages.deal(workspace).id}/space").status_code == 404
