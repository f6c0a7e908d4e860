"""A workspace spoken to as over HTTP, that can be carried over a fork: what the scenarios of faults work on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dealwright import access, plugins
from dealwright.app import create_app
from dealwright.records import Workspace
from dealwright.storage import Database
from worlds import APPROVAL, made, opened, person

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dealwright.metadata.catalog import Catalog

#: A part of a deal: archived with it.
NOTE = {
    "kind": "entity", "id": "t.note", "lang": 1, "title": "Note", "plural": "Notes", "display": "text",
    "properties": {
        "text": {"field": "text", "title": "Text"},
        "deal": {"field": "reference", "to": "t.deal", "on_delete": "cascade", "title": "Deal"},
    },
}  # fmt: skip


#: Whoever asks may decide; what follows counts how often it was approved.
CONSENT = {
    **APPROVAL,
    "rules": {"self_approval": "allowed"},
    "on_approved": [{"do": "set_field", "field": "opened", "value": "coalesce(opened, 0) + 1"}],
}


def world(database: Database) -> dict[str, str]:
    """Put the world in force; return the token of an administrator and the id of an account in the East."""
    workspace = opened(database, NOTE, CONSENT)
    root = person(workspace, "Root", ["base.admin"])
    with database.write() as connection:
        token = access.new_token(connection, root.id or "", "test")
    return {"token": token, "account": made(workspace, "t.account", name="Acme", region="east")}


@dataclass
class Site:
    """The application on a database.

    Attributes:
        url: Address of the database.
        folder: For files: uploads, imports, and the log of the receiver.
        token, account: As ``world`` returns them.
        touched: Called around each sending of a message.
    """

    url: str
    folder: Path
    token: str
    account: str
    touched: Callable[[str], None] = lambda name: None
    workspace: Workspace = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace(Database(self.url), self.folder / "files")
        self._client = create_app(self.workspace).test_client()

    def close(self) -> None:
        """Close every connection, as must be before a fork; each side connects anew, and keeps what it has compiled."""
        self.workspace.database.close()

    @property
    def catalog(self) -> Catalog:
        with self.workspace.database.read() as connection:
            return self.workspace.catalog(connection)

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> list[Any]:
        """Return ``[status, body]`` of a request to the interface."""
        headers = {"Authorization": f"Bearer {self.token}", **({"Idempotency-Key": key} if key else {})}
        text = json.dumps(body) if body is not None else None
        kind = "application/json" if body is not None else None
        answer = self._client.open(f"/api/v1{path}", method=method, data=text, headers=headers, content_type=kind)
        return [answer.status_code, answer.get_json(silent=True)]

    def create(self, entity: str, **values: Any) -> str:
        """Return the id of a new record."""
        status, record = self.ask("POST", f"/records/{entity}", values)
        assert status == 201, record
        return str(record["id"])

    def plugins(self) -> plugins.Plugins:
        """Return plugins that send webhooks into a file: a receiver that no fault of this process can hurt."""
        site = self

        class Receiver:
            @plugins.implements
            def deliver(self, channel: str, delivery: plugins.Delivery) -> str:
                site.touched("before sending")
                place = os.open(site.folder / "received", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                os.write(place, f"{delivery.key}\n".encode())
                os.close(place)
                site.touched("after sending")
                return "kept"

        found = plugins.Plugins()
        found.add("receiver", Receiver())
        return found

    def received(self) -> list[str]:
        """Return the keys that have arrived, each as often as it came."""
        path = self.folder / "received"
        return path.read_text().split() if path.exists() else []
