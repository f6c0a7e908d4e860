from __future__ import annotations

import re

import pytest

from dealwright import access
from dealwright.records import Workspace, save
from dealwright.storage import decisions
from pages import Person, deal, text, thing


def test_a_record_shows_its_fields_under_their_headings(admin: Person, workspace: Workspace) -> None:
    made = thing(workspace, name="Lamp", amount="1234.5", size="l", lines=[{"item": "Bulb", "qty": 2, "each": "3"}])
    page = text(admin.get(f"/records/t.thing/{made.id}"))
    assert "Numbers Amount ¥1,234.50" in page
    assert "Twice ¥2,469.00" in page
    assert "Size Large" in page
    assert "Item Quantity Each Gift Sum Bulb 2 ¥3.00 – ¥6.00" in page


def test_the_bell_of_a_record_is_switched_on_and_off(admin: Person, workspace: Workspace) -> None:
    address = f"/records/t.thing/{thing(workspace, name='Lamp').id}"
    assert 'aria-pressed="false"' in admin.get(address).text and "Follow" in text(admin.get(address))
    assert admin.post(f"{address}/follow", {"do": "start"}).status_code == 303
    assert 'aria-pressed="true"' in admin.get(address).text and "Followers: 1" in admin.get(address).text
    admin.post(f"{address}/follow", {"do": "stop"})
    assert 'aria-pressed="false"' in admin.get(address).text


def test_the_history_says_who_changed_what_from_what_to_what(admin: Person, workspace: Workspace) -> None:
    made = thing(workspace, name="Lamp", discount="5")
    admin.post(f"/records/t.thing/{made.id}/edit", {"name": "Light", "discount": "7", "version": "1"})
    page = text(admin.get(f"/records/t.thing/{made.id}"))
    assert re.search(r"Ada Berg changed it .*Name Lamp → Light", page)
    assert "Discount 5 % → 7 %" in page
    assert "The platform created it" in page
    assert page.index("changed it") < page.index("created it")


