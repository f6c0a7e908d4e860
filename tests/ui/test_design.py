"""The story of the designers in a real browser: an administrator changes the opportunity, a seller meets it, it is taken back."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from waitress.server import create_server

import pages
from dealwright import access, packs
from dealwright.packs import whole
from dealwright.records import Workspace, add_user, save
from dealwright.resources import shipped
from dealwright.storage import Database, accounts
from windows import Site, Visit, inaccessible

SELLER, MANAGER = "lin@example.com", "wang@example.com"


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of the shipped sales pack, with an administrator, a manager and a seller."""
    folder = tmp_path_factory.mktemp("designed")
    with Database(pages.copied(sqlite_template, folder / "workspace.db")) as database:
        pack = packs.read(shipped("rule_packs") / "sales_pipeline")
        packs.install(database, [pack], reason="The first definitions", settings=pages.SETTINGS)
        workspace = Workspace(database, folder)
        add_user(workspace, pages.ADMIN, "Ada Berg", pages.PASSWORD, [access.ADMIN_ROLE])
        add_user(workspace, MANAGER, "Wang Fang", pages.PASSWORD, ["sales.manager"])
        add_user(workspace, SELLER, "Lin Yu", pages.PASSWORD, ["sales.rep"])
        with database.read() as connection:
            ids = {email: accounts.by_email(connection, email) for email in (pages.ADMIN, MANAGER, SELLER)}
        people = {email: one.user for email, one in ids.items() if one is not None}
        save(workspace, access.operator(), "base.user", {"manager": people[MANAGER]}, id=people[SELLER])
        about = {"owner": people[SELLER], "name": "Warehouse robots", "amount": "500000"}
        save(workspace, access.operator(), "sales.opportunity", about)
        sessions = {email: access.sign_in(workspace, email, pages.PASSWORD)[0] for email in people}
        server = create_server(pages.app(workspace), host="127.0.0.1", port=0, threads=8)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield Site(f"http://127.0.0.1:{server.effective_port}", workspace, sessions)
        server.close()
        thread.join(10)


def begin(page: Page, title: str) -> str:
    """Begin a draft in the window and return its address."""
    page.get_by_label("Title of the draft").fill(title)
    page.get_by_role("button", name="Begin a draft").click()
    page.wait_for_url("**/admin/drafts/*-*/")
    return page.url


def checked(page: Page, said: str = "No problems") -> None:
    """Wait until what was typed is saved and the checks have said so."""
    expect(page.locator("#saved")).to_have_text("Saved", timeout=20_000)
    expect(page.locator("#verdict")).to_contain_text(said, timeout=20_000)


def step(page: Page, number: int, title: str, who: str) -> None:
    """Write one step of an approval."""
    card = page.locator(".node.step").nth(number)
    if not card.locator("details").first.evaluate("one => one.open"):
        card.locator("summary").first.click()
    card.get_by_label("Title").fill(title)
    card.locator("[data-who]").select_option(label=who)


