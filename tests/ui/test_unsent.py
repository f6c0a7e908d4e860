"""A phone on a poor connection: what is saved waits and is sent later, what clashes is shown; visits with their place."""

from __future__ import annotations

import base64
from typing import Any

from playwright.sync_api import expect

import pages
from dealwright import access
from dealwright.records import Work, page, save
from windows import Visit

PHONE = {"viewport": {"width": 390, "height": 800}, "is_mobile": True, "has_touch": True}
#: One red pixel.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")


def photo(name: str) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": PNG}


def found(visit: Visit, entity: str) -> list[Any]:
    with visit.site.workspace.database.read() as connection:
        return list(page(Work(visit.site.workspace, connection, access.operator()), entity, sort="id").items)


def _cut_off(visit: Visit) -> None:
    """Forget what the browser and htmx say of a connection that is not there."""
    told = ("ERR_INTERNET_DISCONNECTED", "Failed to fetch")
    visit.faults[:] = [one for one in visit.faults if not any(text in one for text in told)]


def test_what_could_not_be_sent_waits_in_sight_is_sent_once_and_shows_a_clash(visits) -> None:  # type: ignore[no-untyped-def]
    with visits(**PHONE) as visit:
        lamp = pages.thing(visit.site.workspace, name="Lamp")
        here = visit.open("/records/t.thing/new")
        here.context.set_offline(True)
        here.fill("#f-name", "Made on the way")
        here.locator("header .btn.pri").click()
        expect(here.locator(".unsent summary")).to_contain_text("Not sent yet: 1")
        here.fill("#f-name", "Made on the train")
        here.locator("header .btn.pri").click()
        here.locator(".unsent summary").click()
        expect(here.locator(".unsent li")).to_have_count(1)
        expect(here.locator(".unsent li")).to_contain_text("waits for a connection")
        here.context.set_offline(False)
        expect(here.locator(".unsent")).to_have_count(0)
        assert [one["name"] for one in found(visit, "t.thing")] == ["Lamp", "Made on the train"]
        _cut_off(visit)

        # Somebody else was quicker: it is not overwritten, and the form shows both.
        edit = visit.open(f"/records/t.thing/{lamp.id}/edit")
        edit.context.set_offline(True)
        edit.fill("#f-name", "My lamp")
        edit.locator("header .btn.pri").click()
        expect(edit.locator(".unsent")).to_be_visible()
        save(visit.site.workspace, access.operator(), "t.thing", {"name": "Their lamp"}, id=lamp.id)
        edit.context.set_offline(False)
        expect(edit.locator(".unsent li")).to_contain_text("somebody else has changed")
        edit.locator(".unsent summary").click()
        edit.get_by_role("button", name="Open it", exact=True).click()
        edit.get_by_role("button", name="Go on with it").click()
        expect(edit.locator("#f-name")).to_have_value("My lamp")
        edit.locator("header .btn.pri").click()
        expect(edit.get_by_role("alert")).to_contain_text("Somebody else has saved this record meanwhile")
        expect(edit.locator(".clash")).to_contain_text("Their lamp")
        assert found(visit, "t.thing")[0]["name"] == "Their lamp"
        _cut_off(visit)


def test_a_photo_taken_without_a_connection_waits_with_its_form_and_arrives_once(visits) -> None:  # type: ignore[no-untyped-def]
    with visits(**PHONE) as visit:
        here = visit.open("/records/t.thing/new")
        here.context.set_offline(True)
        here.fill("#f-name", "Seen on the way")
        here.locator("[data-field=picture] input[capture]").set_input_files(photo("shelf.png"))
        line = here.locator("[data-field=picture] [data-held] li")
        expect(line).to_contain_text("waits for a connection")
        here.locator("header .btn.pri").click()
        expect(here.locator(".unsent summary")).to_contain_text("Not sent yet: 1")
        here.context.set_offline(False)
        here.wait_for_url("**notice=created")
        expect(here.locator(".unsent")).to_have_count(0)
        (made,) = [one for one in found(visit, "t.thing") if one["name"] == "Seen on the way"]
        assert (made["picture"]["name"], made["picture"]["size"]) == ("shelf.png", len(PNG))

        # A form that was left with a file gets it back with all else that was typed; what is not wanted is not sent.
        left = visit.open("/records/t.thing/new")
        left.context.set_offline(True)
        left.fill("#f-name", "Left behind")
        left.locator("[data-field=picture] input[capture]").set_input_files(photo("door.png"))
        expect(left.locator("[data-field=picture] [data-held] li")).to_contain_text("waits for a connection")
        left.wait_for_function("JSON.stringify(localStorage).includes('local:')")
        left.context.set_offline(False)
        back = visit.open("/records/t.thing/new")
        back.get_by_role("button", name="Go on with it").click()
        expect(back.locator("[data-field=picture] [data-held] li")).to_contain_text("door.png")
        back.locator("header .btn.pri").click()
        back.wait_for_url("**notice=created")
        pictures = [one["picture"]["name"] for one in found(visit, "t.thing") if one["picture"]]
        assert pictures == ["shelf.png", "door.png"]
        _cut_off(visit)


