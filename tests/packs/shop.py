"""A small shop as a pack, and what tests do with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dealwright import access, packs
from dealwright.metadata.folder import FOLDERS
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.packs import Wanted, overlay
from dealwright.packs.source import PackSource
from dealwright.records import Change, Work, Workspace, save_one
from dealwright.storage import Database, revisions

DEAL: dict[str, Any] = {
    "kind": "entity",
    "id": "shop.deal",
    "title": "Deal",
    "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name", "maxLength": 200},
        "amount": {"field": "money", "title": "Amount"},
        "dept": {"field": "text", "title": "Department"},
    },
}
DAYS: dict[str, Any] = {"kind": "parameter", "id": "shop.days", "title": "Days", "type": "integer", "default": 7}
REPORT: dict[str, Any] = {
    "kind": "deadline", "id": "shop.report", "title": "Report", "entity": "shop.deal", "from": "created_at", "days": 7,
    "unit": "calendar_day", "met_when": "amount > 0",
}  # fmt: skip
BIG: dict[str, Any] = {
    "kind": "rule", "id": "shop.big", "title": "Big", "entity": "shop.deal", "on": {"record": {"events": ["created"]}},
    "if": "amount > 1000", "then": [{"do": "set_field", "field": "dept", "value": "'large'"}],
}  # fmt: skip
TITLE = "entity:shop.deal#/properties/name/title"
DEFAULT = "parameter:shop.days#/default"


def place(document: Mapping[str, Any]) -> str:
    """Return where a document stands in its pack."""
    namespace, _, name = (document.get("id") or document["extends"]).partition(".")
    if "extends" in document:
        return f"extend/{namespace}/{name}.json"
    folder = next((folder for folder, kind in FOLDERS.items() if kind == document["kind"]), None)
    return f"{folder}/{name}.json" if folder else "parameters.json/0"


def pack(
    *documents: Mapping[str, Any],
    name: str = "shop",
    version: str = "1.0.0",
    moves: tuple[Mapping[str, Any], ...] = (),
    requires: Mapping[str, str] | None = None,
    **manifest: Any,
) -> PackSource:
    """Return a pack; without documents the shop as it is here."""
    head = {"format": 1, "id": name, "ns": name, "version": version, "title": name, "platform": ">=0.1", **manifest}
    if requires:
        head["requires"] = dict(requires)
    found = documents or (DEAL, DAYS, REPORT, BIG)
    sourced = tuple(SourcedDocument(one, f"{name}/{place(one)}") for one in found)
    layer = Layer(name, head["ns"], sourced, {}, frozenset(requires or ()), version, head, name, moves)
    return PackSource(layer, Path(name))


def propose(database: Database, *changes: Mapping[str, Any], **more: Any) -> None:
    with database.write() as connection:
        overlay.propose(connection, changes, **more)


def changed(database: Database, *changes: tuple[str, Any]) -> None:
    """Put changes of the admins in force: path and value."""
    propose(database, *({"path": path, "value": value} for path, value in changes))
    packs.apply(database, packs.plan(database, Wanted(proposals=True)).id)


def lines(plan: packs.Plan, *actions: str) -> list[tuple[str, str]]:
    return [(one.action, one.path) for one in plan.lines if not actions or one.action in actions]


def active(database: Database) -> str:
    with database.read() as connection:
        return revisions.active(connection)


def catalog(database: Database) -> Any:
    with database.read() as connection:
        return packs.stored_catalog(connection, revisions.active(connection))


def saved(database: Database, **values: Any) -> str:
    workspace = Workspace(database, Path("files"))
    with database.write() as connection:
        work = Work(workspace, connection, access.operator())
        return str(save_one(work, "shop.deal", Change(values)).id)
