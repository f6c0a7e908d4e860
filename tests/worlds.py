"""Small worlds for tests: a workspace with a few entities, people with roles, records.

The namespace is ``t``: accounts with a region, deals in a pipeline with rows, formulas, a rollup and rules, and notes that
are parts of deals. Figures in tests are worked out by hand from what stands here.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import catalogs
from dealwright import access, clock, packs
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Change, Work, Workspace, save_one
from dealwright.storage import accounts, revisions, schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dealwright.access import User
    from dealwright.storage import Database

#: Requests are not limited: a test may send thousands of them within a frozen moment.
SETTINGS = {"currency": "EUR", "requests_per_second": "0", "strangers_per_second": "0"}
ACCOUNT = {
    "kind": "entity", "id": "t.account", "lang": 1, "title": "Account", "plural": "Accounts", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name", "maxLength": 80},
        "code": {"field": "text", "title": "Code", "external_id": True},
        "region": {"field": "select", "title": "Region", "options": [
            {"id": "east", "title": "East"}, {"id": "west", "title": "West"}]},
        "credit": {"field": "money", "title": "Credit line"},
        "deals": {"field": "rollup", "of": "t.deal", "via": "account", "measure": "count", "title": "Deals"},
        "volume": {"field": "rollup", "of": "t.deal", "via": "account", "measure": "sum", "value": "amount", "title": "Volume"},
    },
    "required": ["name"],
    "unique": [["name"]],
}  # fmt: skip
DEAL = {
    "kind": "entity", "id": "t.deal", "lang": 1, "title": "Deal", "plural": "Deals", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name", "maxLength": 80},
        "account": {"field": "reference", "to": "t.account", "on_delete": "restrict", "title": "Account"},
        "account_region": {"field": "lookup", "via": "account", "value": "region", "title": "Account's region"},
        "amount": {"field": "money", "minimum": 0, "title": "Amount"},
        "win": {"field": "percent", "minimum": 0, "maximum": 100, "title": "Win probability"},
        "weighted": {"field": "formula", "result": "money", "formula": "amount * win / 100", "title": "Weighted"},
        "margin": {"field": "money", "title": "Margin"},
        "share": {"field": "formula", "result": "percent", "formula": "margin / amount * 100", "title": "Margin share"},
        "tier": {"field": "select", "title": "Tier", "options": [
            {"id": "A", "title": "A"}, {"id": "B", "title": "B"}, {"id": "C", "title": "C"}]},
        "discount": {"field": "percent", "minimum": 0, "maximum": 100, "title": "Discount"},
        "reason": {"field": "text", "title": "Reason", "visible_when": "discount > 15", "required_when": "discount > 15"},
        "lines": {"field": "rows", "title": "Lines", "items": {
            "properties": {
                "what": {"field": "text", "title": "What"},
                "qty": {"field": "integer", "minimum": 1, "title": "Quantity"},
                "price": {"field": "money", "title": "Price"}},
            "required": ["what", "qty"]}},
        "total": {"field": "formula", "result": "money", "formula": "lines.sum(l, l.qty * l.price)", "title": "Total"},
        "opens_on": {"field": "date", "title": "Opens"},
        "closes_on": {"field": "date", "title": "Closes"},
        "opened": {"field": "integer", "title": "Quote opened"},
        "code": {"field": "text", "title": "Code", "external_id": True},
    },
    "required": ["name"],
    "unique": [{"id": "by_code", "fields": ["code"]}],
    "checks": [{"id": "order", "error_when": "closes_on < opens_on", "at": "closes_on", "message": "Closes before it opens"}],
}  # fmt: skip
PIPELINE = {
    "kind": "pipeline", "id": "t.sale", "lang": 1, "title": "Sale", "entity": "t.deal", "version": 1, "start": "open",
    "stages": [
        {"id": "open", "title": "Open", "probability": 20, "next": ["offer", "lost"], "required": ["account"],
         "exit": [{"id": "sized", "require": "amount > 0", "message": "Say how large it is", "fields": ["amount"]}]},
        {"id": "offer", "title": "Offer", "probability": 60, "next": ["open", "won", "lost"]},
        {"id": "won", "title": "Won", "outcome": "won", "next": [],
         "enter": [{"id": "dated", "require": "closes_on != null", "message": "Say when it closed", "fields": ["closes_on"]}]},
        {"id": "lost", "title": "Lost", "outcome": "lost", "next": []},
    ],
}  # fmt: skip
RULES = [
    {"kind": "rule", "id": "t.tier_a", "lang": 1, "title": "Tier A", "entity": "t.deal",
     "on": {"record": {"events": ["created", "updated"], "fields": ["win"]}}, "if": "win >= 70",
     "then": [{"do": "set_field", "field": "tier", "value": "'A'"}]},
    {"kind": "rule", "id": "t.tier_b", "lang": 1, "title": "Tier B", "entity": "t.deal",
     "on": {"record": {"events": ["created", "updated"], "fields": ["win"]}}, "if": "win >= 30 && win < 70",
     "then": [{"do": "set_field", "field": "tier", "value": "'B'"}]},
    {"kind": "rule", "id": "t.big", "lang": 1, "title": "Big deal of the East", "entity": "t.deal",
     "on": {"record": {"events": ["updated"], "fields": ["tier"]}},
     "if": "tier == \"A\" && amount >= 100000 && account.region == \"east\"", "once_per": "record",
     "then": [{"do": "create_task", "title": "Visit {name} of {account.name}", "assignee": "owner", "due": "P1D"},
              {"do": "call_webhook", "to": "erp", "values": {"name": "name", "amount": "amount"}}]},
    {"kind": "rule", "id": "t.opened", "lang": 1, "title": "Count openings", "entity": "t.deal",
     "on": {"event": {"type": "engagement.opened"}}, "if": "event.asset == \"quote\"",
     "then": [{"do": "set_field", "field": "opened", "value": "coalesce(opened, 0) + 1"}]},
]  # fmt: skip
#: An administrator agrees to a deal; a change of its discount begins it anew.
APPROVAL = {
    "kind": "approval", "id": "t.consent", "lang": 1, "title": "Consent", "entity": "t.deal",
    "steps": [{"id": "office", "title": "Office", "approvers": [{"role": "base.admin"}]}],
    "rules": {"restart_on": ["discount"]},
}  # fmt: skip
REPORT = {
    "kind": "report", "id": "t.by_stage", "lang": 1, "title": "Deals by stage", "entity": "t.deal",
    "calculate": "totals", "measure": "sum:amount", "group": ["stage"],
}  # fmt: skip
DASHBOARD = {
    "kind": "dashboard", "id": "t.stages", "lang": 1, "title": "Stages",
    "reports": [{"id": "stages", "report": "t.by_stage"}],
}  # fmt: skip
ROLES = [
    {"kind": "role", "id": "t.rep", "lang": 1, "title": "Rep", "grants": [
        {"entity": "t.deal", "ops": ["read", "create", "update", "move", "export"],
         "rows": "owner == user.id || team == user.team && user.team != null",
         "fields": {"*": "edit", "margin": "none", "tier": "see"}},
        {"entity": "t.account", "ops": ["read"], "fields": {"*": "see", "credit": "none"}},
        {"entity": "base.user", "ops": ["read"], "fields": {"*": "see", "email": "none"}},
        {"entity": "base.team", "ops": ["read"]}]},
    {"kind": "role", "id": "t.viewer", "lang": 1, "title": "Viewer of names", "grants": [
        {"entity": "t.deal", "ops": ["read"], "fields": {"name": "see", "stage": "see"}},
        {"entity": "t.deal", "ops": ["read", "update"], "rows": "owner == user.id"}]},
    {"kind": "role", "id": "t.guest", "lang": 1, "title": "Guest", "grants": []},
]  # fmt: skip


def documents(*more: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the documents of the world; ``more`` come last, and one of the same kind and id replaces the world's."""
    whole = (ACCOUNT, DEAL, PIPELINE, APPROVAL, REPORT, DASHBOARD, *RULES, *ROLES)
    found = {(one["kind"], one["id"]): copy.deepcopy(one) for one in whole}
    found.update({(one["kind"], one["id"]): dict(one) for one in more})
    return list(found.values())


