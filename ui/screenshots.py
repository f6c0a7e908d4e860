# ruff: noqa: INP001 - a script of the documentation, in no package
"""Takes the pictures of the README from a demonstration of its own, which lives as long as this script.

    python ui/screenshots.py

Written to ``docs/images`` as WebP. ``CHROMIUM`` says where Chromium is. A picture of more than 120 KB makes the exit
code 1, for whoever clones the project gets each version of each.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
FOLDER = ROOT / "build" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LARGEST = 120 * 1024
SIZE = {"width": 1360, "height": 850}


def served() -> tuple[subprocess.Popen[str], str, str]:
    """Start a new demonstration on a free port; return its process, address and password once it serves."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("dealwright"), "demo", "--folder", FOLDER, "--port", str(port)]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - our own command
    password = ""
    for line in demo.stdout or ():
        if found := re.search(r"with the password (\S+)", line):
            password = found[1]
        if "serves" in line:
            return demo, f"http://127.0.0.1:{port}", password
    raise SystemExit("the demonstration did not start")


def signed_in(browser: Browser, address: str, password: str, who: str, language: str) -> Page:
    """Open a window in which somebody has signed in."""
    page = browser.new_context(viewport=SIZE, locale=language, base_url=address, reduced_motion="reduce").new_page()
    page.set_default_timeout(60_000)
    page.goto("/sign-in")
    page.locator("input[name=email]").fill(f"{who}@example.com")
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/records/**")
    return page


def taken(page: Page, name: str) -> int:
    """Write what the window shows as a picture; return its size in bytes."""
    page.wait_for_load_state("networkidle")
    shown = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    picture = base64.b64decode(shown["data"])
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / f"{name}.webp").write_bytes(picture)
    print(f"{name}.webp {len(picture) / 1024:.0f} KB")
    return len(picture)


def pictures(browser: Browser, address: str, password: str) -> list[int]:
    """Take the four pictures; return their sizes."""
    sizes = []
    page = signed_in(browser, address, password, "li", "zh-CN")
    page.goto("/records/sales.opportunity/board")
    sizes.append(taken(page, "board"))

    page = signed_in(browser, address, password, "wang", "en")
    page.goto("/records/sales.opportunity")
    page.get_by_role("link", name="Intensive care, phase two").click()
    page.get_by_text(re.compile("^Did not fire")).click()
    page.locator("summary", has_text=re.compile("^Tier A")).click()
    page.locator("h2", has_text="Decisions").evaluate("part => part.scrollIntoView()")
    sizes.append(taken(page, "why"))

    page.goto("/dashboards/sales.overview")
    sizes.append(taken(page, "dashboard"))

    page = signed_in(browser, address, password, "admin", "en")
    page.goto("/admin/drafts/")
    page.locator("main input[name=title]").fill("Bounds of discounts")
    page.get_by_role("button", name="Begin a draft").click()
    page.wait_for_url(re.compile("/admin/drafts/[0-9a-f-]{36}/"))
    page.goto(f"{page.url.partition('?')[0]}entities/sales.opportunity/fields/discount/")
    sizes.append(taken(page, "draft"))
    return sizes


def main() -> int:
    """Take every picture and tell whether all are small enough."""
    demo, address, password = served()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            sizes = pictures(browser, address, password)
            browser.close()
    finally:
        demo.terminate()
        demo.wait(30)
        shutil.rmtree(FOLDER, ignore_errors=True)
    return int(max(sizes) > LARGEST)


if __name__ == "__main__":
    sys.exit(main())
