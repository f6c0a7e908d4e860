"""A stored formula that a revision adds or changes is worked out anew, batch by batch, whatever happens meanwhile."""

from __future__ import annotations

import copy
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from dealwright import access, clock, records
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.packs import store
from dealwright.records import Change, Work
from dealwright.storage import events, queue, recompute, revisions, schema
from worlds import DEAL, documents, made

PROCESS = Path(__file__).parent / "recompute_process.py"


def catalog_of(*more):
    """Return the catalog of the small world with other documents, and its layers."""
    sourced = tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in documents(*more))
    layers = [load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))]
    return load.catalog(layers, {"currency": "EUR"}), layers


def deal_with(**properties):
    """Return the deal with other fields, and those of rows where a name has a dot."""
    deal = copy.deepcopy(DEAL)
    for name, one in properties.items():
        outer, _, inner = name.partition("__in__")
        (deal["properties"][outer]["items"]["properties"] if inner else deal["properties"])[inner or outer] = one
    return deal


def change(workspace, *more):
    """Put other documents in force, as an installation does; return what is left for a worker, in words."""
    catalog, layers = catalog_of(*more)
    queue.install(workspace.database)
    with workspace.database.write() as connection:
        old = workspace.catalog(connection)
        schema.plan(old, catalog).apply(connection)
        store(connection, catalog, layers, reason="test", by=None, at=clock.now())
        revisions.activate(connection, catalog.revision, reason="test", by=None, at=clock.now())
        return recompute.leave(connection, old, catalog)


def work_off(workspace):
    """Do the jobs as a worker would, one after the other; return how many."""
    done = set()
    while waiting := [one for one in queue.jobs(workspace.database, ("waiting",)) if one.id not in done]:
        records.recompute(workspace, waiting[-1].arguments)
        done.add(waiting[-1].id)
    return len(done)


def page(workspace, **asked):
    with workspace.database.read() as connection:
        return records.page(Work(workspace, connection, access.operator()), "t.deal", sort="name", **asked).items


WEIGHTED = {"field": "formula", "result": "money", "formula": "amount * win / 50", "title": "Weighted"}
DOUBLE = {"field": "formula", "result": "money", "formula": "weighted * 2", "title": "Double"}


def test_a_changed_formula_and_what_builds_on_it_are_right_in_lists_and_filters(workspace):
    made(workspace, "t.deal", name="A", amount="1000", win="40")
    made(workspace, "t.deal", name="B", amount="10", win="40")
    assert change(workspace, deal_with(weighted=WEIGHTED, double=DOUBLE)) == [
        "work out double, weighted of the stored Deals anew, by a worker"
    ]
    assert [one["double"] for one in page(workspace)] == [None, None]
    work_off(workspace)
    # 1000 × 40 / 50 = 800, twice 1600; 10 × 40 / 50 = 8, twice 16
    assert [(one["weighted"], one["double"]) for one in page(workspace)] == [("800.00", "1600.00"), ("8.00", "16.00")]
    assert [one["name"] for one in page(workspace, filter="double > 1000")] == ["A"]


def test_neither_version_nor_history_of_the_records_changes(workspace):
    deal = made(workspace, "t.deal", name="A", amount="1000", win="40")
    with workspace.database.read() as connection:
        before = events.history(connection, "t.deal", deal)
    change(workspace, deal_with(weighted=WEIGHTED))
    work_off(workspace)
    with workspace.database.read() as connection:
        assert records.fetch(Work(workspace, connection, access.operator()), "t.deal", deal)["version"] == 1
        assert events.history(connection, "t.deal", deal) == before


def test_formulas_in_rows_and_sums_over_them_are_worked_out_anew(workspace):
    deal = made(
        workspace,
        "t.deal",
        name="A",
        lines=[{"what": "x", "qty": 2, "price": "5"}, {"what": "y", "qty": 3, "price": "1"}],
    )
    line = {"field": "formula", "result": "money", "formula": "qty * price", "title": "Line"}
    total = {**DEAL["properties"]["total"], "formula": "lines.sum(l, l.line) * 2"}
    assert change(workspace, deal_with(lines__in__line=line, total=total)) == [
        "work out lines.line, total of the stored Deals anew, by a worker"
    ]
    work_off(workspace)
    with workspace.database.read() as connection:
        found = records.fetch(Work(workspace, connection, access.operator()), "t.deal", deal)
    assert ([one["line"] for one in found["lines"]], found["total"]) == (["10.00", "3.00"], "26.00")


