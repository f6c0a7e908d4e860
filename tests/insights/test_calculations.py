"""Every calculation against the same figures worked out in plain Python from the generated deals, on both databases."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

from insights.generated import NOW, OPEN, asked, figures

TIERS = ("A", "B", "C", None)
LATER = {"lead": {"needs", "offer", "won"}, "needs": {"offer", "won"}, "offer": {"won"}}


def cents(value) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)


def share(part, whole):
    return cents(Decimal(part) * 100 / Decimal(whole)) if whole else None


def quarter(moment: datetime) -> date:
    return date(moment.year, (moment.month - 1) // 3 * 3 + 1, 1)


def test_counts_and_sums_are_those_of_the_records(deals):
    assert figures(deals, "all")[()]["count"] == len(deals.deals)
    counted = Counter(one.tier for one in deals.deals)
    assert {key[0]: row["count"] for key, row in figures(deals, "counts").items()} == counted
    sums: dict = defaultdict(lambda: [0, None])
    for one in deals.deals:
        cell = sums[one.region, quarter(one.created)]
        cell[0] += 1
        if one.amount is not None:
            cell[1] = (cell[1] or 0) + one.amount
    found = figures(deals, "sums")
    assert {key: [row["count"], row["sum:amount"]] for key, row in found.items()} == dict(sums)


def test_means_leave_empty_values_out_and_look_at_the_year(deals):
    found = figures(deals, "means")
    for tier in TIERS:
        own = [
            one.amount
            for one in deals.deals
            if one.tier == tier and one.created.year == 2026 and one.amount is not None
        ]
        assert found[(tier,)]["avg:amount"] == (sum(own) / len(own)).quantize(Decimal("0.000001"))


def test_the_vital_few_come_first_and_make_80_percent(deals):
    sums: dict = defaultdict(Decimal)
    for one in deals.deals:
        sums[one.account] += one.amount or 0
    order = sorted(sums.values(), reverse=True)
    found = list(figures(deals, "vital").values())
    assert [row["sum:amount"] for row in found] == order
    assert [row["running"] for row in found] == [share(sum(order[: i + 1]), sum(order)) for i in range(5)]
    reached = [sum(order[:i]) * 100 / sum(order) < 80 for i in range(5)]
    assert [row["class"] == "A" for row in found] == reached


def test_win_rates_are_of_won_and_lost_alone(deals):
    for (tier,), row in figures(deals, "rates").items():
        own = [one.status for one in deals.deals if one.tier == tier]
        won, lost = own.count("won"), own.count("lost")
        assert (row["won"], row["lost"], row["closed"]) == (won, lost, won + lost)
        assert row["win_rate"] == share(won, won + lost)
        assert row["low"] < row["win_rate"] < row["high"]


def test_a_year_before_stands_beside_each_quarter(deals):
    _, said = asked(deals, "rates_of_quarters")
    assert (said["since"], said["until"]) == ("2026-01-01", "2026-12-31")
    assert said["compared_with"] == {"since": "2025-01-01", "until": "2025-12-31"}
    for row in said["rows"]:
        year, number = int(row["key"][0][:4]), int(row["key"][0][-1])
        for figured, when in ((row["figures"], year), (row["before"] or {"won": 0, "closed": 0}, year - 1)):
            own = [one.status for one in deals.deals if quarter(one.entered) == date(when, 3 * number - 2, 1)]
            assert (figured["won"], figured["closed"]) == (own.count("won"), own.count("won") + own.count("lost"))


def test_cycle_times_are_those_of_won_deals_in_whole_hours(deals):
    for (tier,), row in figures(deals, "cycle").items():
        spent = [
            int((one.entered - one.created).total_seconds())
            for one in deals.deals
            if one.tier == tier and one.status == "won"
        ]
        hours = [one // 3600 for one in spent]
        assert row["won"] == len(spent)
        assert row["mean"] == cents(Decimal(sum(spent)) / len(spent) / 86400)
        assert float(row["median"]) == pytest.approx(statistics.median(hours) / 24, abs=0.006)
        p90 = statistics.quantiles(hours, n=10, method="inclusive")[8] if len(hours) > 1 else hours[0]
        assert float(row["p90"]) == pytest.approx(p90 / 24, abs=0.006)
        others = [
            int((one.entered - one.created).total_seconds()) // 3600
            for one in deals.deals
            if one.tier != tier and one.status == "won"
        ]
        differs = statistics.median(hours) - statistics.median(others)
        assert float(row["difference"]) == pytest.approx(differs / 24, abs=0.006)


def test_what_ends_before_it_starts_is_left_out_and_told(deals):
    _, said = asked(deals, "backwards")
    won = [one for one in deals.deals if one.status == "won"]
    assert sum(row["figures"]["won"] for row in said["rows"]) == 0
    assert said["notes"] == [{"code": "ends-before-start", "count": len(won)}]


def entered(one, stage):
    """When a deal first entered a stage, and what became of it since."""
    for i, (here, since, _) in enumerate(one.visits):
        if here == stage:
            after = {later for later, _, _ in one.visits[i + 1 :]}
            on = bool(after & LATER[stage])
            return since, "went_on" if on else "lost" if one.status in ("lost", "archived") else "open"
    return None


def test_a_funnel_follows_those_that_entered(deals):
    for (stage,), row in figures(deals, "funnel").items():
        ways = Counter(found[1] for one in deals.deals if (found := entered(one, stage)))
        assert {name: row[name] for name in ("went_on", "lost", "open")} == {
            name: ways[name] for name in ("went_on", "lost", "open")
        }
        assert row["entered"] == sum(ways.values())
        assert row["decided_rate"] == share(ways["went_on"], ways["went_on"] + ways["lost"])
    (offer,) = [row for key, row in figures(deals, "funnel").items() if key == ("offer",)]
    assert offer["threshold"] == 99
    marks = [row["mark"] for row in figures(deals, "funnel").values()]
    rates = [row["decided_rate"] for row in figures(deals, "funnel").values()]
    assert [mark == "valley" for mark in marks[:2]] == [rate == min(rates) for rate in rates[:2]]
    assert marks[2] == "below_threshold"


def test_a_funnel_of_a_time_follows_those_that_entered_then(deals):
    found = figures(deals, "funnel_by_tier")
    for (tier, stage), row in found.items():
        own = [entered(one, stage) for one in deals.deals if one.tier == tier]
        ways = Counter(one[1] for one in own if one and one[0].year == 2026)
        assert row["entered"] == sum(ways.values())
        assert (row["went_on"], row["lost"]) == (ways["went_on"], ways["lost"])


def test_throughput_counts_what_happened_in_the_time(deals):
    since = datetime(2026, 7, 1, tzinfo=NOW.tzinfo)
    for (stage,), row in figures(deals, "through").items():
        came, left, on, lost = set(), set(), set(), set()
        for one in deals.deals:
            for i, (here, begun, ended) in enumerate(one.visits):
                if here != stage:
                    continue
                if begun >= since:
                    came.add(one.id)
                if ended is not None and ended >= since:
                    left.add(one.id)
                    to = one.visits[i + 1][0]
                    on |= {one.id} if to in LATER[stage] else set()
                    lost |= {one.id} if to in ("lost", "aside") else set()
        assert [row[name] for name in ("entered", "left", "went_on", "lost")] == [
            len(one) for one in (came, left, on, lost)
        ]


def test_dwell_counts_the_lasting_by_kaplan_and_meier(deals):
    for (stage,), row in figures(deals, "stay").items():
        ended, lasting = [], []
        for one in deals.deals:
            for here, since, until in one.visits:
                if here == stage:
                    (lasting if until is None else ended).append(int(((until or NOW) - since).total_seconds()))
        assert (row["closed"], row["open"]) == (len(ended), len(lasting))
        assert row["mean"] == cents(Decimal(sum(ended)) / len(ended) / 86400)
        assert float(row["median"]) == pytest.approx(statistics.median(one // 3600 for one in ended) / 24, abs=0.006)
        # The curve once more, visit by visit.
        left, middle = 1.0, None
        for hour in sorted({one // 3600 for one in ended}):
            at_risk = sum(one // 3600 >= hour for one in (*ended, *lasting))
            left *= 1 - sum(one // 3600 == hour for one in ended) / at_risk
            if left <= 0.5:
                middle = hour
                break
        assert float(row["km_median"]) == pytest.approx(middle / 24, abs=0.006)


def test_losses_are_by_the_stage_before_and_the_reason(deals):
    counted = Counter((one.visits[-2][0], one.reason) for one in deals.deals if one.status == "lost")
    found = figures(deals, "lost")
    assert {key: row["count"] for key, row in found.items()} == counted
    assert found[counted.most_common(1)[0][0]]["share"] == share(counted.most_common(1)[0][1], sum(counted.values()))


def test_newcomers_and_the_others_are_ranked_apart(deals):
    since = {deals.people[name].id: 40 + 100 * i for i, name in enumerate(("Ada", "Bea", "Cem", "Vic"))}
    sums: dict = defaultdict(Decimal)
    for one in deals.deals:
        if one.status == "won":
            sums[one.owner] += one.amount or 0
    bands = {owner: "new" if days < 180 else "old" for owner, days in since.items()}
    found = figures(deals, "board")
    assert {key: row["sum:amount"] or 0 for key, row in found.items()} == {
        (bands[owner], owner): total for owner, total in sums.items()
    }
    for band in ("new", "old"):
        own = sorted((total for owner, total in sums.items() if bands[owner] == band), reverse=True)
        assert [row["rank"] for key, row in found.items() if key[0] == band] == [own.index(one) + 1 for one in own]


def test_a_forecast_weighs_what_is_open_by_what_became_of_others(deals):
    found = figures(deals, "expected")
    for (tier, stage), row in found.items():
        own = [one for one in deals.deals if one.tier == tier and one.status == "open" and one.stage == stage]
        been = [one for one in deals.deals if one.status in ("won", "lost") and any(v[0] == stage for v in one.visits)]
        whole = Decimal(sum(one.status == "won" for one in been)) / len(been)
        mine = [one for one in been if one.tier == tier]
        chance = (sum(one.status == "won" for one in mine) + 10 * whole) / (len(mine) + 10)
        amount = sum((one.amount or 0 for one in own), Decimal(0))
        assert (row["count"], row["open"], row["decided"]) == (len(own), amount, len(mine))
        assert row["chance"] == cents(chance * 100)
        assert row["stated"] == {"lead": Decimal("12.50"), "needs": 30, "offer": 60}[stage]
        assert row["weighted"] == (amount * chance).quantize(Decimal("0.01"))


def test_the_index_of_a_month_is_its_mean_in_percent_of_all_months(deals):
    sums: dict = defaultdict(Decimal)
    for one in deals.deals:
        if one.status == "won" and one.entered.year in (2024, 2025):
            sums[one.entered.month] += one.amount or 0
    mean = sum(sums.values()) / 24
    for (month,), row in figures(deals, "months").items():
        assert row["index"] == share(sums[month] / 2, mean)


def test_health_looks_at_what_became_of_the_same_stage_before(deals):
    for (stage,), row in figures(deals, "ahead").items():
        cases = won = lost = 0
        for back in range(1, 7):
            then, after = NOW - timedelta(days=30 * back), NOW - timedelta(days=30 * (back - 1))
            for one in deals.deals:
                there = [s for s, since, until in one.visits if since <= then and (until is None or until > then)]
                if there == [stage]:
                    (now,) = [
                        s for s, since, until in one.visits if since <= after and (until is None or until > after)
                    ]
                    cases += 1
                    won += now == "won"
                    lost += now in ("lost", "aside")
        assert (row["cases"], row["win_share"], row["loss_share"]) == (cases, share(won, cases), share(lost, cases))
        amount = sum((one.amount or 0 for one in deals.deals if one.stage == stage), Decimal(0))
        assert row["open"] == amount
        assert row["expected"] == (amount * won / cases).quantize(Decimal("0.01"))


def test_anomalies_hold_the_last_whole_month_against_those_before(deals):
    months = [date(2025, 12, 1), *(date(2026, i, 1) for i in range(1, 11))]
    for (tier,), row in figures(deals, "odd").items():
        counts = [
            sum(one.tier == tier and one.created.date().replace(day=1) == month for one in deals.deals)
            for month in months
        ]
        *before, last = counts
        middle = statistics.median(before)
        spread = statistics.median(abs(one - middle) for one in before)
        assert (row["value"], row["usual"], row["count"]) == (last, middle, last)
        if spread:
            assert float(row["z"]) == pytest.approx(0.6745 * (last - middle) / spread, abs=0.006)
            assert row["verdict"] == (
                "usual" if abs(0.6745 * (last - middle) / spread) <= 3.5 else "high" if last > middle else "low"
            )


def test_rates_of_stages_and_wins_are_judged_by_month(deals):
    for (stage,), row in figures(deals, "odd_stages").items():
        left = on = 0
        for one in deals.deals:
            for i, (here, _, ended) in enumerate(one.visits):
                if here == stage and ended is not None and (ended.year, ended.month) == (2026, 10):
                    left, on = left + 1, on + (one.visits[i + 1][0] in LATER[stage])
        assert row["value"] == (cents(Decimal(100 * on) / left) if left else None)
    (row,) = figures(deals, "odd_wins").values()
    closed = [one.status for one in deals.deals if (one.entered.year, one.entered.month) == (2026, 10)]
    won, lost = closed.count("won"), closed.count("lost")
    assert row["value"] == share(won, won + lost)


def test_paths_are_the_stages_in_their_order(deals):
    ways = Counter(">".join(stage for stage, _, _ in one.visits) for one in deals.deals)
    found = figures(deals, "ways")
    assert {key[0]: row["count"] for key, row in found.items()} == ways
    won = Counter(one.owner for one in deals.deals if one.status == "won")
    best = min(won, key=lambda owner: (-won[owner], owner))
    for (way,), row in found.items():
        own = [one for one in deals.deals if ">".join(stage for stage, _, _ in one.visits) == way]
        assert (row["won"], row["lost"]) == tuple(sum(one.status == end for one in own) for end in ("won", "lost"))
        assert row["top"] == sum(one.owner == best for one in own)
    assert found[("lead>needs>offer>won",)]["kind"] == "straight"
    assert all(row["kind"] == "other" for key, row in found.items() if "needs>lead" in key[0])


def test_stages_are_in_the_order_of_the_pipeline(deals):
    for name in ("funnel", "through", "stay", "ahead"):
        assert [key[-1] for key in figures(deals, name)] == list(OPEN)
