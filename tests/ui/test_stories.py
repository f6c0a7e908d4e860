"""A day of sales in real browsers, with the shipped packs: a stranger, a head of sales and a representative at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import pages
from dealwright import access, packs
from dealwright.cli.held import web_server
from dealwright.records import Workspace, add_user, save
from dealwright.resources import shipped
from dealwright.storage import Database
from windows import Site, Visit, window

HEAD, REP = "hana@example.com", "remy@example.com"


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The shipped packs as ``dealwright serve`` serves them, a head of sales and a representative of his team."""
    monkeypatch.setattr("dealwright.web.intake.QUICKEST", 0)  # a test writes quicker than people
    with Database(pages.copied(sqlite_template, tmp_path / "workspace.db")) as database:
        chosen = [packs.read(shipped("rule_packs") / name) for name in ("calendar_cn", "sales_pipeline")]
        packs.install(database, chosen, reason="test", settings={"locale": "en", "currency": "EUR"})
        made = Workspace(database, tmp_path)
        for email, name, role in ((HEAD, "Hana Sato", "sales.admin"), (REP, "Remy Blanc", "sales.rep")):
            add_user(made, email, name, pages.PASSWORD, [role])
        app = pages.app(made)
        server = web_server(app, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield Site(f"http://127.0.0.1:{server.effective_port}", made, {})
        if "dealwright.pulse" in app.extensions:
            app.extensions["dealwright.pulse"].close()
        server.close()
        thread.join(10)


def signed_in(visit: Visit, email: str, to: str) -> None:
    """Sign in as people do, and end where one wanted to go."""
    page = visit.open(to)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(pages.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{to}")


def test_a_lead_from_the_website_reaches_the_head_of_sales_then_the_seller_and_word_comes_back(
    browser: Browser, site: Site
) -> None:
    phone = {"viewport": {"width": 390, "height": 800}, "is_mobile": True, "has_touch": True}
    with (
        window(browser, site, session="") as head,
        window(browser, site, session="", **phone) as rep,
        window(browser, site, session="", java_script_enabled=False) as stranger,
    ):
        for visit, email in ((head, HEAD), (rep, REP)):
            with visit.page.expect_request("**/changes?*", timeout=60_000):
                signed_in(visit, email, "/records/sales.lead")
            expect(visit.page.locator("#rows")).to_contain_text("No Leads yet")

        # A stranger writes from the website, without scripts. Who keeps the queue sees it come; nobody else does.
        form = stranger.open("/forms/sales.website")
        form.get_by_label("Your name").fill("Wang Fang")
        form.get_by_label("Company").fill("Nanjing Hall Ltd")
        form.get_by_label("E-mail").fill("wang@example.com")
        form.get_by_label("How can we help?").fill("Two halls, from spring")
        form.get_by_role("button", name="Send").click()
        expect(form.get_by_role("status")).to_contain_text("Thank you")
        row = head.page.locator("#rows tr", has_text="Wang Fang")
        expect(row).to_contain_text("Website form")
        expect(rep.page.locator("#rows")).to_contain_text("No Leads yet")

        # It is given to the seller, whose phone shows it at once; he opens it and tells the head of sales.
        with site.workspace.database.read() as connection:
            catalog = site.workspace.catalog(connection)
            mine = next(one["value"] for one in rep.page.context.cookies() if one["name"] == "dw_session")
            user = access.session_user(connection, catalog, mine)
        assert user is not None
        lead = str(row.get_attribute("id")).removeprefix("r-")
        save(site.workspace, access.operator(), "sales.lead", {"owner": user.id}, id=lead)
        rep.page.locator("#rows a.ttl", has_text="Wang Fang").click()
        rep.page.wait_for_url(f"**/{lead}")
        expect(rep.page.locator(".rec")).to_contain_text("Two halls, from spring")
        rep.page.locator("textarea[name=text]").fill("Called her. @Hana Sato she asks for the price of two halls")
        rep.page.get_by_role("button", name="Comment").click()
        rep.page.wait_for_url("**notice=saved")
        expect(head.page.locator(".toast", has_text="Remy Blanc: Wang Fang")).to_be_visible()
        expect(head.page.locator(".bell .bdg")).to_have_text("1")
