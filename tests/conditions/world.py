"""A world for conditions: a few entities with every kind of field, and records at the borders.

A quarter of all values are empty. Amounts meet the constants that conditions are made of, sums meet 0.3 and not
0.30000000000000004, texts hold wildcards, capitals and "", moments lie on either side of a week ago.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from dealwright.metadata import load
from dealwright.metadata.catalog import Catalog
from dealwright.storage import tables

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DEAL = "sales.deal"
REGIONS = ("East", "West", "North")
STAGES = ("lead", "won", "lost")
TAGS = ("hot", "cold", "vip")
POINTS = ("contract", "stamp")


def options(*ids: str) -> list[dict[str, str]]:
    return [{"id": one, "title": one} for one in ids]


DOCUMENTS: list[dict[str, Any]] = [
    {
        "kind": "entity",
        "id": "base.user",
        "title": "User",
        "properties": {
            "name": {"field": "text"},
            "email": {"field": "email"},
            "region": {"field": "select", "options": options(*REGIONS)},
            "limit": {"field": "money"},
            "manager": {"field": "user"},
        },
    },
    {"kind": "entity", "id": "base.team", "title": "Team", "properties": {"name": {"field": "text"}}},
    {
        "kind": "entity",
        "id": "sales.account",
        "title": "Account",
        "properties": {
            "name": {"field": "text"},
            "region": {"field": "select", "options": options(*REGIONS)},
            "budget": {"field": "money"},
            "rank": {"field": "integer"},
            "parent": {"field": "reference", "to": "sales.account"},
            "key": {"field": "boolean"},
            "opened": {"field": "date"},
            "deals": {"field": "rollup", "of": DEAL, "via": "account", "measure": "count"},
            "won": {
                "field": "rollup",
                "of": DEAL,
                "via": "account",
                "measure": "sum",
                "value": "amount",
                "filter": 'level == "gold"',
            },
            "mean": {"field": "rollup", "of": DEAL, "via": "account", "measure": "avg", "value": "rank"},
            "top": {"field": "rollup", "of": DEAL, "via": "account", "measure": "max", "value": "closes"},
        },
    },
    {
        "kind": "entity",
        "id": DEAL,
        "title": "Deal",
        "properties": {
            "name": {"field": "text"},
            "code": {"field": "code"},
            "amount": {"field": "money"},
            "budget": {"field": "money"},
            "rate": {"field": "percent"},
            "ratio": {"field": "decimal", "scale": 2},
            "qty": {"field": "integer"},
            "rank": {"field": "rating"},
            "active": {"field": "boolean"},
            "level": {"field": "select", "options": options("gold", "silver")},
            "tags": {"field": "multi_select", "options": options(*TAGS)},
            "words": {"field": "tags"},
            "points": {"field": "checklist", "options": options(*POINTS)},
            "closes": {"field": "date"},
            "starts": {"field": "date"},
            "seen": {"field": "datetime"},
            "wait": {"field": "duration"},
            "at": {"field": "time"},
            "place": {"field": "address"},
            "account": {"field": "reference", "to": "sales.account"},
            "partners": {"field": "references", "to": "sales.account"},
            "buyer": {"field": "user"},
            "home": {"field": "lookup", "via": "account", "value": "region"},
            "age": {"field": "formula", "formula": "wholeDays(now() - seen)", "result": "integer"},
            "pace": {"field": "formula", "formula": "amount / wholeDays(now() - seen)", "result": "money"},
            "total": {"field": "formula", "formula": "lines.sum(l, l.qty * l.price)", "result": "money"},
            "lines": {
                "field": "rows",
                "items": {
                    "properties": {
                        "qty": {"field": "integer"},
                        "price": {"field": "money"},
                        "share": {"field": "percent"},
                        "done": {"field": "boolean"},
                        "due": {"field": "date"},
                        "product": {"field": "reference", "to": "sales.account"},
                        "label": {"field": "text"},
                    }
                },
            },
        },
    },
    {
        "kind": "pipeline",
        "id": "sales.standard",
        "title": "Standard",
        "entity": DEAL,
        "version": 1,
        "start": "lead",
        "stages": [
            {"id": "lead", "title": "Lead"},
            {"id": "won", "title": "Won", "outcome": "won"},
            {"id": "lost", "title": "Lost", "outcome": "lost"},
        ],
    },
    {
        "kind": "role",
        "id": "sales.rep",
        "title": "Representative",
        "grants": [{"entity": DEAL, "ops": ["read"], "rows": "owner == user.id"}],
    },
    {
        "kind": "approval",
        "id": "sales.legal",
        "title": "Legal",
        "entity": DEAL,
        "steps": [{"id": "office", "title": "Office", "approvers": [{"role": "sales.rep"}]}],
    },
    {"kind": "parameter", "id": "sales.stall_days", "title": "Days", "type": "integer", "default": 7},
    {"kind": "parameter", "id": "sales.floor", "title": "Floor", "type": "decimal", "default": "99999.9999"},
    {"kind": "parameter", "id": "sales.best", "title": "Best", "type": "text", "default": "gold"},
]

#: What is the same for every record of a statement.
ASKER: dict[str, Any] = {
    "now()": NOW,
    "today()": TODAY,
    "user.id": "u1",
    "user.email": "ann@example.com",
    "user.name": "Ann",
    "user.team": "t1",
    "user.roles": ["sales.rep"],
    "user.region": "East",
    "user.limit": Decimal("100000.0000"),
    "user.manager": None,
}


@cache
def catalog() -> Catalog:
    """Return the catalog of the world."""
    return load.catalog_of(DOCUMENTS)


class World:
    """Records of the world, as rows of tables and as environments of conditions."""

    def __init__(self, deals: int, seed: int = 7) -> None:
        self.random = random.Random(seed)
        self.users = [self.user(f"u{i}") for i in range(1, 6)]
        self.teams = [self.record(f"t{i}") | {"name": self.maybe("North", "")} for i in (1, 2)]
        self.accounts = [self.account(f"a{i}") for i in range(1, 9)]
        self.deals: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []
        self.links: list[dict[str, Any]] = []
        for i in range(deals):
            self.deals.append(self.deal(f"d{i:04}"))

    def maybe(self, *values: Any) -> Any:
        return None if self.random.random() < 0.25 else self.random.choice(values)

    def record(self, id_: str) -> dict[str, Any]:
        old = NOW - timedelta(days=40)
        return {
            "id": id_,
            "version": 1,
            "created_at": old,
            "updated_at": old,
            "created_by": None,
            "updated_by": None,
            "owner": self.maybe("u1", "u2", "u3"),
            "team": self.maybe("t1", "t2"),
            "archived_at": None if self.random.random() < 0.85 else NOW,
            "last_activity_at": self.moment(),
        }

    def moment(self) -> Any:
        return self.maybe(*(NOW - timedelta(hours=h) for h in (-1, 0, 1, 24, 167, 168, 169, 400, 24 * 31)))

    def user(self, id_: str) -> dict[str, Any]:
        return self.record(id_) | {
            "name": self.maybe("Ann", "ann", "张三", ""),
            "email": f"{id_}@example.com",
            "region": self.maybe(*REGIONS),
            "limit": self.amount(),
            "manager": self.maybe("u1", "u2"),
        }

    def amount(self) -> Any:
        return self.maybe(
            *map(Decimal, ["100000", "99999.9999", "0.1", "0.2", "0.3", "0", "-5", "1234.5", "9.5", "0.0001"])
        )

    def account(self, id_: str) -> dict[str, Any]:
        parent = self.maybe("a1", "a2", "a3") if id_ > "a3" else None
        return self.record(id_) | {
            "name": self.maybe("Acme", "acme", "张三", "100%_x", ""),
            "region": self.maybe(*REGIONS),
            "budget": self.amount(),
            "rank": self.maybe(0, 1, 3, 5),
            "parent": parent,
            "key": self.random.random() < 0.5,
            "opened": self.day(),
        }

    def day(self) -> Any:
        return self.maybe(*(TODAY + timedelta(days=d) for d in (-31, -7, -2, -1, 0, 1, 2, 8)), date(2024, 2, 29))

    def deal(self, id_: str) -> dict[str, Any]:
        for position in range(self.random.choice([0, 0, 1, 2, 3])):
            self.lines.append(
                {
                    "id": f"{id_}.{position}",
                    "parent": id_,
                    "position": position,
                    "qty": self.maybe(0, 1, 3, 5),
                    "price": self.maybe(*map(Decimal, ["9.5", "0.1", "0.2", "3", "1000000"])),
                    "share": self.maybe(*map(Decimal, ["50", "12.5", "33.3333"])),
                    "done": self.random.random() < 0.5,
                    "due": self.day(),
                    "product": self.maybe("a1", "a2", "a3", "a4"),
                    "label": self.maybe("Kit", "kit", ""),
                }
            )
        for position, target in enumerate(
            self.random.sample([f"a{i}" for i in range(1, 9)], self.random.choice([0, 1, 2]))
        ):
            self.links.append({"record": id_, "target": target, "position": position})
        tags = [one for one in TAGS if self.random.random() < 0.3]
        words = self.maybe([], ["张三"], ["a", "A"])
        return self.record(id_) | {
            "pipeline": "sales.standard",
            "pipeline_version": 1,
            "stage": self.random.choice(STAGES),
            "stage_entered_at": self.moment(),
            "status": self.random.choice(("open", "won", "lost")),
            "name": self.maybe("张三", "Acme", "acme", "100%_x", "", "ÄÖ ΣΑΣ", "日本語テキスト"),
            "code": self.maybe("acme", "A", "x_x"),
            "amount": self.amount(),
            "budget": self.amount(),
            "rate": self.maybe(*map(Decimal, ["15", "33.3333", "100", "0"])),
            "ratio": self.maybe(*map(Decimal, ["0.10", "0.30", "2.50", "-1.25"])),
            "qty": self.maybe(0, 1, 3, -2, 5, 2**53 + 1),
            "rank": self.maybe(1, 3, 5),
            "active": self.random.random() < 0.5,
            "level": self.maybe("gold", "silver"),
            "tags": tags or self.maybe([]),
            "words": words,
            "points": self.maybe({"contract": True, "stamp": False}, {"stamp": True}, {}, {"contract": False}),
            "closes": self.day(),
            "starts": self.day(),
            "seen": self.moment(),
            "wait": self.maybe(timedelta(hours=168), timedelta(hours=1), timedelta(0), timedelta(days=-2, hours=3)),
            "at": self.maybe(time(9, 30), time(18, 0), time(0, 0)),
            "place": self.maybe({"city": "Shanghai"}, {"city": "", "region": "East"}, {}, {"city": "上海"}),
            "account": self.maybe("a1", "a2", "a3", "a4", "a5", "a6"),
            "buyer": self.maybe("u1", "u2", "u4"),
            "total": self.amount(),
        }

    # As environments --------------------------------------------------------------------------------------------

    def envs(self) -> list[dict[str, Any]]:
        """Return what conditions read of each deal, all paths and roll-ups worked out here in plain Python."""
        accounts = {one["id"]: one for one in self.accounts}
        users = {one["id"]: one for one in self.users}
        found = []
        for deal in self.deals:
            env = {**ASKER, **deal}
            account = accounts.get(deal["account"]) or {}
            parent = accounts.get(account.get("parent")) or {}
            for name in ("name", "region", "budget", "rank", "key", "opened", "owner", "parent", "archived_at"):
                env[f"account.{name}"] = account.get(name)
                env[f"account.parent.{name}"] = parent.get(name)
            env |= {f"account.{name}": value for name, value in self.rollups(account.get("id")).items()}
            for field in ("owner", "buyer"):
                user = users.get(deal[field]) or {}
                for name in ("name", "region", "limit", "manager"):
                    env[f"{field}.{name}"] = user.get(name)
            env["lines"] = [
                line | {f"product.{k}": (accounts.get(line["product"]) or {}).get(k) for k in ("region", "rank", "key")}
                for line in self.lines
                if line["parent"] == deal["id"]
            ]
            env["partners"] = [accounts[link["target"]] for link in self.links if link["record"] == deal["id"]]
            seen = deal["seen"]
            env["age"] = None if seen is None else (NOW - seen).days
            env["pace"] = None
            if deal["amount"] is not None and env["age"]:
                exact = deal["amount"] / env["age"]
                env["pace"] = exact.quantize(Decimal("0.000001"), "ROUND_HALF_UP").quantize(
                    Decimal("0.0001"), "ROUND_HALF_UP"
                )
            found.append(env)
        return found

    def rollups(self, account: str | None) -> dict[str, Any]:
        if account is None:
            return {"deals": None, "won": None, "mean": None, "top": None}
        own = [deal for deal in self.deals if deal["account"] == account and deal["archived_at"] is None]
        won = [deal["amount"] for deal in own if deal["level"] == "gold" and deal["amount"] is not None]
        counts = [deal["rank"] for deal in own if deal["rank"] is not None]
        days = [deal["closes"] for deal in own if deal["closes"] is not None]
        mean = (Decimal(sum(counts)) / len(counts)).quantize(Decimal("0.000001"), "ROUND_HALF_UP") if counts else None
        return {"deals": len(own), "won": sum(won, Decimal(0)), "mean": mean, "top": max(days) if days else None}

    # As tables --------------------------------------------------------------------------------------------------

    def store(self, engine: sa.Engine) -> sa.MetaData:
        """Put the world into an empty database."""
        metadata = tables.of(catalog())
        metadata.create_all(engine)
        rows = {
            "base__user": self.users,
            "base__team": self.teams,
            "sales__account": self.accounts,
            "sales__deal": self.deals,
            "sales__deal__lines": self.lines,
            "sales__deal__partners": self.links,
        }
        with engine.begin() as connection:
            for name, these in rows.items():
                if these:
                    connection.execute(metadata.tables[name].insert(), these)
        return metadata
