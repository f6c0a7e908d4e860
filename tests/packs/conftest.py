"""A workspace with a small shop in force, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from copies import copied
from dealwright import packs, rules
from dealwright.storage import Database
from postgres import Postgres

from .shop import pack


def opened(database: Database) -> None:
    """Put the shop in force; the matcher in C, tried in a process of its own, touches no database."""
    kept, rules.prove = rules.prove, rules.matcher_status  # type: ignore[assignment]
    try:
        packs.install(database, [pack()])
    finally:
        rules.prove = kept


@pytest.fixture(scope="session")
def sqlite_shop(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the shop in force, of which each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "shop.db"
    shutil.copy(sqlite_template, path)
    with Database(f"sqlite:///{path}") as database:
        opened(database)
    return path


@pytest.fixture(scope="session")
def postgresql_shop(pg: Postgres, pg_template: str) -> str:
    """Name of a database with the shop in force, of which each test gets a copy."""
    name = pg.create(template=pg_template)
    with Database(pg.url(name)) as database:
        opened(database)
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A fresh workspace with the shop in force; the test runs once on each kind of database."""
    template = request.getfixturevalue(f"{request.param}_shop")
    with copied(request, template, tmp_path) as url, Database(url) as database:
        yield database
