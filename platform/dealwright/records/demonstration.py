"""Sample people and records that packs bring for trying them out: ``demo/*.json`` of a pack.

    {"people": [{"as": "li", "email": "li@example.com", "name": "Li Na", "roles": ["sales.rep"], "team": "@east"}],
     "records": [{"entity": "sales.account", "as": "acme", "data": {"name": "Acme", "owner": "@li"}}],
     "moves": [{"entity": "sales.opportunity", "record": "@renewal", "to": "needs", "by": "@li"}]}

``as`` gives a record a name for the rest of the demo; ``"@name"`` stands for its id. Files are taken in the order of their
names, packs in the order of their dependencies. Everything goes down the road of any save.

So that no demonstration grows old, ``{"days_ago": n}`` stands for that day, before today or, below zero, after it;
``{"days_ago": 2, "at": "10:00"}`` for the moment of that day in the zone of the workspace; ``{"months_ago": n}`` for the first
day of that month.

    "history": [{"days_ago": 400.5, "entity": "sales.opportunity", "as": "ward", "data": {"name": "Ward 7"}},
                {"days_ago": 390, "entity": "sales.opportunity", "record": "@ward", "to": "needs", "more": true,
                 "data": {"engaged_on": {"days_ago": 390}}},
                {"days_ago": 388, "entity": "sales.opportunity", "record": "@ward", "done": {"needs": ["pains"]}}]

``history`` is what has happened before: records, moves, and items of the checklists of stages that are ``done``, each at its
moment. Gates are asked as at any time, rules are not,
as in an import that says so: nobody is told of what is long over. Moments at which a rule is to look at a record are noted as
ever; those that have passed are looked at in the end, now: what has stalled by today is told of, and what was won or lost
meanwhile is not. A person with ``days_ago`` has been here since then. What is marked ``more`` is left out of a small history.

    "texts": {"zh-CN": {"Acme": "顶峰公司"}}

``texts`` are what values are in a workspace of another language, for all files of all packs: whole values only.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from dealwright import access, clock, packs
from dealwright.errors import DealwrightError
from dealwright.metadata import strict
from dealwright.records import checklists
from dealwright.records.moves import move_one
from dealwright.records.passing import pass_until
from dealwright.records.people import add_user
from dealwright.records.road import save_many, save_one
from dealwright.records.work import Change, Work
from dealwright.storage import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from dealwright.records.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in to the demo."""

    email: str
    name: str
    roles: Sequence[str]


