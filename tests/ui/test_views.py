"""In a real browser: tabs and sections of a view, a record made in place, Markdown, sums, an import that runs, tasks."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

import pages
from dealwright.records import importing
from dealwright.storage import queue
from windows import Visit


def test_a_view_parts_a_form_and_what_is_missing_is_made_in_place(visit: Visit) -> None:
    page = visit.open("/records/t.plan/new")
    large = page.locator('[data-section="large"]')
    expect(large).to_be_hidden()
    page.fill("#f-budget", "2,000")
    expect(large).to_be_visible()
    page.fill("#f-why", "Because it is large")

    # The keyboard changes tabs; looking is no typing, and a link to an input opens the tab that it stands on.
    page.locator(".tabset input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#f-contact")).to_be_visible()
    expect(page.locator("#f-budget")).to_be_hidden()
    page.evaluate("location.hash = '#f-thing'")
    expect(page.locator("#f-thing")).to_be_visible()
    expect(page.locator("#f-thing")).to_be_focused()

    # A thing that is not there yet.
    page.locator("#f-thing").fill("A new thing")
    page.get_by_role("option", name="New: “A new thing”").click()
    dialog = page.locator("dialog.quick")
    expect(dialog.get_by_label("Name")).to_have_value("A new thing")
    dialog.get_by_label("Name").fill("evil")
    dialog.get_by_role("button", name="Make and choose it").click()
    expect(dialog).to_contain_text("Evil is no name")
    dialog.get_by_label("Name").fill("A new thing")
    dialog.get_by_role("button", name="Make and choose it").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("#f-thing")).to_have_value("A new thing")
    # What was typed is there, as it was typed or as the server writes it when it has drawn the form anew meanwhile.
    expect(page.locator("#f-budget")).to_have_value(re.compile("^2,?000$"))

    # A fault on another tab opens it.
    page.fill("#f-name", "Plan")
    page.fill("#f-budget", "6000")
    page.locator("header .btn.pri").click()
    expect(page.locator("#f-remark")).to_be_focused()
    page.fill("#f-remark", "so be it")
    page.locator("header .btn.pri").click()
    page.wait_for_url("**notice=created")
    expect(page.locator(".rec")).to_contain_text("Because it is large")
    # Changed last, it is offered first.
    page = visit.open("/records/t.plan/new")
    page.locator("#f-thing").click()
    expect(page.locator(".combo .group").first).to_have_text("Recent")
    expect(page.get_by_role("option").first).to_have_text("A new thing")


def test_markdown_is_shown_columns_are_added_up_and_any_record_is_found(visit: Visit) -> None:
    pages.deal(visit.site.workspace, name="Northern deal")
    page = visit.open("/records/t.thing/new")
    story = page.locator('[data-field="story"]')
    story.locator("textarea").fill("plain")
    story.locator("textarea").select_text()
    story.get_by_role("button", name="Bold").click()
    expect(story.locator("textarea")).to_have_value("**plain**")
    story.get_by_role("button", name="Preview").click()
    expect(story.locator(".prose strong")).to_have_text("plain")
    for qty, each in (("2", "3"), ("4", "1.25")):
        page.locator('[data-lines="lines"] [data-add-line]').click()
        line = page.locator('[data-lines="lines"] tbody [data-line]').last
        line.get_by_label("Quantity").fill(qty)
        line.get_by_label("Each").fill(each)
    expect(page.locator('[data-sum="sum"]')).to_have_text("¥11.00")
    box = page.locator('[data-field="any"]')
    box.locator("select").select_option("t.deal")
    box.get_by_role("combobox", name="Any").nth(-1).fill("North")
    page.get_by_role("option", name="Northern deal").click()
    page.fill("#f-name", "Linked")
    page.fill("#f-span", "1d 2h")
    page.locator("header .btn.pri").click()
    expect(page.get_by_role("alert")).to_contain_text("Item")
    for line in page.locator('[data-lines="lines"] tbody [data-line]').all():
        line.get_by_label("Item").fill("Bulb")
    expect(page.locator("#f-span")).to_have_value("1d 2h")
    page.locator("header .btn.pri").click()
    page.wait_for_url("**notice=created")
    expect(page.locator(".rec")).to_contain_text("Northern deal")
    expect(page.locator(".rec tfoot")).to_contain_text("¥11.00")


def test_a_file_is_dropped_mapped_and_watched_until_it_is_imported(visit: Visit, tmp_path: Path) -> None:
    workspace = visit.site.workspace
    queue.install(workspace.database)
    file = tmp_path / "lamps.csv"
    file.write_text("Name,Size of it,Worth\n" + "".join(f"Lamp {n},Small,{n}\n" for n in range(30)) + "Bad,Vast,-1\n")
    page = visit.open("/records/t.thing")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Import a file").click()
    page.set_input_files("input[type=file]", file)
    page.wait_for_url("**/import/*-*")
    page.get_by_label("What Size of it becomes").select_option("size")
    expect(page.locator(".strange")).to_contain_text("Vast")
    page.locator(".strange select").select_option("l")
    page.get_by_label("What Worth becomes").select_option("amount")
    expect(page.locator(".figures .bad dd")).to_have_text("1")
    expect(page.locator(".refused")).to_contain_text("-1 is below 0")
    page.get_by_role("button", name="Import 31 rows").click()
    expect(page.locator("#import")).to_contain_text("waiting")
    importing.carry_out(workspace, {"id": page.url.rpartition("/")[2].partition("?")[0], "locale": "en"})
    expect(page.locator("#import")).to_contain_text("31 of 31 rows")
    expect(page.get_by_role("link", name="Refused rows as a file")).to_be_visible()
    page.get_by_role("link", name="To the list").click()
    expect(page.locator("#rows a.ttl").first).to_contain_text("Lamp")


def test_a_task_is_added_and_done_where_it_stands(visit: Visit) -> None:
    page = visit.open("/todo")
    page.get_by_label("What is to be done").fill("Call Li Wei")
    page.keyboard.press("Enter")
    page.wait_for_url("**notice=saved")
    row = page.locator(".todos li", has_text="Call Li Wei")
    row.hover()
    row.get_by_role("button", name="Tomorrow: Call Li Wei").click()
    expect(page.locator(".todos li", has_text="Call Li Wei")).to_contain_text("tomorrow")
    page.get_by_role("button", name="Done: Call Li Wei").click()
    expect(page.locator(".empty")).to_contain_text("Nothing to do")

    # In the calendar a task goes to another day by keyboard and by dragging, and back by undo.
    page.get_by_label("What is to be done").fill("Visit Wang Fang")
    page.get_by_label("Due").fill("2026-12-09")
    page.keyboard.press("Enter")
    expect(page.locator(".todos li", has_text="Visit Wang Fang")).to_be_visible()
    page = visit.open("/todo?shape=calendar&month=2026-12")
    task = page.locator(".cal .ev", has_text="Visit Wang Fang")
    where = page.locator("td[data-day]:has(.ev)")
    task.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(".toast")).to_contain_text("December 16, 2026")
    expect(where).to_have_attribute("data-day", "2026-12-16")
    expect(task).to_be_focused()
    task.drag_to(page.locator("td[data-day='2026-12-11']"))
    expect(page.locator(".toast").last).to_contain_text("December 11, 2026")
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator(".toast").last).to_contain_text("December 16, 2026")
    page.reload()
    expect(where).to_have_attribute("data-day", "2026-12-16")
