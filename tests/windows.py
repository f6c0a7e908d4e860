"""Browser windows that notice every fault of the pages they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route

import pages
from dealwright.records import Workspace

#: Refusals that a test asks for: the browser notes each in its console.
_EXPECTED = ("409", "412", "422")


#: What the accessibility checker looks for.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def inaccessible(page: Page, axe: str) -> list[str]:
    """Return what the accessibility checker finds on a page; ``axe`` is its script."""
    # The policy forbids a script that is put into the page; the debugger's road is open.
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": axe})
    result = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{one['id']} {node['target']} {node['failureSummary']}"
        for one in result["violations"]
        for node in one["nodes"]
    ]


@dataclass
class Site:
    """A server with its workspace, and what opens pages of it."""

    address: str
    workspace: Workspace
    sessions: dict[str, str]


@dataclass
class Visit:
    """One browser window. ``faults`` holds what went wrong on any page; it must stay empty."""

    page: Page
    site: Site
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Open a page of the site and wait until it is quiet."""
        self.page.goto(self.site.address + path)
        self.page.wait_for_load_state("networkidle")
        return self.page


@contextmanager
def window(browser: Browser, site: Site, **options: Any) -> Iterator[Visit]:
    """Open a window; at the end, fail if any of its pages had a fault."""
    session, theme = options.pop("session", pages.ADMIN), options.pop("theme", "light")
    language = str(options.pop("language", "en"))
    context: BrowserContext = browser.new_context(
        **{
            "viewport": {"width": 1440, "height": 900},
            "locale": language,
            "color_scheme": theme,
            "service_workers": "block",
            **options,
        }
    )
    if session:
        context.add_cookies([{"name": "dw_session", "value": site.sessions[str(session)], "url": site.address}])
    page = context.new_page()
    page.set_default_timeout(10_000)
    visit = Visit(page, site)

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(f"status of {code}" in message.text for code in _EXPECTED):
            visit.faults.append(f"console: {message.text}")

    def routed(route: Route) -> None:
        if not route.request.url.startswith((site.address, "data:")):
            visit.faults.append(f"asked another host: {route.request.url}")
            route.abort()
        else:
            route.continue_()

    page.on("console", heard)
    page.on("pageerror", lambda error: visit.faults.append(f"script: {error}"))
    context.route("**/*", routed)
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', e =>"
        " console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile))"
    )
    yield visit
    context.close()
    assert visit.faults == [], visit.faults
