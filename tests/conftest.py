"""What every test may ask for: a fresh, migrated database of either kind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import catalogs
import memory
from copies import copied
from dealwright.records import Workspace
from dealwright.storage import migrations
from dealwright.storage.database import Database
from postgres import Postgres
from worlds import opened as world

if (_memory := memory.folder()) is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_memory))  # where pytest makes its temporary folders

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _catalogs(request: pytest.FixtureRequest) -> None:
    catalogs.shared = "monkeypatch" not in request.fixturenames


@pytest.fixture(scope="session")
def pg() -> Iterator[Postgres]:
    """A PostgreSQL server of this test process."""
    try:
        server = Postgres()
    except FileNotFoundError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {error}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pg_template(pg: Postgres) -> str:
    """Name of a migrated database of which each test gets a copy."""
    name = pg.create()
    with Database(pg.url(name)) as database:
        migrations.upgrade(database)
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file of which each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    with Database(f"sqlite:///{path}") as database:
        migrations.upgrade(database)
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Address of a fresh, migrated SQLite file."""
    shutil.copy(sqlite_template, tmp_path / "workspace.db")
    return f"sqlite:///{tmp_path / 'workspace.db'}"


@pytest.fixture
def postgresql_url(pg: Postgres, pg_template: str) -> Iterator[str]:
    """Address of a fresh, migrated PostgreSQL database."""
    name = pg.create(template=pg_template)
    yield pg.url(name)
    pg.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Address of a fresh, migrated database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated workspace; the test runs once on each kind of database."""
    with Database(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def sqlite_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the small world of ``worlds`` in force, of which each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "world.db"
    shutil.copy(sqlite_template, path)
    with Database(f"sqlite:///{path}") as database:
        world(database)
    return path


@pytest.fixture(scope="session")
def postgresql_world(pg: Postgres, pg_template: str) -> str:
    """Name of a database with the small world of ``worlds`` in force, of which each test gets a copy."""
    name = pg.create(template=pg_template)
    with Database(pg.url(name)) as database:
        world(database)
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """A fresh workspace with the small world of ``worlds``; the test runs once on each kind of database."""
    template = request.getfixturevalue(f"{request.param}_world")
    with copied(request, template, tmp_path) as url, Database(url) as database:
        yield catalogs.opened(database, tmp_path / "files")
