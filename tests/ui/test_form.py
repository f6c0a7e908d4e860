"""A generated form in a browser: what it shows while somebody types, and what happens when it is sent."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

import pages
from windows import Visit


@pytest.fixture
def form(visit: Visit) -> Visit:
    visit.open("/records/t.thing/new")
    return visit


def test_a_field_appears_and_becomes_required_while_somebody_types(form: Visit) -> None:
    reason = form.page.locator("[data-field=reason]")
    expect(reason).to_be_hidden()
    expect(form.page.locator("#f-reason")).to_be_disabled()
    form.page.fill("#f-discount", "15.01")
    expect(reason).to_be_visible()
    expect(form.page.locator("#f-reason")).to_have_attribute("aria-required", "true")
    form.page.fill("#f-discount", "15")
    expect(reason).to_be_hidden()


def test_formulas_follow_what_is_typed_in_the_record_and_its_rows(form: Visit) -> None:
    form.page.fill("#f-amount", "1,234.50")
    expect(form.page.locator("[data-field=twice] output")).to_have_text("¥2,469.00")
    add = form.page.locator("[data-add-line]")
    add.click()
    add.click()
    lines = form.page.locator("[data-lines=lines] tbody [data-line]")
    expect(lines).to_have_count(2)
    lines.nth(0).locator("[name$=qty]").fill("3")
    lines.nth(0).locator("[name$=each]").fill("99.5")
    lines.nth(1).locator("[name$=qty]").fill("2")
    lines.nth(1).locator("[name$=each]").fill("0.25")
    expect(lines.nth(0).locator("output")).to_have_text("¥298.50")
    expect(form.page.locator("[data-field=total] > output")).to_have_text("¥299.00")
    lines.nth(0).locator("[data-remove-line]").click()
    expect(form.page.locator("[data-field=total] > output")).to_have_text("¥0.50")


def test_a_choice_is_offered_only_while_its_condition_holds(form: Visit) -> None:
    huge = form.page.locator("#f-size option[value=x]")
    expect(huge).to_have_attribute("hidden", "")
    form.page.fill("#f-amount", "2000")
    expect(huge).not_to_have_attribute("hidden", "")


def test_a_refused_save_marks_the_fields_keeps_everything_and_goes_to_the_first(form: Visit) -> None:
    page = form.page
    page.fill("#f-count", "many")
    page.fill("#f-note", "kept")
    page.locator("[data-add-line]").click()
    page.locator("[name^='lines.'][name$=item]").first.fill("Lamp")
    page.locator("header .btn.pri").click()
    page.wait_for_selector("[role=alert]")
    assert page.locator(".field.bad").evaluate_all("all => all.map(one => one.dataset.field)") == ["name", "count"]
    assert page.evaluate("document.activeElement.id") == "f-name"
    assert page.input_value("#f-count") == "many"
    assert page.input_value("#f-note") == "kept"
    assert page.locator("[name^='lines.'][name$=item]").first.input_value() == "Lamp"
    assert page.url.endswith("/records/t.thing/new")
    page.fill("#f-name", "Now with a name")
    page.fill("#f-count", "5")
    page.locator("[name^='lines.'][name$=qty]").first.fill("1")
    page.locator("header .btn.pri").click()
    page.wait_for_url(re.compile(r"/records/t\.thing/[0-9a-f-]{36}\?notice=created"))
    expect(page.locator(".toast")).to_have_text("Created")


def test_a_reference_is_chosen_by_typing_and_by_keys_alone(form: Visit) -> None:
    pages.thing(form.site.workspace, name="Blue lamp", active=True)
    pages.thing(form.site.workspace, name="Green lamp")
    page = form.page
    page.locator("#f-other").focus()
    page.keyboard.type("lue la")
    option = page.locator("#f-other-list [role=option]:not([data-make])")
    expect(option).to_have_text(["Blue lamp"])
    page.keyboard.press("Enter")
    assert page.input_value("#f-other") == "Blue lamp"
    assert page.locator("input[type=hidden][name=other]").input_value() != ""
    # A condition reads a field of the chosen record: the server knows it and shows the field.
    expect(page.locator("[data-field=far_note]")).to_be_visible()
    assert page.input_value("#f-other") == "Blue lamp"


def test_several_references_become_chips_that_can_be_removed(form: Visit) -> None:
    pages.thing(form.site.workspace, name="Red lamp")
    page = form.page
    page.fill("#f-name", "With chips")
    page.locator("#f-others").press_sequentially("red la")
    expect(page.locator("#f-others-list [role=option]:not([data-make])")).to_have_text(["Red lamp"])
    page.keyboard.press("Enter")
    chips = page.locator("[data-field=others] li.chip")
    expect(chips).to_have_text([re.compile("Red lamp")])
    page.locator("header .btn.pri").click()
    page.wait_for_url("**notice=created")
    expect(page.get_by_role("link", name="Red lamp")).to_be_visible()


def test_unsaved_changes_are_announced_and_the_keyboard_saves(form: Visit) -> None:
    page = form.page
    expect(page.locator(".savebar")).to_be_hidden()
    page.fill("#f-name", "By keyboard")
    expect(page.locator(".savebar")).to_be_visible()
    page.keyboard.press("Control+s")
    page.wait_for_url("**notice=created")


def test_two_people_at_one_record_see_what_the_other_did(visit: Visit) -> None:
    from dealwright import access
    from dealwright.records import save

    made = pages.thing(visit.site.workspace, name="Old")
    page = visit.open(f"/records/t.thing/{made.id}/edit")
    save(visit.site.workspace, access.operator(), "t.thing", {"name": "Theirs"}, id=made.id)
    page.fill("#f-name", "Mine")
    page.locator("header .btn.pri").click()
    expect(page.locator(".clash")).to_contain_text("Mine")
    expect(page.locator(".clash")).to_contain_text("Theirs")
    page.locator(".clash input[value=theirs]").check()
    page.locator("header .btn.pri").click()
    page.wait_for_url("**notice=unchanged")
    expect(page.locator("main h2").first).to_have_text("Theirs")


def test_what_was_typed_is_offered_again_after_the_window_was_closed_and_gone_once_it_is_saved(visit: Visit) -> None:
    page = visit.open("/records/t.thing/new")
    page.fill("#f-name", "Half done")
    page.locator("[data-add-line]").click()
    page.locator("[data-line]:not(template *) input:not([type=hidden])").first.fill("Bulb")
    page.evaluate(
        "new Promise(kept => { const look = () => Object.values(localStorage).some(one => one.includes('Bulb'))"
        " ? kept() : requestAnimationFrame(look); look(); })"
    )
    page.close(run_before_unload=False)
    visit.page = page = page.context.new_page()
    page = visit.open("/records/t.thing/new")
    expect(page.locator("#f-name")).to_have_value("")
    page.get_by_role("button", name="Go on with it").click()
    expect(page.locator("#f-name")).to_have_value("Half done")
    expect(page.locator("[data-line]:not(template *) input:not([type=hidden])").first).to_have_value("Bulb")
    page.locator("[data-remove-line]").first.click()
    page.locator("header .btn.pri").click()
    page.wait_for_url("**notice=created")
    visit.open("/records/t.thing/new")
    expect(page.locator(".kept")).to_have_count(0)


def test_without_scripts_a_record_is_made_with_a_line_and_mended(visits, site) -> None:  # type: ignore[no-untyped-def]
    with visits(java_script_enabled=False) as visit:
        page = visit.page
        page.goto(f"{site.address}/records/t.thing/new")
        page.fill("#f-name", "")
        page.locator("[data-add-line]").click()
        page.fill("[name='lines.new0.item']", "Lamp")
        page.locator("header .btn.pri").click()
        expect(page.locator("[role=alert]")).to_contain_text("Not saved")
        assert page.input_value("[name='lines.new0.item']") == "Lamp"
        page.fill("#f-name", "No scripts")
        page.fill("[name='lines.new0.qty']", "2")
        page.locator("header .btn.pri").click()
        page.wait_for_url("**notice=created")
        expect(page.locator("main")).to_contain_text("Lamp")


def test_what_is_offered_follows_another_field_of_the_form(visit: Visit) -> None:
    few = pages.thing(visit.site.workspace, name="Few of them", count=2)
    pages.thing(visit.site.workspace, name="Many of them", count=9)
    page = visit.open("/records/t.deal/new")
    page.locator("#f-thing").press_sequentially("of them")
    expect(page.locator("#f-thing-list [role=option]:not([data-make])")).to_have_text(["Many of them"])
    page.fill("#f-least", "1")
    page.locator("#f-thing").press_sequentially(" ")
    page.locator("#f-thing").press("Backspace")
    expect(page.locator("#f-thing-list [role=option]:not([data-make])")).to_have_text(["Few of them", "Many of them"])
    assert few.id


def test_a_row_hides_its_cell_and_reads_the_record_around_it(form: Visit) -> None:
    page = form.page
    page.locator("[data-add-line]").click()
    line = page.locator("[data-lines=lines] tbody [data-line]").first
    gift = line.locator("[data-field=gift] input")
    expect(gift).to_be_disabled()
    page.fill("#f-count", "50")
    expect(gift).to_be_enabled()


def test_fields_follow_the_pipeline_that_is_chosen(visit: Visit) -> None:
    page = visit.open("/records/t.lease/new")
    months = page.locator("[data-field=months]")
    expect(months).to_be_hidden()
    page.get_by_role("radio", name="Long lease").check()
    expect(months).to_be_visible()
    page.fill("#f-name", "For years")
    page.fill("#f-months", "36")
    page.locator("header .btn.pri").click()
    page.wait_for_url("**notice=created")
    expect(page.locator("[aria-current=step]")).to_have_text("Visit")
