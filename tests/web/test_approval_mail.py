"""The page that a link in a mail opens: nobody need sign in, and nothing is decided before a button is pressed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dealwright import clock
from dealwright.storage import approvals
from pages import Person, asked, deal, linked, text

if TYPE_CHECKING:
    from flask import Flask

    from dealwright.records import Workspace

SECRET = "Kx" * 21 + "7"


@pytest.fixture
def one(workspace: Workspace, finished, monkeypatch: pytest.MonkeyPatch) -> str:  # type: ignore[no-untyped-def]
    """The id of an approval that the clerk has agreed to and the administrator is asked; a link of hers."""
    record = asked(workspace, finished.sessions, deal(workspace, name="Big", budget="5000").id)
    monkeypatch.setattr(clock, "secret", lambda: SECRET)
    linked(workspace, record)
    monkeypatch.undo()
    with workspace.database.read() as connection:
        (row,) = approvals.rows(connection, [record])
    return row.id


@pytest.fixture
def stranger(app: Flask) -> Person:
    return Person(app)


def state(workspace: Workspace, one: str) -> str:
    with workspace.database.read() as connection:
        return approvals.get(connection, [one])[one].state


def test_the_page_shows_what_it_is_about_and_its_buttons_decide_once(
    stranger: Person, workspace: Workspace, one: str
) -> None:
    for _ in range(2):
        opened = stranger.get(f"/approvals/mail/{SECRET}")
        page = text(opened)
        assert (opened.status_code, opened.headers["Cache-Control"]) == (200, "no-store")
        assert "noindex" in opened.headers["X-Robots-Tag"]
        assert "Big" in page
        assert "Budget ¥5,000.00" in page
        assert "Fine with me" in page
        assert "Nothing is decided until you press a button below." in page
    assert stranger.client.head(f"/approvals/mail/{SECRET}").status_code == 200
    assert state(workspace, one) == "open"

    refused = stranger.post(f"/approvals/mail/{SECRET}/decide", {"verdict": "rejected"})
    assert (refused.status_code, "wants a comment" in text(refused)) == (422, True)
    assert stranger.post(f"/approvals/mail/{SECRET}/decide", {"verdict": "perhaps"}).status_code == 303
    assert state(workspace, one) == "open"

    done = stranger.post(f"/approvals/mail/{SECRET}/decide", {"verdict": "approved", "comment": "by mail"})
    assert (done.status_code, done.headers["Location"]) == (303, f"/approvals/mail/{SECRET}")
    assert state(workspace, one) == "approved"
    after = stranger.get(f"/approvals/mail/{SECRET}")
    assert (after.status_code, "You have approved" in text(after), "Budget" in text(after)) == (200, True, False)
    assert (
        stranger.post(f"/approvals/mail/{SECRET}/decide", {"verdict": "rejected", "comment": "no"}).status_code == 303
    )
    assert state(workspace, one) == "approved"


def test_a_link_that_leads_nowhere_says_so_in_the_language_of_the_reader(stranger: Person) -> None:
    page = stranger.get("/approvals/mail/nothing")
    assert (page.status_code, "This link leads nowhere" in text(page)) == (404, True)
    assert "此链接无效" in text(stranger.get("/approvals/mail/nothing", **{"Accept-Language": "zh-CN"}))


def test_a_link_that_has_run_out_shows_nothing_of_the_record(stranger: Person, workspace: Workspace, one: str) -> None:
    with clock.frozen(clock.now() + timedelta(days=8)):
        page = stranger.get(f"/approvals/mail/{SECRET}")
    assert (page.status_code, "This link has run out" in text(page), "Big" in text(page)) == (410, True, False)


def test_a_decision_by_mail_needs_the_token_of_the_page(stranger: Person, workspace: Workspace, one: str) -> None:
    address = f"/approvals/mail/{SECRET}/decide"
    assert stranger.client.post(address, data={"verdict": "approved"}).status_code == 403
    assert stranger.post(address, {"verdict": "approved"}, Origin="https://evil.example").status_code == 403
    assert stranger.get(address).status_code == 405
    assert state(workspace, one) == "open"
