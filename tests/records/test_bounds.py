"""A rule that comes upon many records at once gives each person so many tasks a day, and one that stands for the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, records
from dealwright.records import Work
from dealwright.storage import decisions
from sent import statements
from worlds import ACCOUNT, DEAL, made, opened, person, rows_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
REST = {
    "kind": "message",
    "id": "t.rest",
    "lang": 1,
    "title": "More than {param.most} await you",
    "body": "See the list",
}
MOST = {
    "kind": "parameter", "id": "t.most", "lang": 1, "title": "Tasks a day", "type": "integer", "default": 2, "minimum": 1,
}  # fmt: skip


def rule(name, **more):
    task = {"do": "create_task", "title": "Look at {name}", "assignee": "owner", "due": "P1D", **more}
    return {
        "kind": "rule", "id": f"t.{name}", "lang": 1, "title": name.title(), "entity": "t.deal",
        "on": {"event": {"type": f"test.{name}"}}, "then": [task],
    }  # fmt: skip


@pytest.fixture
def world(database, tmp_path):
    bounded = rule("bounded", at_most={"param": "most"}, rest="t.rest")
    return opened(database, ACCOUNT, DEAL, MOST, REST, bounded, rule("free"), folder=tmp_path)


def send(world, kind, *deals):
    """Send an event about each deal in one transaction."""
    with world.database.write() as connection:
        work = Work(world, connection, access.operator())
        for one in deals:
            records.send(work, f"test.{kind}", "t.deal", one, {})


def tasks(world, owner):
    return sorted(one["title"] for one in rows_of(world.database, "base__task") if one["assignee"] == owner)


def test_each_person_gets_so_many_tasks_a_day_and_one_for_the_rest(world):
    ada, bo = (person(world, name, []).id for name in ("Ada", "Bo"))
    with clock.frozen(NOON):
        mine = [made(world, "t.deal", name=f"Deal {n}", owner=ada) for n in range(5)]
        other = made(world, "t.deal", name="Elsewhere", owner=bo)
        send(world, "bounded", *mine, other)
        assert tasks(world, ada) == ["Look at Deal 0", "Look at Deal 1", "More than 2 await you"]
        assert tasks(world, bo) == ["Look at Elsewhere"]
    with clock.frozen(NOON + timedelta(hours=11)):  # the same day
        send(world, "bounded", mine[0])
        assert len(tasks(world, ada)) == 3
    with clock.frozen(NOON + timedelta(hours=13)):
        send(world, "bounded", *mine[2:])
        assert tasks(world, ada)[-3:] == ["Look at Deal 3", "More than 2 await you", "More than 2 await you"]
    rest = [one for one in rows_of(world.database, "base__task") if one["title"].startswith("More")]
    assert {(one["about"], one["description"], one["owner"]) for one in rest} == {(None, "See the list", ada)}


def test_what_was_gathered_is_said_with_the_decision(world):
    ada = person(world, "Ada", []).id
    with clock.frozen(NOON):
        mine = [made(world, "t.deal", name=f"Deal {n}", owner=ada) for n in range(3)]
        send(world, "bounded", *mine)
    with world.database.read() as connection:
        said = [decisions.about(connection, "t.deal", one)[0]["result"] for one in mine]
    gathered = {"outcomes": [{"action": 0, "do": "create_task", "code": "gathered"}]}
    assert said == [None, None, gathered]


def test_a_task_without_a_bound_costs_what_it_did(world):
    ada = person(world, "Ada", []).id
    deal = made(world, "t.deal", name="Big", owner=ada)
    with statements() as sent:
        send(world, "free", deal)
    assert not [one for one in sent if "dw_firing" in one]