def test_a_field_and_three_steps_are_published_met_and_taken_back(
    visit: Visit, visits: Callable[..., AbstractContextManager[Visit]]
) -> None:
    page = visit.open("/admin/drafts/")
    draft = begin(page, "Cost centres")
    # A field, of which the checks say at once what is wrong.
    page.get_by_role("link", name="Entities", exact=True).last.click()
    page.get_by_role("link", name="Opportunity", exact=True).click()
    page.get_by_role("link", name="Add a field").click()
    page.get_by_label("English").fill("Cost centre")
    page.get_by_label("中文").fill("成本中心")
    page.locator("label.choice", has_text="One choice").click()
    page.get_by_role("button", name="Add the field").click()
    page.wait_for_url("**/fields/c__cost_centre/")
    page.locator("[data-setting=options] input[name$=title]").first.fill("North")
    page.get_by_role("button", name="Add a choice").click()
    page.locator("[data-setting=options] input[name$=title]").last.fill("South")
    page.get_by_label("Required", exact=True).check()
    page.get_by_label("Shown when").fill("amuont > 1000")
    checked(page, "did you mean “amount”?")
    expect(page.locator("[data-setting=visible_when] .err")).to_contain_text("did you mean “amount”?")
    page.get_by_label("Shown when").fill("amo")
    page.get_by_label("Shown when").press("End")
    page.get_by_label("Shown when").press_sequentially("u")
    page.get_by_role("option", name="amount", exact=False).first.click()
    page.get_by_label("Shown when").press_sequentially(" > 10")
    # The same by choosing: the text comes as a row, and the row is written as text.
    chosen = page.locator("[data-setting=visible_when]")
    chosen.get_by_role("button", name="By choosing").click()
    expect(chosen.get_by_label("Field", exact=True)).to_have_value("amount")
    chosen.get_by_label("Value").fill("1,000")
    chosen.get_by_role("button", name="Condition", exact=True).click()
    chosen.get_by_label("Field", exact=True).last.select_option(label="Account")
    chosen.get_by_label("Field of it").select_option(label="Name")
    chosen.get_by_label("Comparison").last.select_option(label="is empty")
    chosen.get_by_label("All or any").select_option(label="Any of these")
    expect(page.get_by_label("Shown when")).to_have_value("amount > 1000 || account.name == null")
    chosen.get_by_role("button", name="Remove").last.click()
    expect(page.get_by_label("Shown when")).to_have_value("amount > 1000")
    chosen.get_by_role("button", name="As text").click()
    expect(page.get_by_label("Shown when")).to_be_visible()
    checked(page)
    # An approval of three steps, and who would decide a record now.
    page.goto(f"{draft}approvals/")
    page.get_by_role("button", name="New approval").click()
    page.get_by_label("English").fill("Large deal")
    page.get_by_label("Of records of").select_option(label="Opportunity")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/approvals/c.large_deal/")
    page.get_by_label("Only when").first.fill("amount > 1000")
    step(page, 0, "Manager", "Manager of the owner")
    page.get_by_role("button", name="Add a step here").last.click()
    page.wait_for_url("**open=step**")
    step(page, 1, "Sales administration", "Ada Berg")
    page.get_by_role("button", name="Add a step here").last.click()
    page.wait_for_url("**open=step_2**")
    step(page, 2, "Management", "Administrator")
    page.locator(".node.step").nth(2).get_by_label("To be decided within").fill("2")
    checked(page)
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#trial")).to_contain_text("Wang Fang")
    expect(page.locator("#trial li")).to_have_count(3)
    # The plan says what it will do; a reason is asked; then it is in force.
    page.get_by_role("button", name="Publish…").click()
    page.wait_for_url("**/publish/")
    expect(page.locator("main")).to_contain_text("New field “Cost centre” (One choice)")
    expect(page.locator("main")).to_contain_text("of 1 records, 1 would need it, 1 newly")
    expect(page.locator("main")).to_contain_text("1 records have nothing in it yet")
    page.get_by_label("Why").fill("Finance asks for it")
    page.get_by_role("button", name="Publish now").click()
    page.wait_for_url("**/admin/revisions/**notice=published")
    with visit.site.workspace.database.read() as connection:
        pulled = whole.files(connection)
    fields = {one["path"]: one for one in pulled["overlay/entity.json"]["changes"]}
    assert fields["entity:sales.opportunity#/properties/c__cost_centre"]["value"]["visible_when"] == "amount > 1000"
    (approval,) = pulled["overlay/approval.json"]["changes"]
    steps = approval["value"]["steps"]
    assert [one["title"] for one in steps] == ["Manager", "Sales administration", "Management"]
    assert (steps[2]["due"], steps[2]["approvers"]) == ("P2WD", [{"role": "base.admin"}])
    # A seller meets both.
    with visits(session=SELLER) as other:
        seller = other.open("/records/sales.opportunity/new")
        seller.locator("#f-name").fill("Cold store")
        seller.locator("#f-amount").fill("2000")
        seller.locator("#f-amount").press("Tab")
        seller.get_by_label("Cost centre").select_option(label="South")
        seller.locator("header .btn.pri").click()
        seller.wait_for_url("**notice=created")
        record = seller.url.partition("?")[0]
        expect(seller.locator("main")).to_contain_text("South")
        seller.goto(f"{record}/approvals/outlook?approval=c.large_deal")
        expect(seller.locator("ol.reasons > li")).to_have_count(3)
        expect(seller.locator("ol.reasons")).to_contain_text("Wang Fang")
        # The administrator goes back with one click, and the seller meets neither.
        page.goto(f"{visit.site.address}/admin/revisions/")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Go back to it").click()
        page.wait_for_url("**notice=rolled_back**")
        expect(page.locator("main")).to_contain_text("The first definitions")
        seller.goto(record)
        expect(seller.locator("main")).to_contain_text("Cold store")
        expect(seller.locator("main")).not_to_contain_text("South")
        expect(seller.locator("main")).not_to_contain_text("Large deal")


