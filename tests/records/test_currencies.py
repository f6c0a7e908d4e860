"""Amounts with a currency of their own are converted before they are added up; without a rate there is no sum."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from dealwright import access, clock, records
from dealwright.errors import QueryError
from dealwright.records import Work
from dealwright.storage import rates
from worlds import ACCOUNT, DEAL, made, opened

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRICE = {"field": "money", "currency": "per_record", "title": "Price"}


def rolled(measure, **more):
    return {
        "field": "rollup",
        "of": "t.deal",
        "via": "account",
        "measure": measure,
        "value": "price",
        "title": measure,
        **more,
    }


@pytest.fixture(autouse=True)
def noon():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def world(database, tmp_path):
    deal = {**DEAL, "properties": {**DEAL["properties"], "price": PRICE}}
    sums = {"paid": rolled("sum"), "mean": rolled("avg"), "least": rolled("min"), "most": rolled("max")}
    return opened(database, deal, {**ACCOUNT, "properties": {**ACCOUNT["properties"], **sums}}, folder=tmp_path)


def rate(world, source, target, value, on="2026-01-01"):
    return made(world, "base.currency_rate", **{"from": source, "to": target, "on": on, "rate": value})


def deal(world, price, currency, **more):
    return made(world, "t.deal", name="x", price={"amount": price, "currency": currency}, **more)


def sums(world, *measures, **asked):
    with world.database.read() as connection:
        work = Work(world, connection, access.operator())
        return records.aggregate(work, "t.deal", measures=[tuple(one.split(":")) for one in measures], **asked)


def account_of(world, record):
    with world.database.read() as connection:
        return records.fetch(Work(world, connection, access.operator()), "t.account", record)


def test_a_sum_is_in_the_currency_of_the_workspace_by_the_rate_of_the_day(world):
    rate(world, "USD", "EUR", "0.9")
    rate(world, "USD", "EUR", "0.8", on="2026-11-01")
    rate(world, "USD", "EUR", "0.1", on="2026-12-01")
    deal(world, "100", "USD")
    deal(world, "10", "EUR")
    # 100 × 0.8 + 10 = 90; in June 100 × 0.9 + 10 = 100
    assert sums(world, "sum:price") == [{"key": {}, "count": 2, "sum:price": "90.00"}]
    assert sums(world, "sum:price", on=date(2026, 6, 1))[0]["sum:price"] == "100.00"


def test_every_measure_is_converted_and_others_stay_what_they_are(world):
    rate(world, "USD", "EUR", "0.5")
    for amount, currency in (("100", "USD"), ("10", "USD"), ("30", "EUR")):
        deal(world, amount, currency, win="20", amount=amount)
    measures = ("sum:price", "avg:price", "min:price", "max:price", "sum:amount", "avg:amount", "max:win")
    # 50, 5 and 30 EUR: 85, 28.3333 on average; 100 + 10 + 30 = 140, 46.666667 on average
    assert sums(world, *measures) == [
        {
            "key": {}, "count": 3, "sum:price": "85.00", "avg:price": "28.3333", "min:price": "5.00", "max:price": "50.00",
            "sum:amount": "140.00", "avg:amount": "46.666667", "max:win": "20",
        }
    ]  # fmt: skip


def test_groups_are_those_that_were_asked_for_whatever_the_currencies(world):
    rate(world, "USD", "EUR", "0.5")
    for tier, amount, currency in (("A", "2", "USD"), ("A", "2", "EUR"), ("B", "5", "CNY"), (None, "7", "EUR")):
        deal(world, amount, currency, tier=tier)
    found = {one["key"]["tier"]: one for one in sums(world, "sum:price", group=["tier"])}
    assert {tier: (one["count"], one["sum:price"]) for tier, one in found.items()} == {
        "A": (2, "3.00"), "B": (1, None), None: (1, "7.00")}  # fmt: skip
    assert found["B"]["problems"] == [
        {
            "pointer": "/sum:price",
            "code": "missing-rate",
            "message": "there is no rate from CNY to EUR on 2026-11-23; add a currency rate, or ask for another day",
        }
    ]
    assert "problems" not in found["A"]


def test_the_other_direction_of_a_pair_serves_where_there_is_no_rate(world):
    rate(world, "EUR", "CNY", "8")
    deal(world, "100", "CNY")
    assert sums(world, "sum:price")[0]["sum:price"] == "12.50"
    assert sums(world, "sum:price", currency="CNY")[0]["sum:price"] == "100.00"
    deal(world, "2", "EUR")
    assert sums(world, "sum:price", currency="CNY")[0]["sum:price"] == "116.00"


def test_nothing_adds_up_to_nothing(world):
    made(world, "t.deal", name="x")
    assert sums(world, "sum:price") == [{"key": {}, "count": 1, "sum:price": None}]
    assert sums(world, "sum:price", filter="name == 'y'") == [{"key": {}, "count": 0, "sum:price": None}]


def test_a_currency_that_is_none_is_refused(world):
    with pytest.raises(QueryError, match="no currency"):
        sums(world, "sum:price", currency="euro")


def test_roll_ups_convert_and_are_empty_without_a_rate(world):
    rate(world, "USD", "EUR", "0.5")
    good, lacking, none = (made(world, "t.account", name=name) for name in "abc")
    for account, amount, currency in (
        (good, "100", "USD"),
        (good, "10", "EUR"),
        (lacking, "1", "EUR"),
        (lacking, "5", "CNY"),
    ):
        deal(world, amount, currency, account=account)
    found = account_of(world, good)
    assert [found[name] for name in ("paid", "mean", "least", "most")] == ["60.00", "30.00", "10.00", "50.00"]
    assert [account_of(world, lacking)[name] for name in ("paid", "mean", "least", "most")] == [None] * 4
    assert (account_of(world, none)["paid"], account_of(world, none)["least"]) == ("0.00", None)


def test_a_list_cannot_be_filtered_by_a_sum_that_would_mix_currencies(world):
    with world.database.read() as connection:
        work = Work(world, connection, access.operator())
        with pytest.raises(QueryError, match="several currencies"):
            records.page(work, "t.account", filter="paid > 5")
        with pytest.raises(QueryError, match="several currencies"):
            records.page(work, "t.account", sort="paid")


def test_currencies_without_a_rate_are_named(world):
    deal(world, "100", "USD")
    deal(world, "10", "EUR")
    with world.database.read() as connection:
        found = list(rates.unknown(connection, world.catalog(connection), NOON.date()))
    assert [(one.pointer, one.code) for one in found] == [("/t.deal/price", "missing-rate")]


def test_archived_rates_do_not_count(world):
    kept = rate(world, "USD", "EUR", "0.5")
    later = rate(world, "USD", "EUR", "0.7", on="2026-11-01")
    deal(world, "100", "USD")
    with world.database.write() as connection:
        records.archive(Work(world, connection, access.operator()), "base.currency_rate", later)
    assert sums(world, "sum:price")[0]["sum:price"] == "50.00"
    assert kept


def test_whole_numbers_add_up_to_whole_numbers(world):
    made(world, "t.deal", name="x", opened=2)
    made(world, "t.deal", name="y", opened=3)
    total = sums(world, "sum:opened")[0]["sum:opened"]
    assert (total, type(total)) == (5, int)
