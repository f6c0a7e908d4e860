from __future__ import annotations

from decimal import Decimal

import pytest

from dealwright import scoring
from scoring.heat import TIERS, compiled, one, worked_out


@pytest.fixture(scope="module")
def bare():
    return compiled(one("a", "a"), tiers=TIERS)


@pytest.fixture(scope="module")
def held():
    return compiled(one("a", "a"), tiers=TIERS, hysteresis=5)


@pytest.mark.parametrize(
    ("value", "tier"),
    [("100", "A"), ("70", "A"), ("69.99", "B"), ("69.5", "B"), ("30", "B"), ("29.99", "C"), ("0", "C")],
)
@pytest.mark.parametrize("before", [None, "A", "B", "C", "gone"])
def test_a_bound_belongs_to_the_tier_that_it_begins_whatever_the_record_had_before(bare, value, tier, before):
    assert worked_out(bare, before, a=value).tier == tier


@pytest.mark.parametrize(
    ("before", "value", "tier"),
    [
        ("A", "69.99", "A"), ("A", "65", "A"), ("A", "64.99", "B"), ("A", "30", "B"), ("A", "25", "C"),
        ("B", "70", "B"), ("B", "74.99", "B"), ("B", "75", "A"),
        ("B", "29.99", "B"), ("B", "25", "B"), ("B", "24.99", "C"),
        ("C", "30", "C"), ("C", "34.99", "C"), ("C", "35", "B"), ("C", "70", "A"),
    ],
)  # fmt: skip
def test_a_tier_is_left_only_when_its_bound_is_passed_by_the_margin(held, before, value, tier):
    assert worked_out(held, before, a=value).tier == tier


@pytest.mark.parametrize(("value", "tier"), [("70", "A"), ("69.99", "B"), ("30", "B"), ("29.99", "C")])
@pytest.mark.parametrize("before", [None, "gone"])
def test_a_record_without_a_tier_has_none_to_keep(held, value, tier, before):
    assert worked_out(held, before, a=value).tier == tier


def test_a_score_that_swings_about_a_bound_changes_its_tier_once(held):
    tier, seen = None, []
    for value in ("69", "71", "69", "71", "75", "71", "69", "66", "64.99", "66", "71"):
        tier = worked_out(held, tier, a=value).tier
        seen.append(tier)
    assert "".join(seen) == "BBBBAAAABBB"


def test_the_tier_is_that_of_the_rounded_score_which_people_see(bare):
    assert (worked_out(bare, a="69.995").value, worked_out(bare, a="69.995").tier) == (Decimal("70.00"), "A")
    assert (worked_out(bare, a="69.9949").value, worked_out(bare, a="69.9949").tier) == (Decimal("69.99"), "B")


def test_below_the_lowest_bound_there_is_no_tier():
    score = compiled(one("a", "a"), tiers=TIERS[:2])
    assert worked_out(score, a="29.99").tier is None
    assert worked_out(score, a=None).tier is None


def test_what_the_next_tier_needs_counts_the_margin(bare, held):
    assert scoring.next_tier(bare, Decimal("64.5"), "B") == {"id": "A", "from": "70", "missing": "5.5"}
    assert scoring.next_tier(held, Decimal("64.5"), "B") == {"id": "A", "from": "75", "missing": "10.5"}
    assert scoring.next_tier(held, Decimal("90"), "A") is None
    low = compiled(one("a", "a"), tiers=TIERS[:2], hysteresis=5)
    assert scoring.next_tier(low, Decimal("10"), None) == {"id": "B", "from": "30", "missing": "20"}
