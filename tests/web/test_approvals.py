from __future__ import annotations

import io
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


def test_comments_and_files_stand_beside_the_decisions(
    admin: Person, clerk: Person, guest: Person, asked: str, record: str
) -> None:
    sent = {"here": "inbox", "text": "See page 2", "file": (io.BytesIO(b"%PDF-1.7\n"), "Offer.pdf")}
    done = clerk.post(f"/approvals/{asked}/note", sent)
    assert (done.status_code, done.headers["Location"]) == (303, "/approvals?notice=done")
    page = admin.get(record)
    assert "Carl Neu" in text(page)
    assert "See page 2" in text(page)
    found = re.search(r'href="(/files/[0-9a-f-]{36})">', page.text)
    assert found is not None
    assert admin.get(found[1]).data == b"%PDF-1.7\n"
    assert guest.get(found[1]).status_code == 404
    assert guest.post(f"/approvals/{asked}/note", {"text": "hello"}).status_code == 404
    empty = clerk.post(f"/approvals/{asked}/note", {"here": "inbox"})
    assert (empty.status_code, "write a comment, or choose a file" in text(empty)) == (422, True)


def test_several_are_decided_at_once_with_the_checks_of_each(
    admin: Person, clerk: Person, workspace: Workspace, asked: str
) -> None:
    other = f"/records/t.deal/{deal(workspace, name='Small', budget='10').id}"
    assert admin.post(f"{other}/approvals", {"approval": "t.budget"}).status_code == 303
    page = clerk.get("/approvals").text
    chosen = re.findall(r'form="several" name="one" value="([0-9a-f-]{36})"', page)
    assert len(chosen) == 2
    refused = clerk.post("/approvals/bulk", {"one": chosen, "verdict": "rejected"})
    assert (refused.status_code, "0 of 2 decided" in text(refused), text(refused).count("wants a comment")) == (
        207,
        True,
        2,
    )
    assert clerk.post(f"/approvals/{chosen[0]}/approve", {}).status_code == 303
    done = clerk.post("/approvals/bulk", {"one": [*chosen, chosen[1]], "verdict": "approved"})
    said = text(done)
    assert (done.status_code, "1 of 2 decided" in said) == (207, True)
    assert "Big · Budget" not in said  # it waited for him no more when the page was sent
    assert "you have decided this already" in said
    assert "Small · Budget: Decided; the next step waits" in said
    assert clerk.post("/approvals/bulk", {"verdict": "approved"}).status_code == 303


def test_who_would_decide_is_told_before_anybody_is_asked(
    admin: Person, clerk: Person, guest: Person, record: str
) -> None:
    assert "Who would decide?" in text(admin.get(record))
    page = text(admin.get(f"{record}/approvals/outlook?approval=t.budget"))
    assert "Clerk 1 of 1 must approve Carl Neu · Has the role Clerk" in page
    assert "Boss 1 of 1 must approve Ada Berg" in page
    assert "Nothing waits for you." in text(clerk.get("/approvals"))
    assert admin.get(f"{record}/approvals/outlook?approval=t.nothing").status_code == 404
    assert guest.get(f"{record}/approvals/outlook?approval=t.budget").status_code == 404


def test_an_absence_is_noted_and_ended_on_its_page_by_oneself_and_by_an_administrator(
    admin: Person, clerk: Person, record: str, workspace: Workspace
) -> None:
    people = dict(re.findall(r'<option value="([0-9a-f-]{36})"[^>]*>([^<]+)<', admin.get("/absences").text))
    ids = {name: one for one, name in people.items()}
    away = {"since": "2020-01-01", "until": "2999-12-31", "delegate": ids["Gus"], "user": ids["Carl Neu"]}
    wrong = admin.post("/absences/new", {**away, "until": "2019-12-30"})
    assert (wrong.status_code, "The last day lies before the first." in text(wrong)) == (422, True)
    assert 'value="2019-12-30"' in wrong.text  # what was typed stays
    assert admin.post("/absences/new", {**away, "until": "soon"}).status_code == 422
    assert clerk.post("/absences/new", {**away, "user": ids["Gus"], "delegate": ids["Carl Neu"]}).status_code == 403

    done = admin.post("/absences/new", away)
    assert (done.status_code, done.headers["Location"]) == (303, f"/absences?user={ids['Carl Neu']}&notice=saved")
    assert "Gus now from Jan 1, 2020 to Dec 31, 2999" in text(admin.get(f"/absences?user={ids['Carl Neu']}"))
    mine = clerk.get("/absences")
    assert "now" in text(mine)
    found = re.search(r"/absences/([0-9a-f-]{36})/end", mine.text)
    assert found is not None
    assert admin.post("/absences/nothing/end", {}).status_code == 404
    assert clerk.post(f"/absences/{found[1]}/end", {}).status_code == 303
    assert "No absence is noted." in text(clerk.get("/absences"))


def test_what_is_refused_is_said_in_chinese(clerk: Person, asked: str) -> None:
    clerk.client.set_cookie("language", "zh-CN")
    chinese = {"Accept-Language": "zh-CN"}
    refused = clerk.post(f"/approvals/{asked}/reject", {"here": "inbox"}, **chinese)
    assert "请填写意见：“Clerk”要求说明" in text(refused)
    assert clerk.post(f"/approvals/{asked}/approve", {}).status_code == 303
    again = clerk.post(f"/approvals/{asked}/approve", {}, **chinese)
    assert (again.status_code, "您已处理过此审批" in text(again)) == (409, True)


def test_an_administrator_names_somebody_instead_of_who_is_asked(
    admin: Person, clerk: Person, asked: str, record: str
) -> None:
    page = admin.get(record).text
    chairs = re.findall(r'<option value="(clerk:[0-9a-f-]{36})">Clerk: Carl Neu<', page)
    ada = re.findall(r'<option value="([0-9a-f-]{36})">Ada Berg<', page)
    assert (len(chairs), len(ada)) == (1, 1)
    assert "Name who decides" not in text(clerk.get(record))
    mine = {"chair": chairs[0], "who": ada[0], "here": "record"}
    assert clerk.post(f"/approvals/{asked}/appoint", mine).status_code == 403
    assert admin.post(f"/approvals/{asked}/appoint", mine).status_code == 303
    assert "Nothing waits for you." in text(clerk.get("/approvals"))
    assert "Ada Berg for Carl Neu: is asked" in text(admin.get(record))
    again = admin.post(f"/approvals/{asked}/appoint", mine)
    assert (again.status_code, "waits for this person" in text(again)) == (409, True)
