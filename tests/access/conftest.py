from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from security.site import Site, opened

if TYPE_CHECKING:
    from dealwright.records import Workspace


@pytest.fixture
def site(workspace: Workspace) -> Site:
    """The application of a fresh workspace; the test runs once on each kind of database."""
    return opened(workspace)
