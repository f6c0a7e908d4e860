"""Sample people and records that packs bring for trying them out: ``demo/*.json`` of a pack.

    {"people": [{"as": "li", "email": "li@example.com", "name": "Li Na", "roles": ["sales.rep"], "team": "@east"}],
     "records": [{"entity": "sales.account", "as": "acme", "data": {"name": "Acme", "owner": "@li"}}],
     "moves": [{"entity": "sales.opportunity", "record": "@renewal", "to": "needs", "by": "@li"}]}

``as`` gives a record a name for the rest of the demo; ``"@name"`` stands for its id. Files are taken in the order of their
names, packs in the order of their dependencies. Everything goes down the road of any save.

    "history": [{"days_ago": 400.5, "entity": "sales.opportunity", "as": "ward", "data": {"name": "Ward 7"}},
                {"days_ago": 390, "entity": "sales.opportunity", "record": "@ward", "to": "needs",
                 "data": {"engaged_on": {"days_ago": 390}}}]

``history`` is what has happened before: records and moves, each at its moment. ``{"days_ago": n}`` in the data stands for
that day. Gates are asked as at any time, rules are not, as in an import that says so: nobody is told of what is long over.
Moments at which a rule is to look at a record are noted as ever; those that have passed are looked at in the end, now: what
has stalled by today is told of, and what was won or lost meanwhile is not. A person with ``days_ago`` has been here since then.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dealwright import access, clock, packs
from dealwright.metadata import strict
from dealwright.records.moves import move_one
from dealwright.records.passing import pass_until
from dealwright.records.people import add_user
from dealwright.records.road import save_one
from dealwright.records.work import Change, Work
from dealwright.storage import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date

    from dealwright.records.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in to the demo."""

    email: str
    name: str
    roles: Sequence[str]


def fill(workspace: Workspace, password: str, *, history: bool = True) -> list[Person]:
    """Make the people and records of the packs in force, unless they are there; return the people.

    Args:
        workspace: Where.
        password: What each of the people signs in with.
        history: Whether what has happened before is made too: some hundred records and moves, a few seconds.
    """
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
                key: _meant(value, named)
                for key, value in one.items()
                if key not in ("as", "email", "name", "roles", "days_ago")
            }
            with _at(one):
                named[one.get("as", one["email"])] = add_user(
                    workspace, one["email"], one["name"], password, one["roles"], data=data
                )
        _records(workspace, document, named)
        if history:
            _history(workspace, document, named)
    # What is due already, such as the reminder of a window that has opened, is done now.
    pass_until(workspace, clock.now(), since=clock.now())
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


def _history(workspace: Workspace, document: Mapping[str, Any], named: dict[str, str]) -> None:
    """Let happen what has happened before, the oldest first, in one transaction."""
    with workspace.database.write() as connection:
        catalog = workspace.catalog(connection)
        today = Work(workspace, connection, access.operator("demo"), catalog=catalog).env["today()"]
        for one in sorted(document.get("history", []), key=lambda one: -one["days_ago"]):
            data = _meant(one.get("data", {}), named, today)
            with _at(one):
                work = Work(workspace, connection, access.operator("demo"), catalog=catalog, rules=False, bulk=True)
                if "to" in one:
                    record = named[one["record"].removeprefix("@")]
                    move_one(work, one["entity"], record, one["to"], data=data, reason=one.get("reason", ""))
                else:
                    saved = save_one(work, one["entity"], Change(data))
                    named[one.get("as", saved.id)] = saved.id


def _at(one: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Set the clock to when this has happened."""
    ago = one.get("days_ago")
    return nullcontext() if ago is None else clock.frozen(clock.now() - timedelta(days=float(ago)))


def _meant(value: Any, named: Mapping[str, str], today: date | None = None) -> Any:
    """Return a value with ``"@name"`` replaced by the id that it stands for, and days that lie so far back by their date."""
    if isinstance(value, str) and value.startswith("@"):
        return named.get(value[1:], value)
    if isinstance(value, dict):
        if today is not None and value.keys() == {"days_ago"}:
            return (today - timedelta(days=float(value["days_ago"]))).isoformat()
        return {key: _meant(one, named, today) for key, one in value.items()}
    if isinstance(value, list):
        return [_meant(one, named, today) for one in value]
    return value
