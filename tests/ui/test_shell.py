"""What opens over every page, in a real browser: the palette, the bell, the keys, undo."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

import pages
from dealwright import access
from dealwright.records import save
from dealwright.storage import accounts
from windows import Visit, inaccessible

#: An address, and what is pressed there.
OPENED = (
    *(
        ("/records/t.deal", one)
        for one in ("[popovertarget=me]", "[popovertarget=makes]", ".bell", "[data-act=palette]")
    ),
    *(("/records/t.thing", f"[popovertarget={one}]") for one in ("filter-panel", "display-panel", "view-menu")),
    *(
        ("/notifications", ""),
        ("/search?q=deal", ""),
        ("/records/t.deal/board", ""),
        ("/records/t.deal?group=stage", ""),
    ),
    *(("/records/t.deal/board", "[data-move]"), ("/records/t.thing/board?by=size", "")),
)


def test_the_palette_finds_a_record_by_chinese_and_does_what_the_page_offers(visit: Visit) -> None:
    made = pages.deal(visit.site.workspace, name="杭州智能仓储项目", budget="5")
    page = visit.open(f"/records/t.deal/{made.id}")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or jump to")
    expect(box).to_be_focused()
    expect(page.get_by_role("option", name="Archive")).to_be_visible()  # what can be done here comes first
    box.press_sequentially("智能仓")
    expect(page.get_by_role("option")).to_have_count(1)
    box.press("Escape")
    page.keyboard.press("Control+k")
    box.press_sequentially("move to offer")
    expect(page.get_by_role("option", name="Move to Offer")).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    page.wait_for_url("**notice=moved")
    page.keyboard.press("Control+k")
    box.press_sequentially("new: thing")
    expect(page.get_by_role("option")).to_have_count(1)
    box.press("Enter")
    page.wait_for_url("**/records/t.thing/new")


def test_the_bell_shows_what_is_new_and_archiving_can_be_taken_back(visit: Visit) -> None:
    workspace = visit.site.workspace
    made = pages.deal(workspace, name="Precious")
    with workspace.database.read() as connection:
        ada = accounts.by_email(connection, pages.ADMIN)
    assert ada is not None
    about = {"entity": "t.deal", "id": made.id}
    data = {"user": ada.user, "owner": ada.user, "title": "Look at this deal", "about": about}
    save(workspace, access.operator(), "base.notification", data)
    page = visit.open("/records/t.thing")
    page.locator(".bell").click()
    panel = page.locator("#notices")
    expect(panel).to_contain_text("Look at this deal")
    expect(panel).to_contain_text("Precious")
    panel.get_by_role("button", name="Look at this deal").click()
    page.wait_for_url(f"**/records/t.deal/{made.id}")
    expect(page.locator(".bell .bdg")).to_have_count(0)
    page.get_by_role("button", name="Archive").click()
    page.wait_for_url("**notice=archived**")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(f"**/records/t.deal/{made.id}?notice=restored")
    expect(page.locator("main")).not_to_contain_text("This record is archived")


def test_keys_are_told_can_be_switched_off_and_rows_become_compact(visit: Visit) -> None:
    page = visit.open("/records/t.thing")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.get_by_label("Single keys do something").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.locator("[popovertarget=me]").click()
    page.get_by_role("button", name="Compact or comfortable rows").click()
    assert page.evaluate("document.documentElement.dataset.density") == "compact"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.density") == "compact"


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh-CN", "dark")])
def test_nothing_that_opens_over_a_page_is_inaccessible(visits, axe: str, language: str, theme: str) -> None:  # type: ignore[no-untyped-def]
    found = []
    with visits(language=language, theme=theme) as visit:
        pages.deal(visit.site.workspace, name="A deal", budget="5")
        for address, opened in OPENED:
            page = visit.open(address)
            if opened:
                page.locator(opened).first.click()
                page.wait_for_load_state("networkidle")
            found += [f"{address} {opened}: {one}" for one in inaccessible(page, axe)]
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
    assert found == []
