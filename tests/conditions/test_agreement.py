"""One condition, four answers: Python, the browser, SQLite and PostgreSQL pick the same records.

Hypothesis writes well-typed conditions; each is asked of every deal of the world. A condition that once found a fault
stays in ``SEEDS``. ``make nightly`` asks many times as many.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from conditions import sources
from conditions.world import ASKER, DEAL, catalog
from dealwright.conditions import of, sql
from dealwright.conditions.arithmetic import EXACT
from dealwright.storage import tables

FEW, MANY = 200, 8000

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
    "days_in_stage >= 7",
    "!(days_in_stage < 7)",
    "days_in_stage <= 6",
    "days_in_stage == 7",
    "days_in_stage > qty",
    "account.won > 100000",
    "account.mean > 3.5",
    "pace > 100",
    "user.manager == owner",
    "!account.key",
    "account.parent.key == account.key",
    "lines.exists(l, !l.done)",
    "amount > qty",
    "amount != rank",
    "ratio < amount",
    "size(lines) < budget",
    "coalesce(amount, qty) > 3",
    "!(account.budget <= qty)",
    "days(qty) > wait",
    "size(name) == 3",
]


VALUES = [
    "lines.sum(l, l.qty * l.price)",
    "lines.avg(l, l.price)",
    "lines.min(l, l.qty - rank)",
    "amount / 3",
    "rank * 3",
    "addMonths(seen, 1)",
    # Seven days before the sixth of November: the zone of the session has changed its clocks meanwhile.
    "seen - wait",
    "account.mean",
    "account.deals",
    "pace",
    "coalesce(amount, budget, 0)",
    "active ? amount : size(lines)",
    "active ? 1.5 : user.limit",
]


@dataclass(frozen=True)
class Answers:
    """Whoever can answer, and the records that are asked about."""

    envs: list[dict[str, Any]]
    browser: Any
    engines: dict[str, sa.Engine]

    @property
    def metadata(self) -> sa.MetaData:
        return tables.of(catalog())

    @property
    def deals(self) -> sa.Table:
        return self.metadata.tables["sales__deal"]

    def ids(self, engine: sa.Engine, source: str, *, joined: bool = False) -> list[str]:
        condition = of(catalog(), DEAL, source, "filter")
        if joined:
            statement = sql.select(condition, self.metadata, self.deals, catalog(), ASKER)
        else:
            where = sql.criteria(condition, self.metadata, self.deals, catalog(), ASKER)
            statement = sa.select(self.deals.c.id).where(where)
        with engine.connect() as connection:
            return sorted(connection.execute(statement).scalars())

    def agree(self, source: str) -> tuple[int, int]:
        """Ask all four; return how many records were asked about, and of how many it is true."""
        condition = of(catalog(), DEAL, source, "filter")
        told = [condition.evaluate(env) for env in self.envs]
        assert all(type(one) is bool for one in told)
        assert self.browser.values(condition.json()) == told
        wanted = [env["id"] for env, one in zip(self.envs, told, strict=True) if one]
        for name, engine in self.engines.items():
            assert self.ids(engine, source) == wanted, name
            assert self.ids(engine, source, joined=True) == wanted, f"{name}, joined"
        return len(told), sum(told)

    def share_out(self, source: str) -> None:
        """Every record meets the condition or its negation, and none meets both."""
        for name, engine in self.engines.items():
            both = self.ids(engine, source) + self.ids(engine, f"!({source})")
            assert sorted(both) == [env["id"] for env in self.envs], name

    def same_value(self, source: str) -> None:
        condition = of(catalog(), DEAL, source, "formula")
        told = [condition.evaluate(env) for env in self.envs]
        shown = self.browser.values(condition.json())
        assert [browsed(one) for one in shown] == [plain(one) for one in told]
        places = Decimal(1).scaleb(-min(condition.type.scale, 8))
        kept = [one.quantize(places, context=EXACT) if isinstance(one, Decimal) else one for one in told]
        if any(isinstance(one, int | Decimal) and abs(one) / places >= 2**63 for one in kept):
            return  # No column holds it, and the database says so.
        for name, engine in self.engines.items():
            value = sql.value(condition, self.metadata, self.deals, catalog(), ASKER)
            with engine.connect() as connection:
                found = dict(connection.execute(sa.select(self.deals.c.id, value)).all())
            assert [found[env["id"]] for env in self.envs] == kept, name


def plain(value: Any) -> Any:
    """A value as the browser has it: numbers exact, moments and durations in milliseconds."""
    match value:
        case bool() | None | str():
            return value
        case int() | Decimal():
            return Decimal(value)
        case datetime():
            return round(value.timestamp() * 1000)
        case date():
            return round(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
        case time():
            return f"{value:%H:%M:%S}"
        case timedelta():
            return value // timedelta(milliseconds=1)
    return value


def browsed(value: Any) -> Any:
    return Decimal(value["number"]) if isinstance(value, dict) else value


@pytest.fixture(scope="session")
def answers(world, browser, engines):
    return Answers(world.envs(), browser, engines)


def generated(count, strategy, check):
    """Check as many generated sources."""

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def run(source: str) -> None:
        check(source)

    run()


@pytest.mark.parametrize("source", SEEDS)
def test_what_once_was_wrong_stays_right(answers, source):
    answers.agree(source)
    answers.share_out(source)


@pytest.mark.parametrize("source", VALUES)
def test_a_value_is_the_same_everywhere(answers, source):
    answers.same_value(source)


def test_all_four_back_ends_pick_the_same_records(answers):
    totals = [0, 0]

    def check(source: str) -> None:
        asked, true = answers.agree(source)
        totals[0] += asked
        totals[1] += true

    generated(FEW, sources.conditions, check)
    # Had every condition been false, nothing would have been compared.
    assert totals[0] * 0.2 < totals[1] < totals[0] * 0.8


def test_a_condition_and_its_negation_share_out_all_records(answers):
    generated(FEW // 2, sources.conditions, answers.share_out)


def test_all_four_back_ends_work_out_the_same_values(answers):
    generated(FEW, sources.values, answers.same_value)


@pytest.mark.nightly
def test_they_agree_on_thousands(answers):
    generated(MANY, sources.conditions, answers.agree)
    generated(MANY // 4, sources.values, answers.same_value)
