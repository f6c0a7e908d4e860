"""Where the public data set *CRM Sales Opportunities* lies, and what its figures are, worked out without the project.

The data set itself is not part of the checkout. Tests look for it in the folder that ``DEALWRIGHT_CRM_SALES`` names,
then in a folder ``data/crm_sales`` of a neighbour of the checkout. ``SAMPLE`` has the same shape, is made up, and is
always there.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "tests" / "data" / "crm_sample"
MAPPINGS = ROOT / "examples" / "crm_sales"
#: How ``sales_pipeline.json`` names the stages of the file.
STAGES = {"Prospecting": "lead", "Engaging": "needs", "Won": "won", "Lost": "lost"}


@dataclass(frozen=True, slots=True)
class Sums:
    """Counts and sums of ``close_value`` of a ``sales_pipeline.csv``.

    Attributes:
        stages: Stage of the pack to number of opportunities and their sum.
        sellers: Name of the seller to number of *won* opportunities and their sum.
        offices: Name of the regional office to the same of its sellers.
    """

    stages: dict[str, tuple[int, Decimal]]
    sellers: dict[str, tuple[int, Decimal]]
    offices: dict[str, tuple[int, Decimal]]


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of ``<name>.csv`` as the file has them."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def independent_sums(folder: Path) -> Sums:
    """Add up the opportunities of a folder with nothing but the standard library."""
    office = {row["sales_agent"]: row["regional_office"] for row in rows(folder, "sales_teams")}
    stages: dict[str, list[Decimal]] = defaultdict(list)
    sellers: dict[str, list[Decimal]] = defaultdict(list)
    offices: dict[str, list[Decimal]] = defaultdict(list)
    for row in rows(folder, "sales_pipeline"):
        value = Decimal(row["close_value"] or 0)
        stages[STAGES[row["deal_stage"]]].append(value)
        if row["deal_stage"] == "Won":
            sellers[row["sales_agent"]].append(value)
            offices[office[row["sales_agent"]]].append(value)
    return Sums(_totals(stages), _totals(sellers), _totals(offices))


def _totals(groups: dict[str, list[Decimal]]) -> dict[str, tuple[int, Decimal]]:
    return {name: (len(values), sum(values, Decimal(0))) for name, values in groups.items()}


def folder() -> Path:
    """Return the folder of the whole data set; skip the test loudly, or fail it in strict runs, where there is none."""
    named = os.environ.get("DEALWRIGHT_CRM_SALES")
    places = [Path(named)] if named else sorted(ROOT.parent.glob("*/data/crm_sales"))
    for place in places:
        if (place / "sales_pipeline.csv").is_file():
            return place
    reason = "NOT TESTED ON THE WHOLE DATA SET: DEALWRIGHT_CRM_SALES names no folder with sales_pipeline.csv"
    if os.environ.get("DEALWRIGHT_TESTS_STRICT"):
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the opportunities of a folder.

    Attributes:
        won_and_lost: ``office``, ``seller`` and ``product`` to name to number of won and of lost opportunities.
        cycles: Office and quarter (``2017-Q1``) of the close to the days from engagement to close of won ones, sorted.
        amounts: Office and quarter to the sum of won ones.
        products: Product to the sum of won ones.
    """

    won_and_lost: dict[str, dict[str, tuple[int, int]]]
    cycles: dict[tuple[str, str], list[int]]
    amounts: dict[tuple[str, str], Decimal]
    products: dict[str, Decimal]


def independent_outcomes(folder: Path) -> Outcomes:
    """Work out rates, cycles and sums with nothing but the standard library; ``GTXPro`` is meant to be ``GTX Pro``."""
    office = {row["sales_agent"]: row["regional_office"] for row in rows(folder, "sales_teams")}
    counts: dict[str, dict[str, list[int]]] = {
        one: defaultdict(lambda: [0, 0]) for one in ("office", "seller", "product")
    }
    cycles: dict[tuple[str, str], list[int]] = defaultdict(list)
    amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    products: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(folder, "sales_pipeline"):
        if row["deal_stage"] not in ("Won", "Lost"):
            continue
        won, product = row["deal_stage"] == "Won", row["product"].replace("GTXPro", "GTX Pro")
        where = {"office": office[row["sales_agent"]], "seller": row["sales_agent"], "product": product}
        for kind, name in where.items():
            counts[kind][name][not won] += 1
        if won:
            closed = date.fromisoformat(row["close_date"])
            place = where["office"], f"{closed.year}-Q{(closed.month + 2) // 3}"
            cycles[place].append((closed - date.fromisoformat(row["engage_date"])).days)
            amounts[place] += Decimal(row["close_value"])
            products[product] += Decimal(row["close_value"])
    return Outcomes(
        {kind: {name: (won, lost) for name, (won, lost) in found.items()} for kind, found in counts.items()},
        {place: sorted(found) for place, found in cycles.items()},
        dict(amounts),
        dict(products),
    )
