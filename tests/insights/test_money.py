"""Amounts in several currencies: converted at the rates of the day and said to be so, never added up as they are."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest

from dealwright import access, clock
from dealwright.errors import DefinitionError
from dealwright.metadata import load
from dealwright.records import Work, reports
from dealwright.records.reports import Asked
from insights.generated import report
from worlds import DEAL, documents, made, opened

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PAID = copy.deepcopy(DEAL)
PAID["properties"]["fee"] = {"field": "money", "currency": "per_record", "title": "Fee"}
REPORTS = [
    report("fees", "totals", measure="sum:fee", group=["tier"]),
    report("mean_fee", "totals", measure="avg:fee"),
    report("few_fees", "pareto", measure="sum:fee", group=["tier"]),
    report("most_fees", "leaderboard", measure="max:fee", group=["tier"]),
]


def test_fees_in_three_currencies_are_added_up_in_that_of_the_workspace(database, tmp_path):
    with clock.frozen(NOW):
        workspace = opened(database, PAID, *REPORTS, folder=tmp_path)
        for tier, amount, currency in (
            ("A", "100.00", "EUR"), ("A", "10.00", "USD"), ("A", "1000.00", "CNY"), ("B", "50.00", "USD"), ("C", "7.00", "GBP"),
        ):  # fmt: skip
            made(
                workspace, "t.deal", name=f"{tier} {currency}", tier=tier, fee={"amount": amount, "currency": currency}
            )
        made(workspace, "t.deal", name="None", tier="B")
        for source, target, day, rate in (
            ("USD", "EUR", "2026-01-01", "0.5"), ("USD", "EUR", "2026-11-01", "0.9"), ("USD", "EUR", "2026-12-01", "2"),
            ("EUR", "CNY", "2026-01-01", "8"),  # only the other direction: 1 CNY is 0.125 EUR
        ):  # fmt: skip
            made(workspace, "base.currency_rate", **{"from": source, "to": target, "on": day, "rate": rate})

    def shown(name):
        with database.read() as connection, clock.frozen(NOW):
            work = Work(workspace, connection, access.operator())
            return reports.shown(work, reports.make(work, f"t.{name}", Asked()))

    said = shown("fees")
    assert {row["key"][0]: (row["figures"]["count"], row["figures"]["sum:fee"]) for row in said["rows"]} == {
        "A": (3, "234.00"), "B": (2, "45.00"), "C": (1, None),
    }  # fmt: skip
    assert said["notes"] == [
        {"code": "converted", "currency": "EUR", "on": "2026-11-23"},
        {"code": "no-rate", "currencies": ["GBP"], "currency": "EUR"},
    ]
    assert shown("mean_fee")["rows"][0]["figures"]["avg:fee"] is None  # one of them has no rate
    assert [(row["key"], row["figures"]["share"]) for row in shown("few_fees")["rows"]][:2] == [
        (["A"], "83.87"), (["B"], "16.13"),
    ]  # fmt: skip
    assert [row["figures"]["max:fee"] for row in shown("most_fees")["rows"]] == ["125.00", "45.00", None]


@pytest.mark.parametrize("calculate", ["forecast", "health", "trend"])
def test_what_cannot_convert_refuses_such_a_field(calculate):
    more = {"period": {"unit": "month", "last": 12}} if calculate == "trend" else {}
    with pytest.raises(DefinitionError) as refused:
        load.catalog_of(documents(PAID, report("x", calculate, measure="sum:fee", **more)), with_base=True)
    assert [one.code for one in refused.value.problems] == ["wrong-type"]