def test_an_admin_writes_a_rule_without_json_a_seller_sets_it_off_and_a_weight_moves_the_records(
    visit: Visit, visits: Callable[..., AbstractContextManager[Visit]]
) -> None:
    page = visit.open("/admin/drafts/")
    draft = begin(page, "Big deals")
    page.goto(f"{draft}rules/")
    page.get_by_role("button", name="New rule").click()
    new = page.locator("#new-rule")
    new.get_by_label("English").fill("Look at big deals")
    new.get_by_label("中文").fill("关注大额商机")
    new.get_by_label("Of records of").select_option(label="Opportunity")
    new.get_by_role("button", name="Make it").click()
    page.wait_for_url("**/rules/c.look_at_big_deals/")
    page.locator("#r-if").fill("amuont > 900000")
    checked(page, "did you mean “amount”?")
    page.locator("#r-if").fill('amount > 900000 && status == "open"')
    page.get_by_label("What it says").fill("Call {name}")
    checked(page)
    expect(page.locator(".story")).to_contain_text("If Amount is more than 900000 and Status is Open")
    expect(page.locator(".story")).to_contain_text("Make a task “Call {name}” for Owner, due within 3 days")
    # A second action: the page is drawn anew with the inputs of the one that is chosen.
    page.get_by_role("button", name="Do something else here").last.click()
    page.wait_for_url("**open=1**")
    page.locator("#a1-do").select_option("notify")
    expect(page.locator("#a1-to")).to_have_value("owner", timeout=20_000)
    page.locator("#a1-title").fill("{name} is big")
    checked(page)
    page.get_by_role("button", name="On which records would it act now?").click()
    expect(page.locator("#trial")).to_contain_text("Holds for 0 of", timeout=20_000)
    page.get_by_role("button", name="Why, or why not?").click()
    expect(page.locator("#trial")).to_contain_text("The condition does not hold for this record now", timeout=20_000)
    # The weight of a factor, and at once how the records there are would move.
    page.goto(f"{draft}scores/sales.heat/")
    expect(page.locator("#distribution svg.chart")).to_be_visible(timeout=20_000)
    expect(page.locator("#distribution")).to_contain_text(re.compile(r"0 of \d+ records have another score"))
    page.locator("#amount").get_by_label("Weight").fill("40")
    expect(page.locator("#distribution")).to_contain_text(
        re.compile(r"[1-9] of \d+ records have another score"), timeout=20_000
    )
    checked(page)
    page.get_by_role("button", name="Publish…").click()
    page.wait_for_url("**/publish/")
    expect(page.locator("main")).to_contain_text("New: Rule “Look at big deals”")
    page.get_by_label("Why").fill("Nobody overlooks them any more")
    page.get_by_role("button", name="Publish now").click(timeout=60_000)
    page.wait_for_url("**/admin/revisions/**notice=published", timeout=60_000)
    with visit.site.workspace.database.read() as connection:
        pulled = whole.files(connection)
    (rule,) = [one for one in pulled["overlay/rule.json"]["changes"] if one["op"] == "add"]
    assert rule["value"]["then"] == [
        {"do": "create_task", "assignee": "owner", "title": "Call {name}", "due": "P3D"},
        {"do": "notify", "to": "owner", "title": "{name} is big"},
    ]
    # A seller's save sets it off, and the record says why.
    with visits(session=SELLER) as other:
        seller = other.open("/records/sales.opportunity/new")
        seller.locator("#f-name").fill("Cold chain")
        seller.locator("#f-amount").fill("950000")
        seller.locator("header .btn.pri").click()
        seller.wait_for_url("**notice=created")
        record = seller.url.partition("?")[0]
        expect(seller.locator("main")).to_contain_text("Call Cold chain")
        seller.goto(f"{record}/why?rule=c.look_at_big_deals")
        expect(seller.locator("main")).to_contain_text("amount > 900000")


