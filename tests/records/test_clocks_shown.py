"""Clocks are shown with the rights of their record and of the fields that they look at; and what a new revision does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, packs, records
from dealwright.errors import NotFoundError
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Work, Workspace, clocks_in_force
from dealwright.storage import revisions, schema
from passing import pass_until
from ticketing import DAY, HOUR, HOURS, NINE, SOLVE, TICKET, change, clocks, desk, ticket, told
from worlds import documents, person

SEEN = {
    "kind": "role", "id": "t.agent", "lang": 1, "title": "Agent",
    "grants": [{"entity": "t.ticket", "ops": ["read"], "rows": "owner == user.id", "fields": {"*": "see", "secret": "none"}}],
}  # fmt: skip
HIDDEN = {**SOLVE, "id": "t.hidden", "stop": "secret != null", "escalate": [{"id": "half", "at": "50%", "to": "owner"}]}


def shown(workspace, user, record, at):
    with clock.frozen(at), workspace.database.read() as connection:
        return records.clocks_of(Work(workspace, connection, user), "t.ticket", record)


def test_a_running_a_paused_an_over_and_a_met_clock_say_how_they_stand(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    (found,) = shown(workspace, access.operator(), one, NINE + 3 * HOUR)
    assert (found["state"], found["elapsed"], found["remaining"]) == ("running", 3 * HOUR, 7 * HOUR)
    assert (found["target"], found["working_time"], found["title"]) == (10 * HOUR, True, "Solve")
    change(workspace, NINE + 4 * HOUR, one, status="waiting")
    (found,) = shown(workspace, access.operator(), one, NINE + 9 * DAY)
    assert (found["state"], found["elapsed"], found["remaining"]) == ("paused", 4 * HOUR, 6 * HOUR)
    change(workspace, NINE + 7 * DAY, one, status="open")
    (found,) = shown(workspace, access.operator(), one, NINE + 7 * DAY + 8 * HOUR)
    assert (found["remaining"], found["breached"]) == (-2 * HOUR, False)
    pass_until(workspace, NINE + 7 * DAY + 8 * HOUR)
    change(workspace, NINE + 7 * DAY + 8 * HOUR, one, status="done")
    (found,) = shown(workspace, access.operator(), one, NINE + 20 * DAY)
    assert (found["state"], found["remaining"], found["late"], found["breached"]) == ("met", None, 2 * HOUR, True)


def test_who_may_not_read_the_record_finds_no_clocks(database):
    workspace = desk(database, SEEN)
    ada, bo = person(workspace, "Ada", ["t.agent"]), person(workspace, "Bo", ["t.agent"])
    one = ticket(workspace, NINE, owner=ada.id)
    assert len(shown(workspace, ada, one, NINE)) == 1
    with pytest.raises(NotFoundError):
        shown(workspace, bo, one, NINE)


def test_a_clock_over_a_field_that_may_not_be_seen_is_not_shown_nor_its_events_nor_its_decisions(database):
    workspace = desk(database, SEEN, HIDDEN)
    ada = person(workspace, "Ada", ["t.agent"])
    one = ticket(workspace, NINE, owner=ada.id)
    pass_until(workspace, NINE + 6 * HOUR)
    assert [found["policy"] for found in shown(workspace, ada, one, NINE)] == ["t.solve"]
    assert len(shown(workspace, access.operator(), one, NINE)) == 2
    with workspace.database.read() as connection:
        work = Work(workspace, connection, ada)
        kinds = [event["type"] for event in records.history(work, "t.ticket", one)]
        rules = [row["rule"] for row in records.decided(work, "t.ticket", one)]
    assert kinds.count("sla.started") == kinds.count("sla.reached") == 1
    assert rules == ["t.solve.half"]


def in_force(workspace, *some):
    """Put other definitions in force, and let the followers hear of it."""
    sourced = tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in documents(*some))
    layers = [load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))]
    with workspace.database.write() as connection:
        before = workspace.catalog(connection)
        catalog = load.catalog(layers, {"currency": "EUR"})
        schema.plan(before, catalog).apply(connection)
        packs.store(connection, catalog, layers, reason="test", by=None, at=clock.now())
        revisions.activate(connection, catalog.revision, reason="test", by=None, at=clock.now())
        fresh = Workspace(workspace.database, workspace.folder)
        clocks_in_force.went_live(Work(fresh, connection, access.platform_itself()), before)
    return fresh


def test_a_clock_that_runs_keeps_its_target_and_its_calendar_when_the_definitions_change(database):
    workspace = desk(database)
    old = ticket(workspace, NINE)
    short = {**HOURS, "week": {"monday": ["09:00-12:00"]}}
    with clock.frozen(NINE + HOUR):
        workspace = in_force(workspace, TICKET, short, {**SOLVE, "target": "PT1H"})
    new = ticket(workspace, NINE + HOUR)
    assert clocks(workspace, new)[0].due_at == NINE + 2 * HOUR
    change(workspace, NINE + 2 * HOUR, old, status="waiting")
    change(workspace, NINE + 3 * HOUR, old, status="open")
    # Eight hours are left at 12:00, in the hours of the old calendar: until 18:00, and from 9 to 11.
    assert clocks(workspace, old)[0].due_at == datetime(2026, 11, 24, 11, tzinfo=UTC)


def test_a_policy_that_is_gone_ends_its_clocks_without_an_outcome(database, monkeypatch):
    monkeypatch.setattr(clocks_in_force, "BATCH", 2)
    workspace = desk(database)
    some = [ticket(workspace, NINE) for _ in range(5)]
    with clock.frozen(NINE + HOUR):
        workspace = in_force(workspace, TICKET, HOURS)
    pass_until(workspace, NINE + timedelta(days=30))
    assert {clocks(workspace, one)[0].state for one in some} == {"cancelled"}
    assert {kind for one in some for kind, _ in told(workspace, one)} == {"sla.started"}
