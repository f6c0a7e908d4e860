"""A workspace for faults: on a copy of one prepared database of either kind, as a site."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from copies import copied
from dealwright import rules
from dealwright.storage import Database

from .site import Site, world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgres import Postgres


@pytest.fixture(scope="session")
def sqlite_faults(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A file with the world of faults in force, of which each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "faults.db"
    shutil.copy(sqlite_template, path)
    with Database(f"sqlite:///{path}") as database:
        return path, world(database)


@pytest.fixture(scope="session")
def postgresql_faults(pg: Postgres, pg_template: str) -> tuple[str, dict[str, str]]:
    """A database with the world of faults in force, of which each test gets a copy."""
    name = pg.create(template=pg_template)
    with Database(pg.url(name)) as database:
        return name, world(database)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A fresh workspace, spoken to as over HTTP; the test runs once on each kind of database."""
    # The matcher in C is tried in a process of its own, which takes a second and touches no database.
    monkeypatch.setattr(rules, "prove", rules.matcher_status)
    path, known = request.getfixturevalue(f"{request.param}_faults")
    with copied(request, path, tmp_path) as url:
        made = Site(url, tmp_path, **known)
        yield made
        made.close()
