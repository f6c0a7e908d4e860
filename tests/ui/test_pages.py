"""Every page, in two languages, light and dark, at a desk and on phones: no fault, no overflow, nothing inaccessible."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import pages
from dealwright import access, clock
from dealwright.records import importing, save
from dealwright.web.assets import STATIC
from windows import Site, Visit, inaccessible

WIDTHS = {"phone": 390, "desk": 1440}
#: What is looked at each time; the other languages, themes and widths are `make nightly`.
EACH_TIME = {("en", "light", "desk"), ("zh-CN", "dark", "phone")}
#: Where pictures of the pages go, if anywhere.
PICTURES = os.environ.get("DEALWRIGHT_TEST_PICTURES")
#: Addresses that answer with data, a file, or a part of a page that is opened anyway.
NO_PAGES = {
    f"web.{name}"
    for name in (
        *("home", "conditions", "changes", "unread", "export", "lookup", "palette", "file", "quick"),
        *("rejects", "report_export", "snapshot"),
    )
}


@pytest.fixture(scope="module")
def addresses(site: Site) -> dict[str, str]:
    """Every kind of page, with something on it."""
    other = pages.thing(site.workspace, name="Blue lamp with a long name for a phone", amount="1234567.89")
    lines = [{"item": "Bulb", "qty": 2, "each": "3"}]
    data = {"size": "l", "kinds": ["a", "b"], "steps": {"one": True}, "tags": ["red"], "lines": lines}
    data |= {
        "other": other.id,
        "story": "# Head\n\n- a\n- b",
        "raw": {"a": 1},
        "url": "https://example.com",
        "stars": 3,
    }
    made = pages.thing(site.workspace, name="Lamp", **data)
    save(site.workspace, access.operator(), "t.thing", {"discount": "20", "reason": "why"}, id=made.id)
    with site.workspace.database.read() as connection:
        ada = access.session_user(connection, site.workspace.catalog(connection), site.sessions[pages.ADMIN])
    assert ada is not None
    team = [{"person": ada.id, "role": role} for role in ("sales", "delivery")]
    lease = pages.lease(site.workspace, name="A lease with a long name for a phone", crew=team)
    about = {"entity": "t.lease", "id": lease.id}
    save(site.workspace, ada, "base.comment", {"about": about, "text": "The customer decides on Friday.\nCall before."})
    save(site.workspace, ada, "base.task", {"about": about, "title": "Measure the hall", "assignee": ada.id})
    deal = pages.deal(site.workspace, name="A deal with a long name for a phone", budget="5000")
    asked = pages.asked(site.workspace, site.sessions, deal.id)
    fresh = pages.deal(site.workspace, name="Not asked yet", budget="70")
    pages.asked(site.workspace, site.sessions, pages.deal(site.workspace, name="Small", budget="60").id)
    late = (clock.now() - timedelta(days=3)).isoformat()
    about = {"entity": "t.deal", "id": deal.id}
    task = {"title": "Call the customer of a long name", "assignee": ada.id, "due": late, "about": about}
    save(site.workspace, access.operator(), "base.task", task)
    content = io.BytesIO(b"Name,Other,Amount\nLamp,Lamp,1\nBad,Nobody,-1\n")
    imported = importing.take(site.workspace, ada, "t.thing", content, "a file with a long name.csv")
    funnel = pages.Person(pages.app(site.workspace), site.sessions[pages.ADMIN]).get("/reports/t.funnel").text
    behind = re.search(r'href="(/reports/t.funnel/records[^"]+figure=entered[^"]*)"', funnel)
    assert behind is not None
    return {
        "new plan": "/records/t.plan/new",
        "to do": "/todo",
        "calendar": "/todo?shape=calendar",
        "import": "/records/t.thing/import",
        "columns of an import": f"/records/t.thing/import/{imported}",
        "why not": f"/records/t.deal/{deal.id}/why?rule=t.big",
        "inbox": "/approvals",
        "who would decide": f"/records/t.deal/{fresh.id}/approvals/outlook?approval=t.budget",
        "absences": "/absences",
        "a mail's link": f"/approvals/mail/{pages.linked(site.workspace, asked)}",
        "asked for": "/approvals?mine=asked",
        "decided before": f"/records/t.deal/{asked}",
        "board": "/records/t.deal/board",
        "space": f"/records/t.lease/{lease.id}/space",
        "public form": "/forms/t.enquiry",
        "search": "/search?q=lamp",
        "reports": "/reports",
        "out of the ordinary": "/reports/unusual",
        "records of a figure": behind[1].replace("&amp;", "&"),
        "notifications": "/notifications",
        "report": "/reports/t.funnel?compare=previous&since=2026-01-01",
        "dashboard": "/dashboards/t.overview",
        "list": "/records/t.thing",
        "filter": "/records/t.thing?filter=amuont",
        "nothing found": "/records/t.thing?q=zzz",
        "form": "/records/t.thing/new",
        "edit": f"/records/t.thing/{made.id}/edit",
        "record": f"/records/t.thing/{made.id}",
        "deal": f"/records/t.deal/{deal.id}",
        "users": "/admin/users/",
        "new user": "/admin/users/new/",
        "rules": "/admin/rules/",
        "decisions": "/admin/decisions/",
        "entity": "/admin/entities/details/?id=t.thing",
    }


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [
        pytest.param(*mode, id="-".join(mode), marks=() if mode in EACH_TIME else pytest.mark.nightly)
        for mode in itertools.product(("en", "zh-CN"), ("light", "dark"), WIDTHS)
    ],
)
def test_no_page_has_a_fault_is_inaccessible_or_wider_than_the_screen(
    visits,  # type: ignore[no-untyped-def]
    addresses: dict[str, str],
    axe: str,
    language: str,
    theme: str,
    width: str,
) -> None:
    found = []
    touch = width == "phone"
    size = {"width": WIDTHS[width], "height": 800}
    with visits(language=language, theme=theme, viewport=size, is_mobile=touch, has_touch=touch) as visit:
        for name, address in {**addresses, "sign-in": "/sign-in"}.items():
            if name == "sign-in":
                visit.page.context.clear_cookies()
            page = visit.open(address)
            found += [f"{name}: {one}" for one in inaccessible(page, axe)]
            for narrow in (WIDTHS[width], 320) if touch else (WIDTHS[width],):
                page.set_viewport_size({**size, "width": narrow})
                over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                found += [f"{name}: {over} pixels wider than {narrow}"] if over > 0 else []
            page.set_viewport_size(size)
            if PICTURES:
                to = Path(PICTURES) / f"{name} {language} {theme} {width}.jpg"
                page.screenshot(path=to, type="jpeg", quality=70, full_page=True)
            if not touch and language == "en":
                found += [f"{name}: {one}" for one in heavy(page)]
    assert found == [], "\n".join(found)


def heavy(page: Page) -> list[str]:
    """Return in what a page weighs more than its budget: bytes as gzip sends them, requests, nodes."""
    loaded = page.evaluate("performance.getEntriesByType('resource').map(one => new URL(one.name).pathname)")
    loaded = [one for one in loaded if one.startswith("/static/")]
    weighed = {ending: {one for one in loaded if one.endswith(f".{ending}")} for ending in ("js", "css")}
    found = []
    for ending, most in {"js": 80 if "/admin/" in page.url else 40, "css": 20}.items():
        weight = sum((STATIC / f"{one.removeprefix('/static/')}.gz").stat().st_size for one in weighed[ending]) / 1024
        found += [f"{weight:.1f} KB of {ending}, {most} at most"] if weight > most else []
    html = len(gzip.compress(page.content().encode())) / 1024
    found += [f"{html:.1f} KB of HTML, 25 at most"] if html > 25 else []
    found += [f"{len(loaded)} requests, 10 at most: {loaded}"] if len(loaded) > 10 else []
    nodes = page.evaluate("document.querySelectorAll('*').length")
    return found + ([f"{nodes} nodes, 2,500 at most"] if nodes > 2500 else [])


def test_the_sweep_opens_every_kind_of_page(site: Site, addresses: dict[str, str]) -> None:
    app = pages.app(site.workspace)
    urls = app.url_map.bind("localhost")
    opened = {urls.match(one.partition("?")[0])[0] for one in (*addresses.values(), "/sign-in")}
    shown = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert {one for one in shown if one.startswith("web.")} - opened == NO_PAGES


def test_the_search_narrows_while_somebody_types_and_keeps_the_focus(visit: Visit, addresses: dict[str, str]) -> None:
    page = visit.open(addresses["list"])
    expect(page.locator("#rows tbody tr")).to_have_count(2)
    page.locator("#q").press_sequentially("blue")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    assert "q=blue" in page.url
    assert page.evaluate("document.activeElement.id") == "q"


def test_a_head_sorts_without_loading_the_page(visit: Visit, addresses: dict[str, str]) -> None:
    page = visit.open(addresses["list"])
    page.evaluate("window.same = true")
    page.locator("#rows th a", has_text="Amount").click()
    expect(page.locator("#rows th[aria-sort=ascending]")).to_have_text("Amount")
    assert page.evaluate("window.same")


def test_a_phone_shows_cards_and_a_drawer(visits, addresses: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    with visits(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True) as visit:
        page = visit.open(addresses["list"])
        expect(page.locator("#rows thead")).to_be_hidden()
        expect(page.locator(".tabbar")).to_be_visible()
        expect(page.locator(".side")).to_be_hidden()
        page.locator("[data-act=drawer]").click()
        expect(page.locator(".side")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".side")).to_be_hidden()


def test_dark_and_light_are_switched_and_remembered(visit: Visit, addresses: dict[str, str]) -> None:
    page = visit.open(addresses["list"])
    page.locator("[popovertarget=me]").click()
    page.locator("[data-act=theme]").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert (
        page.evaluate("getComputedStyle(document.body).colorScheme || document.documentElement.dataset.theme") == "dark"
    )


def test_the_keyboard_reaches_search_and_new_and_a_link_skips_the_navigation(
    visit: Visit, addresses: dict[str, str]
) -> None:
    page = visit.open(addresses["list"])
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("c")
    assert page.url.endswith("t.thing") or "q=c" in page.url
    page.locator("#q").evaluate("one => one.blur()")
    page.keyboard.press("c")
    page.wait_for_url("**/records/t.thing/new")


def test_the_keyboard_walks_down_and_up_a_list_and_opens_a_record(visit: Visit, addresses: dict[str, str]) -> None:
    page = visit.open(addresses["list"])
    names = page.locator("#rows a.ttl")
    page.keyboard.press("j")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("j")
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/records/t.thing/*-*")


def test_what_ends_a_record_asks_first_and_no_means_no(visit: Visit) -> None:
    made = pages.deal(visit.site.workspace, name="Stay", budget="5")
    page = visit.open(f"/records/t.deal/{made.id}")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Lost").click()
    assert asked == ["Move to “Lost”?"]
    expect(page.locator("[aria-current=step]")).to_have_text("Lead")


def test_a_stage_is_changed_by_a_click_and_a_refusal_says_what_is_missing(visit: Visit) -> None:
    made = pages.deal(visit.site.workspace, name="Moving")
    page = visit.open(f"/records/t.deal/{made.id}")
    page.get_by_role("button", name="Offer").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the budget first")
    page.get_by_role("link", name="Fill it in").click()
    page.fill("#f-budget", "10")
    page.locator("header .btn.pri").click()
    page.wait_for_url("**notice=saved")
    page.get_by_role("button", name="Offer").click()
    page.wait_for_url("**notice=moved")
    expect(page.locator("[aria-current=step]")).to_have_text("Offer")


def test_a_decision_opens_to_its_reasons(visit: Visit) -> None:
    made = pages.deal(visit.site.workspace, name="Large", budget="9000")
    page = visit.open(f"/records/t.deal/{made.id}")
    decision = page.locator(".judged details", has_text="Big deals").last
    decision.locator("summary").click()
    expect(decision).to_contain_text("budget > 1000")


def test_the_console_does_to_many_rows_what_was_chosen_for_them(visit: Visit) -> None:
    from dealwright import clock
    from dealwright.storage import outbox

    now, ids = clock.now(), clock.new_ids(2)
    with visit.site.workspace.database.write() as connection:
        outbox.put(
            connection,
            [{"id": i, "at": now, "channel": "webhook", "target": "erp", "payload": {}, "key": i} for i in ids],
        )
        for one in ids:
            outbox.dead(connection, one, "refused", now)
    page = visit.open("/admin/outbox/")
    expect(page.locator("#bulk")).to_be_hidden()
    page.locator("[data-all]").check()
    expect(page.locator("#bulk")).to_contain_text("2 selected")
    page.get_by_role("button", name="Skip").click()
    page.wait_for_url("**notice=done")
    expect(page.locator("tbody .pill", has_text="skipped")).to_have_count(2)


def test_a_first_page_is_quick_and_does_not_jump(visit: Visit, addresses: dict[str, str]) -> None:
    page = visit.page
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(one => { window.shift += one.value; }))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    visit.open(addresses["list"])
    assert page.evaluate("window.shift") < 0.01
    assert page.evaluate("performance.getEntriesByType('resource').length") <= 10


def test_going_back_shows_the_list_as_it_was(visit: Visit, addresses: dict[str, str]) -> None:
    page = visit.open(addresses["list"])
    rows = page.locator("#rows tbody tr").count()
    page.locator("#q").press_sequentially("blue")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.locator("#rows tbody tr")).to_have_count(rows)
    expect(page.locator(".side")).to_be_visible()