def test_a_formula_over_a_reference_reads_the_record_as_it_is_now(workspace):
    account = made(workspace, "t.account", name="Acme", credit="70")
    deal = made(workspace, "t.deal", name="A", account=account, amount="100")
    gap = {"field": "formula", "result": "money", "formula": "amount - account.credit", "title": "Gap"}
    change(workspace, deal_with(gap=gap))
    work_off(workspace)
    assert [(one["id"], one["gap"]) for one in page(workspace)] == [(deal, "30.00")]


def test_only_what_says_something_else_is_worked_out_anew():
    old, _ = catalog_of()
    reworded = {**DEAL["properties"]["weighted"], "formula": "(amount*win)/100", "title": "Expected"}
    assert recompute.stale(old, catalog_of(deal_with(weighted=reworded))[0]) == {}
    assert recompute.stale(None, old) == {}
    hour = {"field": "formula", "result": "boolean", "formula": "closes_on < today()", "title": "Late"}
    mine = {"field": "formula", "result": "boolean", "formula": "owner == user.id", "title": "Mine"}
    assert recompute.stale(old, catalog_of(deal_with(late=hour, mine=mine))[0]) == {}


def test_a_parameter_that_a_formula_reads_makes_it_stale():
    parameter = {"kind": "parameter", "id": "t.factor", "type": "decimal", "title": "Factor", "default": "2"}
    scaled = deal_with(weighted={**WEIGHTED, "formula": "amount * param.factor"})
    old, new = (catalog_of(scaled, {**parameter, "default": value})[0] for value in ("2", "3"))
    assert recompute.stale(old, new) == {"t.deal": ("weighted",)}


def test_other_interactions_that_count_bring_the_last_activity_up_to_date(workspace):
    deal = made(workspace, "t.deal", name="A")
    visit = {
        "kind": "entity", "id": "t.visit", "lang": 1, "title": "Visit", "plural": "Visits",
        "properties": {"deal": {"field": "reference", "to": "t.deal"}, "met_at": {"field": "datetime"}},
    }  # fmt: skip
    change(workspace, visit)
    made(workspace, "t.visit", deal=deal, met_at="2026-01-05T09:00:00Z")
    assert change(workspace, {**visit, "interaction": {"about": "deal", "at": "met_at"}}) == [
        "work out last_activity_at of the stored Deals anew, by a worker"
    ]
    work_off(workspace)
    assert page(workspace)[0]["last_activity_at"] == "2026-01-05T09:00:00Z"


def test_the_backlog_tells_how_many_records_are_left(workspace):
    for name in ("A", "B", "C"):
        made(workspace, "t.deal", name=name, amount="10", win="50")
    change(workspace, deal_with(weighted=WEIGHTED))
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
    assert recompute.waiting(workspace.database, catalog) == [recompute.Waiting("t.deal", ("weighted",), 3)]


def test_a_second_run_of_a_job_writes_nothing_and_leaves_no_second_job(workspace, monkeypatch):
    module = sys.modules["dealwright.records.recompute"]
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "BATCHES", 1)
    for number in range(5):
        made(workspace, "t.deal", name=f"D{number}", amount="10", win="50")
    change(workspace, deal_with(weighted=WEIGHTED))
    first = queue.jobs(workspace.database, ("waiting",))[0]
    records.recompute(workspace, first.arguments)
    records.recompute(workspace, first.arguments)
    assert len(queue.jobs(workspace.database, ("waiting",))) == 2
    # 2, 2 and 1 records, and one look that finds no more
    assert work_off(workspace) == 4


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_loses_nothing(workspace):
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        records.save_many(
            work, "t.deal", [Change({"name": f"D{i:03}", "amount": "10", "win": "50"}) for i in range(400)]
        )
    change(workspace, deal_with(weighted=WEIGHTED))
    url = workspace.database.engine.url.render_as_string(hide_password=False)
    for batches in (2, 4, None):
        worker = subprocess.Popen([sys.executable, PROCESS, url], stdout=subprocess.PIPE, text=True)
        try:
            if batches is not None:
                for _ in range(batches):
                    assert worker.stdout.readline()
            else:
                end = time.monotonic() + 60
                while queue.jobs(workspace.database, ("waiting", "running")):
                    assert time.monotonic() < end, "the jobs were not done in time"
                    time.sleep(0.05)
        finally:
            worker.kill()
            worker.communicate()
    with workspace.database.read() as connection:
        found = records.aggregate(
            Work(workspace, connection, access.operator()),
            "t.deal",
            measures=[("count", None), ("min", "weighted"), ("sum", "weighted")],
        )
    # 10 × 50 / 50 = 10 for each of 400
    assert [(one["count"], Decimal(one["min:weighted"]), Decimal(one["sum:weighted"])) for one in found] == [
        (400, 10, 4000)
    ]