def test_the_pages_can_be_installed_and_read_without_a_connection_until_somebody_signs_out(visits) -> None:  # type: ignore[no-untyped-def]
    with visits(**PHONE, service_workers="allow") as visit:
        lamp = pages.thing(visit.site.workspace, name="Desk lamp")
        here = visit.open(f"/records/t.thing/{lamp.id}")
        here.evaluate(
            "navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller ?? new Promise(done => {"
            "  navigator.serviceWorker.oncontrollerchange = done }))"
        )
        devtools = here.context.new_cdp_session(here)
        wanting = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
        # The windows of tests are private ones, in which Chromium installs nothing.
        assert [one["errorId"] for one in wanting] == ["in-incognito"]

        # Nothing is kept unasked.
        visit.open(f"/records/t.thing/{lamp.id}")
        here.context.set_offline(True)
        here.goto(visit.site.address + f"/records/t.thing/{lamp.id}")
        expect(here.get_by_role("heading", name="No connection")).to_be_visible()
        expect(here.locator(".kept-pages")).to_have_count(0)
        here.context.set_offline(False)

        visit.open("/todo")
        here.locator(".burger").click()
        here.locator(".side .me").click()
        here.locator("[data-act=reading]").click()
        expect(here.locator(".toasts")).to_contain_text("can be read here without a connection")
        visit.open(f"/records/t.thing/{lamp.id}")
        here.wait_for_function(
            "caches.keys().then(names => Promise.all(names.filter(n => n.startsWith('dealwright-kept-'))"
            ".map(n => caches.open(n).then(c => c.keys())))).then(all => all.flat().length === 2)"
        )
        here.context.set_offline(True)
        here.goto(visit.site.address + f"/records/t.thing/{lamp.id}")
        expect(here.locator(".banner")).to_contain_text("No connection. This page is as it was on")
        expect(here.get_by_role("heading", name="Desk lamp").first).to_be_visible()
        here.goto(visit.site.address + "/reports")
        expect(here.locator(".kept-pages a")).to_have_text(["Desk lamp", "To do"])
        here.context.set_offline(False)
        visit.open("/todo")
        here.locator(".burger").click()
        here.locator(".side .me").click()
        # The session is of all these tests: it ends for this window only.
        here.context.clear_cookies()
        here.route("**/sign-out", lambda route: route.fulfill(status=303, headers={"Location": "/sign-in"}))
        here.get_by_role("button", name="Sign out").click()
        here.wait_for_url("**/sign-in**")
        here.wait_for_function("caches.keys().then(names => !names.some(n => n.startsWith('dealwright-kept-')))")
        _cut_off(visit)


def test_a_visit_is_noted_with_its_place_and_a_photo_can_be_taken(visits) -> None:  # type: ignore[no-untyped-def]
    place = {"latitude": 31.2304, "longitude": 121.4737}
    with visits(**PHONE, geolocation=place, permissions=["geolocation"]) as visit:
        deal = pages.deal(visit.site.workspace, name="Hall")
        here = visit.open(f"/records/t.deal/{deal.id}")
        here.get_by_role("button", name="Check in here").click()
        here.wait_for_url("**notice=saved")
        (made,) = found(visit, "base.activity")
        assert made["position"] == {"lat": 31.2304, "lon": 121.4737}
        form = visit.open("/records/t.thing/new")
        expect(form.get_by_text("Take a photo")).to_be_visible()
        assert form.locator("input[capture]").get_attribute("capture") == "environment"
