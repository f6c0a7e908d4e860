"""Packs written into a folder by tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

THING: dict[str, Any] = {
    "kind": "entity", "id": "shop.thing", "title": "Thing", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name", "maxLength": 40},
        "amount": {"field": "money", "title": "Amount"},
    },
}  # fmt: skip
LARGE: dict[str, Any] = {
    "kind": "rule", "id": "shop.large", "title": "Large", "entity": "shop.thing",
    "on": {"record": {"events": ["created", "updated"]}}, "if": "amount > 100",
    "then": [{"do": "create_task", "assignee": "owner", "message": "shop.look"}],
}  # fmt: skip
LOOK: dict[str, Any] = {"kind": "message", "id": "shop.look", "title": "Look at {name}"}
CLERK: dict[str, Any] = {
    "kind": "role", "id": "shop.clerk", "title": "Clerk", "grants": [{"entity": "shop.thing", "ops": ["read"]}],
}  # fmt: skip
MAY: dict[str, Any] = {"entities": {"base.task": ["create"]}, "grants_roles": ["shop.clerk"]}
#: A small pack that can do something, and says so.
SHOP: dict[str, Any] = {
    "entities/thing.json": THING,
    "rules/large.json": LARGE,
    "messages/look.json": LOOK,
    "roles/clerk.json": CLERK,
    "CHANGELOG.json": [{"version": "1.2.0", "changes": [{"type": "feature", "description": "Things"}]}],
    "tests/large.json": [{"test": "a thing is there", "expect": [{"record": {"entity": "shop.thing", "count": 0}}]}],
}


def head(**more: Any) -> dict[str, Any]:
    """Return a manifest."""
    return {
        "format": 1,
        "id": "shop",
        "ns": "shop",
        "version": "1.2.0",
        "title": "Shop",
        "platform": ">=0.1 <1",
        **more,
    }


def pack(place: Path, files: dict[str, Any] | None = None, /, **more: Any) -> Path:
    """Write the pack ``shop``, or what ``more`` of the manifest says, with ``files``; return its folder."""
    manifest = head(**({"permissions": MAY} if files is None else {}) | more)
    folder = place / manifest["id"]
    for name, content in {"pack.json": manifest, **(SHOP if files is None else files)}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8"
        )
    return folder
