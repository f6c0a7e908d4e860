"""Sample people and records that packs bring for trying them out: ``demo/*.json`` of a pack.

    {"people": [{"as": "li", "email": "li@example.com", "name": "Li Na", "roles": ["sales.rep"], "team": "@east"}],
     "records": [{"entity": "sales.account", "as": "acme", "data": {"name": "Acme", "owner": "@li"}}],
     "moves": [{"entity": "sales.opportunity", "record": "@renewal", "to": "needs", "by": "@li"}]}

``as`` gives a record a name for the rest of the demo; ``"@name"`` stands for its id. Files are taken in the order of their
names, packs in the order of their dependencies. Everything goes down the road of any save.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import access, packs
from dealwright.metadata import strict
from dealwright.records.moves import move_one
from dealwright.records.people import add_user
from dealwright.records.road import save_one
from dealwright.records.work import Change, Work
from dealwright.storage import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.records.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in to the demo."""

    email: str
    name: str
    roles: Sequence[str]


def fill(workspace: Workspace, password: str) -> list[Person]:
    """Make the people and records of the packs in force, unless they are there; return the people."""
    with workspace.database.read() as connection:
        documents = list(_documents(packs.active_packs(connection)))
        people = [Person(one["email"], one["name"], one["roles"]) for d in documents for one in d.get("people", [])]
        there = {one["email"] for one in accounts.everybody(connection, workspace.catalog(connection))}
    if people and people[0].email in there:
        return people
    named: dict[str, str] = {}
    for document in documents:
        _teams_first(workspace, document, named)
        for one in document.get("people", []):
            data = {
                key: _meant(value, named) for key, value in one.items() if key not in ("as", "email", "name", "roles")
            }
            named[one.get("as", one["email"])] = add_user(
                workspace, one["email"], one["name"], password, one["roles"], data=data
            )
        _records(workspace, document, named)
    return people


def _documents(present: Sequence[packs.PackSource]) -> Iterator[Mapping[str, Any]]:
    known = packs.find()
    for pack in present:
        folder = pack.folder if pack.folder.is_dir() else known.get(pack.id, pack.folder)
        for file in sorted(folder.glob("demo/*.json")):
            yield strict.read(file, f"{pack.id}/demo/{file.name}")


def _teams_first(workspace: Workspace, document: Mapping[str, Any], named: dict[str, str]) -> None:
    """Make the teams that people belong to, before the people."""
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator("demo"))
        for one in document.get("records", []):
            if one["entity"] == "base.team":
                named[one["as"]] = save_one(work, "base.team", Change(_meant(one["data"], named))).id


def _records(workspace: Workspace, document: Mapping[str, Any], named: dict[str, str]) -> None:
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator("demo"))
        for one in document.get("records", []):
            if one["entity"] == "base.team":
                continue
            saved = save_one(work, one["entity"], Change(_meant(one["data"], named)))
            if "as" in one:
                named[one["as"]] = saved.id
        for one in document.get("moves", []):
            data = _meant(one.get("data", {}), named)
            move_one(work, one["entity"], named[one["record"].removeprefix("@")], one["to"], data=data)


def _meant(value: Any, named: Mapping[str, str]) -> Any:
    """Return a value with ``"@name"`` replaced by the id that it stands for."""
    if isinstance(value, str) and value.startswith("@"):
        return named.get(value[1:], value)
    if isinstance(value, dict):
        return {key: _meant(one, named) for key, one in value.items()}
    if isinstance(value, list):
        return [_meant(one, named) for one in value]
    return value