def test_a_form_for_one_role_is_laid_out_by_keyboard_previewed_on_a_phone_and_met_by_that_role_alone(
    visit: Visit, visits: Callable[..., AbstractContextManager[Visit]]
) -> None:
    page = visit.open("/admin/drafts/")
    draft = begin(page, "Leads of sellers")
    page.goto(f"{draft}views/")
    page.get_by_role("button", name="New view").press("Enter")
    page.get_by_label("English").press_sequentially("Lead of sellers")
    page.get_by_label("Of records of").select_option(label="Lead")
    page.get_by_label("For whom").select_option(label="Sales representative")
    page.get_by_role("button", name="Make it").press("Enter")
    page.wait_for_url("**/views/c.lead_of_sellers/")
    # What stood on one page becomes the first of two tabs; the second gets a section that not every lead shows.
    page.get_by_role("button", name="Tab", exact=True).press("Enter")
    page.wait_for_url("**open=tab_2**")
    page.get_by_role("button", name="Section", exact=True).last.press("Enter")
    page.wait_for_url("**open=section**")
    page.get_by_label("Heading").last.fill("Large company")
    page.get_by_role("button", name="By choosing").last.press("Enter")
    rows = page.locator("dw-conditions:not([hidden])")
    rows.get_by_label("Field", exact=True).select_option(label="Employees")
    rows.get_by_label("Comparison").select_option(label="is more than")
    rows.get_by_label("Value").press_sequentially("100")
    expect(page.get_by_label("Shown when").last).to_have_value("employees > 100")
    industry = page.locator("[data-place=industry]")
    industry.locator("summary").press("Enter")
    industry.get_by_label("Stands under").select_option(label="New tab · New section")
    phone = page.locator("[data-place=phone] summary")
    for _ in range(2):
        phone.press("Alt+ArrowUp")
    expect(phone).to_be_focused()
    expect(page.locator("[data-said]")).to_contain_text("Phone: place 1 of")
    checked(page)
    # The form of a seller, from the draft: on a phone, then on a desk.
    preview = page.frame_locator("[data-shown] iframe")
    expect(preview.locator("main")).to_contain_text("Preview as Sales representative", timeout=20_000)
    assert page.locator("[data-shown] iframe").evaluate("one => one.contentWindow.innerWidth") < 400
    large = preview.locator("[data-section^=section]").filter(has_text="Large company")
    preview.get_by_label("Employees").fill("500")
    preview.get_by_text("New tab", exact=True).click()
    expect(large).to_be_visible()
    page.get_by_role("button", name="On a desk").press("Enter")
    assert page.locator("[data-shown] iframe").evaluate("one => one.contentWindow.innerWidth") == 1200
    page.get_by_role("button", name="Publish…").press("Enter")
    page.wait_for_url("**/publish/")
    page.get_by_label("Why").fill("Sellers see what they need")
    page.get_by_role("button", name="Publish now").press("Enter")
    page.wait_for_url("**/admin/revisions/**notice=published")
    with visit.site.workspace.database.read() as connection:
        changes = whole.files(connection)["overlay/view.json"]["changes"]
    document = next(one["value"] for one in changes if one["path"] == "view:c.lead_of_sellers#")
    assert document["roles"] == ["sales.rep"] and [one["id"] for one in document["tabs"]] == ["tab", "tab_2"]
    assert document["fields"]["phone"]["order"] < document["fields"]["name"]["order"]
    with visits(session=SELLER) as other:
        seller = other.open("/records/sales.lead/new")
        seller.get_by_label("Employees").fill("500")
        seller.get_by_text("New tab", exact=True).click()
        expect(seller.locator("[data-section^=section]").filter(has_text="Large company")).to_be_visible()
        expect(seller.get_by_label("Industry")).to_be_visible()
    with visits(session=MANAGER) as other:
        manager = other.open("/records/sales.lead/new")
        expect(manager.get_by_label("Industry")).to_be_visible()
        expect(manager.locator("main")).not_to_contain_text("Large company")


