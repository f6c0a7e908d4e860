"""A client of the REST interface that speaks with a person's token."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dealwright import access
from dealwright.app import create_app
from dealwright.records import Workspace
from worlds import person, team


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


@pytest.fixture
def app(workspace: Workspace) -> Any:
    return create_app(workspace)


@pytest.fixture
def clients(app: Any, workspace: Workspace) -> dict[str, Client]:
    """Clients of Ada (rep of the East), Cy (rep of the West), an administrator, and of nobody."""
    east, west = team(workspace, "East"), team(workspace, "West")
    people = {
        "ada": person(workspace, "Ada", ["t.rep"], team=east),
        "cy": person(workspace, "Cy", ["t.rep"], team=west),
        "admin": person(workspace, "Root", ["base.admin"]),
    }
    found = {}
    for name, user in people.items():
        with workspace.database.write() as connection:
            found[name] = Client(app, access.new_token(connection, user.id or "", "test"))
    return {**found, "nobody": Client(app, None)}