def test_a_decision_says_why_with_each_comparison_and_what_it_saw(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Big", budget="5000")
    page = text(admin.get(f"/records/t.deal/{made.id}"))
    assert "Big deals fired" in page
    assert "budget > 1000 : holds Budget: 5000" in page
    assert "The platform changed it by the rule “Big deals”" in page
    small = deal(workspace, name="Small", budget="50")
    assert "Big deals did not fire" in text(admin.get(f"/records/t.deal/{small.id}"))


def test_a_decision_says_what_its_rule_could_not_do_and_what_was_missing(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Big", budget="5000")
    missing = {"pointer": "/budget", "code": "gate-unmet", "message": "Enter the budget first"}
    outcomes = [
        {"action": 0, "do": "move_stage", "to": "offer", "code": "gate-unmet", "problems": [missing]},
        {"action": 1, "do": "archive", "code": "held"},
    ]
    with workspace.database.write() as connection:
        (one,) = [one for one in decisions.about(connection, "t.deal", made.id) if one["fired"]]
        decisions.note(connection, {one["id"]: {"outcomes": outcomes}})
    page = text(admin.get(f"/records/t.deal/{made.id}"))
    assert "The record was not moved; something is missing: Enter the budget first" in page
    assert "The record was not archived: others refer to it." in page


def test_a_move_that_is_refused_lists_what_is_missing_and_where_to_mend_it(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace)
    answer = admin.post(f"/records/t.deal/{made.id}/move", {"to": "offer"})
    assert answer.status_code == 409
    assert "The stage cannot be changed yet" in text(answer)
    assert "Enter the budget first" in text(answer)
    assert f'href="/records/t.deal/{made.id}/edit#f-budget"' in answer.text


def test_the_stage_path_offers_what_may_follow_and_says_what_it_takes(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace)
    page = admin.get(f"/records/t.deal/{made.id}")
    assert 'name="to" value="offer"' in page.text and 'name="to" value="lead"' not in page.text
    assert '<span aria-current="step">Lead</span>' in re.sub(r"\s+", " ", page.text)
    assert "To move to Offer: Enter the budget first" in text(page)
    save(workspace, access.operator(), "t.deal", {"budget": "10"}, id=made.id)
    moved = admin.post(f"/records/t.deal/{made.id}/move", {"to": "offer"})
    assert moved.location == f"/records/t.deal/{made.id}?notice=moved"
    assert "moved it" in text(admin.get(moved.location))


def test_an_archived_record_leaves_the_list_and_can_be_restored(admin: Person, workspace: Workspace) -> None:
    made = thing(workspace, name="Lamp")
    assert admin.post(f"/records/t.thing/{made.id}/archive", {}).location.startswith("/records/t.thing?notice=archived")
    assert "Lamp" not in text(admin.get("/records/t.thing"))
    page = admin.get(f"/records/t.thing/{made.id}")
    assert "This record is archived" in text(page) and "/edit" not in page.text
    admin.post(f"/records/t.thing/{made.id}/restore", {})
    assert "Lamp" in text(admin.get("/records/t.thing"))


def test_nothing_of_a_field_that_may_not_be_seen_is_on_the_page(clerk: Person, workspace: Workspace) -> None:
    made = thing(workspace, hidden_cost="77.77")
    save(workspace, access.operator(), "t.thing", {"hidden_cost": "88.88"}, id=made.id)
    page = clerk.get(f"/records/t.thing/{made.id}").text
    assert "hidden_cost" not in page and "Hidden cost" not in page and "77.77" not in page and "88.88" not in page


def test_who_may_only_read_gets_no_buttons(clerk: Person, workspace: Workspace) -> None:
    made = deal(workspace)
    page = clerk.get(f"/records/t.deal/{made.id}").text
    assert "/edit" not in page and 'name="to"' not in page and "/archive" not in page
    assert clerk.get(f"/records/t.deal/{made.id}/edit").status_code == 403
    assert clerk.post(f"/records/t.deal/{made.id}/move", {"to": "offer"}).status_code == 403
    assert clerk.post(f"/records/t.deal/{made.id}/archive", {}).status_code == 403


@pytest.mark.parametrize("identifier", ["nope", "0" * 36, "%00", "..", "'; drop table x; --"])
def test_a_record_that_is_not_there_is_not_found(admin: Person, identifier: str) -> None:
    for address in (f"/records/t.thing/{identifier}", f"/records/t.thing/{identifier}/edit"):
        assert admin.get(address).status_code == 404
    assert admin.post(f"/records/t.thing/{identifier}/archive", {}).status_code == 404


def test_a_notice_is_one_of_ours_and_never_the_words_of_a_link(admin: Person, workspace: Workspace) -> None:
    made = thing(workspace)
    assert "Saved" in text(admin.get(f"/records/t.thing/{made.id}?notice=saved"))
    assert "Send money" not in admin.get(f"/records/t.thing/{made.id}?notice=Send+money").text


def test_a_reference_links_to_its_record_by_name_in_one_page(admin: Person, workspace: Workspace) -> None:
    other = thing(workspace, name="Blue lamp")
    made = thing(workspace, other=other.id, others=[other.id], any={"entity": "t.thing", "id": other.id})
    page = admin.get(f"/records/t.thing/{made.id}").text
    # Once under the name of the record, then in each of its three fields.
    assert page.count(f'href="/records/t.thing/{other.id}">Blue lamp</a>') == 4


def test_a_warning_is_told_once_after_the_save_that_it_did_not_hinder(admin: Person) -> None:
    saved = admin.post("/records/t.thing/new", {"name": "odd"})
    assert saved.status_code == 303
    assert "Odd is an odd name" in text(admin.get(saved.location))
    assert "Odd is an odd name" not in text(admin.get(saved.location.partition("?")[0]))


def test_what_a_stage_takes_is_told_in_the_language_of_the_page(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace)
    admin.post("/language", {"tag": "zh-CN"})
    assert "请先填写预算" in text(admin.get(f"/records/t.deal/{made.id}"))
    assert "请先填写预算" in text(admin.post(f"/records/t.deal/{made.id}/move", {"to": "offer"}))


def test_the_name_stands_over_the_record_with_what_it_is_about(admin: Person, workspace: Workspace) -> None:
    other = thing(workspace, name="Blue lamp")
    made = thing(workspace, name="Red lamp", other=other.id, amount="12.5")
    assert "Red lamp Blue lamp · ¥12.50 " in text(admin.get(f"/records/t.thing/{made.id}"))


def test_a_field_that_its_condition_hides_is_on_no_page(admin: Person, workspace: Workspace) -> None:
    made = thing(workspace, discount="5")
    assert "Reason" not in text(admin.get(f"/records/t.thing/{made.id}"))
    made = thing(workspace, discount="20", reason="because")
    assert "Reason because" in text(admin.get(f"/records/t.thing/{made.id}"))


def test_a_record_that_may_not_be_seen_shows_no_id_where_it_is_named(
    admin: Person, clerk: Person, workspace: Workspace
) -> None:
    task = save(workspace, access.operator(), "base.task", {"title": "Secret task"})
    made = thing(workspace, any={"entity": "base.task", "id": task.id})
    assert "Secret task" in text(admin.get(f"/records/t.thing/{made.id}"))
    page = clerk.get(f"/records/t.thing/{made.id}").text
    assert task.id not in page and "not visible to you" in page


def test_a_wrong_address_keeps_the_navigation_of_who_is_signed_in(admin: Person) -> None:
    answer = admin.get("/nowhere")
    assert answer.status_code == 404
    assert "Things" in text(answer) and "Sign in" not in text(answer)


def test_a_score_shows_each_factor_with_its_bar_and_what_the_next_tier_needs(
    admin: Person, workspace: Workspace
) -> None:
    made = deal(workspace, name="Pumps", budget="900", big=False)
    page = admin.get(f"/records/t.deal/{made.id}")
    words = text(page)
    # 2/3 · 9 + 1/3 · 0; the weight of the least count is shared out
    assert "Warmth 6 Warm 64 points more for Hot" in words
    assert "75 % of the weight has a value; it counts for the rest too." in words
    assert "Budget is known 6 ¥900.00 · weight 50 %, counts 66.67 %" in words
    assert "Least count – no value · weight 25 %" in words
    assert '<rect width="9.00" height="6"' in page.text
    assert 'aria-label="9.00 of 100 points"' in page.text
    assert "style=" not in page.text


def test_a_score_that_does_not_stand_says_why(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Pumps", big=False)
    assert "Warmth There is no score: factors with 50 % of the weight need a value." in text(
        admin.get(f"/records/t.deal/{made.id}")
    )


def test_a_score_is_in_the_language_of_the_page(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="Pumps", budget="900", big=False)
    admin.post("/language", {"tag": "zh-CN"})
    words = text(admin.get(f"/records/t.deal/{made.id}"))
    assert "热度" in words and "距“火热”还差 64 分" in words
