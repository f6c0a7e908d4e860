"""The beginning of a new pack: a small one that works, whose tests pass and reach all of it.

An entity, a parameter, a rule with its message, a role, and tests: one of each, to be changed into what is wanted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dealwright.errors import ConflictError, DefinitionError
from dealwright.metadata import schemas

if TYPE_CHECKING:
    from pathlib import Path


def begin(folder: Path, namespace: str = "") -> list[Path]:
    """Write a new pack into ``folder``, whose name becomes the pack's id; return its files.

    Args:
        folder: Where; it must be empty or not there.
        namespace: What stands before the dot in the ids of its documents; the pack's id when empty.

    Raises:
        DefinitionError: If the name or the namespace cannot be used; nothing is written.
        ConflictError: If there is something in the folder.
    """
    ns = namespace or folder.name
    content = _files(folder.name, ns)
    if found := schemas.check_manifest(content["pack.json"], f"{folder.name}/pack.json"):
        raise DefinitionError(f"“{folder.name}” cannot be begun", found)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is there already and not empty; choose another name")
    written = []
    for name, one in content.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = one if isinstance(one, str) else json.dumps(one, ensure_ascii=False, indent=2) + "\n"
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def _files(name: str, ns: str) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    return {
        "pack.json": {
            "format": 1,
            "id": name,
            "ns": ns,
            "version": "0.1.0",
            "title": {"en": title},
            "description": {"en": "Requests, and a task for whoever owns a large one"},
            "platform": ">=0.1 <1",
            "permissions": {
                "entities": {f"{ns}.*": ["read", "create", "update"], "base.task": ["create"]},
                "grants_roles": [f"{ns}.clerk"],
            },
            "locales": ["en"],
            "default_locale": "en",
        },
        "CHANGELOG.json": [
            {"version": "0.1.0", "changes": [{"type": "feature", "description": "Requests, and tasks for large ones"}]}
        ],
        "README.md": f"# {title}\n\nRequests, and a task for whoever owns a large one: from `large_from` on.\n",
        "parameters.json": [
            {"id": "large_from", "type": "decimal", "title": "Large from", "default": 1000, "minimum": 0}
        ],
        "entities/request.json": {
            "kind": "entity",
            "id": f"{ns}.request",
            "lang": 1,
            "title": "Request",
            "plural": "Requests",
            "display": "name",
            "properties": {
                "name": {"field": "text", "title": "Name", "maxLength": 120},
                "amount": {"field": "money", "title": "Amount", "minimum": 0},
                "wanted_by": {"field": "date", "title": "Wanted by"},
            },
            "required": ["name"],
        },
        "rules/large.json": {
            "kind": "rule",
            "id": f"{ns}.large",
            "lang": 1,
            "title": "Look at large requests",
            "entity": f"{ns}.request",
            "on": {"record": {"events": ["created", "updated"], "fields": ["amount"]}},
            "if": "amount >= param.large_from",
            "then": [{"do": "create_task", "assignee": "owner", "message": f"{ns}.large", "due": "P3D"}],
            "once_per": "record",
            "mode": "live",
        },
        "messages/large.json": {"kind": "message", "id": f"{ns}.large", "lang": 1, "title": "Look at {name}"},
        "roles/clerk.json": {
            "kind": "role",
            "id": f"{ns}.clerk",
            "lang": 1,
            "title": "Clerk",
            "grants": [{"entity": f"{ns}.request", "ops": ["read", "create", "update"]}],
        },
        "tests/large.json": _tests(ns),
    }


def _tests(ns: str) -> list[dict[str, Any]]:
    def bought(amount: str) -> list[dict[str, Any]]:
        record = {"id": "chairs", "name": "Chairs", "owner": "ada", "amount": amount}
        return [{"create": f"{ns}.request", "record": record}]

    given = {"base.user": [{"id": "ada", "name": "Ada"}]}
    begins = {"kind": "rule", "clock": "2026-11-23T09:00:00+00:00", "given": given}
    task = {"assignee": "ada", "message": f"{ns}.large", "about": "chairs"}
    return [
        {
            "test": "a request for 1000 is large, and its owner gets a task for three days later",
            **begins,
            "when": bought("1000"),
            "expect": [{"task": {**task, "due": "2026-11-26T09:00:00+00:00"}}],
        },
        {
            "test": "a request for less is not",
            **begins,
            "when": bought("999.99"),
            "expect": [
                {"decision": {"rule": f"{ns}.large", "record": "chairs", "fired": False}},
                {"never": {"task": task}},
            ],
        },
        {
            "test": "one that becomes larger again brings no second task",
            **begins,
            "when": [*bought("2000"), {"at": "+P1D", "update": "chairs", "record": {"amount": "3000"}}],
            "expect": [{"task": {**task, "count": 1}}],
        },
        {
            "test": "a clerk enters and changes requests and deletes none",
            "kind": "access",
            "role": f"{ns}.clerk",
            "may": {f"{ns}.request": ["read", "create", "update"]},
        },
    ]
