"""The figures that imports are compared with are right themselves.

The sample's sums are added up by hand from its twelve rows; those of the whole data set with awk, column by column.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

import crm_sales


def test_the_sample_adds_up_as_by_hand() -> None:
    sums = crm_sales.independent_sums(crm_sales.SAMPLE)
    assert sums.stages == {
        "lead": (2, Decimal(0)),
        "needs": (3, Decimal(0)),
        "won": (5, Decimal(6500)),  # 550 + 4800 + 600 + 55 + 495
        "lost": (2, Decimal(0)),
    }
    assert sums.sellers == {
        "Ada North": (2, Decimal(5350)),
        "Ben South": (1, Decimal(600)),
        "Cem East": (1, Decimal(55)),
        "Dao Ling": (1, Decimal(495)),
    }
    assert sums.offices == {"Central": (3, Decimal(5950)), "East": (2, Decimal(550))}


def test_the_whole_data_set_adds_up_as_awk_says() -> None:
    sums = crm_sales.independent_sums(crm_sales.folder())
    assert sums.stages == {
        "lead": (500, Decimal(0)),
        "needs": (1589, Decimal(0)),
        "won": (4238, Decimal(10005534)),
        "lost": (2473, Decimal(0)),
    }
    assert sums.offices["West"][1] == Decimal(3568647)
    assert sums.offices["Central"][1] == Decimal(3346293)
    assert sums.offices["East"][1] == Decimal(3090594)
    assert sums.sellers["Darcel Schlecht"] == (349, Decimal(1153214))
    assert sums.sellers["Violet Mclelland"] == (122, Decimal(123431))
    assert len(sums.sellers) == 30


def test_the_faults_of_the_data_set_are_those_that_the_examples_name() -> None:
    folder = crm_sales.folder()
    accounts, opportunities = crm_sales.rows(folder, "accounts"), crm_sales.rows(folder, "sales_pipeline")
    misspelt = {row["account"] for row in accounts if row["sector"] == "technolgy"}
    wrong_product = [row for row in opportunities if row["product"] == "GTXPro"]
    missing_account = [row for row in opportunities if row["account"] in misspelt]
    assert (len(misspelt), len(wrong_product), len(missing_account)) == (12, 1480, 1165)
    either = [row for row in opportunities if row["product"] == "GTXPro" or row["account"] in misspelt]
    assert len(either) == 2445
    assert sum(row["account"] == "" for row in opportunities) == 1425
    assert sum(row["office_location"] == "Philipines" for row in accounts) == 1


@pytest.mark.parametrize("name", ["accounts", "products", "sales_teams", "sales_pipeline"])
def test_the_sample_has_the_columns_of_the_data_set(name: str) -> None:
    assert list(crm_sales.rows(crm_sales.SAMPLE, name)[0]) == list(crm_sales.rows(crm_sales.folder(), name)[0])
