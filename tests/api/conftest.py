"""A client of the REST interface that speaks with a person's token."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import catalogs
from copies import copied
from dealwright.app import create_app
from dealwright.records import Workspace
from dealwright.storage import Database
from worlds import staff

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from postgres import Postgres


class Client:
    """Speaks to the interface as somebody."""

    def __init__(self, app: Any, token: str | None) -> None:
        self._client, self.token = app.test_client(), token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        data = body if isinstance(body, str | bytes | None) else json.dumps(body)
        kind = "application/json" if body is not None else None
        return self._client.open(f"/api/v1{path}", method=method, data=data, headers=sent, content_type=kind)

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.ask("POST", path, body, **headers)


@dataclass(frozen=True)
class Peopled:
    """The small world of ``worlds`` with people in it, of which each test gets a copy: the place, and their tokens."""

    place: Any
    tokens: Mapping[str, str]


@pytest.fixture(scope="session")
def sqlite_peopled(sqlite_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Peopled:
    place = tmp_path_factory.mktemp("peopled") / "world.db"
    shutil.copy(sqlite_world, place)
    with Database(f"sqlite:///{place}") as database:
        return Peopled(place, staff(catalogs.opened(database, place.parent)))


@pytest.fixture(scope="session")
def postgresql_peopled(pg: Postgres, postgresql_world: str, tmp_path_factory: pytest.TempPathFactory) -> Peopled:
    name = pg.create(template=postgresql_world)
    with Database(pg.url(name)) as database:
        return Peopled(name, staff(catalogs.opened(database, tmp_path_factory.mktemp("peopled"))))


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """A fresh workspace with the small world and its people; the test runs once on each kind of database."""
    peopled: Peopled = request.getfixturevalue(f"{request.param}_peopled")
    with copied(request, peopled.place, tmp_path) as url, Database(url) as database:
        yield catalogs.opened(database, tmp_path / "files")


@pytest.fixture
def tokens(request: pytest.FixtureRequest, workspace: Workspace) -> Mapping[str, str]:
    """Tokens of Ada (rep of the East), Cy (rep of the West), and an administrator."""
    peopled: Peopled = request.getfixturevalue(f"{request.node.callspec.params['workspace']}_peopled")
    return peopled.tokens


@pytest.fixture
def app(workspace: Workspace) -> Any:
    return create_app(workspace)


@pytest.fixture
def clients(app: Any, tokens: Mapping[str, str]) -> dict[str, Client]:
    """Clients of Ada (rep of the East), Cy (rep of the West), an administrator, and of nobody."""
    return {**{name: Client(app, token) for name, token in tokens.items()}, "nobody": Client(app, None)}