def opened(
    database: Database,
    *more: Mapping[str, Any],
    folder: Path = Path("files"),
    translations: Mapping[str, Mapping[str, str]] | None = None,
) -> Workspace:
    """Put the world in force in a migrated database and return the workspace."""
    sourced = tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in documents(*more))
    layers = [load.base(), Layer("t", "t", sourced, translations or {}, frozenset({"base"}))]
    return in_force(database, layers, folder)


def in_force(database: Database, layers: Sequence[Layer], folder: Path) -> Workspace:
    """Put layers in force in a migrated database and return the workspace."""
    catalog = catalogs.of(layers, SETTINGS)
    with database.write() as connection:
        schema.plan(None, catalog).apply(connection)
        packs.store(connection, catalog, layers, reason="test", by=None, at=clock.now())
        revisions.activate(connection, catalog.revision, reason="test", by=None, at=clock.now())
    return catalogs.opened(database, folder)


def person(workspace: Workspace, name: str, roles: Sequence[str], **data: Any) -> User:
    """Return a new user with these roles; ``data`` are fields of the ``base.user`` record."""
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        saved = save_one(work, "base.user", Change({"name": name, **data}))
        accounts.put(connection, saved.id, f"{name.lower()}@example.com", None, clock.now())
        accounts.set_roles(connection, saved.id, roles)
        facts = accounts.facts(connection, work.catalog, saved.id) or {}
    return access.User(saved.id, f"{name.lower()}@example.com", name, tuple(sorted(roles)), facts)


def staff(workspace: Workspace) -> dict[str, str]:
    """Add Ada (rep of the East), Cy (rep of the West) and an administrator; return their tokens."""
    east, west = team(workspace, "East"), team(workspace, "West")
    people = {
        "ada": person(workspace, "Ada", ["t.rep"], team=east),
        "cy": person(workspace, "Cy", ["t.rep"], team=west),
        "admin": person(workspace, "Root", ["base.admin"]),
    }
    with workspace.database.write() as connection:
        return {name: access.new_token(connection, user.id or "", "test") for name, user in people.items()}


def team(workspace: Workspace, name: str) -> str:
    """Return the id of a new team."""
    return made(workspace, "base.team", name=name)


def made(workspace: Workspace, entity: str, **data: Any) -> str:
    """Return the id of a new record that the operator makes."""
    with workspace.database.write() as connection:
        return save_one(Work(workspace, connection, access.operator()), entity, Change(data)).id


def rows_of(database: Database, table: str) -> list[dict[str, Any]]:
    """Return every row of a table as it is stored, read without the platform."""
    with database.read() as connection:
        return [dict(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').mappings()]


def counts(database: Database, tables: Iterable[str]) -> dict[str, int]:
    """Return how many rows tables have."""
    with database.read() as connection:
        return {
            table: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one()) for table in tables
        }
