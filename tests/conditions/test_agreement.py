"""One condition, four answers: Python, the browser, SQLite and PostgreSQL pick the same records.

Hypothesis writes well-typed conditions; each is asked of every deal of the world. A seed found once stays as an
example. ``make nightly`` runs many times as many.
"""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings

from conditions import sources
from conditions.world import ASKER, DEAL, catalog
from dealwright.conditions import Condition, of, sql
from dealwright.conditions.python import EXACT
from dealwright.storage import tables

EXAMPLES = int(os.environ.get("DEALWRIGHT_CONDITIONS", "250"))
MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

#: Faults that random conditions seldom meet, each named after the mistake it finds.
SEEDS = [
    "qty == 9007199254740993",
    "qty > 9007199254740992",
    "amount + budget == 0.3",
    "ratio * 3 == 0.9",
    "amount * budget == 0.02",
    "amount / 3 == 0.033333",
    "-amount / 3 == 1.666667",
    "round(ratio, 1) == -1.3",
    "amount == 0.0001",
    "qty + 0 * 10000 == 3",
    'name.contains("%")',
    'name.contains("_x")',
    'name.contains("a")',
    '!name.contains("A")',
    'lower(name) == "äö σασ"',
    'name.endsWith("")',
    '!(level in ["gold"])',
    'level != "gold"',
    "!(amount > 1)",
    "!(closes < today())",
    '!(account.region == "East")',
    'account.region != "East"',
    "account.region == null",
    "account.region == owner.region",
    "(qty > 1) == active",
    "!(tags == null)",
    'words == null || "a" in words',
    '!("vip" in tags)',
    '!("contract" in points)',
    "lines.all(l, l.qty > 0)",
    "!lines.all(l, l.qty > 0)",
    "lines.sum(l, qty) > 3",
    "lines.sum(l, l.price * l.share) > 99999999",
    "lines.avg(l, l.price) == 0.15",
    "lines.sum(l, l.qty) == 0",
    "lines.max(l, l.due) > today()",
    "seen - wait < now() - days(7)",
    'addMonths(closes, 1) == date("2026-11-23")',
    "closes - wait < starts",
    "wholeDays(now() - seen) == -1",
    "days_in_stage > 6",
    "account.won > 100000",
    "account.mean > 3.5",
    "pace > 100",
    "user.manager == owner",
    "days(qty) > wait",
    "size(name) == 3",
]


def seeded(test: Any) -> Any:
    for source in SEEDS:
        test = example(source)(test)
    return test


def answers(condition: Condition, envs: list[dict[str, Any]]) -> list[Any]:
    return [condition.evaluate(env) for env in envs]


def ids(statement: sa.Select[Any], engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.execute(statement).scalars())


@pytest.fixture(scope="session")
def envs(world):
    return world.envs()


def test_all_four_back_ends_pick_the_same_records(envs, browser, engines):
    metadata = tables.of(catalog())
    deals = metadata.tables["sales__deal"]
    asked = true = 0

    @seeded
    @MANY
    @given(sources.conditions)
    def check(source: str) -> None:
        nonlocal asked, true
        condition = of(catalog(), DEAL, source, "filter")
        told = answers(condition, envs)
        assert all(type(one) is bool for one in told), source
        asked, true = asked + len(told), true + sum(told)
        assert browser.values(condition.json()) == told
        wanted = [env["id"] for env, one in zip(envs, told, strict=True) if one]
        for name, engine in engines.items():
            where = sql.criteria(condition, metadata, deals, catalog(), ASKER)
            assert ids(sa.select(deals.c.id).where(where), engine) == wanted, name
            assert ids(sql.select(condition, metadata, deals, catalog(), ASKER), engine) == wanted, f"{name}, joined"

    check()
    # Had every condition been false, nothing would have been compared.
    assert asked * 0.2 < true < asked * 0.8


def test_a_condition_and_its_negation_share_out_all_records(envs, engines):
    metadata = tables.of(catalog())
    deals = metadata.tables["sales__deal"]

    @seeded
    @settings(MANY, max_examples=max(EXAMPLES // 3, 10))
    @given(sources.conditions)
    def check(source: str) -> None:
        for engine in engines.values():
            both = []
            for text in (source, f"!({source})"):
                condition = of(catalog(), DEAL, text, "filter")
                where = sql.criteria(condition, metadata, deals, catalog(), ASKER)
                both += ids(sa.select(deals.c.id).where(where), engine)
            assert sorted(both) == [env["id"] for env in envs]

    check()


def plain(value: Any) -> Any:
    """A value as the browser gives it."""
    match value:
        case bool() | None | str():
            return value
        case int() | Decimal():
            return {"number": Decimal(value)}
        case datetime():
            return round(value.timestamp() * 1000)
        case date():
            return round(datetime(value.year, value.month, value.day).timestamp() * 1000)
        case time():
            return f"{value:%H:%M:%S}"
        case timedelta():
            return value // timedelta(milliseconds=1)
    return value


def test_all_four_back_ends_work_out_the_same_values(envs, browser, engines, monkeypatch):
    metadata = tables.of(catalog())
    deals = metadata.tables["sales__deal"]

    @MANY
    @given(sources.values)
    @example("lines.sum(l, l.qty * l.price)")
    @example("lines.avg(l, l.price)")
    @example("amount / 3")
    @example("qty * 3")
    @example("addMonths(seen, 1)")
    @example("account.mean")
    @example("pace")
    @example("coalesce(amount, budget, 0)")
    def check(source: str) -> None:
        condition = of(catalog(), DEAL, source, "formula")
        told = answers(condition, envs)
        shown = browser.values(condition.json())
        assert isinstance(shown, list), shown
        for one in shown:
            if isinstance(one, dict):
                one["number"] = Decimal(one["number"])
        assert shown == [plain(one) for one in told]
        for name, engine in engines.items():
            value = sql.value(condition, metadata, deals, catalog(), ASKER)
            with engine.connect() as connection:
                found = dict(connection.execute(sa.select(deals.c.id, value)).all())
            places = Decimal(1).scaleb(-min(condition.type.scale, 8))
            for env, one in zip(envs, told, strict=True):
                if isinstance(one, Decimal):
                    one = one.quantize(places, context=EXACT)
                assert found[env["id"]] == one, (name, env["id"])

    check()
