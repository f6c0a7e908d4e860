"""A day of sales in real browsers, with the shipped packs: a stranger, a head of sales and a representative at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import pages
from dealwright import access, packs
from dealwright.cli.held import web_server
from dealwright.records import Work, Workspace, add_user, page, save
from dealwright.resources import shipped
from dealwright.storage import Database
from windows import Site, Visit, window

HEAD, MANAGER, REP, OTHER = "hana@example.com", "mara@example.com", "remy@example.com", "rita@example.com"


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The shipped packs as ``dealwright serve`` serves them, a head of sales and a representative of his team."""
    monkeypatch.setattr("dealwright.web.intake.QUICKEST", 0)  # a test writes quicker than people
    with Database(pages.copied(sqlite_template, tmp_path / "workspace.db")) as database:
        chosen = [packs.read(shipped("rule_packs") / name) for name in ("calendar_cn", "sales_pipeline")]
        packs.install(database, chosen, reason="test", settings={"locale": "en", "currency": "EUR"})
        made = Workspace(database, tmp_path)
        add_user(made, HEAD, "Hana Sato", pages.PASSWORD, ["sales.admin"])
        manager = add_user(made, MANAGER, "Mara Lind", pages.PASSWORD, ["sales.manager"])
        for email, name in ((REP, "Remy Blanc"), (OTHER, "Rita Gold")):
            add_user(made, email, name, pages.PASSWORD, ["sales.rep"], data={"manager": manager})
        app = pages.app(made)
        server = web_server(app, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield Site(f"http://127.0.0.1:{server.effective_port}", made, {})
        if "dealwright.pulse" in app.extensions:
            app.extensions["dealwright.pulse"].close()
        server.close()
        thread.join(10)


def listed(site: Site, entity: str) -> list[dict[str, Any]]:
    with site.workspace.database.read() as connection:
        return [dict(one) for one in page(Work(site.workspace, connection, access.operator()), entity, sort="id").items]


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


def test_a_manager_sees_the_team_s_work_gives_deals_away_agrees_to_a_discount_and_takes_the_figures_along(
    browser: Browser, site: Site
) -> None:
    people = {one["name"]: one["id"] for one in listed(site, "base.user")}
    deals = [
        {"name": "Hall one", "amount": "90000"},
        {"name": "Hall two", "amount": "40000"},
        {"name": "Hall three", "amount": "70000", "discount": "18", "discount_reason": "Three halls at once"},
    ]
    made = [
        save(site.workspace, access.operator(), "sales.opportunity", {**one, "owner": people["Remy Blanc"]})
        for one in deals
    ]
    todo = {
        "title": "Call about hall one",
        "assignee": people["Remy Blanc"],
        "about": {"entity": "sales.opportunity", "id": made[0].id},
    }
    save(site.workspace, access.operator(), "base.task", {**todo, "due": "2020-01-01T09:00:00Z"})
    with window(browser, site, session="") as manager, window(browser, site, session="") as rep:
        signed_in(manager, MANAGER, "/todo")
        page = manager.page
        page.get_by_role("link", name="My team").click()
        row = page.locator(".todo-rows li, li", has_text="Call about hall one").first
        expect(row).to_contain_text("Remy Blanc")

        # Two deals go to the colleague who has time.
        page = manager.open("/records/sales.opportunity")
        for name in ("Hall one", "Hall two"):
            page.locator("#rows tr", has_text=name).locator("[data-row]").check()
        page.get_by_label("Field to set").select_option("owner")
        page.get_by_role("button", name="Set …").click()
        page.get_by_role("combobox", name="Owner").fill("Rita")
        page.get_by_role("option", name="Rita Gold").click()
        page.get_by_role("button", name="Set for 2 records").click()
        page.wait_for_url("**notice=saved")
        expect(page.locator("#rows tr", has_text="Hall two")).to_contain_text("Rita Gold")

        # The seller asks for a discount; the manager, whose bell tells it, agrees; the seller's page says so at once.
        signed_in(rep, REP, f"/records/sales.opportunity/{made[2].id}")
        rep.page.get_by_role("button", name="Ask for approval: Discount").click()
        rep.page.wait_for_url("**notice=**")
        page = manager.open("/approvals")
        card = page.locator(".approval", has_text="Hall three")
        expect(card).to_contain_text("Asked for by Remy Blanc")
        card.get_by_label("Comment", exact=True).fill("For three halls it is fair")
        card.get_by_role("button", name="Approve").click()
        expect(page.locator(".page")).to_contain_text("Nothing waits for you.")
        expect(rep.page.locator(".approval")).to_contain_text("For three halls it is fair")

        # From the dashboard to a report, to the records behind a figure, and away with it as a sheet.
        page = manager.open("/dashboards/sales.overview")
        page.get_by_role("link", name="Sales funnel").click()
        page.locator(".figures tbody a").first.click()
        expect(page.locator("a.ttl")).to_have_count(3)
        page.go_back()
        page.get_by_role("button", name="More").click()
        with page.expect_download() as sheet:
            page.get_by_role("link", name="Export as CSV").click()
        assert sheet.value.suggested_filename == "sales.funnel.csv"
        assert Path(sheet.value.path()).read_text("utf-8-sig").startswith("Stage,")
        assert [one["owner"] for one in listed(site, "sales.opportunity")].count(people["Rita Gold"]) == 2
