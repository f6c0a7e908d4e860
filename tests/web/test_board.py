"""The board as the server draws it: lanes, totals, cards, and what a dropped card is answered."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dealwright import access, clock
from dealwright.records import Change, Work, Workspace, fetch, save_many
from dealwright.web import board
from pages import Person, deal, text, thing
from sent import statements


def lanes(page: str) -> dict[str, tuple[str, str, list[str]]]:
    """Key → (count, total, names of its cards)."""
    found = {}
    for part in page.split('<section class="lane')[1:]:
        key = re.search(r'data-lane="([^"]*)"', part)
        count = re.search(r"data-count>(\d+)<", part)
        total = re.search(r"data-total>([^<]*)<", part)
        assert key and count and total
        found[key[1]] = (count[1], total[1], re.findall(r'<a class="t"[^>]*>([^<]+)</a>', part))
    return found


def stage(workspace: Workspace, identifier: str) -> object:
    with workspace.database.read() as connection:
        return fetch(Work(workspace, connection, access.operator()), "t.deal", identifier)["stage"]


def test_a_board_has_a_lane_for_each_stage_with_its_count_and_its_total(admin: Person, workspace: Workspace) -> None:
    deal(workspace, name="Small", budget="1500")
    deal(workspace, name="Large", budget="250000")
    moved = deal(workspace, name="Further", budget="10")
    admin.post(f"/records/t.deal/{moved.id}/move", {"to": "offer"})
    found = lanes(admin.get("/records/t.deal/board").text)
    assert list(found) == ["lead", "offer", "won", "lost"]
    assert found["lead"] == ("2", "¥251.5K", ["Large", "Small"])  # the largest amount first
    assert found["offer"] == ("1", "¥10", ["Further"])
    assert found["lost"] == ("0", "", [])
    assert lanes(admin.get("/records/t.deal/board?q=large").text)["lead"] == ("1", "¥250K", ["Large"])
    assert lanes(admin.get("/records/t.deal/board?filter=budget < 2000").text)["lead"][2] == ["Small"]


def test_a_board_begins_with_the_pipeline_of_new_records_else_one_that_is_open_to_every_record() -> None:
    def begins(*pipelines: tuple[str, str, str | None]) -> str:
        found = {one: SimpleNamespace(id=one, intake=intake, applies_when=when) for one, intake, when in pipelines}
        return board.first_pipeline(
            cast("Any", SimpleNamespace(pipelines=found)), cast("Any", SimpleNamespace(pipelines=[*found]))
        )

    assert begins(("a", "open", "big"), ("b", "open", None), ("c", "open", None)) == "b"
    assert begins(("a", "open", None), ("b", "default", "big")) == "b"
    assert begins(("a", "open", "big"), ("b", "open", "small")) == "a"


def test_a_wrong_filter_of_a_board_shows_where_it_is_wrong(admin: Person) -> None:
    answer = admin.get("/records/t.deal/board?filter=bugdet > 1")
    assert answer.status_code == 422
    assert "<mark>bugdet</mark>" in answer.text and "Did you mean “budget”?" in text(answer)


def test_a_lane_is_read_twenty_cards_at_a_time_and_by_as_many_statements_whatever_it_holds(
    admin: Person, workspace: Workspace
) -> None:
    def fill(first: int, count: int) -> None:
        with workspace.database.write() as connection:
            work = Work(workspace, connection, access.operator(), rules=False)
            changes = [Change({"name": f"D{i:03}", "budget": str(i + 1)}) for i in range(first, first + count)]
            save_many(work, "t.deal", changes)

    fill(0, 5)
    admin.get("/records/t.deal/board")  # which notes that the session is in use
    with statements() as few:
        admin.get("/records/t.deal/board")
    fill(5, 95)
    with statements() as many:
        page = admin.get("/records/t.deal/board").text
    assert len(many) == len(few)
    assert lanes(page)["lead"][0] == "100" and len(lanes(page)["lead"][2]) == 20
    more = re.search(r'hx-get="([^"]+cursor=[^"]+)"', page)
    assert more is not None
    following = admin.get(more[1].replace("&amp;", "&")).text
    assert re.findall(r'<a class="t"[^>]*>([^<]+)</a>', following)[0] == "D079"
    assert "<html" not in following


def test_a_card_that_is_dropped_moves_its_record_and_the_answer_counts_the_lanes(
    admin: Person, workspace: Workspace
) -> None:
    made = deal(workspace, name="Goes", budget="1000")
    answer = admin.post(f"/records/t.deal/{made.id}/drop?by=stage", {"to": "offer"})
    assert answer.status_code == 200
    assert answer.json["lanes"] == {"offer": {"count": 1, "total": "¥1K"}}
    assert "Goes" in answer.json["card"] and stage(workspace, made.id) == "offer"


def test_a_refused_drop_says_what_is_missing_and_where_to_mend_it(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Stays")
    answer = admin.post(f"/records/t.deal/{made.id}/drop", {"to": "offer"})
    assert answer.status_code == 409
    assert answer.json["problems"] == [
        {"message": "Enter the budget first", "url": f"/records/t.deal/{made.id}/edit#f-budget"}
    ]
    assert answer.json["message"].startswith("the Deal cannot go to Offer yet") and not answer.json["reason"]
    assert stage(workspace, made.id) == "lead"


def test_a_board_by_a_choice_changes_the_field_and_refuses_what_the_record_does(
    admin: Person, clerk: Person, workspace: Workspace
) -> None:
    made = thing(workspace, name="Lamp", amount="5", size="s")
    page = admin.get("/records/t.thing/board?by=size").text
    assert list(lanes(page)) == ["s", "l", "x", ""]
    assert admin.post(f"/records/t.thing/{made.id}/drop?by=size", {"to": "l"}).status_code == 200
    refused = admin.post(f"/records/t.thing/{made.id}/drop?by=size", {"to": "x"})  # offered above an amount only
    assert refused.status_code == 422 and refused.json["problems"]
    assert admin.post(f"/records/t.thing/{made.id}/drop?by=size", {"to": ""}).status_code == 200
    assert lanes(admin.get("/records/t.thing/board?by=size").text)[""][2] == ["Lamp"]


def test_who_may_only_look_gets_a_board_without_handles(clerk: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Seen", budget="9")
    page = clerk.get("/records/t.deal/board").text
    assert "Seen" in page and "data-movable" not in page
    assert clerk.post(f"/records/t.deal/{made.id}/drop", {"to": "offer"}).status_code == 403


def test_a_record_is_red_after_the_days_that_its_stage_allows(admin: Person, workspace: Workspace) -> None:
    with clock.frozen(clock.now() - timedelta(days=12)):
        deal(workspace, name="Old", budget="1")
    deal(workspace, name="New", budget="1")
    page = admin.get("/records/t.deal/board").text
    old, new = (page[page.index(f">{name}<") :].partition("</li>")[0] for name in ("Old", "New"))
    assert 'data-hue="red"' in old and "12 d" in old and "which is too long" in old
    assert 'data-hue="red"' not in new and "0 d" in new


@pytest.mark.parametrize("address", ["/records/t.nothing/board", "/records/base.currency_rate/board"])
def test_a_board_of_what_may_not_be_seen_is_not_found(clerk: Person, address: str) -> None:
    assert clerk.get(address).status_code == 404
