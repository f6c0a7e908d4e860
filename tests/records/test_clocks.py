"""SLA clocks: they run in working time, stand while they should, and are found to be over by a timer and by nothing else.

The policy of ``ticketing``: ten working hours from 9 to 18, so a ticket of Monday 9:00 is half over at 14:00, at 80 % at
17:00, due on Tuesday 10:00 and at 200 % on Wednesday 11:00.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealwright import access, clock, records
from dealwright.events import Event
from dealwright.records import Change, Work
from dealwright.storage import clocks as stored
from dealwright.storage import timers
from passing import pass_until
from sent import statements
from ticketing import DAY, HOUR, NINE, SOLVE, change, clocks, desk, fetched, tasks, ticket, told
from worlds import made, person, rows_of

TUESDAY = NINE + DAY
DUE = datetime(2026, 11, 24, 10, tzinfo=UTC)


def pending(workspace, record):
    with workspace.database.read() as connection:
        return {one.name: one.due_at for one in timers.pending(connection, [record]).get(record, [])}


def test_a_clock_starts_with_its_record_and_is_due_after_so_much_working_time(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    (found,) = clocks(workspace, one)
    assert (found.state, found.started_at, found.due_at) == ("running", NINE, DUE)
    assert pending(workspace, one) == {
        "sla:t.solve:50": NINE + 5 * HOUR,
        "sla:t.solve:80": NINE + 8 * HOUR,
        "sla:t.solve:100": DUE,
        "sla:t.solve:200": NINE + 2 * DAY + 2 * HOUR,
    }
    assert told(workspace, one) == [("sla.started", NINE)]


def test_no_clock_starts_where_the_condition_does_not_hold_or_the_end_is_there_already(database):
    workspace = desk(database)
    assert clocks(workspace, ticket(workspace, NINE, status="waiting")) == []
    assert clocks(workspace, ticket(workspace, NINE, status="done")) == []


def test_a_clock_that_is_stopped_in_time_is_met_and_its_timers_never_fire(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    change(workspace, NINE + 3 * HOUR, one, status="done")
    (found,) = clocks(workspace, one)
    assert (found.state, found.breached_at, found.late, found.spent) == ("met", None, None, 3 * 3_600_000)
    assert pending(workspace, one) == {}
    pass_until(workspace, NINE + 30 * DAY)
    assert told(workspace, one) == [("sla.started", NINE), ("sla.stopped", NINE + 3 * HOUR)]
    assert fetched(workspace, one)["escalated"] is False


def test_what_is_stopped_at_the_very_moment_is_met(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    change(workspace, DUE, one, status="done")
    assert clocks(workspace, one)[0].breached_at is None


def test_the_ladder_is_climbed_at_its_moments_and_each_step_acts_once(database):
    workspace = desk(database)
    ada = person(workspace, "Ada", ["t.rep"])
    one = ticket(workspace, NINE, owner=ada.id)
    pass_until(workspace, NINE + 30 * DAY)
    assert told(workspace, one) == [
        ("sla.started", NINE),
        ("sla.reached", NINE + 5 * HOUR),
        ("sla.reached", NINE + 8 * HOUR),
        ("sla.breached", DUE),
        ("sla.reached", NINE + 2 * DAY + 2 * HOUR),
    ]
    after = fetched(workspace, one)
    assert (after["level"], after["escalated"]) == (1, True)
    (task,) = tasks(workspace)
    assert task["title"] == "Pump is over"
    notices = rows_of(workspace.database, "base__notification")
    assert [(row["user"], row["title"]) for row in notices] == [(ada.id, "Solve")]


def test_what_a_step_did_is_a_stored_decision_that_names_the_step(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    pass_until(workspace, DUE)
    with workspace.database.read() as connection:
        found = records.decided(Work(workspace, connection, access.operator()), "t.ticket", one)
    assert [row["rule"] for row in found] == ["t.solve.over", "t.solve.soon", "t.solve.half"]
    assert all(row["fired"] for row in found)


def test_why_a_step_did_or_did_not_act_can_be_asked_like_of_a_rule(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    pass_until(workspace, NINE + 6 * HOUR)
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        reasons = [records.why(work, f"t.solve.{step}", one)["reason"] for step in ("half", "over")]
    assert reasons == ["fired", "never-woken"]


def test_a_breach_is_found_by_a_timer_and_not_by_a_save(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    change(workspace, DUE + HOUR, one, subject="Still broken")
    assert clocks(workspace, one)[0].breached_at is None
    pass_until(workspace, DUE + HOUR)
    assert clocks(workspace, one)[0].breached_at == DUE


@pytest.mark.parametrize("looked", [True, False])
def test_a_late_stop_records_the_breach_and_by_how_much_whether_or_not_a_timer_came_first(database, looked):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    if looked:
        pass_until(workspace, DUE + 3 * HOUR)
    change(workspace, DUE + 3 * HOUR, one, status="done")
    (found,) = clocks(workspace, one)
    assert (found.state, found.breached_at, found.late) == ("met", DUE, 3 * 3_600_000)
    assert told(workspace, one)[-2:] == [("sla.breached", DUE), ("sla.stopped", DUE + 3 * HOUR)]
    assert fetched(workspace, one)["escalated"] is True
    pass_until(workspace, NINE + 30 * DAY)
    assert [kind for kind, _ in told(workspace, one)].count("sla.breached") == 1


def test_a_clock_stands_while_it_is_paused_and_its_due_moment_moves(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    change(workspace, NINE + 2 * HOUR, one, status="waiting")
    assert (clocks(workspace, one)[0].state, pending(workspace, one)) == ("paused", {})
    pass_until(workspace, NINE + 7 * DAY)
    assert told(workspace, one) == [("sla.started", NINE), ("sla.paused", NINE + 2 * HOUR)]
    change(workspace, TUESDAY + 7 * DAY, one, status="open")
    (found,) = clocks(workspace, one)
    # Eight of ten hours are left on Tuesday the 1st, 9:00.
    assert (found.state, found.due_at) == ("running", datetime(2026, 12, 1, 17, tzinfo=UTC))
    assert pending(workspace, one)["sla:t.solve:50"] == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert found.pauses == [["2026-11-23T11:00:00.000Z", "2026-12-01T09:00:00.000Z"]]
    change(workspace, datetime(2026, 12, 1, 17, tzinfo=UTC), one, status="done")
    assert clocks(workspace, one)[0].spent == 10 * 3_600_000


def test_a_step_that_was_reached_before_a_pause_is_not_reached_again(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    pass_until(workspace, NINE + 6 * HOUR)
    change(workspace, NINE + 6 * HOUR, one, status="waiting")
    change(workspace, NINE + 7 * HOUR, one, status="open")
    assert sorted(pending(workspace, one)) == ["sla:t.solve:100", "sla:t.solve:200", "sla:t.solve:80"]


def test_a_clock_that_starts_paused_runs_from_when_it_goes_on(database):
    workspace = desk(database, policy={**SOLVE, "start": {"event": "record.created"}})
    one = ticket(workspace, NINE, status="waiting")
    assert clocks(workspace, one)[0].state == "paused"
    assert pending(workspace, one) == {}
    change(workspace, TUESDAY, one, status="open")
    assert clocks(workspace, one)[0].due_at == datetime(2026, 11, 25, 10, tzinfo=UTC)


def test_after_a_stop_a_new_clock_starts_when_the_condition_comes_to_hold_again(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    change(workspace, NINE + HOUR, one, status="done")
    change(workspace, NINE + 2 * HOUR, one, subject="Reopened?")
    assert len(clocks(workspace, one)) == 1
    change(workspace, TUESDAY, one, status="open")
    assert [(c.state, c.started_at) for c in clocks(workspace, one)] == [("met", NINE), ("running", TUESDAY)]


def test_never_restarted_means_one_clock_of_a_record(database):
    workspace = desk(database, policy={**SOLVE, "restart": "never"})
    one = ticket(workspace, NINE)
    change(workspace, NINE + HOUR, one, status="done")
    change(workspace, TUESDAY, one, status="open")
    assert len(clocks(workspace, one)) == 1


def test_always_restarted_means_that_a_start_replaces_the_running_clock(database):
    policy = {**SOLVE, "start": {"event": "c.customer_wrote"}, "restart": "always"}
    workspace = desk(database, policy=policy)
    one = ticket(workspace, NINE)
    for at in (NINE, NINE + 2 * HOUR):
        send(workspace, at, one, "c.customer_wrote")
    assert [(c.state, c.started_at) for c in clocks(workspace, one)] == [
        ("cancelled", NINE),
        ("running", NINE + 2 * HOUR),
    ]
    assert pending(workspace, one)["sla:t.solve:100"] == DUE + 2 * HOUR


def send(workspace, at, record, kind, **data):
    with clock.frozen(at), workspace.database.write() as connection:
        records.send(Work(workspace, connection, access.operator()), kind, "t.ticket", record, data)


def test_events_start_pause_resume_and_stop_a_clock(database):
    policy = {
        **SOLVE,
        "start": {"event": "c.called", "if": "event.loud == true"},
        "stop": {"event": "c.answered"},
        "pause": {"event": "c.held"},
        "resume": {"event": "c.went_on"},
    }
    workspace = desk(database, policy=policy)
    one = ticket(workspace, NINE)
    send(workspace, NINE, one, "c.called", loud=False)
    assert clocks(workspace, one) == []
    send(workspace, NINE, one, "c.called", loud=True)
    send(workspace, NINE + HOUR, one, "c.held")
    send(workspace, NINE + 2 * HOUR, one, "c.called", loud=True)
    assert clocks(workspace, one)[0].state == "paused"
    send(workspace, NINE + 3 * HOUR, one, "c.went_on")
    send(workspace, NINE + 4 * HOUR, one, "c.answered")
    (found,) = clocks(workspace, one)
    assert (found.state, found.spent) == ("met", 2 * 3_600_000)
    kinds = [kind for kind, _ in told(workspace, one)]
    assert kinds == ["sla.started", "sla.paused", "sla.resumed", "sla.stopped"]


def test_a_move_between_stages_moves_clocks(database):
    policy = {
        "kind": "sla", "id": "t.offer", "lang": 1, "title": "Offer", "entity": "t.deal",
        "start": "stage == \"offer\"", "stop": "stage != \"offer\"", "target": "P3D",
    }  # fmt: skip
    workspace = desk(database, policy, policy=None)
    with clock.frozen(NINE):
        account = made(workspace, "t.account", name="Acme")
        deal = made(workspace, "t.deal", name="Pumps", account=account, amount="10")
        records.move(workspace, access.operator(), "t.deal", deal, "offer")
    with workspace.database.read() as connection:
        assert [c.due_at for c in stored.about(connection, "t.deal", deal)] == [NINE + 3 * DAY]
    with clock.frozen(NINE + DAY):
        records.move(workspace, access.operator(), "t.deal", deal, "lost")
    with workspace.database.read() as connection:
        assert [c.state for c in stored.about(connection, "t.deal", deal)] == ["met"]


def test_several_policies_of_one_entity_run_apart(database):
    wall = {**SOLVE, "id": "t.wall", "target": "PT10H", "escalate": []}
    del wall["calendar"]
    workspace = desk(database, wall)
    one = ticket(workspace, NINE)
    assert {c.policy: c.due_at for c in clocks(workspace, one)} == {"t.solve": DUE, "t.wall": NINE + 10 * HOUR}


@pytest.mark.parametrize(
    ("start", "target", "due"),
    [
        ("2026-11-27T15:00", "P1WD", "2026-11-30T15:00"),
        ("2026-11-28T12:00", "P1WD", "2026-11-30T18:00"),  # Saturday: all of Monday
        ("2026-11-27T20:00", "P1WD", "2026-11-30T18:00"),
        ("2026-11-23T09:00", "P3WD", "2026-11-25T18:00"),
        ("2026-11-27T17:30", "PT1H", "2026-11-30T09:30"),
    ],
)
def test_a_target_counts_from_the_first_working_moment(database, start, target, due):
    workspace = desk(database, policy={**SOLVE, "target": target})
    one = ticket(workspace, datetime.fromisoformat(f"{start}+00:00"))
    assert clocks(workspace, one)[0].due_at == datetime.fromisoformat(f"{due}+00:00")


def test_an_archived_record_ends_its_clocks_without_an_outcome(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    with clock.frozen(NINE + HOUR), workspace.database.write() as connection:
        records.archive(Work(workspace, connection, access.operator()), "t.ticket", one)
    assert clocks(workspace, one)[0].state == "cancelled"
    pass_until(workspace, NINE + 30 * DAY)
    assert [kind for kind, _ in told(workspace, one)] == ["sla.started"]


def test_a_purged_record_takes_its_clocks_along(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    with clock.frozen(NINE + HOUR), workspace.database.write() as connection:
        records.purge(Work(workspace, connection, access.operator()), "t.ticket", one)
    assert rows_of(database, "dw_clock") == []


def test_a_timer_asks_anew_what_no_save_has_told(database):
    policy = {**SOLVE, "stop": "deal.amount > 100"}
    workspace = desk(database, policy=policy)
    with clock.frozen(NINE):
        deal = made(workspace, "t.deal", name="Pumps", amount="5")
    one = ticket(workspace, NINE, deal=deal)
    with clock.frozen(NINE + HOUR):
        records.save(workspace, access.operator(), "t.deal", {"amount": "500"}, id=deal)
    assert clocks(workspace, one)[0].state == "running"
    pass_until(workspace, NINE + 30 * DAY)
    assert told(workspace, one) == [("sla.started", NINE), ("sla.stopped", NINE + 5 * HOUR)]


def test_a_rule_that_a_clock_wakes_changes_the_record_within_the_same_save(database):
    rule = {
        "kind": "rule", "id": "t.mark", "lang": 1, "title": "Mark", "entity": "t.ticket",
        "on": {"record": {"events": ["created"]}}, "then": [{"do": "set_field", "field": "status", "value": "'open'"}],
    }  # fmt: skip
    workspace = desk(database, rule)
    one = ticket(workspace, NINE, status="waiting")
    assert clocks(workspace, one)[0].state == "running"  # what rules made of it counts


def test_an_import_without_rules_starts_no_clock(database):
    workspace = desk(database)
    with clock.frozen(NINE), workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator(), rules=False)
        saved = records.save_many(work, "t.ticket", [Change({"subject": "Old", "status": "open"})])
    assert clocks(workspace, saved[0].id) == []


def test_many_records_take_as_many_statements_as_one(database):
    workspace = desk(database)

    def run(count):
        with statements() as seen, clock.frozen(NINE), workspace.database.write() as connection:
            work = Work(workspace, connection, access.operator())
            made = records.save_many(work, "t.ticket", [Change({"subject": "x", "status": "open"})] * count)
        with statements() as later, clock.frozen(NINE + HOUR), workspace.database.write() as connection:
            work = Work(workspace, connection, access.operator())
            records.save_many(work, "t.ticket", [Change({"status": "waiting"}, one.id) for one in made])
        return [[text[:60] for text in some if "dw_" in text] for some in (seen, later)]

    run(2)  # what is made once per catalog
    assert run(18) == run(40)  # a few rows go by themselves to PostgreSQL, many as one COPY


def test_a_save_that_cannot_touch_a_clock_asks_nothing_about_clocks(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    with statements() as seen:
        change(workspace, NINE + HOUR, one, subject="Other")
    assert [text for text in seen if "dw_clock" in text or "dw_timer" in text] == []


def test_the_due_moment_of_a_clock_is_not_moved_by_timers_that_come_late(database):
    workspace = desk(database)
    one = ticket(workspace, NINE)
    with clock.frozen(DUE + 5 * DAY), workspace.database.write() as connection:
        taken = timers.claim(connection, clock.now())
        happened = [
            Event(clock.new_id(), "timer.due", t.entity, t.record, None, t.due_at, data={**t.data, "name": t.name})
            for t in taken
        ]
        records.due(Work(workspace, connection, access.platform_itself()), happened)
    assert clocks(workspace, one)[0].breached_at == DUE
    assert [at for kind, at in told(workspace, one) if kind == "sla.breached"] == [DUE]
