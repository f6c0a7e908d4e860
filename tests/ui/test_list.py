"""Lists in a real browser: a filter by choosing, a saved view, columns and groups, many records at once."""

from __future__ import annotations

from playwright.sync_api import expect

import pages
from windows import Visit


def test_a_filter_is_built_by_choosing_saved_as_a_view_and_many_records_are_set(visit: Visit) -> None:
    for name, amount, size in (("Cheap lamp", "5", "s"), ("Dear lamp", "5000", "l"), ("Dear chair", "7000", "s")):
        pages.thing(visit.site.workspace, name=name, amount=amount, size=size)
    page = visit.open("/records/t.thing")
    page.get_by_role("button", name="Filter", exact=True).click()
    panel = page.locator("#filter-panel")
    panel.get_by_label("Value").fill("LAMP")
    panel.get_by_role("button", name="Condition").click()
    second = panel.locator(".rule").nth(1)
    second.get_by_label("Field").select_option("amount")
    panel.locator(".rule").nth(1).get_by_label("Comparison").select_option(">")
    panel.locator(".rule").nth(1).get_by_label("Value").fill("1,000")
    expect(panel.locator("#filter")).to_have_value('lower(name).contains("lamp") && amount > 1000')
    panel.get_by_role("button", name="Apply").click()
    expect(page.locator("#rows a.ttl")).to_have_text(["Dear lamp"])
    assert "sort" not in page.url and "columns" not in page.url

    # The text comes back as rows; what was built becomes a view.
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(panel.locator(".rule")).to_have_count(2)
    expect(panel.get_by_label("Value").first).to_have_value("lamp")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save view").click()
    page.get_by_label("Name of the view").fill("Dear lamps")
    page.get_by_role("button", name="Save as new").click()
    expect(page.get_by_role("link", name="Dear lamps")).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="All", exact=True).click()
    expect(page.locator("#rows a.ttl")).to_have_count(3)

    # Columns and groups.
    page.get_by_role("button", name="Columns and groups").or_(page.get_by_role("button", name="Display")).first.click()
    page.locator("#display-panel select[name=group]").select_option("size")
    page.locator("#display-panel").get_by_role("button", name="Apply").click()
    expect(page.locator("tr.group")).to_have_count(2)

    # Many at once: the keyboard chooses a row, the bar counts, the field is asked for, all are changed.
    expect(page.locator(".bulk")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.locator("[data-row]").nth(1).check()
    expect(page.locator(".bulk")).to_contain_text("2 selected")
    page.get_by_label("Field to set").select_option("stars")
    page.get_by_role("button", name="Set …").click()
    page.locator("label.chip", has_text="4").click()
    page.get_by_role("button", name="Set for 2 records").click()
    page.wait_for_url("**notice=saved")