#: How much of what has happened before is made: nothing, a fifth of it, or all, which takes about half a minute.
HISTORIES: Final = ("full", "small", "none")


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What values in the files stand for: names so far, words in the language of the workspace, its day and zone."""

    named: dict[str, str]
    texts: Mapping[str, str]
    now: datetime

    def of(self, value: Any) -> Any:
        """Return a value with ids for ``"@name"``, dates for days that lie so far back, and words of the language."""
        if isinstance(value, str):
            return self.named.get(value[1:], value) if value.startswith("@") else self.texts.get(value, value)
        if isinstance(value, list):
            return [self.of(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"months_ago"}:
            months = self.now.year * 12 + self.now.month - 1 - int(value["months_ago"])
            return f"{months // 12:04}-{months % 12 + 1:02}-01"
        if value.keys() == {"days_ago"}:
            return (self.now.date() - timedelta(days=float(value["days_ago"]))).isoformat()
        if value.keys() == {"days_ago", "at"}:
            day = self.now.date() - timedelta(days=float(value["days_ago"]))
            return datetime.combine(day, time.fromisoformat(value["at"]), self.now.tzinfo).isoformat()
        return {key: self.of(one) for key, one in value.items()}

    def name(self, one: Mapping[str, Any], identifier: str) -> None:
        """Give what was made its name."""
        if "as" in one:
            self.named[one["as"]] = identifier

    def record(self, one: Mapping[str, Any]) -> str:
        """Return the id of the record that a move is about."""
        return self.named[one["record"].removeprefix("@")]


def fill(workspace: Workspace, password: str, *, history: Literal["full", "small", "none"] = "full") -> list[Person]:
    """Make the people and records of the packs in force, unless they are there; return the people.

    Args:
        workspace: Where.
        password: What each of the people signs in with.
        history: How much of what has happened before is made too; see ``HISTORIES``.
    """
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
        documents = list(_documents(packs.active_packs(connection)))
        locale = str(catalog.settings.get("locale", "en"))
        texts = {text: other for one in documents for text, other in one.get("texts", {}).get(locale, {}).items()}
        now = clock.now().astimezone(ZoneInfo(catalog.settings.get("zone", "UTC")))
        meaning = _Meaning({}, texts, now)
        people = [
            Person(one["email"], texts.get(one["name"], one["name"]), one["roles"])
            for document in documents
            for one in document.get("people", [])
        ]
        there = {one["email"] for one in accounts.everybody(connection, catalog)}
    if people and people[0].email in there:
        return people
    # One password, one hash: to make it takes as long as everything else about a person together.
    hashed = access.hashed(password, *(word for one in people for word in (one.email, one.name)))
    for document in documents:
        _teams_first(workspace, document, meaning)
        for one in document.get("people", []):
            data = {
                key: meaning.of(value)
                for key, value in one.items()
                if key not in ("as", "email", "name", "roles", "days_ago")
            }
            name = texts.get(one["name"], one["name"])
            with _at(one):
                made = add_user(workspace, one["email"], name, None, one["roles"], data=data, hashed=hashed)
            meaning.named[one.get("as", one["email"])] = made
        _records(workspace, document, meaning)
        if history != "none":
            _history(workspace, document, meaning, small=history == "small")
    # What is due already, such as the reminder of a window that has opened, is done now.
    pass_until(workspace, clock.now(), since=clock.now())
    return people


def _documents(present: Sequence[packs.PackSource]) -> Iterator[Mapping[str, Any]]:
    known = packs.find()
    for pack in present:
        folder = pack.folder if pack.folder.is_dir() else known.get(pack.id, pack.folder)
        for file in sorted(folder.glob("demo/*.json")):
            yield strict.read(file, f"{pack.id}/demo/{file.name}")


def _teams_first(workspace: Workspace, document: Mapping[str, Any], meaning: _Meaning) -> None:
    """Make the teams that people belong to, before the people."""
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator("demo"))
        for one in document.get("records", []):
            if one["entity"] == "base.team":
                meaning.name(one, save_one(work, "base.team", Change(meaning.of(one["data"]))).id)


def _records(workspace: Workspace, document: Mapping[str, Any], meaning: _Meaning) -> None:
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator("demo"))
        for one in document.get("records", []):
            if one["entity"] != "base.team":
                meaning.name(one, save_one(work, one["entity"], Change(meaning.of(one["data"]))).id)
        for one in document.get("moves", []):
            move_one(work, one["entity"], meaning.record(one), one["to"], data=meaning.of(one.get("data", {})))


def _history(workspace: Workspace, document: Mapping[str, Any], meaning: _Meaning, *, small: bool) -> None:
    """Let happen what has happened before, the oldest first, in one transaction; what is made at one moment, as one set."""
    happened = [one for one in document.get("history", []) if not (small and one.get("more"))]
    happened.sort(key=lambda one: -one["days_ago"])
    with workspace.database.write() as connection:
        catalog = workspace.catalog(connection)
        for _, those in groupby(happened, key=lambda one: (one["days_ago"], one["entity"], "to" in one, "done" in one)):
            some = list(those)
            with _at(some[0]):
                work = Work(workspace, connection, access.operator("demo"), catalog=catalog, rules=False, bulk=True)
                if "to" in some[0]:
                    for one in some:
                        data, reason = meaning.of(one.get("data", {})), meaning.of(one.get("reason", ""))
                        move_one(work, one["entity"], meaning.record(one), one["to"], data=data, reason=reason)
                    continue
                if "done" in some[0]:
                    for one in some:
                        asked = [{"stage": stage, "id": item} for stage, items in one["done"].items() for item in items]
                        checklists.tick(work, one["entity"], meaning.record(one), asked)
                    continue
                made = save_many(work, some[0]["entity"], [Change(meaning.of(one["data"])) for one in some])
                for one, saved in zip(some, made, strict=True):
                    if isinstance(saved, DealwrightError):
                        raise saved
                    meaning.name(one, saved.id)


def _at(one: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Set the clock to when this has happened."""
    ago = one.get("days_ago")
    return nullcontext() if ago is None else clock.frozen(clock.now() - timedelta(days=float(ago)))
