"""The board in a real browser: dragging, the keyboard, the menu, and what a refusal says."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

import pages
from windows import Visit


def lane(page: Page, key: str) -> Locator:
    return page.locator(f'.lane[data-lane="{key}"]')


def drag(page: Page, card: Locator, to: Locator) -> None:
    start, end = card.bounding_box(), to.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] - 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 40, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 60, steps=5)
    page.mouse.up()


def test_cards_are_moved_by_dragging_keyboard_and_menu_and_refusals_explain_themselves(visit: Visit) -> None:
    workspace = visit.site.workspace
    pages.deal(workspace, name="Dragged", budget="5000")
    bare = pages.deal(workspace, name="Bare")
    page = visit.open("/records/t.deal/board")
    card = page.locator(".deal", has_text="Dragged")
    drag(page, card, lane(page, "offer"))
    expect(page.locator(".toasts")).to_contain_text("Moved to Offer")
    expect(lane(page, "offer").locator("a.t")).to_have_text("Dragged")
    expect(lane(page, "offer").locator("[data-count]")).to_have_text("1")
    page.get_by_role("button", name="Undo").click()
    expect(lane(page, "lead").locator("a.t")).to_have_count(2)

    # By keyboard; the gate refuses, the card goes back, and the way to mend it is a link.
    page.locator(".deal", has_text="Bare").locator("a.t").focus()
    page.keyboard.press("Alt+ArrowRight")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("the Deal cannot go to Offer yet")
    expect(dialog).to_contain_text("Enter the budget first")
    expect(lane(page, "lead").locator("a.t", has_text="Bare")).to_have_count(1)
    assert (
        dialog.get_by_role("link", name="Fill it in").get_attribute("href")
        == f"/records/t.deal/{bare.id}/edit#f-budget"
    )
    dialog.get_by_role("button", name="Leave it").click()
    expect(page.locator(".deal", has_text="Bare").locator("a.t")).to_be_focused()

    # By menu, which offers only where it may go.
    page.locator(".deal", has_text="Dragged").get_by_role("button", name="Move Dragged").click()
    page.locator("#lanes button", has_text="Won").click()
    expect(lane(page, "won").locator("a.t")).to_have_text("Dragged")
    page.reload()
    expect(lane(page, "won").locator("a.t")).to_have_text("Dragged")


def test_a_long_lane_goes_on_when_it_is_scrolled_to_and_other_lanes_are_chosen(visits) -> None:  # type: ignore[no-untyped-def]
    with visits(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True, language="zh-CN") as visit:
        for i in range(25):
            pages.thing(visit.site.workspace, name=f"Thing {i:02}", size="s", amount=str(i + 1))
        page = visit.open("/records/t.thing/board?by=size")
        cards = lane(page, "s").locator(".deal")
        expect(cards).to_have_count(20)
        lane(page, "s").locator("li.more").scroll_into_view_if_needed()
        expect(cards).to_have_count(25)
        page.locator("select[name=by]").select_option("owner")
        page.wait_for_url("**by=owner**")
        expect(page.locator(".lane header")).to_contain_text(["无人"])
