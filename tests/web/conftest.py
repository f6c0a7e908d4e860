from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import catalogs
import pages
from dealwright.records import Workspace
from dealwright.storage import Database
from pages import Person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask import Flask


@dataclass(frozen=True)
class Finished:
    """A SQLite file with everything that a test of the pages begins with, and the sessions of its people."""

    path: Path
    sessions: Mapping[str, str]


@pytest.fixture(scope="session")
def finished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("pages")
    with pages.workspace(pages.copied(sqlite_template, folder / "workspace.db"), folder) as made:
        signed_in = pages.sessions(made)
    return Finished(folder / "workspace.db", signed_in)


@pytest.fixture
def workspace(finished: Finished, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of its own for each test."""
    with Database(pages.copied(finished.path, tmp_path / "workspace.db")) as database:
        yield catalogs.opened(database, tmp_path)


@pytest.fixture(scope="session")
def shared_app(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for all tests, so that templates are compiled once; each test gives it its own workspace."""
    folder = tmp_path_factory.mktemp("app")
    with Database(pages.copied(finished.path, folder / "workspace.db")) as database:
        yield pages.app(Workspace(database, folder))


@pytest.fixture
def app(shared_app: Flask, workspace: Workspace) -> Flask:
    shared_app.extensions["dealwright"] = workspace
    shared_app.extensions.pop("dealwright.sessions", None)
    return shared_app


@pytest.fixture
def admin(app: Flask, finished: Finished) -> Person:
    return Person(app, finished.sessions[pages.ADMIN])


@pytest.fixture
def clerk(app: Flask, finished: Finished) -> Person:
    return Person(app, finished.sessions[pages.CLERK])


@pytest.fixture
def guest(app: Flask, finished: Finished) -> Person:
    return Person(app, finished.sessions[pages.GUEST])
