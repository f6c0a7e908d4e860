"""The breaker: a rule that fails or does far too much again and again is switched off, and says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, records
from dealwright.errors import ForbiddenError, NotFoundError, RecordError
from dealwright.metadata import settings
from dealwright.records import Change, Work, strikes
from dealwright.storage import switches
from passing import pass_until
from worlds import made, opened, person, rows_of

NOON = datetime(2026, 11, 23, 12, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

BROKEN = {
    "kind": "rule", "id": "t.broken", "lang": 1, "title": "Broken", "entity": "t.deal",
    "on": {"record": {"events": ["created"]}}, "if": "name == \"bad\"",
    "then": [{"do": "set_field", "field": "amount", "value": -1}],
}  # fmt: skip
BUSY = {
    "kind": "rule", "id": "t.busy", "lang": 1, "title": "Busy", "entity": "t.deal",
    "on": {"record": {"events": ["created", "updated"]}},
    "then": [{"do": "create_task", "title": "Look"}],
}  # fmt: skip


@pytest.fixture
def guarded(database, tmp_path):
    with clock.frozen(NOON):
        workspace = opened(database, BROKEN, BUSY, folder=tmp_path)
        workspace.admin = person(workspace, "Ada", [access.ADMIN_ROLE])
        workspace.rep = person(workspace, "Rep", ["t.rep"])
    return workspace


def fail(workspace, times, start=NOON):
    for number in range(times):
        with clock.frozen(start + number * MINUTE), pytest.raises(RecordError, match=r"t\.broken"):
            made(workspace, "t.deal", name="bad")


def test_a_rule_that_fails_ten_times_in_an_hour_is_switched_off_and_saves_go_on(guarded):
    fail(guarded, strikes.FAILURES)
    with clock.frozen(NOON + 10 * MINUTE):
        made(guarded, "t.deal", name="bad")
        with guarded.database.read() as connection:
            (off,) = records.rules_off(Work(guarded, connection, guarded.admin))
    assert (off["rule"], off["why"], off["in_force"]) == ("t.broken", "it failed 10 times within an hour", True)
    entries = [one for one in rows_of(guarded.database, "dw_audit") if one["action"] == "rule.switched_off"]
    assert [one["subject"] for one in entries] == ["rule:t.broken"]


def test_administrators_are_told(guarded):
    fail(guarded, strikes.FAILURES)
    with clock.frozen(NOON + 10 * MINUTE):
        made(guarded, "t.deal", name="good")
    pass_until(guarded, NOON + 10 * MINUTE)
    (notice,) = rows_of(guarded.database, "base__notification")
    assert notice["user"] == guarded.admin.id
    assert notice["title"] == "The rule “Broken” was switched off: it failed 10 times within an hour"


def test_failures_that_lie_more_than_an_hour_apart_do_not_add_up(guarded):
    fail(guarded, strikes.FAILURES - 1)
    fail(guarded, strikes.FAILURES - 1, NOON + timedelta(hours=2))
    with clock.frozen(NOON + timedelta(hours=3)):
        made(guarded, "t.deal", name="good")
    assert guarded.strikes.out() == {}


def test_a_rule_that_is_off_is_not_asked_and_the_answer_to_why_says_so(guarded):
    with clock.frozen(NOON), guarded.database.write() as connection:
        records.switch_rule(Work(guarded, connection, guarded.admin), "t.busy", on=False, why="Too many tasks")
    with clock.frozen(NOON):
        deal = made(guarded, "t.deal", name="good")
        with guarded.database.read() as connection:
            told = records.why(Work(guarded, connection, guarded.admin), "t.busy", deal)
    assert rows_of(guarded.database, "base__task") == []
    assert told["reason"] == "switched-off"
    assert told["sentence"] == "“Busy” is switched off since 2026-11-23T12:15:00.000Z: Too many tasks"
    with clock.frozen(NOON), guarded.database.write() as connection:
        assert records.switch_rule(Work(guarded, connection, guarded.admin), "t.busy", on=True) is True
        assert records.switch_rule(Work(guarded, connection, guarded.admin), "t.busy", on=True) is False
    with clock.frozen(NOON):
        made(guarded, "t.deal", name="good")
    assert len(rows_of(guarded.database, "base__task")) == 1


def test_another_version_of_a_rule_that_is_off_is_asked(guarded, database, tmp_path):
    with clock.frozen(NOON), guarded.database.write() as connection:
        records.switch_rule(Work(guarded, connection, guarded.admin), "t.busy", on=False)
    with clock.frozen(NOON):
        mended = opened(database, BROKEN, {**BUSY, "if": "amount > 5"}, folder=tmp_path)
        made(mended, "t.deal", name="good", amount="6")
        with database.read() as connection:
            (off,) = records.rules_off(Work(mended, connection, access.operator()))
    assert len(rows_of(database, "base__task")) == 1
    assert off["in_force"] is False


def test_a_rule_that_asks_for_more_than_its_budget_in_an_hour_is_switched_off(guarded, monkeypatch):
    monkeypatch.setattr(settings, "BUDGET", {"rule_budget": "3"})
    with clock.frozen(NOON):
        for _ in range(3):
            made(guarded, "t.deal", name="good")
    with clock.frozen(NOON + timedelta(hours=1)):  # another hour, another budget
        for _ in range(6):
            made(guarded, "t.deal", name="good")
    assert len(rows_of(guarded.database, "base__task")) == 3 + 4
    with guarded.database.read() as connection:
        assert switches.read(connection)["t.busy"]["why"] == "it asked for 4 actions within an hour; its budget is 3"


def test_a_budget_is_one_for_all_processes_and_begins_anew_when_the_rule_is_switched_on(guarded, monkeypatch):
    monkeypatch.setattr(settings, "BUDGET", {"rule_budget": "40"})
    other = records.Workspace(guarded.database, guarded.folder)  # as another process has it
    with clock.frozen(NOON):
        for _ in range(30):
            for workspace in (guarded, other):
                made(workspace, "t.deal", name="good")
    tasks = len(rows_of(guarded.database, "base__task"))
    # The nearer the budget comes the smaller are the parts in which the two tell each other: it is found with the 41st.
    assert tasks == 41
    with guarded.database.read() as connection:
        assert switches.read(connection)["t.busy"]["why"] == "it asked for 41 actions within an hour; its budget is 40"
    with clock.frozen(NOON), guarded.database.write() as connection:
        records.switch_rule(Work(guarded, connection, guarded.admin), "t.busy", on=True)
    with clock.frozen(NOON):
        for _ in range(9):
            made(guarded, "t.deal", name="good")
    assert len(rows_of(guarded.database, "base__task")) == tasks + 9


def test_a_rule_that_is_far_from_its_budget_costs_no_statement(guarded):
    with clock.frozen(NOON):
        for _ in range(3):
            made(guarded, "t.deal", name="good")
    assert rows_of(guarded.database, "dw_rule_spent") == []


def test_an_import_and_what_time_brings_have_no_budget(guarded, monkeypatch):
    monkeypatch.setattr(settings, "BUDGET", {"rule_budget": "3"})
    with clock.frozen(NOON), guarded.database.write() as connection:
        work = Work(guarded, connection, guarded.admin, bulk=True)
        records.save_many(work, "t.deal", [Change({"name": "good"}) for _ in range(9)])
    assert len(rows_of(guarded.database, "base__task")) == 9
    assert guarded.strikes.out() == {}


def test_only_administrators_switch_rules(guarded):
    with clock.frozen(NOON), guarded.database.write() as connection:
        work = Work(guarded, connection, guarded.rep)
        with pytest.raises(ForbiddenError):
            records.switch_rule(work, "t.busy", on=False)
        with pytest.raises(ForbiddenError):
            records.rules_off(work)
        with pytest.raises(NotFoundError):
            records.switch_rule(Work(guarded, connection, guarded.admin), "t.none", on=True)
