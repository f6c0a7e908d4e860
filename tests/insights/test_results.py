"""Kept results of dear reports: the same figures as the database gives, of a stated moment, within the rights of each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dealwright import access, clock
from dealwright.metadata import reports as defined
from dealwright.records import Work, reports, results
from dealwright.records.reports import Asked
from dealwright.storage import records as stored
from insights.generated import NOW, REPORTS, figures
from sent import statements

LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def dear(monkeypatch):
    """Every report counts as dear."""
    monkeypatch.setattr(results, "SLOW", -1.0)
    monkeypatch.setattr(results, "MANY", 0)


@pytest.fixture(autouse=True)
def nothing_kept(deals):
    yield
    with deals.workspace.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM dw_result")


def look(deals, name, who=None, at=NOW, **asked):
    with deals.workspace.database.read() as connection, clock.frozen(at):
        user = access.operator() if who is None else deals.people[who]
        work = Work(deals.workspace, connection, user)
        made = reports.make(work, f"t.{name}", Asked(**asked))
        return made, reports.shown(work, made)


@pytest.fixture
def one_more(deals):
    """A deal that comes after the first look, and goes at the end."""
    one = deals.deals[0]
    row = {
        "id": "0190ffff-0000-7000-8000-000000000000", "version": 1, "created_at": NOW, "updated_at": NOW, "name": "New",
        "owner": deals.people["Ada"].id, "team": one.team, "pipeline": "t.sale", "pipeline_version": 1, "stage": "lead",
        "status": "open", "stage_entered_at": NOW, "tier": "A", "lines": [],
    }  # fmt: skip

    def put():
        with deals.workspace.database.write() as connection:
            catalog = Work(deals.workspace, connection, access.operator()).catalog
            stored.insert(connection, catalog, "t.deal", [row])

    yield put
    with deals.workspace.database.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM t__deal WHERE id = '{row['id']}'")


def test_every_report_gives_from_a_kept_result_just_what_the_database_gave(deals, dear):
    names = [one["id"].partition(".")[2] for one in REPORTS]
    for name in names:
        for who in (None, "Max"):
            _, first = look(deals, name, who)
            with statements() as sent:
                made, kept = look(deals, name, who, LATER)
            assert made.used is not None and made.used.at == NOW, name
            assert kept == first
            # What deals are called, where they are the keys, is asked each time.
            asked = [one for one in sent if "t__deal.id IN" not in one]
            assert not any("dw_visit" in one or "FROM t__deal" in one for one in asked), name


def test_a_kept_result_says_of_when_it_is_and_a_fresh_one_is_of_now(deals, dear, one_more):
    _, first = look(deals, "all")
    one_more()
    _, kept = look(deals, "all", at=LATER)
    assert kept["as_of"] == NOW
    assert kept["rows"] == first["rows"]
    _, fresh = look(deals, "all", at=LATER, fresh=True)
    assert fresh["as_of"] == LATER
    assert fresh["rows"][0]["figures"]["count"] == first["rows"][0]["figures"]["count"] + 1
    _, again = look(deals, "all", at=LATER + timedelta(minutes=1))
    assert (again["as_of"], again["rows"]) == (LATER, fresh["rows"])
    _, old = look(deals, "all", at=LATER + results.OLDEST + timedelta(seconds=1))
    assert old["as_of"] > LATER  # nobody is shown what is older than a day


def test_two_readers_share_a_result_only_where_they_see_the_same(deals, dear):
    by_all = look(deals, "counts")[1]["rows"]
    by_ada = look(deals, "counts", "Ada")[1]["rows"]
    by_vic = look(deals, "counts", "Vic")[1]["rows"]
    assert by_all != by_ada != by_vic
    for who, rows in ((None, by_all), ("Ada", by_ada), ("Vic", by_vic)):
        assert look(deals, "counts", who, LATER)[1]["rows"] == rows
    assert look(deals, "counts", "Max", LATER)[0].used.at == NOW  # sees all, as the operator does
    assert look(deals, "counts", "Ada", LATER, filter='tier == "A"')[0].used.at is None


def test_a_worker_works_anew_what_somebody_has_looked_at_since(deals, dear, one_more):
    first = look(deals, "all", "Max")[1]["rows"][0]["figures"]["count"]
    one_more()
    later = NOW + results.REST + timedelta(minutes=1)
    with clock.frozen(later):
        assert reports.renew(deals.workspace) == 0  # nobody has looked since
        look(deals, "all", "Max", later)
        assert reports.renew(deals.workspace) == 1
        assert reports.renew(deals.workspace) == 0
    _, said = look(deals, "all", "Max", later + timedelta(seconds=1))
    assert (said["as_of"], said["rows"][0]["figures"]["count"]) == (later, first + 1)


def test_a_worker_that_dies_leaves_the_result_as_it_was(deals, dear, monkeypatch):
    _, first = look(deals, "all", "Max")
    later = NOW + results.REST + timedelta(minutes=1)
    look(deals, "all", "Max", later)
    with monkeypatch.context() as broken, clock.frozen(later):
        broken.setattr(results.results, "put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            reports.renew(deals.workspace)
    _, said = look(deals, "all", "Max", later)
    assert (said["as_of"], said["rows"]) == (NOW, first["rows"])
    with clock.frozen(later):
        assert reports.renew(deals.workspace) == 1


def test_what_is_not_dear_is_not_kept(deals):
    with statements() as sent:
        look(deals, "all")
    assert not any(one.startswith(("INSERT", "UPDATE")) for one in sent)
    assert look(deals, "all", at=LATER)[1]["as_of"] == LATER
    assert figures(deals, "all") and "t.all" in defined.of(deals.workspace.latest())
