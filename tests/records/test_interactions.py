"""The last activity of a record is the latest interaction about it, whatever happens to the interactions."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, fields, records
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Change, Work, interactions
from dealwright.records import imports as importing
from dealwright.records.tables_in import open_table
from dealwright.storage import events
from passing import pass_until
from sent import statements
from worlds import DEAL, documents, made, opened

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def noon():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def deal(workspace):
    return made(workspace, "t.deal", name="Pumps")


def call(workspace, about, at, entity="t.deal", **data):
    """Return the id of a new activity about a record."""
    values = {"kind": "call", "about": {"entity": entity, "id": about}, "at": at.isoformat(), **data}
    return made(workspace, "base.activity", **values)


def last(workspace, record, entity="t.deal"):
    with workspace.database.read() as connection:
        return records.fetch(Work(workspace, connection, access.operator()), entity, record)["last_activity_at"]


def do(workspace, function, *arguments):
    with workspace.database.write() as connection:
        return function(Work(workspace, connection, access.operator()), *arguments)


def test_a_record_without_an_interaction_has_no_last_activity(workspace, deal):
    assert last(workspace, deal) is None


def test_the_latest_interaction_counts_in_whatever_order_they_are_written(workspace, deal):
    call(workspace, deal, NOON - 3 * DAY)
    call(workspace, deal, NOON - DAY)
    call(workspace, deal, NOON - 2 * DAY)
    assert last(workspace, deal) == "2026-11-22T12:00:00Z"


def test_an_interaction_changes_neither_the_version_nor_the_history_of_what_it_is_about(workspace, deal):
    call(workspace, deal, NOON - DAY)
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        assert records.fetch(work, "t.deal", deal)["version"] == 1
        assert [one["type"] for one in events.history(connection, "t.deal", deal)] == ["record.created"]


def test_changing_archiving_restoring_and_purging_an_interaction_is_followed(workspace, deal):
    first = call(workspace, deal, NOON - 5 * DAY)
    second = call(workspace, deal, NOON - DAY)
    records.save(workspace, access.operator(), "base.activity", {"at": (NOON - 3 * DAY).isoformat()}, id=second)
    assert last(workspace, deal) == "2026-11-20T12:00:00Z"
    do(workspace, records.archive, "base.activity", second)
    assert last(workspace, deal) == "2026-11-18T12:00:00Z"
    do(workspace, records.restore, "base.activity", second)
    assert last(workspace, deal) == "2026-11-20T12:00:00Z"
    do(workspace, records.purge, "base.activity", second)
    assert last(workspace, deal) == "2026-11-18T12:00:00Z"
    do(workspace, records.archive, "base.activity", first)
    assert last(workspace, deal) is None


def test_an_interaction_that_is_given_to_another_record_leaves_the_first(workspace, deal):
    other, account = made(workspace, "t.deal", name="Valves"), made(workspace, "t.account", name="Acme")
    one = call(workspace, deal, NOON - DAY)
    records.save(workspace, access.operator(), "base.activity", {"about": {"entity": "t.deal", "id": other}}, id=one)
    assert (last(workspace, deal), last(workspace, other)) == (None, "2026-11-22T12:00:00Z")
    records.save(
        workspace, access.operator(), "base.activity", {"about": {"entity": "t.account", "id": account}}, id=one
    )
    assert (last(workspace, other), last(workspace, account, "t.account")) == (None, "2026-11-22T12:00:00Z")


def test_a_planned_interaction_counts_when_its_time_has_come(workspace, deal):
    call(workspace, deal, NOON - DAY)
    call(workspace, deal, NOON + 2 * DAY)
    assert last(workspace, deal) == "2026-11-22T12:00:00Z"
    pass_until(workspace, NOON + 3 * DAY)
    assert last(workspace, deal) == "2026-11-25T12:00:00Z"


def test_days_since_activity_follow_in_filters_and_formulas(workspace, deal):
    idle = made(workspace, "t.deal", name="Valves")
    call(workspace, deal, NOON - 2 * DAY)
    call(workspace, idle, NOON - 10 * DAY)
    with workspace.database.read() as connection:
        found = records.page(Work(workspace, connection, access.operator()), "t.deal", filter="days_since_activity > 7")
    assert [one["id"] for one in found.items] == [idle]


def test_two_interactions_more_in_one_call_take_no_statement_more(workspace):
    deals = [made(workspace, "t.deal", name=f"Deal {i}") for i in range(20)]

    def several(count):
        data = [
            Change({"kind": "visit", "about": {"entity": "t.deal", "id": one}, "at": NOON.isoformat()})
            for one in deals[:count]
        ]
        with statements() as seen:
            do(workspace, records.save_many, "base.activity", data)
        return len(seen)

    several(1)  # what is read once for each revision is read now
    assert several(18) == several(20)
    assert {last(workspace, one) for one in deals} == {"2026-11-23T12:00:00Z"}


def test_an_import_of_interactions_is_followed(workspace, deal, tmp_path):
    file = tmp_path / "calls.csv"
    lines = [f"call,t.deal/{deal},2026-11-{day:02}T12:00:00Z" for day in (3, 9, 5)]
    file.write_text("kind,about,at\n" + "\n".join(lines) + "\n", encoding="utf-8")
    counts = importing.run(workspace, access.operator(), "base.activity", open_table(file))
    assert counts.created == 3
    assert last(workspace, deal) == "2026-11-09T12:00:00Z"


def test_whoever_follows_is_told_what_moved_in_the_same_transaction(workspace, deal, monkeypatch):
    told = []
    monkeypatch.setattr(interactions, "FOLLOWING", [lambda work, entity, moved: told.append((entity.id, dict(moved)))])
    call(workspace, deal, NOON - DAY)
    call(workspace, deal, NOON - 2 * DAY)
    assert told == [("t.deal", {deal: (None, NOON - DAY)})]


def test_interactions_that_are_written_and_archived_at_once_end_in_the_latest_that_is_left(workspace, deal):
    first = call(workspace, deal, NOON - DAY)
    ready = threading.Barrier(5)
    failed = []

    def run(step):
        try:
            with clock.frozen(NOON):
                ready.wait()
                step()
        except Exception as error:
            failed.append(error)

    steps = [lambda day=day: call(workspace, deal, NOON - day * DAY) for day in (2, 3, 4, 5)]
    steps[2] = lambda: do(workspace, records.archive, "base.activity", first)
    threads = [
        threading.Thread(target=run, args=(step,)) for step in (*steps, lambda: call(workspace, deal, NOON - 6 * DAY))
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert failed == []
    assert last(workspace, deal) == "2026-11-21T12:00:00Z"


VISIT = {
    "kind": "entity", "id": "t.visit", "lang": 1, "title": "Visit",
    "properties": {
        "deal": {"field": "reference", "to": "t.deal"},
        "on_site_at": {"field": "datetime"},
        "kind": {"field": "select", "options": [{"id": "sale", "title": "Sale"}, {"id": "service", "title": "Service"}]},
    },
    "interaction": {"about": "deal", "at": "on_site_at", "when": "kind == \"sale\""},
}  # fmt: skip


def test_a_pack_says_which_of_its_records_are_interactions(database):
    workspace = opened(database, VISIT)
    deal = made(workspace, "t.deal", name="Pumps")
    call(workspace, deal, NOON - 9 * DAY)
    visit = made(workspace, "t.visit", deal=deal, on_site_at="2026-11-22T12:00:00Z", kind="service")
    assert last(workspace, deal) == "2026-11-14T12:00:00Z"
    records.save(workspace, access.operator(), "t.visit", {"kind": "sale"}, id=visit)
    assert last(workspace, deal) == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize("when", ["deal.amount > 5", "on_site_at < now()", "days_since_activity > 3"])
def test_what_counts_may_not_depend_on_other_records_or_on_the_time(when):
    wrong = {**VISIT, "interaction": {**VISIT["interaction"], "when": when}}
    sourced = tuple(SourcedDocument(one, one["id"]) for one in documents(wrong))
    catalog = load.catalog([load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))], {"currency": "EUR"})
    assert [(p.pointer, p.code) for p in fields.problems(catalog)] == [("/interaction/when", "own-fields-only")]


RULE = {
    "kind": "rule", "id": "t.seen", "lang": 1, "title": "An opened quote is an interaction", "entity": "t.deal",
    "on": {"event": {"type": "engagement.opened"}},
    "then": [{"do": "create_record", "entity": "base.activity", "values": {"kind": "'other'", "about": "record.id"}}],
}  # fmt: skip


def test_an_event_that_was_sent_is_an_interaction_where_a_rule_makes_one_of_it(database):
    workspace = opened(database, RULE)
    deal = made(workspace, "t.deal", name="Pumps")
    do(workspace, records.send, "c.parcel_arrived", "t.deal", deal, {})
    assert last(workspace, deal) is None
    do(workspace, records.send, "engagement.opened", "t.deal", deal, {"asset": "price_list"})
    assert last(workspace, deal) == "2026-11-23T12:00:00Z"


def test_a_formula_over_the_last_activity_is_worked_out_when_it_is_read(database):
    quiet = {"field": "formula", "result": "boolean", "formula": "last_activity_at == null", "title": "Quiet"}
    workspace = opened(database, {**DEAL, "properties": {**DEAL["properties"], "quiet": quiet}})
    deal = made(workspace, "t.deal", name="Pumps")
    call(workspace, deal, NOON - DAY)
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        assert records.fetch(work, "t.deal", deal)["quiet"] is False
        assert records.page(work, "t.deal", filter="quiet").items == []
