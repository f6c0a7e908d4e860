"""A server that ran before the pack of a stranger came to be, on either kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import apiary

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[apiary.Site]:
    """The served workspace; one for all tests of this folder, on each kind of database."""
    home = tmp_path_factory.mktemp("stranger")
    if request.param == "sqlite":
        with apiary.opened(home, f"sqlite:///{home / 'workspace.db'}") as site:
            yield site
        return
    server = request.getfixturevalue("pg")
    name = server.create()
    with apiary.opened(home, server.url(name)) as site:
        yield site
    server.drop(name)
