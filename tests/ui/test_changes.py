"""What others change, on pages that are open, in a real browser: over a stream, and by asking where there is none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import pages
from dealwright import access
from dealwright.cli.held import web_server
from dealwright.records import Workspace, save
from dealwright.storage import Database
from windows import Site, window


@pytest.fixture(scope="module")
def site(finished_site: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The web server as ``dealwright serve`` runs it, which hands connections over."""
    folder = tmp_path_factory.mktemp("held")
    with Database(pages.copied(finished_site[0], folder / "workspace.db")) as database:
        workspace = Workspace(database, folder)
        app = pages.app(workspace)
        server = web_server(app, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield Site(f"http://127.0.0.1:{server.effective_port}", workspace, finished_site[1])
        app.extensions["dealwright.pulse"].close()
        server.close()
        thread.join(10)


def test_lists_boards_and_records_show_what_others_change_and_keep_what_is_being_done(
    browser: Browser, site: Site
) -> None:
    made = pages.deal(site.workspace, name="Quiet deal", budget="5")
    things = [pages.thing(site.workspace, name=f"Lamp {n}", amount="5") for n in range(3)]
    operator = access.operator()
    with window(browser, site) as listing, window(browser, site) as board, window(browser, site) as record:
        rows = listing.open("/records/t.thing")
        rows.locator("[data-row]").nth(1).check()
        rows.evaluate("window.same = true")
        cards = board.open("/records/t.deal/board")
        cards.locator(".deal a.t").first.focus()
        page = record.open(f"/records/t.deal/{made.id}")
        page.locator("textarea[name=text]").fill("Half a thou")
        with page.expect_request("**/changes?*", timeout=5000):
            page.reload()
        page.locator("textarea[name=text]").fill("Half a thou")

        save(site.workspace, operator, "t.thing", {"name": "Lantern"}, id=things[0].id)
        save(site.workspace, operator, "t.deal", {"name": "Loud deal"}, id=made.id)
        expect(rows.locator("#rows a.ttl", has_text="Lantern")).to_be_visible()
        expect(rows.locator("[data-row]:checked")).to_have_count(1)
        expect(rows.locator(".bulk")).to_contain_text("1 selected")
        assert rows.evaluate("window.same")
        expect(cards.locator(".deal", has_text="Loud deal")).to_be_visible()
        assert cards.evaluate("document.activeElement.closest('.deal') !== null")
        expect(page.locator(".hd h2")).to_have_text("Loud deal")
        expect(page.locator("textarea[name=text]")).to_have_value("Half a thou")
        assert page.evaluate("document.activeElement.name") == "text"

        # The form says so and leaves what is typed; the bell counts and tells.
        edit = record.open(f"/records/t.deal/{made.id}/edit")
        with edit.expect_request("**/changes?*", timeout=5000):
            edit.fill("#f-name", "Mine")
        expect(edit.locator("[data-meanwhile]")).to_be_hidden()
        save(site.workspace, operator, "t.deal", {"budget": "6"}, id=made.id)
        with site.workspace.database.read() as connection:
            user = access.session_user(connection, site.workspace.catalog(connection), site.sessions[pages.ADMIN])
        assert user is not None
        data = {"user": user.id, "owner": user.id, "title": "Deal won: Loud deal"}
        save(site.workspace, operator, "base.notification", data)
        expect(edit.locator("[data-meanwhile]")).to_be_visible()
        expect(edit.locator("#f-name")).to_have_value("Mine")
        expect(edit.locator(".toast", has_text="Deal won: Loud deal")).to_be_visible()
        expect(edit.locator(".bell .bdg")).to_have_text("1")
