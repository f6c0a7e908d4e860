"""Rules listen to clocks: the same events wake the steps of a ladder and the rules of everybody else."""

from __future__ import annotations

import pytest

from dealwright.errors import RuleLoopError
from passing import pass_until
from ticketing import DAY, HOUR, NINE, SOLVE, change, clocks, desk, fetched, tasks, ticket, told
from worlds import rows_of


def rule(name, on, *then, **more):
    return {
        "kind": "rule",
        "id": f"t.{name}",
        "lang": 1,
        "title": name,
        "entity": "t.ticket",
        "on": on,
        "then": list(then),
        **more,
    }


def set_status(value):
    return {"do": "set_field", "field": "status", "value": f"'{value}'"}


def test_a_rule_waits_for_a_step_of_a_policy_and_for_no_other(database):
    at_80 = rule(
        "at_80", {"sla": {"policy": "t.solve", "event": "reached", "percent": 80}}, {"do": "create_task", "title": "80"}
    )
    over = rule(
        "over",
        {"sla": {"policy": "t.solve", "event": "breached"}},
        {"do": "create_task", "title": "over {event.percent}"},
    )
    workspace = desk(
        database, at_80, over, policy={**SOLVE, "escalate": [{"id": "a", "at": "50%"}, {"id": "b", "at": "80%"}]}
    )
    ticket(workspace, NINE)
    pass_until(workspace, NINE + 10 * DAY)
    assert [row["title"] for row in tasks(workspace)] == ["80", "over 100"]


def test_what_a_rule_makes_of_a_clock_that_starts_is_told_with_the_answer_of_the_save(database):
    mark = rule(
        "mark", {"sla": {"policy": "t.solve", "event": "started"}}, {"do": "set_field", "field": "level", "value": 3}
    )
    workspace = desk(database, mark)
    one = ticket(workspace, NINE, status="waiting")
    saved = change(workspace, NINE + HOUR, one, status="open")
    assert (saved.version, saved.record["level"]) == (3, 3)
    assert fetched(workspace, one)["version"] == 3
    assert change(workspace, NINE + 2 * HOUR, one, subject="Valve").version == 4


def test_rules_and_clocks_that_chase_one_another_are_stopped_and_nothing_is_written(database):
    close = rule("close", {"sla": {"policy": "t.solve", "event": "started"}}, set_status("done"))
    reopen = rule("reopen", {"sla": {"policy": "t.solve", "event": "stopped"}}, set_status("open"))
    workspace = desk(database, close, reopen)
    one = ticket(workspace, NINE, status="waiting")
    before = rows_of(database, "dw_event")
    with pytest.raises(RuleLoopError):
        change(workspace, NINE + HOUR, one, status="open")
    assert clocks(workspace, one) == []
    assert rows_of(database, "dw_event") == before
    assert fetched(workspace, one)["status"] == "waiting"


def test_a_rule_waits_for_a_deadline_that_is_missed(database):
    late = {
        "kind": "deadline", "id": "t.report", "lang": 1, "title": "Report", "entity": "t.ticket",
        "from": "known_at", "met_when": "reported_at != null", "hours": 12,
    }  # fmt: skip
    missed = rule(
        "missed", {"deadline": {"deadline": "t.report", "event": "missed"}}, {"do": "create_task", "title": "Late"}
    )
    workspace = desk(database, late, missed, policy=None)
    one = ticket(workspace, NINE, known_at=NINE.isoformat())
    pass_until(workspace, NINE + DAY)
    assert told(workspace, one, "deadline") == [("deadline.set", NINE), ("deadline.missed", NINE + 12 * HOUR)]
    assert [row["title"] for row in tasks(workspace)] == ["Late"]
