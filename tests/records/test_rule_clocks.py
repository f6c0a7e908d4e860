"""Rules start and stop clocks and ask how they stand, on both databases. Figures are read off from ``ticketing``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dealwright import access, clock, conditions, records
from dealwright.errors import ConditionError, GateUnmetError
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Work
from passing import pass_until
from ticketing import DAY, HOUR, HOURS, NINE, SOLVE, TICKET, change, clocks, desk, fetched, tasks, ticket, told
from worlds import documents, made, person, rows_of

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog

#: Nothing but a rule starts or stops it.
CALL_BACK = {
    "kind": "sla", "id": "t.call_back", "lang": 1, "title": "Call back", "entity": "t.ticket", "target": "PT4H",
    "pause": "status == \"waiting\"", "escalate": [{"id": "half", "at": "50%", "to": "owner"}],
}  # fmt: skip
#: On deals, which tickets refer to.
CARE = {
    "kind": "sla", "id": "t.care", "lang": 1, "title": "Care", "entity": "t.deal", "target": "P2D", "stop": "opened > 0",
}  # fmt: skip


def rule(name: str, on: dict[str, Any], *then: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"kind": "rule", "id": f"t.{name}", "lang": 1, "title": name, "entity": "t.ticket"}
    return {**head, "on": on, "then": list(then), **more}


def leveled(level: int) -> dict[str, Any]:
    return {"on": {"record": {"events": ["updated"], "fields": ["level"]}}, "if": f"level == {level}"}


STARTS = rule("starts", {}, {"do": "start_sla", "policy": "t.call_back"}) | leveled(1)
STOPS = rule("stops", {}, {"do": "stop_sla", "policy": "t.call_back"}) | leveled(2)
CARES = rule("cares", {}, {"do": "start_sla", "policy": "t.care", "record": "deal"}) | leveled(1)


def outcomes(workspace: records.Workspace, record: str, of: str) -> list[str]:
    with workspace.database.read() as connection:
        found = records.decided(Work(workspace, connection, access.operator()), "t.ticket", record)
    return [one["code"] for row in found if row["rule"] == of for one in row["outcomes"]]


def test_a_rule_starts_a_clock_that_runs_like_any_other_and_another_rule_stops_it(database):
    workspace = desk(database, CALL_BACK, STARTS, STOPS, policy=None)
    one = ticket(workspace, NINE)
    assert clocks(workspace, one) == []
    change(workspace, NINE + HOUR, one, level=1)
    (running,) = clocks(workspace, one)
    assert (running.state, running.due_at) == ("running", NINE + 5 * HOUR)
    change(workspace, NINE + HOUR, one, status="waiting")  # it pauses for an hour
    change(workspace, NINE + 2 * HOUR, one, status="open", subject="Valve")
    assert clocks(workspace, one)[0].due_at == NINE + 6 * HOUR
    pass_until(workspace, NINE + 5 * HOUR)
    change(workspace, NINE + 5 * HOUR, one, level=2)
    (ended,) = clocks(workspace, one)
    assert (ended.state, ended.breached_at) == ("met", None)
    assert [kind for kind, _ in told(workspace, one)] == [
        "sla.started", "sla.paused", "sla.resumed", "sla.reached", "sla.stopped"
    ]  # fmt: skip


def test_a_clock_that_runs_is_left_and_one_that_is_allowed_once_starts_once(database):
    workspace = desk(database, {**CALL_BACK, "restart": "never"}, STARTS, STOPS, policy=None)
    one = ticket(workspace, NINE)
    for level in (1, 3, 1, 2):
        change(workspace, NINE + HOUR, one, level=level)
    assert [found.state for found in clocks(workspace, one)] == ["met"]
    assert outcomes(workspace, one, "t.starts") == []
    change(workspace, NINE + HOUR, one, level=1)
    assert [found.state for found in clocks(workspace, one)] == ["met"]
    assert outcomes(workspace, one, "t.starts") == ["once"]


def test_a_rule_starts_a_clock_on_the_record_that_its_own_refers_to(database):
    workspace = desk(database, CARE, CARES, policy=None)
    with clock.frozen(NINE):
        deal = made(workspace, "t.deal", name="Lift")
        done = made(workspace, "t.deal", name="Stairs", opened=1)
    one = ticket(workspace, NINE, deal=deal)
    alone = ticket(workspace, NINE)
    late = ticket(workspace, NINE, deal=done)
    for record in (one, alone, late):
        change(workspace, NINE + HOUR, record, level=1)
    assert [(row["record"], row["policy"]) for row in rows_of(database, "dw_clock")] == [(deal, "t.care")]
    assert outcomes(workspace, late, "t.cares") == ["stopped"]  # what stops it holds already


def test_conditions_ask_how_the_clock_of_a_policy_stands(database):
    asks = rule(
        "asks", {}, {"do": "create_task", "title": "{sla.solve.state}, left {sla.solve.remaining}"}
    ) | leveled(9) | {"if": "level == 9 && !sla.solve.breached && sla.solve.remaining < duration(\"5h\")"}  # fmt: skip
    over = (
        rule("over", {}, {"do": "create_task", "title": "over"})
        | leveled(9)
        | {"if": "level == 9 && sla.solve.breached"}
    )
    workspace = desk(database, asks, over, policy={**SOLVE, "escalate": []})
    one = ticket(workspace, NINE)
    change(workspace, NINE + 5 * HOUR, one, level=9)  # exactly five hours are left
    assert tasks(workspace) == []
    change(workspace, NINE + 6 * HOUR, one, level=1)
    change(workspace, NINE + 6 * HOUR, one, level=9)
    assert [row["title"] for row in tasks(workspace)] == ["running, left PT14400.000S"]
    change(workspace, NINE + DAY + HOUR, one, level=1)  # 10 working hours: exactly the target
    change(workspace, NINE + DAY + HOUR, one, level=9)
    assert len(tasks(workspace)) == 2
    change(workspace, NINE + DAY + 2 * HOUR, one, level=1)
    change(workspace, NINE + DAY + 2 * HOUR, one, level=9)
    assert [row["title"] for row in tasks(workspace)][2:] == ["over"]


def test_a_new_record_has_no_clock_and_nothing_is_breached(database):
    first = rule(
        "first", {"record": {"events": ["created"]}}, {"do": "set_field", "field": "level", "value": 5},
        **{"if": "sla.solve.state == null && !sla.solve.breached && sla.solve.remaining == null"},
    )  # fmt: skip
    workspace = desk(database, first)
    assert fetched(workspace, ticket(workspace, NINE))["level"] == 5


def test_a_gate_asks_a_clock(database):
    gated = {
        "kind": "pipeline", "id": "t.sale", "lang": 1, "title": "Sale", "entity": "t.deal", "version": 1, "start": "open",
        "stages": [
            {"id": "open", "title": "Open", "next": ["won"],
             "exit": [{"id": "calm", "require": "sla.care.state != \"running\"", "message": "Care for it first"}]},
            {"id": "won", "title": "Won", "outcome": "won"}],
    }  # fmt: skip
    workspace = desk(database, {**CARE, "start": "amount > 100"}, gated, policy=None)
    with clock.frozen(NINE):
        calm, busy = made(workspace, "t.deal", name="Lift"), made(workspace, "t.deal", name="Crane", amount="500")
        records.move(workspace, access.operator(), "t.deal", calm, "won")
        with pytest.raises(GateUnmetError, match="Care for it first"):
            records.move(workspace, access.operator(), "t.deal", busy, "won")


@pytest.mark.parametrize(("start", "seen"), [('status == "open"', 1), ('secret == "red"', 0)])
def test_a_decision_that_asked_a_clock_is_seen_by_who_sees_what_the_clock_looks_at(database, start, seen):
    asks = rule("asks", {}, {"do": "create_task", "title": "Run"}) | leveled(9) | {"if": 'sla.solve.state == "running"'}
    role = {"kind": "role", "id": "t.agent", "lang": 1, "title": "Agent", "grants": [
        {"entity": "t.ticket", "ops": ["read"], "fields": {"*": "see", "secret": "none"}}]}  # fmt: skip
    workspace = desk(database, asks, role, policy={**SOLVE, "start": start, "escalate": []})
    agent = person(workspace, "Ann", ["t.agent"])
    one = ticket(workspace, NINE, secret="red")
    change(workspace, NINE + HOUR, one, level=9)
    assert [row["title"] for row in tasks(workspace)] == ["Run"]
    with database.read() as connection:
        assert len(records.decided(Work(workspace, connection, agent), "t.ticket", one)) == seen


def test_points_are_added_within_the_bounds_of_the_field(database):
    opened = {
        "kind": "rule", "id": "t.heat", "lang": 1, "title": "Heat", "entity": "t.deal",
        "on": {"event": {"type": "engagement.opened"}},
        "then": [{"do": "add_score", "field": "win", "points": "event.points"},
                 {"do": "add_score", "field": "opened", "points": -2}],
    }  # fmt: skip
    workspace = desk(database, opened, policy=None)
    deal = made(workspace, "t.deal", name="Lift")

    def heard(points: int) -> tuple[str, int]:
        with database.write() as connection:
            work = Work(workspace, connection, access.operator())
            records.send(work, "engagement.opened", "t.deal", deal, {"points": points})
        with database.read() as connection:
            found = records.fetch(Work(workspace, connection, access.operator()), "t.deal", deal)
        return found["win"], found["opened"]

    assert heard(30) == ("30", -2)
    assert heard(30) == ("60", -4)
    assert heard(60) == ("100", -6)  # at most 100
    assert heard(-500) == ("0", -8)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sla.solv.breached", "there is no SLA “solv” of Ticket; did you mean “solve”?"),
        ("sla.solve.breach", "the clock of an SLA has no field “breach”; did you mean “breached”?"),
        ("sla.solve == 1", "write sla.<id> and one of state, due_at, breached, elapsed, remaining: "
         "sla.first_response.breached"),
        ("sla.solve.state == \"runing\"", "runing"),
    ],
)  # fmt: skip
def test_a_wrong_name_of_a_clock_is_told_with_the_nearest(ticket_catalog, source, message):
    with pytest.raises(ConditionError) as caught:
        conditions.of(ticket_catalog, "t.ticket", source, "rule")
    assert message in caught.value.message


def test_a_condition_that_asks_a_clock_reads_what_the_clock_looks_at(ticket_catalog):
    found = conditions.of(ticket_catalog, "t.ticket", "sla.solve.breached", "rule")
    assert ("t.ticket", "status") in found.reads


@pytest.fixture(scope="module")
def ticket_catalog() -> Catalog:
    sourced = tuple(SourcedDocument(one, str(one["id"])) for one in documents(TICKET, HOURS, SOLVE))
    return load.catalog([load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))], {})
