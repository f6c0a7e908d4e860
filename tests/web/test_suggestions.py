"""What rules suggest, and the sequences that run, on the page of a record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dealwright import access, records
from dealwright.records import Work
from pages import Person, deal, text

if TYPE_CHECKING:
    from dealwright.records import Workspace


@pytest.fixture
def record(workspace: Workspace) -> str:
    """The page of a deal whose quote was opened."""
    found = deal(workspace, name="Lift", budget="5000").id
    with workspace.database.write() as connection:
        records.send(Work(workspace, connection, access.operator()), "quote.opened", "t.deal", found, {"times": 3})
    return f"/records/t.deal/{found}"


def accepting(page: str) -> str:
    found = re.search(r"/suggestions/[0-9a-f-]{36}/accept", page)
    assert found is not None
    return found[0]


def test_a_suggestion_stands_with_its_reason_and_what_it_does_and_is_accepted(admin: Person, record: str) -> None:
    page = admin.get(record)
    assert "Change the strategy for Lift 3 openings Least: 7" in text(page)
    answer = admin.post(accepting(page.text), {})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{record}?notice=saved")
    page = admin.get(record)
    assert "Accepted" in text(page)
    assert "/accept" not in page.text
    assert "accepted a suggestion" in text(page)


def test_a_suggestion_is_dismissed_with_a_reason_in_chinese_too(admin: Person, record: str) -> None:
    admin.client.set_cookie("language", "zh-CN")
    chinese = {"Accept-Language": "zh-CN"}
    page = admin.get(record, **chinese)
    assert "不采纳" in text(page)
    address = accepting(page.text).replace("accept", "dismiss")
    assert admin.post(address, {"reason": " "}).status_code == 422
    assert admin.post(address, {"reason": "刚谈过"}).status_code == 303
    assert "未采纳" in text(admin.get(record, **chinese))
    assert "刚谈过" in text(admin.get(record, **chinese))


def test_who_may_not_change_the_record_reads_it_and_decides_nothing(
    clerk: Person, guest: Person, admin: Person, record: str
) -> None:
    assert "Change the strategy for Lift" in text(clerk.get(record))
    assert "/accept" not in clerk.get(record).text
    address = accepting(admin.get(record).text)
    assert clerk.post(address, {}).status_code == 403
    assert guest.post(address, {}).status_code == 404


def test_a_sequence_is_ended_and_started_again_by_buttons(admin: Person, clerk: Person, record: str) -> None:
    page = admin.get(record)
    assert 'name="stop" value="t.care"' in page.text
    assert 'name="start"' not in page.text
    assert 'name="stop"' not in clerk.get(record).text  # who may not change the record
    assert admin.post(f"{record}/sequences", {"stop": "t.care"}).status_code == 303
    page = admin.get(record)
    assert "Care Stopped early" in text(page)
    assert 'name="start" value="t.care"' in page.text
    again = admin.post(f"{record}/sequences", {"stop": "t.care"})
    assert again.status_code == 409
    assert "does not run for this" in text(again)
    assert admin.post(f"{record}/sequences", {"start": "t.care"}).status_code == 303
    assert admin.post(f"{record}/sequences", {"advance": "t.care"}).status_code == 303
    assert "Care 1 to come" in text(admin.get(record))
    assert clerk.post(f"{record}/sequences", {"stop": "t.care"}).status_code == 403
    assert admin.post(f"{record}/sequences", {"no": "t.care"}).status_code == 404


def test_a_sequence_shows_its_steps(clerk: Person, record: str) -> None:
    page = text(clerk.get(record))
    assert "Care 2 to come" in page
    assert "Say hello" in page
