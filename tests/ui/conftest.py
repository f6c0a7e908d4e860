"""A real browser on a real server: every page that it opens must be without faults."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from waitress.server import create_server

import pages
from dealwright.records import Workspace
from dealwright.storage import Database
from windows import Site, Visit, window

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            raise FileNotFoundError(f"{CHROMIUM} is not there; install Chromium, or say where it is in CHROMIUM")
        pytest.skip(f"NOT TESTED IN A BROWSER: {CHROMIUM} is not there; say where Chromium is in CHROMIUM")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture(scope="session")
def finished_site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("site")
    with pages.workspace(pages.copied(sqlite_template, folder / "workspace.db"), folder) as made:
        return folder / "workspace.db", pages.sessions(made)


@pytest.fixture(scope="module")
def site(finished_site: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server in a thread, on a port that the system chose; one workspace for the tests of a module."""
    folder = tmp_path_factory.mktemp("served")
    with Database(pages.copied(finished_site[0], folder / "workspace.db")) as database:
        workspace = Workspace(database, folder)
        server = create_server(pages.app(workspace), host="127.0.0.1", port=0, threads=8)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield Site(f"http://127.0.0.1:{server.effective_port}", workspace, finished_site[1])
        server.close()
        thread.join(10)


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """A window of an administrator, in English, on a desk."""
    with window(browser, site) as opened:
        yield opened


@pytest.fixture
def visits(browser: Browser, site: Site) -> Callable[..., AbstractContextManager[Visit]]:
    """Opens windows of other kinds, such as one in Chinese."""

    def opened(**options: object) -> AbstractContextManager[Visit]:
        return window(browser, site, **options)

    return opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker, as a script to evaluate."""
    if not AXE.exists():
        if os.environ.get("CI"):
            raise FileNotFoundError(f"{AXE} is not there; run npm ci in ui/")
        pytest.skip(f"NOT TESTED FOR ACCESSIBILITY: {AXE} is not there; run npm ci in ui/")
    return AXE.read_text("utf-8")
