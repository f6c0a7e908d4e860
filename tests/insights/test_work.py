"""Adherence, effects, arms, effort, allocation and sure differences, each against plain Python over the generated deals."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from math import log, sqrt

import pytest

from dealwright.errors import DefinitionError, NotFoundError
from dealwright.insights import allocation, contrasts
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from insights.generated import NOW, asked, figures, report
from insights.test_calculations import LATER, TIERS, cents, quarter, share
from worlds import documents

ITEMS = {"lead": ["call"], "needs": ["pains", "deciders"], "offer": []}
FIELDS = {"offer": ["amount", "reason"]}


def left(deal, stage):
    """When a deal left a stage forwards for the last time; None if it never did."""
    found = [
        until
        for (here, _, until), (to, _, _) in zip(deal.visits, deal.visits[1:], strict=False)
        if here == stage and to in LATER[stage]
    ]
    return max(found, default=None)


def owed(deal):
    """Stage, action and whether it was done, of all that was due on a deal."""
    for stage in LATER:
        at = left(deal, stage)
        if at is None:
            continue
        items = [*ITEMS[stage], *(["reference"] if stage == "offer" and deal.pipeline == "t.quick" else [])]
        for item in items:
            yield stage, f"item:{stage}:{item}", deal.ticks.get((stage, item), NOW) <= at
        for name in FIELDS.get(stage, ()):
            yield stage, f"field:{stage}:{name}", getattr(deal, name) is not None


def test_adherence_is_what_was_done_before_a_stage_was_left_of_what_it_asked_for(deals):
    counted: dict = defaultdict(list)
    for one in deals.deals:
        for stage, action, done in owed(one):
            counted[stage, action].append(done)
    found = figures(deals, "done")
    assert {key: (row["records"], row["complete"], row["skipped"]) for key, row in found.items()} == {
        key: (len(done), sum(done), len(done) - sum(done)) for key, done in counted.items()
    }
    assert all(found[key]["rate"] == share(sum(done), len(done)) for key, done in counted.items())
    skipped = [row["skipped"] for row in found.values()]
    assert skipped == sorted(skipped, reverse=True) and 0 < skipped[-1] < skipped[0]
    made, said = asked(deals, "done")
    whole = [done for all_of_it in counted.values() for done in all_of_it]
    assert made.table.total["rate"] == share(sum(whole), len(whole))
    labels = {row["labels"][1] for row in said["rows"]}
    assert {"First call", "Pains", "Reference", "Amount"} <= labels


def test_adherence_is_told_of_each_seller_stage_and_deal(deals):
    by_owner: dict = defaultdict(lambda: [0, 0, set(), set()])
    by_stage: dict = defaultdict(lambda: [0, 0])
    for one in deals.deals:
        for stage, _, done in owed(one):
            by_stage[one.tier, stage][0] += 1
            by_stage[one.tier, stage][1] += done
            if left(one, stage).year == 2026:
                cell = by_owner[one.owner]
                cell[0], cell[1] = cell[0] + 1, cell[1] + done
                cell[2].add(one.id)
                if not done:
                    cell[3].add(one.id)
    found = figures(deals, "done_by_owner")
    assert {key[0]: (row["due"], row["done"], row["records"], row["skipped"]) for key, row in found.items()} == {
        owner: (due, done, len(all_of_them), len(lacking))
        for owner, (due, done, all_of_them, lacking) in by_owner.items()
    }
    found = figures(deals, "done_by_stage")
    assert {key: [row["due"], row["done"]] for key, row in found.items()} == by_stage
    by_deal = {one.id: [done for _, _, done in owed(one)] for one in deals.deals}
    found = figures(deals, "done_by_deal")
    assert len(found) == sum(bool(done) for done in by_deal.values())
    assert all(row["rate"] == share(sum(by_deal[key[0]]), len(by_deal[key[0]])) for key, row in found.items())
    _, said = asked(deals, "done_by_deal")
    assert said["rows"][0]["labels"][0].startswith("Deal ")


def closed(deals, since=0):
    return [one for one in deals.deals if one.status in ("won", "lost") and one.entered.year >= since]


def compare(row, had, had_not):
    """Hold the figures of an effect against the deals with the action and those without."""
    won, not_won = (sum(one.status == "won" for one in some) for some in (had, had_not))
    assert (row["done"], row["done_won"], row["undone"], row["undone_won"]) == (len(had), won, len(had_not), not_won)
    assert row["done_rate"] == share(won, len(had))
    if had and had_not:
        p, q = Decimal(won) / len(had), Decimal(not_won) / len(had_not)
        assert row["difference"] == cents((p - q) * 100)
        assert row["low"] < row["difference"] < row["high"]


def test_an_effect_holds_deals_with_an_activity_against_those_without(deals):
    found = figures(deals, "acted")
    for kind in ("call", "visit", "mail", "demo"):
        had, had_not = [], []
        for one in closed(deals, 2025):
            acted = any(act.kind == kind and act.at <= one.entered for act in one.activities)
            (had if acted else had_not).append(one)
        compare(found[(f"kind:{kind}",)], had, had_not)
    assert found[("kind:demo",)]["mark"] == "few"
    assert found[("kind:call",)]["mark"] in ("more", "less", "unsure")
    _, said = asked(deals, "acted")
    assert said["notes"] == [{"code": "no-proof", "least": 5}]
    assert ["Call"] in [row["labels"] for row in said["rows"]]


def test_only_deals_that_were_in_a_stage_are_held_against_each_other(deals):
    found = figures(deals, "touched")
    for stage in LATER:
        had, had_not = [], []
        for one in closed(deals):
            been = [(since, until) for here, since, until in one.visits if here == stage]
            touched = any(since <= act.at < until for since, until in been for act in one.activities)
            if been:
                (had if touched else had_not).append(one)
        compare(found[(f"touch:{stage}",)], had, had_not)
    found = figures(deals, "ticked")
    for tier in TIERS:
        for stage, item in (("needs", "pains"), ("offer", "reference")):
            been = [one for one in closed(deals) if one.tier == tier and any(v[0] == stage for v in one.visits)]
            had = [one for one in been if (stage, item) in one.ticks and one.ticks[stage, item] <= one.entered]
            compare(found[tier, f"item:{stage}:{item}"], had, [one for one in been if one not in had])


def test_the_interval_of_a_difference_is_that_of_published_examples():
    # Newcombe (1998), table II, method 10.
    for cases, printed in (
        ((56, 70, 48, 80), ("5.24", "33.39")),
        ((9, 10, 3, 10), ("17.05", "80.90")),
        ((5, 56, 0, 29), ("-3.81", "19.26")),
        ((10, 10, 0, 20), ("67.91", "100.00")),
    ):
        assert contrasts.newcombe(*cases)[1:] == tuple(map(Decimal, printed))
    assert contrasts.newcombe(1, 2, 0, 0) is None


def test_tests_of_shares_and_of_many_groups_are_those_of_their_sources():
    # Benjamini and Hochberg (1995), §3.2: of fifteen p values the first four stay below 0.05.
    printed = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1]  # fmt: skip
    found = contrasts.corrected(printed)
    assert [one < 0.05 for one in found] == [True] * 4 + [False] * 11
    assert found[0] == pytest.approx(0.0015) and found[3] == pytest.approx(0.0095 * 15 / 4)
    assert contrasts.corrected(printed[::-1]) == found[::-1]
    assert contrasts.corrected([]) == []
    # By hand: 15 of 20 beside 5 of 20 is χ² = (15·15 − 5·5)² · 39 / (20⁴) = 9.75.
    z = statistics.NormalDist()
    assert contrasts.same_share(15, 20, 5, 20) == pytest.approx(2 * (1 - z.cdf(sqrt(9.75))))
    assert contrasts.same_share(0, 20, 0, 20) is None


def judged(deals):
    """The deals of the lab: arm, whether the horizon has passed, what had become of them by then, days to the win."""
    first = min(one.created for one in deals.deals if one.pipeline == "t.quick")
    for one in deals.deals:
        if one.created < first:
            continue
        end = one.created + timedelta(days=60)
        then = [(here, since) for here, since, until in one.visits if since <= end]
        past = {here for here, _ in then}
        hours = next(
            (int((since - one.created).total_seconds()) // 3600 for here, since in then if here == "won"), None
        )
        yield one, end <= NOW, past, then[-1][0], hours


def test_arms_are_judged_after_the_same_time_each(deals):
    counts: dict = defaultdict(Counter)
    took: dict = defaultdict(list)
    for one, ripe, past, last, hours in judged(deals):
        cell = counts[one.pipeline]
        cell["started"] += 1
        if ripe:
            cell["judged"] += 1
            cell["went_on"] += bool(past & LATER["lead"])
            cell["won"] += last == "won"
            cell["lost"] += last in ("lost", "aside")
            took[one.pipeline] += [hours] if hours is not None else []
    found = figures(deals, "lab")
    assert [key[0] for key in found] == ["t.sale", "t.quick"]
    for (arm,), row in found.items():
        names = ("started", "judged", "went_on", "won", "lost")
        assert {name: row[name] for name in names} == {name: counts[arm][name] for name in names}
        assert row["rate"] == share(row["won"], row["judged"])
        assert row["win_rate"] == share(row["won"], row["won"] + row["lost"])
        assert float(row["median"]) == pytest.approx(statistics.median(took[arm]) / 24, abs=0.006)
    own, quick = found[("t.sale",)], found[("t.quick",)]
    assert (own["kind"], own["difference"], quick["kind"]) == ("own", None, "by_share")
    rates = [Decimal(one["won"]) / one["judged"] for one in (quick, own)]
    assert quick["difference"] == cents((rates[0] - rates[1]) * 100)
    whole = contrasts.same_share(quick["won"], quick["judged"], own["won"], own["judged"])
    assert float(quick["p"]) == pytest.approx(whole, abs=0.0001)
    days = statistics.median(took["t.quick"]) - statistics.median(took["t.sale"])
    assert float(quick["difference_days"]) == pytest.approx(days / 24, abs=0.006)
    _, said = asked(deals, "lab")
    assert said["notes"] == [{"code": "fixed-horizon", "days": 60, "least": 10}]
    assert [row["labels"] for row in said["rows"]] == [["Sale"], ["Quick sale"]]


def test_an_arm_says_nothing_before_it_has_the_records_that_were_asked_for(deals):
    row = figures(deals, "lab", filter='account.region == "west" && tier == "A"')[("t.quick",)]
    assert row["judged"] < 10
    assert (row["mark"], row["difference"], row["p"]) == ("few", None, None)


def test_effort_stands_beside_the_value_it_is_spent_on(deals):
    found = figures(deals, "effort")
    acts = {
        tier: [a for one in deals.deals if one.tier == tier for a in one.activities if a.at <= NOW] for tier in TIERS
    }
    value = {tier: sum((one.amount or 0 for one in deals.deals if one.tier == tier), Decimal(0)) for tier in TIERS}
    for tier in TIERS:
        row = found[(tier,)]
        assert row["activities"] == len(acts[tier])
        assert row["minutes"] == sum(one.minutes or 0 for one in acts[tier])
        assert row["value"] == value[tier]
        assert row["share_effort"] == share(len(acts[tier]), sum(map(len, acts.values())))
        assert row["share_value"] == share(value[tier], sum(value.values()))
        assert row["ratio"] == share(row["share_effort"], row["share_value"])
        assert row["touched"] == sum(
            any(a.at <= NOW for a in one.activities) for one in deals.deals if one.tier == tier
        )
    _, said = asked(deals, "effort")
    open_ended = sum(one.minutes is None for some in acts.values() for one in some)
    assert said["notes"] == [{"code": "without-end", "count": open_ended}]


def test_effort_of_each_seller_is_shared_out_among_his_own_tiers(deals):
    found = figures(deals, "effort_of_owners")
    minutes: Counter = Counter()
    for one in deals.deals:
        minutes[one.owner, one.tier] += sum(a.minutes or 0 for a in one.activities if a.at.year == 2026 and a.at <= NOW)
    for (owner, tier), row in found.items():
        assert row["minutes"] == minutes[owner, tier]
        assert row["share_minutes"] == share(minutes[owner, tier], sum(minutes[owner, other] for other in TIERS))


def test_activities_that_a_reader_may_not_see_are_no_effort_of_his(deals):
    team = {one.id for one in deals.deals if one.team is not None}
    seen = [a for one in deals.deals if one.id in team for a in one.activities if a.at <= NOW and a.team is not None]
    assert len(seen) < sum(len(one.activities) for one in deals.deals if one.id in team)
    assert sum(row["activities"] for row in figures(deals, "effort", "Ada").values()) == len(seen)
    with pytest.raises(NotFoundError, match="there is no report"):
        figures(deals, "effort", "Vic")  # sees deals, and no activity


def won_in_time(deals):
    return [
        one
        for one in deals.deals
        if one.status == "won" and (2024, 12) < (one.entered.year, one.entered.month) < (2026, 10)
    ]


def test_an_allocation_moves_effort_to_where_the_assumption_says_it_brings_more(deals):
    found = figures(deals, "moved")
    effort, value = Counter(), Counter()
    for one in deals.deals:
        effort[one.region] += sum(quarter(a.at) < quarter(NOW) and a.at.year >= 2025 for a in one.activities)
    for one in won_in_time(deals):
        value[one.region] += one.amount or 0
    assert {key[0]: (row["effort"], row["value"]) for key, row in found.items()} == {
        region: (effort[region], value[region]) for region in ("east", "west")
    }
    # With b = ½ the best allocation goes by the square of a = value / √effort: by value² / effort.
    ideal = {one: float(value[one]) ** 2 / effort[one] for one in effort}
    whole = sum(effort.values())
    ideal = {one: n / sum(ideal.values()) * whole for one, n in ideal.items()}
    part = min(1, 0.2 * whole / abs(ideal["east"] - effort["east"]))
    for (region,), row in found.items():
        proposed = effort[region] + part * (ideal[region] - effort[region])
        assert float(row["proposed"]) == pytest.approx(proposed, abs=0.006)
        expected = float(value[region]) * sqrt(proposed / effort[region])
        assert float(row["expected"]) == pytest.approx(expected, abs=0.01)
    assert sum(row["gain"] for row in found.values()) > 0
    _, said = asked(deals, "moved")
    assert {name: said["notes"][0][name] for name in ("code", "returns", "fitted", "move")} == {
        "code": "what-if", "returns": "0.50", "fitted": "stated", "move": "20",
    }  # fmt: skip


def test_returns_that_nobody_states_are_fitted_within_groups_from_what_was(deals):
    minutes, value = Counter(), Counter()
    for one in deals.deals:
        for act in one.activities:
            if act.at.year >= 2025 and quarter(act.at) < quarter(NOW):
                minutes[one.account, quarter(act.at)] += act.minutes or 0
    for one in won_in_time(deals):
        value[one.account, quarter(one.entered)] += one.amount or 0
    cells = {key: (log(n), log(value[key])) for key, n in minutes.items() if n and value[key]}
    groups: dict = defaultdict(list)
    for (account, _), pair in cells.items():
        groups[account].append(pair)
    x = [pair[0] - statistics.mean(one[0] for one in pairs) for pairs in groups.values() for pair in pairs]
    y = [pair[1] - statistics.mean(one[1] for one in pairs) for pairs in groups.values() for pair in pairs]
    b = sum(p * q for p, q in zip(x, y, strict=True)) / sum(p * p for p in x)
    assert allocation.elasticity(cells) == pytest.approx(b)
    made, said = asked(deals, "fitted")
    (note,) = said["notes"]
    assert (note["fitted"], note["cells"]) == ("fitted", len(cells))
    assert note["returns"] == (None if b <= 0 else str(cents(min(b, 1))))
    assert all((row.figures["proposed"] is None) == (b <= 0) for row in made.table.rows)


@pytest.mark.parametrize(
    ("b", "move", "wanted"),
    [
        (1.0, 0.1, {"a": 54, "b": 46}),  # straight: all that moves goes to whom each call brought most
        (0.5, 1.0, {"a": 80, "b": 20}),  # 4 : 1 by value² / effort, all of the way
        (0.5, 0.1, {"a": 60, "b": 40}),
        (0.5, 0.0, {"a": 50, "b": 50}),
    ],
)
def test_effort_goes_the_straight_way_to_the_best_allocation(b, move, wanted):
    effort = {"a": 50.0, "b": 50.0}
    found = allocation.allocated(effort, {"a": 200.0, "b": 100.0}, b, move if b < 1 else 0.04)
    assert found == pytest.approx(wanted)
    assert sum(found.values()) == pytest.approx(100)


def test_where_nothing_is_known_nothing_is_moved():
    assert allocation.allocated({"a": 5.0, "b": 0.0}, {"a": 0.0, "b": 9.0}, 0.5, 0.3) == {"a": 5.0, "b": 0.0}
    assert allocation.elasticity({("a", 0): (1.0, 2.0)}) is None
    steep = {("g", i): (float(i), 0.3 * i + 5) for i in range(4)} | {
        ("h", i): (float(i), 0.3 * i - 2) for i in range(4)
    }
    assert allocation.elasticity(steep) == pytest.approx(0.3)


def test_of_many_cycle_times_only_those_are_marked_that_stay_sure(deals):
    found = figures(deals, "regions")
    tested = [row for row in found.values() if row["z"] is not None and row["won"] >= 5]
    assert len(tested) >= 5
    z = statistics.NormalDist()
    raw = sorted(2 * (1 - z.cdf(abs(float(row["z"])))) for row in tested)
    # Step by step from the greatest: p · m / rank, never more than the one above.
    wanted, least = [], 1.0
    for rank in range(len(raw), 0, -1):
        least = min(least, raw[rank - 1] * len(raw) / rank)
        wanted.append(least)
    assert sorted(float(row["p"]) for row in tested) == pytest.approx(sorted(wanted), abs=0.0001)
    for row in found.values():
        assert (row["mark"] in ("faster", "slower")) == (row["p"] is not None and row["p"] < Decimal("0.05"))
    made, _ = asked(deals, "regions")
    assert made.table.notes[-1] == ("corrected", {"count": len(tested)})


@pytest.mark.parametrize(
    ("name", "calculate", "more", "problem"),
    [
        ("by", "effect", {"by": "record"}, "by: effect is parted by activity, item, touch"),
        ("mean", "effort", {"group": ["tier"], "measure": "avg:amount"}, "measure is count or a sum"),
        ("own", "effort", {"group": ["kind"], "entity": "base.activity"}, "records of another entity"),
        ("time", "allocation", {"group": ["tier"]}, "“allocation” needs “period”"),
        ("where", "arms", {"group": ["tier"]}, "arms is parted by 0 groups"),
    ],
)
def test_what_a_calculation_cannot_do_is_refused_with_what_it_can(name, calculate, more, problem):
    sourced = tuple(SourcedDocument(one, "x") for one in documents({**report(name, calculate), **more}))
    with pytest.raises(DefinitionError, match=problem):
        load.catalog([load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))])
