"""Contests, trends, targets and the errors of forecasts, each against plain Python over the generated deals."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dealwright import clock
from dealwright.errors import DefinitionError, NotFoundError
from dealwright.insights import trends
from dealwright.metadata import load
from dealwright.records import Work, reports
from dealwright.records.reports import Asked
from dealwright.storage import snapshots
from insights.generated import NOW, OPEN, asked, figures, report
from insights.test_calculations import cents, share
from worlds import documents, made

UTC = ZoneInfo("UTC")


def test_a_contest_gives_the_points_of_its_document(deals):
    points: dict = defaultdict(lambda: [Decimal(0)] * 3)
    records: dict = defaultdict(int)
    begin = datetime(2026, 7, 1, tzinfo=UTC)
    for one in deals.deals:
        if one.entered < begin or not (one.status == "won" or (one.status == "lost" and one.reason is None)):
            continue
        given = [Decimal(10), (one.amount or 0) / Decimal(100), Decimal(0)] if one.status == "won" else [0, 0, -1]
        points[one.owner] = [a + b for a, b in zip(points[one.owner], given, strict=True)]
        records[one.owner] += 1
    found = figures(deals, "race")
    assert {key[0]: (row["points"], row["count"]) for key, row in found.items()} == {
        owner: (cents(sum(given)), records[owner]) for owner, given in points.items()
    }
    for (owner,), row in found.items():
        assert [row["points:won"], row["points:money"], row["points:lost"]] == [cents(one) for one in points[owner]]
        assert row["rank"] == 1 + sum(sum(other) > sum(points[owner]) for other in points.values())
    _, said = asked(deals, "race")
    assert said["notes"] == [{"code": "contest", "state": "running", "days": 1}]
    assert (said["since"], said["until"]) == ("2026-07-01", "2026-11-23")


def test_a_contest_shows_nothing_of_fields_that_its_rules_read_and_its_reader_may_not_see(deals):
    with pytest.raises(NotFoundError):
        asked(deals, "race", "Gus")
    _, all_of_them = asked(deals, "race")
    _, own = asked(deals, "race", "Vic")  # sees the fields of own deals alone
    assert [row["key"][0] for row in own["rows"]] == [deals.people["Vic"].id]
    (same,) = [row for row in all_of_them["rows"] if row["key"] == own["rows"][0]["key"]]
    assert {**same["figures"], "rank": 1} == own["rows"][0]["figures"]


@pytest.mark.parametrize(
    ("series", "wanted"),
    [
        # Three months in a row 15 % or more below the one before: 100, 80, 64, 50; usual 100; 100 − 60 − 40 × 0.5.
        ((100, 100, 100, 80, 64, 50), {"falls": 3, "usual": 100, "health": 20, "verdict": "falling"}),
        ((100, 100, 100, 100), {"falls": 0, "change": 0, "slope": 0, "z": 0, "health": 100, "verdict": "steady"}),
        # 84 is 16 % below 100, 100 not below 90: one fall; level 84 / 95.
        ((90, 90, 100, 100, 84), {"falls": 1, "usual": 95, "change": -16, "health": 75, "verdict": "steady"}),
        # S = 21 of 7 rising values, variance 44.33: z = 20 / 6.658.
        ((1, 2, 3, 4, 5, 6, 7), {"z": Decimal("3.00"), "slope": Decimal("28.57"), "health": 100, "verdict": "rising"}),
        ((5, 5, 5), {"verdict": "few", "health": None, "value": 5}),
        ((0, 0, 0, 0), {"falls": 0, "change": None, "health": 100, "verdict": "steady"}),
    ],
)
def test_a_trend_is_told_by_falls_in_a_row_and_by_the_whole_series(series, wanted):
    found = trends.heading([Decimal(one) for one in series], Decimal(15))
    assert {name: found[name] for name in wanted} == wanted


def test_trends_look_at_whole_periods_and_put_the_worst_first(deals):
    found = figures(deals, "heading")
    sums: dict = defaultdict(Decimal)
    for one in deals.deals:
        if (one.created.year, one.created.month) in ((2026, 7), (2026, 8), (2026, 9)):
            sums[one.account] += one.amount or 0
    assert {key[0]: row["value"] for key, row in found.items() if row["value"]} == {
        account: cents(total) for account, total in sums.items() if total
    }
    healths = [row["health"] for row in found.values() if row["health"] is not None]
    assert healths == sorted(healths)


def test_targets_of_the_time_stand_beside_the_figures_of_their_person(deals):
    ada, bea = (deals.people[name].id for name in ("Ada", "Bea"))
    with clock.frozen(NOW):
        for person, first, last, value in (
            (ada, "2026-10-01", "2026-10-31", "10000"),
            (ada, "2026-11-01", "2026-11-30", "2500.5"),
            (ada, "2025-12-01", "2025-12-31", "1"),
            (bea, "2026-12-01", "2027-01-31", "1"),
        ):
            made(
                deals.workspace, "base.target", title="Target", metric="won_amount", person=person, starts_on=first,
                ends_on=last, value=value,
            )  # fmt: skip
    _, said = asked(deals, "goals")
    targets = {row["key"][0]: row.get("target") for row in said["rows"]}
    own = [one for one in deals.deals if one.owner == ada and one.status == "won" and one.entered.year == 2026]
    won = sum((one.amount or 0 for one in own), Decimal(0))
    assert targets[ada] == {"value": "12500.5", "reached": str(share(won, Decimal("12500.5")))}
    assert [one for person, one in targets.items() if person != ada] == [None] * (len(targets) - 1)
    # Who may not read targets has none.
    _, said = asked(deals, "goals", "Ada")
    assert all("target" not in row for row in said["rows"])


def test_a_figure_far_from_its_benchmark_says_so_with_the_source(deals):
    with clock.frozen(NOW):
        for stage, value in (("lead", "5"), ("needs", "15"), ("offer", "30")):
            made(
                deals.workspace, "base.benchmark", title=stage, metric="stage_days", stage=stage, value=value,
                source="Trade survey", valid_from="2026-01-01",
            )  # fmt: skip
    _, said = asked(deals, "slow")
    days = {stage: [] for stage in OPEN}
    for one in deals.deals:
        for stage, since, until in one.visits:
            if until is not None:
                days[stage].append((until - since).total_seconds())
    means = {stage: cents(Decimal(sum(own)) / 86_400 / len(own)) for stage, own in days.items() if own}
    assert {row["key"][0]: (row["benchmark"]["percent"], row["benchmark"]["verdict"]) for row in said["rows"]} == {
        "lead": (str(share(means["lead"], 5)), "above"),
        "needs": (str(share(means["needs"], 15)), "within"),
        "offer": (str(share(means["offer"], 30)), "below"),
    }
    assert {row["benchmark"]["source"] for row in said["rows"]} == {"Trade survey"}


def test_a_benchmark_of_an_industry_stands_beside_that_industry_alone(deals):
    with clock.frozen(NOW):
        for industry, value in (("EAST", "40"), (None, "30"), ("Fisheries", "99")):
            made(
                deals.workspace, "base.benchmark", title=str(industry), metric="region_wins", industry=industry,
                value=value, valid_from="2026-01-01" if industry is None else "2026-02-01",
            )  # fmt: skip
    _, said = asked(deals, "held")
    assert {row["key"][0]: row["benchmark"]["value"] for row in said["rows"]} == {"east": "40", "west": "30"}
    _, said = asked(deals, "held_all")
    assert [row["benchmark"]["value"] for row in said["rows"]] == ["30"]


def _snapshots(deals):
    """Three snapshots of Max: two that have had their time, and one that has not. Put once for all tests."""
    user = deals.people["Max"].id
    taken = [datetime.combine((NOW - timedelta(days=days)).date(), time(8), UTC) for days in (90, 62, 7)]
    with deals.workspace.database.write() as connection:
        if not snapshots.there(connection, "t.weekly", user, taken[0]):
            for i, at in enumerate(taken):
                rows = [
                    {"key": [tier, stage], "figures": {"weighted": str(1000 * (i + 1) + 10 * j)}}
                    for tier in ("A", "B", None)
                    for j, stage in enumerate(OPEN)
                ]
                body = {"rows": rows, "until": None, "since": None}
                snapshots.put(connection, snapshots.Snapshot(clock.new_id(), "t.weekly", user, at, at, "r", body))
    return taken


def _came(deals, at, days):
    """What was won within so many days of what was open at a moment: by tier and stage."""
    sums: dict = defaultdict(Decimal)
    for one in deals.deals:
        there = [stage for stage, since, until in one.visits if since <= at and (until is None or until > at)]
        if one.status == "won" and at < one.entered < at + timedelta(days=days) and there:
            sums[one.tier, there[0]] += one.amount or 0
    return sums


@pytest.mark.parametrize(("name", "days", "place"), [("errors", 30, 0), ("errors_by_stage", 60, 1)])
def test_the_error_of_a_forecast_is_what_its_snapshots_promised_beside_what_came(deals, name, days, place):
    taken = _snapshots(deals)[:2]
    cells: dict = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for i, at in enumerate(taken):
        for tier in ("A", "B", None):
            for j, stage in enumerate(OPEN):
                cells[i, tier, stage][0] += 1000 * (i + 1) + 10 * j
        for key, came in _came(deals, at, days).items():
            cells[(i, *key)][1] += came
    found = figures(deals, name, "Max")
    assert found
    for (key,), row in found.items():
        own = [pair for at, pair in cells.items() if at[1 + place] == key]
        promised, came = (sum(pair[k] for pair in own) for k in (0, 1))
        missed = sum(abs(pair[0] - pair[1]) for pair in own)
        assert (row["forecast"], row["actual"], row["error"]) == (promised, came, promised - came)
        assert (row["bias"], row["wape"]) == (share(promised - came, came), share(missed, came))
    assert {at[1 + place] for at in cells} == {key[0] for key in found}
    made_, said = asked(deals, name, "Max")
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        work = Work(deals.workspace, connection, deals.people["Max"])
        again = reports.make(work, f"t.{name}", Asked())
        for row in said["rows"]:
            behind = reports.behind(work, again, json.dumps(row["key"]), "won", size=200)["items"]
            assert len(behind) == row["figures"]["won"]
            assert all(
                one["status"] == "won" and one["tier" if place == 0 else "name"] for one in behind if row["key"][0]
            )
    assert said["notes"] == [{"code": "snapshots", "count": 2, "waiting": 1}]
    assert made_.table.total["wape"] == share(
        sum(abs(a - b) for a, b in cells.values()), sum(b for _, b in cells.values())
    )


def test_errors_stand_by_the_day_of_the_snapshot_and_are_those_of_its_reader_alone(deals):
    taken = _snapshots(deals)[:2]
    _, said = asked(deals, "errors_by_run", "Max")
    assert [row["key"] for row in said["rows"]] == [[at.date().isoformat()] for at in taken]
    assert [row["figures"]["actual"] for row in said["rows"]] == [
        str(cents(sum(_came(deals, at, 30).values(), Decimal(0)))) for at in taken
    ]
    _, nobody = asked(deals, "errors_by_run")  # the operator has no snapshots
    assert (nobody["rows"], nobody["notes"]) == ([], [{"code": "snapshots", "count": 0, "waiting": 0}])


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (report("x", "accuracy"), "missing-forecast"),
        (report("x", "accuracy", forecast="t.by_stage"), "not-a-choice"),
        (report("x", "contest", group=["owner"]), "missing-points"),
        (report("x", "contest", group=["owner"], points=[{"id": "a", "title": "A", "of": "name", "each": 1}]), "wrong-type"),
        (
            report("x", "contest", group=["owner"], points=[{"id": "a", "title": "A", "each": 1}],
                   between={"first": "2026-02-01", "last": "2026-01-31"}),
            "ends-before-start",
        ),
        (
            report("x", "contest", group=["owner"], points=[{"id": "a", "title": "A", "each": 1}],
                   between={"first": "2026-02-30", "last": "2026-03-31"}),
            "no-such-day",
        ),
        (report("x", "trend", group=["account"]), "missing-period"),
        (report("x", "paths", target="won"), "wrong-place"),
        (report("x", "dwell", warn={"above": 200}), "missing-benchmark"),
    ],
)  # fmt: skip
def test_documents_that_cannot_be_worked_out_are_refused(document, code):
    with pytest.raises(DefinitionError) as refused:
        load.catalog_of(documents(document), with_base=True)
    assert code in {one.code for one in refused.value.problems}