def test_designers_fit_every_screen_and_nothing_in_them_is_inaccessible(
    visits: Callable[..., AbstractContextManager[Visit]], axe: str
) -> None:
    found: list[str] = []
    with visits() as visit:
        draft = begin(visit.open("/admin/drafts/"), "Looked at").partition("127.0.0.1")[2].partition("/")[2]
        page = visit.open(f"/{draft}entities/sales.opportunity/fields/amount/")
        page.get_by_label("Title").fill("Value")
        checked(page)
        field = visit.open(f"/{draft}entities/sales.opportunity/fields/add/")
        field.get_by_label("English").fill("Size")
        field.locator("label.choice", has_text="One choice").click()
        field.get_by_role("button", name="Add the field").click()
        field.wait_for_url("**/fields/c__size/")
        rules = visit.open(f"/{draft}rules/")
        rules.get_by_role("button", name="New rule").click()
        rules.locator("#new-rule").get_by_label("English").fill("Looked at")
        rules.locator("#new-rule").get_by_label("Of records of").select_option(label="Opportunity")
        rules.locator("#new-rule").get_by_role("button", name="Make it").click()
        rules.wait_for_url("**/rules/c.looked_at/")
        page = visit.open(f"/{draft}")
        page.get_by_role("button", name="Publish…").click()
        page.wait_for_url("**/publish/")
    addresses = (
        "admin/drafts/", draft, f"{draft}entities/", f"{draft}entities/sales.opportunity/",
        f"{draft}entities/sales.opportunity/fields/add/", f"{draft}entities/sales.opportunity/fields/c__size/",
        f"{draft}entities/sales.opportunity/fields/amount/", f"{draft}approvals/", f"{draft}approvals/sales.discount/",
        f"{draft}views/", f"{draft}views/sales.opportunity_page/", f"{draft}views/sales.lead_page/?open=company",
        f"{draft}pipelines/", f"{draft}pipelines/sales.standard/?open=won", f"{draft}parameters/",
        f"{draft}parameters/sales/", f"{draft}calendars/base.working_hours/",
        f"{draft}slas/sales.lead_response/", f"{draft}messages/sales.stall/", f"{draft}messages/",
        f"{draft}rules/", f"{draft}rules/sales.stall/", f"{draft}rules/c.looked_at/", f"{draft}scores/",
        f"{draft}scores/sales.heat/?open=amount", f"{draft}tables/sales.opportunity/tier/",
        f"{draft}roles/sales.rep/?beside=sales.manager", f"{draft}publish/", "admin/revisions/", "admin/packs/",
    )  # fmt: skip
    phone = {"viewport": {"width": 360, "height": 760}, "is_mobile": True, "has_touch": True}
    # Every page in one of two ways: dark on a desk, or in Chinese on a phone.
    for number, options in enumerate(({"theme": "dark"}, {"language": "zh-CN", **phone})):
        with visits(**options) as visit:
            for address in addresses[number::2]:
                page = visit.open(f"/{address}")
                found += [f"{address}: {one}" for one in inaccessible(page, axe)]
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
    assert found == []
