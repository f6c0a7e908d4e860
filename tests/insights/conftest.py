"""The generated deals on both databases, filled once for all tests of this folder."""

from __future__ import annotations

import shutil

import pytest

from dealwright import clock
from dealwright.storage.database import Database
from insights import generated
from insights.generated import NOW, PIPELINE, REPORTS
from worlds import opened


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def deals(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("insights")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "world.db")
        url, drop = f"sqlite:///{folder / 'world.db'}", lambda: None
    else:
        server = request.getfixturevalue("pg")
        name = server.create(template=request.getfixturevalue("pg_template"))
        url, drop = server.url(name), lambda: server.drop(name)
    with Database(url) as database:
        with clock.frozen(NOW):
            world = generated.filled(opened(database, PIPELINE, *REPORTS, folder=folder / "files"))
        yield world
    drop()
