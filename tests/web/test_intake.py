"""Public forms: what strangers may send, what comes of it, and what keeps programs and other sites out."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from dealwright import access, clock
from dealwright.records import Work, Workspace, fetch, history, page, save
from pages import Person, text

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
GOOD = {"name": "Wang Fang", "email": "wang@example.com", "size": "l", "note": "Two\nlines"}


@pytest.fixture
def stranger(app: Flask) -> Person:
    app.extensions.pop("dealwright.intake", None)
    app.extensions.pop("dealwright.intake_limits", None)
    return Person(app)


def records(workspace: Workspace) -> list[Any]:
    with workspace.database.read() as connection:
        return list(page(Work(workspace, connection, access.operator()), "t.thing", sort="name").items)


def opened(who: Person, at: datetime = NOW, query: str = "") -> str:
    """Open the form and return its token."""
    with clock.frozen(at):
        answer = who.client.get(f"/forms/t.enquiry{query}")
    assert answer.status_code == 200
    return re.search(r'name="token" value="([^"]+)"', answer.text)[1]  # type: ignore[index]


def sent(who: Person, data: dict[str, Any], token: str, after: float = 20, **headers: str) -> Any:
    with clock.frozen(NOW + timedelta(seconds=after)):
        return who.client.post("/forms/t.enquiry", data={"token": token, **data}, headers=headers)


def test_a_form_makes_one_record_with_what_it_asks_for_and_what_its_document_sets(
    stranger: Person, workspace: Workspace
) -> None:
    team = save(workspace, access.operator(), "base.team", {"name": "Inbox"}).id
    token = opened(stranger)
    paper = (io.BytesIO(b"%PDF-1.7 a paper"), "plan.pdf")
    # What the form does not ask for is not read, whatever is sent; nor is whose session comes along.
    more = {"amount": "5", "hidden_cost": "9", "owner": "x", "id": "x", "active": "false", "kinds": "b"}
    answer = sent(stranger, {**GOOD, **more, "papers.new": paper}, token)
    assert (answer.status_code, "Thank you, we will write to you." in answer.text) == (200, True)
    (made,) = records(workspace)
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        whole = fetch(work, "t.thing", made["id"])
        first = history(work, "t.thing", made["id"])[-1]
    assert {name: whole[name] for name in GOOD} == GOOD
    assert (whole["kinds"], whole["active"], whole["amount"], whole["hidden_cost"]) == (["a"], True, None, None)
    assert (whole["owner"], whole["team"], whole["created_by"], first["actor"]) == (None, team, None, None)
    assert [one["name"] for one in whole["papers"]] == ["plan.pdf"]
    # Sent twice by an impatient finger: thanked twice, kept once.
    assert sent(stranger, GOOD, token).status_code == 200
    assert len(records(workspace)) == 1


def test_what_is_wrong_comes_back_with_all_that_was_typed_and_leaves_nothing(
    stranger: Person, workspace: Workspace
) -> None:
    token = opened(stranger)
    wrong = {"name": "evil", "email": "", "discount": "20", "reason": "", "note": "Long story", "size": "huge"}
    answer = sent(stranger, wrong, token)
    assert answer.status_code == 422
    said = text(answer)
    for part in ("Evil is no name", "Your name", "Long story", "We answer to this address"):
        assert part in said
    assert answer.text.count('class="err" id=') == 4  # name, e-mail, the size that is none, the reason that 20 % needs
    assert records(workspace) == []
    # The same token still does once it is right: nothing was used up.
    right = {**wrong, "name": "Good", "email": "a@example.com", "reason": "many", "size": "s"}
    assert sent(stranger, right, token, 60).status_code == 200
    assert [one["name"] for one in records(workspace)] == ["Good"]


def test_programs_are_kept_out_and_leave_nothing(stranger: Person, app: Flask, workspace: Workspace) -> None:
    token = opened(stranger)
    assert (
        sent(stranger, {**GOOD, "website_2": "https://spam.example"}, token).status_code == 200
    )  # thanked, thrown away
    assert sent(stranger, GOOD, token, after=1).status_code == 422  # quicker than anybody types
    assert sent(stranger, GOOD, token, after=13 * 3600).status_code == 422
    assert sent(stranger, GOOD, token[:-1] + ("0" if token[-1] != "0" else "1")).status_code == 422
    assert records(workspace) == []
    # Four an hour from one network: the fifth is told when to come again, another network is not held up.
    app.extensions.pop("dealwright.intake_limits")
    tokens = [opened(stranger) for _ in range(6)]
    answers = [sent(stranger, GOOD, one) for one in tokens[:5]]
    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 900 and "Wang Fang" in answers[-1].text
    with clock.frozen(NOW + timedelta(seconds=20)):
        other = stranger.client.post(
            "/forms/t.enquiry", data={"token": tokens[5], **GOOD}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
        )
    assert other.status_code == 200
    assert len(records(workspace)) == 5
    app.extensions.pop("dealwright.intake_limits")  # another process: it counts by the same row
    assert sent(stranger, GOOD, opened(stranger)).status_code == 429
    assert len(records(workspace)) == 5


def test_a_stranger_does_not_learn_who_is_known_and_what_he_sent_waits_for_a_person(
    stranger: Person, workspace: Workspace
) -> None:
    known = save(workspace, access.operator(), "t.thing", {"name": "Wang", "phone": "0571 8888 1234"}).id
    new = sent(stranger, {**GOOD, "phone": "010 1111"}, opened(stranger))
    token = opened(stranger)
    paper = (io.BytesIO(b"%PDF-1.7 a paper"), "plan.pdf")
    answer = sent(stranger, {**GOOD, "phone": "0571-88881234", "papers.new": paper}, token)
    assert (answer.status_code, answer.get_data()) == (new.status_code, new.get_data()), "the same to the letter"
    assert sent(stranger, {**GOOD, "phone": "0571-88881234"}, token).status_code == 200
    assert [one["name"] for one in records(workspace)] == ["Wang", "Wang Fang"]
    with workspace.database.read() as connection:
        (task,) = page(Work(workspace, connection, access.operator()), "base.task").items
    assert task["about"] == {"entity": "t.thing", "id": known}
    assert task["title"] == "The form “Write to us” was sent by somebody who is here already"
    for part in ("Name: Wang Fang", "E-mail: wang@example.com", "Two\nlines", "plan.pdf"):
        assert part in task["description"]
    # With something else wrong as well he is told of that, and not of the other record.
    wrong = text(sent(stranger, {**GOOD, "phone": "0571-88881234", "name": "evil"}, opened(stranger)))
    assert "Evil is no name" in wrong and "another Thing" not in wrong


def test_only_the_sites_that_are_named_may_show_it_and_it_runs_nothing(stranger: Person, admin: Person) -> None:
    answer = stranger.client.get("/forms/t.enquiry?lang=zh-CN")
    policy = dict(part.partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["frame-ancestors"] == "'self' https://www.example.com"
    assert (policy["default-src"], policy["form-action"]) == ("'none'", "'self'") and "script-src" not in policy
    assert "X-Frame-Options" not in answer.headers
    assert "<script" not in answer.text and 'lang="zh-CN"' in answer.text
    assert "联系我们" in text(answer) and "我们会在一天内回复。" in text(answer)
    assert stranger.client.get("/sign-in").headers["X-Frame-Options"] == "SAMEORIGIN"
    # Who is signed in is a stranger here too: nothing of the session shows, and no cookie is set.
    shown = admin.client.get("/forms/t.enquiry")
    assert "Ada Berg" not in shown.text and "Set-Cookie" not in shown.headers
    assert stranger.client.get("/forms/t.nothing").status_code == 404
    assert stranger.client.get("/forms/t.thing").status_code == 404


def test_the_role_of_a_form_may_do_nothing_but_make_what_it_names(workspace: Workspace) -> None:
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
    who = access.User(id=None, email="", name="", roles=("intake:t.enquiry",), by="intake")
    held = access.rights(catalog, who, "t.thing")
    assert {op for grant in held.grants for op in grant.ops} == {"create"}
    assert held.edited("create") == {
        *("name", "email", "size", "discount", "reason", "note", "phone", "papers"), *("kinds", "active", "team"),
    }  # fmt: skip
    assert held.seen() == frozenset()
    assert access.readable(catalog, who) == ()
    assert not access.rights(catalog, who, "t.deal").grants
    assert not access.rights_of(catalog, ("intake:t.nothing",), "t.thing").grants
