from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import catalogs
from copies import copied
from dealwright.records import Workspace
from dealwright.storage import Database
from security.site import Site, opened

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site(workspace: Workspace) -> Site:
    """The application of a fresh workspace; the test runs once on each kind of database."""
    return opened(workspace)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application of one workspace for all tests of a module; on each kind of database."""
    folder = tmp_path_factory.mktemp("site")
    template = request.getfixturevalue(f"{request.param}_world")
    with copied(request, template, folder) as url, Database(url) as database:
        yield opened(catalogs.opened(database, folder))
