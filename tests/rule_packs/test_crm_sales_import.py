"""The shipped mappings bring a real export in, whole and exact; the strict ones refuse what is wrong, and say why."""

from __future__ import annotations

import json
import statistics
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import crm_sales
from dealwright import access, clock, packs
from dealwright.records import Work, Workspace, imports, reports
from dealwright.records.read import aggregate
from dealwright.records.reports import Asked
from dealwright.records.tables_in import open_table
from dealwright.storage import Database
from passing import pass_until

SETTINGS = {"zone": "UTC", "locale": "en", "currency": "USD"}
#: Mapping, entity and file, in the order of the imports.
STEPS = [
    ("sales_teams", "base.user", "sales_teams"),
    ("products", "sales.product", "products"),
    ("accounts", "sales.account", "accounts"),
    ("account_parents", "sales.account", "accounts"),
    ("sales_pipeline", "sales.opportunity", "sales_pipeline"),
]


@pytest.fixture
def workspace(database: Database, tmp_path: Path) -> Workspace:
    packs.install(database, [packs.read(packs.find()["sales_pipeline"])], settings=SETTINGS)
    return Workspace(database, tmp_path / "files")


def bring_in(
    workspace: Workspace, folder: Path, mapping: str, entity: str, file: str, **options: Path
) -> imports.Counts:
    document = json.loads((crm_sales.MAPPINGS / f"{mapping}.json").read_text(encoding="utf-8"))
    table = open_table(folder / f"{file}.csv")
    return imports.run(workspace, access.operator(), entity, table, document, **options)


def totals(workspace: Workspace, group: str, only: str | None = None) -> dict[str, tuple[int, Decimal]]:
    """Return count and sum of ``amount`` of the opportunities by group."""
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        measures = (("count", None), ("sum", "amount"))
        found = aggregate(work, "sales.opportunity", group=[group], measures=measures, filter=only)
    return {one["key"][group]: (one["count"], Decimal(one["sum:amount"] or 0)) for one in found}


def tasks(workspace: Workspace, title: str) -> dict[str, int]:
    """Return how many tasks with such a title each person has got."""
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        found = aggregate(
            work, "base.task", group=["assignee"], measures=(("count", None),), filter=f'title.startsWith("{title}")'
        )
    return {one["key"]["assignee"]: one["count"] for one in found}


def agree(workspace: Workspace, sums: crm_sales.Sums) -> None:
    assert totals(workspace, "stage") == sums.stages
    assert totals(workspace, "owner.name", 'status == "won"') == sums.sellers
    assert totals(workspace, "owner.team.name", 'status == "won"') == sums.offices


