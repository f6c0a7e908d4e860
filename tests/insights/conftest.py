"""The generated deals on both databases, filled once for all tests of this folder."""

from __future__ import annotations

import pytest

from copies import copied
from dealwright import clock
from dealwright.storage.database import Database
from insights import generated
from insights.generated import NOW, PIPELINE, QUICK, REPORTS, ROLES
from worlds import opened


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def deals(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("insights")
    template = {"sqlite": "sqlite_template", "postgresql": "pg_template"}[request.param]
    with copied(request, request.getfixturevalue(template), folder) as url, Database(url) as database:
        with clock.frozen(NOW):
            world = generated.filled(opened(database, PIPELINE, QUICK, *ROLES, *REPORTS, folder=folder / "files"))
        yield world
