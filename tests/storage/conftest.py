"""A small company for the tests of storage: accounts, deals with lines and contacts, users and teams."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dealwright.metadata import load
from dealwright.storage import records, schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Database

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

USER = {
    "kind": "entity",
    "id": "base.user",
    "title": "User",
    "display": "name",
    "properties": {"name": {"field": "text", "title": "Name"}, "manager": {"field": "user", "title": "Manager"}},
}
TEAM = {
    "kind": "entity",
    "id": "base.team",
    "title": "Team",
    "display": "name",
    "properties": {"name": {"field": "text", "title": "Name"}},
}
ACCOUNT: dict[str, Any] = {
    "kind": "entity",
    "id": "sales.account",
    "title": "Account",
    "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name"},
        "region": {"field": "text", "title": "Region", "indexed": True},
        "phone": {"field": "phone", "title": "Phone"},
        "code": {"field": "text", "title": "Code", "external_id": True},
        "parent": {"field": "reference", "title": "Parent", "to": "sales.account"},
        "open": {
            "field": "rollup", "title": "Open", "of": "sales.deal", "via": "account", "measure": "sum",
            "value": "amount", "filter": "won == false",
        },
        "deals": {"field": "rollup", "title": "Deals", "of": "sales.deal", "via": "account", "measure": "count"},
        "mean": {
            "field": "rollup", "title": "Mean", "of": "sales.deal", "via": "account", "measure": "avg",
            "value": "amount",
        },
    },
    "unique": [{"id": "by_name", "fields": ["name"], "ignore_case": True}],
    "duplicates": [{"id": "same_phone", "match": ["phone"], "normalise": "digits"}],
}  # fmt: skip
DEAL: dict[str, Any] = {
    "kind": "entity",
    "id": "sales.deal",
    "title": "Deal",
    "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name"},
        "account": {"field": "reference", "title": "Account", "to": "sales.account", "on_delete": "restrict"},
        "amount": {"field": "money", "title": "Amount"},
        "price": {"field": "money", "title": "Price", "currency": "per_record"},
        "weight": {"field": "decimal", "title": "Weight", "scale": 2},
        "count": {"field": "integer", "title": "Count"},
        "close": {"field": "date", "title": "Close"},
        "seen_at": {"field": "datetime", "title": "Seen"},
        "start": {"field": "time", "title": "Start"},
        "effort": {"field": "duration", "title": "Effort"},
        "won": {"field": "boolean", "title": "Won"},
        "tags": {"field": "tags", "title": "Tags"},
        "notes": {"field": "json", "title": "Notes"},
        "contacts": {"field": "references", "title": "Contacts", "to": "base.user"},
        "lines": {
            "field": "rows",
            "title": "Lines",
            "items": {
                "properties": {
                    "sku": {"field": "text", "title": "SKU"},
                    "qty": {"field": "integer", "title": "Quantity"},
                    "price": {"field": "money", "title": "Price"},
                }
            },
        },
    },
    "unique": [{"id": "per_account", "fields": ["account", "name"]}],
    "indexes": [["account", "amount"]],
}
DOCUMENTS = [USER, TEAM, ACCOUNT, DEAL]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load.catalog_of(DOCUMENTS)


@pytest.fixture
def crm(database: Database, catalog: Catalog) -> Database:
    """A workspace with the tables of the small company."""
    with database.write() as connection:
        schema.plan(None, catalog).apply(connection)
    return database


@pytest.fixture
def put(crm: Database, catalog: Catalog) -> Callable[..., str]:
    """Write a record and return its id, which counts up: ``put("sales.deal", name="x")``."""
    numbers = itertools.count(1)

    def one(entity: str, **values: Any) -> str:
        row = {"id": f"{entity.partition('.')[2]}-{next(numbers):04d}", "version": 1, "won": False}
        row |= {"created_at": NOON, "updated_at": NOON, **values}
        with crm.write() as connection:
            records.insert(connection, catalog, entity, [row])
        return str(row["id"])

    return one