def told(workspace: Workspace, name: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the figures of a report of the pack over all the years of the file, by the labels of its rows."""
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        asked = Asked(since=date(2016, 1, 1), until=date(2026, 12, 31), compare="none")
        said = reports.shown(work, reports.make(work, f"sales.{name}", asked))
    assert said["left_out"] == 0
    return {tuple(row["labels"]): row["figures"] for row in said["rows"]}


def reports_agree(workspace: Workspace, outcomes: crm_sales.Outcomes) -> None:
    for name, kind in (("team", "office"), ("seller", "seller"), ("product", "product")):
        found = told(workspace, f"win_rate_by_{name}")
        right = outcomes.won_and_lost[kind]
        assert {label: (row["won"], row["lost"]) for (label,), row in found.items()} == right
        for (label,), row in found.items():
            won, lost = right[label]
            assert Decimal(row["win_rate"]) == round(Decimal(100 * won) / (won + lost), 2)
    cycles = told(workspace, "cycle_time")
    assert {key: row["won"] for key, row in cycles.items()} == {key: len(one) for key, one in outcomes.cycles.items()}
    for key, row in cycles.items():
        days = outcomes.cycles[key]
        assert abs(float(row["mean"]) - statistics.mean(days)) < 0.006
        assert float(row["median"]) == statistics.median(days)
    amounts = told(workspace, "won_by_team")
    assert {key: Decimal(row["sum:amount"]) for key, row in amounts.items()} == outcomes.amounts
    products = told(workspace, "won_by_product")
    assert {label: Decimal(row["sum:amount"]) for (label,), row in products.items()} == outcomes.products


def test_the_sample_arrives_whole_and_a_second_time_changes_nothing(workspace: Workspace) -> None:
    for mapping, entity, file in STEPS:
        assert bring_in(workspace, crm_sales.SAMPLE, mapping, entity, file).rejected == 0
    agree(workspace, crm_sales.independent_sums(crm_sales.SAMPLE))
    reports_agree(workspace, crm_sales.independent_outcomes(crm_sales.SAMPLE))
    again = bring_in(workspace, crm_sales.SAMPLE, "sales_pipeline", "sales.opportunity", "sales_pipeline")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 12)


def test_every_opportunity_is_tiered_and_old_deals_bring_neither_tasks_nor_notices(workspace: Workspace) -> None:
    for mapping, entity, file in STEPS:
        bring_in(workspace, crm_sales.SAMPLE, mapping, entity, file)
    # Won is 100 %, lost 0, and the first two stages are 10 and 25: below the 30 of tier B.
    assert {tier: count for tier, (count, _) in totals(workspace, "tier").items()} == {"A": 5, "C": 7}
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        for made in ("base.task", "base.notification"):
            assert sum(one["count"] for one in aggregate(work, made, measures=(("count", None),))) == 0


def test_people_and_companies_are_linked(workspace: Workspace) -> None:
    for mapping, entity, file in STEPS:
        bring_in(workspace, crm_sales.SAMPLE, mapping, entity, file)
    assert totals(workspace, "owner.manager.name", 'status == "won"') == {
        "Mona West": (3, Decimal(5950)),
        "Nils Kent": (2, Decimal(550)),
    }
    # Cedar Holding stands below Birch Clinic in the file, and is its parent all the same.
    assert totals(workspace, "account.parent.name", 'account.name == "Birch Clinic"') == {
        "Cedar Holding": (2, Decimal(5350))
    }


def test_the_strict_mappings_refuse_the_rows_with_a_fault_and_say_why(workspace: Workspace, tmp_path: Path) -> None:
    refused = tmp_path / "refused.csv"
    for mapping, entity, file in STEPS[:2]:
        bring_in(workspace, crm_sales.SAMPLE, mapping, entity, file)
    accounts = bring_in(workspace, crm_sales.SAMPLE, "accounts.strict", "sales.account", "accounts", rejects=refused)
    assert (accounts.created, accounts.rejected) == (3, 1)
    (row,) = crm_sales.rows(tmp_path, "refused")
    assert row["account"] == "Alder Works"
    assert row["_row"] == "2"
    assert "technolgy" in row["_reason"]
    deals = bring_in(
        workspace, crm_sales.SAMPLE, "sales_pipeline.strict", "sales.opportunity", "sales_pipeline", rejects=refused
    )
    # Three rows name the product GTXPro, three the account that was refused, one of them both.
    assert (deals.created, deals.rejected) == (7, 5)
    reasons = {one["opportunity_id"]: one["_reason"] for one in crm_sales.rows(tmp_path, "refused")}
    assert sorted(reasons) == ["OPP00002", "OPP00004", "OPP00005", "OPP00009", "OPP00012"]
    assert "GTXPro" in reasons["OPP00005"]
    assert "Alder Works" in reasons["OPP00005"]


@pytest.mark.slow
def test_the_whole_data_set_arrives_exact(sqlite_url: str, tmp_path: Path) -> None:
    folder = crm_sales.folder()
    with Database(sqlite_url) as database:
        packs.install(database, [packs.read(packs.find()["sales_pipeline"])], settings=SETTINGS)
        workspace = Workspace(database, tmp_path / "files")
        for mapping, entity, file in STEPS:
            assert bring_in(workspace, folder, mapping, entity, file).rejected == 0
        agree(workspace, crm_sales.independent_sums(folder))
        reports_agree(workspace, crm_sales.independent_outcomes(folder))
        # A week later 2,089 open opportunities are stalled at once: their managers get ten tasks each, and one for the rest.
        pass_until(workspace, clock.now() + timedelta(days=7, minutes=1))
        for title, most in (("Stalled: ", 10), ("Many opportunities are stalled", 1)):
            assert set(tasks(workspace, title).values()) == {most}
