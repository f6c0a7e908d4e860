"""Files in a form in a browser: chosen, dropped, pictured, refused, drawn."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dealwright import access
from dealwright.records import Work, fetch
from windows import Visit

#: One red pixel.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
PDF = b"%PDF-1.7 a paper"


def paper(name: str, content: bytes = PDF, kind: str = "application/pdf") -> dict[str, Any]:
    return {"name": name, "mimeType": kind, "buffer": content}


def stored(visit: Visit) -> dict[str, Any]:
    found = re.search(r"/records/t\.thing/([0-9a-f-]{36})", visit.page.url)
    assert found is not None
    with visit.site.workspace.database.read() as connection:
        return dict(fetch(Work(visit.site.workspace, connection, access.operator()), "t.thing", found[1]))


def save(page: Page) -> None:
    page.locator("header .btn.pri").click()
    page.wait_for_url("**notice=created")


def dropped(page: Page, field: str, name: str, kind: str, content: str) -> None:
    page.evaluate(
        """([field, name, kind, content]) => {
            const files = new DataTransfer();
            files.items.add(new File([content], name, {type: kind}));
            const box = document.querySelector(`[data-field=${field}] .drop`);
            for (const one of ['dragenter', 'dragover', 'drop'])
                box.dispatchEvent(new DragEvent(one, {dataTransfer: files, bubbles: true, cancelable: true}));
        }""",
        [field, name, kind, content],
    )


def drawn(page: Page) -> None:
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 90, steps=8)
    page.mouse.up()


@pytest.fixture
def form(visit: Visit) -> Visit:
    visit.open("/records/t.thing/new")
    visit.page.fill("#f-name", "With files")
    return visit


def test_files_are_chosen_sent_at_once_removed_and_saved_with_the_record(form: Visit) -> None:
    page = form.page
    page.set_input_files("#f-papers", [paper("one.pdf"), paper("two.pdf")])
    items = page.locator("[data-field=papers] li")
    expect(items.locator("a[href^='/files/']")).to_have_text(["one.pdf", "two.pdf"])
    expect(items.locator("[data-size]")).to_have_text(["16 B", "16 B"])
    page.get_by_role("button", name="Remove one.pdf").click()
    expect(items).to_have_count(1)
    expect(page.locator("#f-papers")).to_be_focused()
    save(page)
    assert [one["name"] for one in stored(form)["papers"]] == ["two.pdf"]
    expect(page.get_by_role("link", name="two.pdf")).to_be_visible()


def test_a_picture_is_dropped_and_shown(form: Visit) -> None:
    page = form.page
    page.set_input_files("#f-picture", paper("red.png", PNG, "image/png"))
    picture = page.locator("[data-field=picture] li img")
    expect(picture).to_have_js_property("naturalWidth", 1)
    page.set_input_files("#f-picture", paper("again.png", PNG, "image/png"))
    expect(page.locator("[data-field=picture] li")).to_have_text([re.compile("again.png")])
    dropped(page, "papers", "dropped.txt", "text/plain", "dropped")
    expect(page.locator("[data-field=papers] a[href^='/files/']")).to_have_text("dropped.txt")
    save(page)
    assert stored(form)["picture"]["name"] == "again.png"
    expect(page.locator(".facts img")).to_have_js_property("naturalWidth", 1)


def test_what_a_field_does_not_take_is_refused_before_it_is_sent(form: Visit) -> None:
    page = form.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.set_input_files("#f-papers", paper("large.pdf", b"%PDF-" + b"0" * 2100))
    refused = page.locator("[data-field=papers] [data-refused]")
    expect(refused).to_have_text("This has 2.1 KB and may have at most 2 KB; send less.")
    dropped(page, "papers", "movie.mp4", "video/mp4", "frames")
    expect(refused).to_have_text("A file of the type “video/mp4” is not taken; send one of PDF, TXT.")
    assert asked == []
    save(page)
    assert stored(form)["papers"] is None


def test_what_pretends_to_be_something_else_is_refused_by_its_content(form: Visit) -> None:
    page = form.page
    page.set_input_files("#f-papers", paper("picture.pdf", PNG))
    refused = page.locator("[data-field=papers] [data-refused]")
    expect(refused).to_have_text("A file of the type “PNG” is not taken; send one of PDF, TXT.")
    expect(page.locator("[data-field=papers] [name=papers]:checked")).to_have_count(0)


def test_a_refused_save_and_a_change_of_the_form_by_the_server_keep_the_files(form: Visit) -> None:
    page = form.page
    page.fill("#f-name", "")
    page.set_input_files("#f-papers", paper("kept.pdf"))
    expect(page.locator("[data-field=papers] a[href^='/files/']")).to_have_text("kept.pdf")
    page.locator("header .btn.pri").click()
    page.wait_for_selector("[role=alert]")
    expect(page.locator("[data-field=papers] li")).to_have_text([re.compile("kept.pdf")])
    page.set_input_files("#f-papers", paper("more.pdf"))
    page.fill("#f-name", "Now")
    save(page)
    assert [one["name"] for one in stored(form)["papers"]] == ["kept.pdf", "more.pdf"]


def test_a_form_that_is_sent_early_waits_for_its_files(form: Visit) -> None:
    page = form.page
    page.route("**/files/t.thing/papers", lambda route: (page.wait_for_timeout(300), route.continue_()))
    page.set_input_files("#f-papers", paper("slow.pdf"))
    expect(page.locator("[data-field=papers] progress")).to_be_visible()
    save(page)
    assert [one["name"] for one in stored(form)["papers"]] == ["slow.pdf"]


def test_a_broken_connection_keeps_the_form_and_the_file_which_is_sent_when_the_form_is(form: Visit) -> None:
    page = form.page
    page.route("**/files/t.thing/papers", lambda route: route.abort())
    page.set_input_files("#f-papers", paper("lost.pdf"))
    expect(page.locator("[data-field=papers] li")).to_have_text([re.compile("lost.pdf.*waits for a connection", re.S)])
    form.faults.clear()  # the browser notes the broken request
    page.unroute("**/files/t.thing/papers")
    page.set_input_files("#f-papers", paper("found.pdf"))
    expect(page.locator("[data-field=papers] li")).to_have_text([re.compile("lost.pdf"), re.compile("found.pdf")])
    save(page)
    assert [one["name"] for one in stored(form)["papers"]] == ["lost.pdf", "found.pdf"]


def test_a_signature_is_drawn_cleared_and_saved_as_a_picture(form: Visit) -> None:
    page = form.page
    clear = page.get_by_role("button", name="Clear")
    expect(clear).to_be_hidden()
    drawn(page)
    clear.click()
    expect(clear).to_be_hidden()
    drawn(page)
    save(page)
    held = stored(form)["signed"]
    assert (held["name"], held["type"]) == ("signature.png", "image/png")
    with form.site.workspace.database.read() as connection:
        from dealwright.storage import files

        content = files.path(form.site.workspace.folder, files.get(connection, held["id"]).digest).read_bytes()
    wide, high = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    assert wide > 300 and high == 140
    expect(page.locator(".facts img")).to_be_visible()


def test_a_signature_survives_a_refused_save_and_can_be_given_again(form: Visit) -> None:
    page = form.page
    page.fill("#f-name", "")
    drawn(page)
    page.locator("header .btn.pri").click()
    page.wait_for_selector("[role=alert]")
    expect(page.locator("[data-field=signed] li img")).to_have_js_property("naturalHeight", 140)
    expect(page.locator("canvas")).to_be_hidden()
    page.get_by_role("button", name="Remove signature.png").click()
    expect(page.locator("canvas")).to_be_visible()
    drawn(page)
    page.fill("#f-name", "Signed")
    save(page)
    assert stored(form)["signed"]["name"] == "signature.png"


def test_a_finger_draws_on_a_phone(visits) -> None:  # type: ignore[no-untyped-def]
    with visits(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True) as visit:
        page = visit.open("/records/t.thing/new")
        page.fill("#f-name", "By finger")
        page.locator("canvas").scroll_into_view_if_needed()
        page.locator("canvas").tap()
        expect(page.get_by_role("button", name="Clear")).to_be_visible()
        page.locator("header .btn.pri").tap()
        page.wait_for_url("**notice=created")
        assert stored(visit)["signed"]["type"] == "image/png"


def test_a_hidden_field_of_files_sends_nothing_until_it_is_shown(form: Visit) -> None:
    page = form.page
    expect(page.locator("#f-licence")).to_be_disabled()
    page.fill("#f-discount", "20")
    page.fill("#f-reason", "why")
    expect(page.locator("[data-field=licence]")).to_be_visible()
    page.set_input_files("#f-licence", paper("licence.pdf"))
    expect(page.locator("[data-field=licence] a[href^='/files/']")).to_have_text("licence.pdf")
    page.fill("#f-discount", "1")
    expect(page.locator("[data-field=licence]")).to_be_hidden()
    save(page)
    assert stored(form)["licence"] is None


def test_without_scripts_files_come_along_are_kept_and_are_removed_by_a_tick(visits, site, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "one.pdf").write_bytes(PDF)
    with visits(java_script_enabled=False) as visit:
        page = visit.page
        page.goto(f"{site.address}/records/t.thing/new")
        expect(page.locator(".pad")).to_be_hidden()
        page.set_input_files("#f-papers", tmp_path / "one.pdf")
        page.locator("header .btn.pri").click()
        expect(page.locator("[role=alert]")).to_contain_text("Not saved")
        expect(page.get_by_role("checkbox", name="Keep one.pdf")).to_be_checked()
        page.fill("#f-name", "No scripts")
        page.locator("header .btn.pri").click()
        page.wait_for_url("**notice=created")
        assert [one["name"] for one in stored(visit)["papers"]] == ["one.pdf"]
        page.get_by_role("link", name="Edit").click()
        page.get_by_role("checkbox", name="Keep one.pdf").uncheck()
        page.locator("header .btn.pri").click()
        page.wait_for_url("**notice=saved")
        assert stored(visit)["papers"] is None
