from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pages import Person, deal, text

if TYPE_CHECKING:
    from dealwright.records import Workspace


@pytest.fixture
def record(workspace: Workspace) -> str:
    return f"/records/t.deal/{deal(workspace, name='Big', budget='5000').id}"


@pytest.fixture
def asked(admin: Person, record: str) -> str:
    """The id of an approval that the administrator has asked for; the clerk is asked first."""
    assert admin.post(f"{record}/approvals", {"approval": "t.budget", "comment": "please soon"}).status_code == 303
    found = re.search(r"/approvals/([0-9a-f-]{36})/recall", admin.get(record).text)
    assert found is not None
    return found[1]


def test_an_approval_is_asked_for_on_the_page_of_the_record(admin: Person, record: str) -> None:
    assert "Ask for approval: Budget" in text(admin.get(record))
    answer = admin.post(f"{record}/approvals", {"approval": "t.budget"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{record}?notice=saved")
    page = text(admin.get(record))
    assert "Asked for by Ada Berg" in page
    assert "Ask for approval: Budget" not in page
    again = admin.post(f"{record}/approvals", {"approval": "t.budget"})
    assert (again.status_code, "asked for already" in text(again)) == (409, True)


def test_the_inbox_says_who_asks_why_it_came_and_what_comes_next(admin: Person, clerk: Person, asked: str) -> None:
    page = text(clerk.get("/approvals"))
    assert "Big Budget waits for a decision" in page
    assert "please soon" in page
    assert "Budget ¥5,000.00 Why it came" in page  # what it is about, before why
    assert "Why it came to you: Has the role Clerk" in page
    assert "Boss comes next" in page
    assert "Nothing waits for you." in text(admin.get("/approvals"))
    assert "Big Budget" in text(admin.get("/approvals?mine=asked"))


def test_a_rejection_wants_a_comment_and_says_so_on_the_page(clerk: Person, asked: str, record: str) -> None:
    for here in ("inbox", "record"):
        refused = clerk.post(f"/approvals/{asked}/reject", {"here": here})
        assert refused.status_code == 422
        assert "wants a comment" in text(refused)
    done = clerk.post(f"/approvals/{asked}/reject", {"here": "inbox", "comment": "too much"})
    assert (done.status_code, done.headers["Location"]) == (303, "/approvals?notice=done")
    page = text(clerk.get(record))
    assert "Budget Rejected" in page
    assert "too much" in page


def test_it_goes_from_step_to_step_and_back(admin: Person, clerk: Person, asked: str, record: str) -> None:
    assert clerk.post(f"/approvals/{asked}/approve", {"here": "record"}).headers["Location"] == f"{record}?notice=saved"
    page = admin.get("/approvals").text
    assert '<option value="clerk">Clerk</option>' in page
    assert admin.post(f"/approvals/{asked}/return", {"to": "clerk"}).status_code == 303
    assert "Big Budget" in text(clerk.get("/approvals"))
    assert admin.post(f"/approvals/{asked}/recall", {}).status_code == 303
    assert "Nothing waits for you." in text(clerk.get("/approvals"))


def test_nothing_is_decided_by_a_get_or_without_the_token_of_the_form(clerk: Person, asked: str) -> None:
    assert clerk.get(f"/approvals/{asked}/approve").status_code == 405
    assert clerk.post(f"/approvals/{asked}/approve", {"csrf_token": "x"}).status_code == 403
    assert "Big Budget" in text(clerk.get("/approvals"))


def test_who_has_nothing_to_do_with_it_finds_nothing(guest: Person, asked: str) -> None:
    assert "Nothing waits for you." in text(guest.get("/approvals"))
    assert guest.post(f"/approvals/{asked}/approve", {}).status_code == 404


def test_the_inbox_speaks_chinese(clerk: Person, asked: str) -> None:
    clerk.client.set_cookie("language", "zh-CN")
    page = text(clerk.get("/approvals", **{"Accept-Language": "zh-CN"}))
    assert "待我审批" in page
    assert "等待审批" in page
