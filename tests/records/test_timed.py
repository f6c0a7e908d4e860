"""Rules that wait for a moment of a record: due at the first moment, asked anew then, and once for each moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, records
from dealwright.records import Change, Work, armed
from dealwright.storage import decisions, timers
from passing import pass_until
from sent import statements
from worlds import DEAL, made, opened, person, rows_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(milliseconds=1)

STALL = {
    "kind": "rule", "id": "t.stall", "lang": 1, "title": "Stalled", "entity": "t.deal", "once_per": "episode",
    "on": {"idle": {"of": "last_activity_at", "for": {"param": "stall_days", "unit": "day"}}},
    "if": "status == \"open\"",
    "then": [{"do": "create_task", "title": "Nothing happens with {name}", "assignee": "owner.manager"}],
}  # fmt: skip
STALL_DAYS = {"kind": "parameter", "id": "t.stall_days", "type": "integer", "title": "Days", "default": 7}


def visit(**more):
    return {
        "kind": "rule", "id": "t.visit", "lang": 1, "title": "Visit", "entity": "t.deal",
        "on": {"after": {"field": "visited_at", "offset": "PT24H"}}, "if": "report == null",
        "then": [{"do": "create_task", "title": "Write the report"}], **more,
    }  # fmt: skip


def with_visits():
    deal = {**DEAL, "properties": {**DEAL["properties"]}}
    deal["properties"]["visited_at"] = {"field": "datetime", "title": "Visited"}
    deal["properties"]["report"] = {"field": "text", "title": "Report"}
    return deal


def save(workspace, record, **data):
    records.save(workspace, access.operator(), "t.deal", data, id=record)


def call(workspace, about, at):
    return made(workspace, "base.activity", kind="call", about={"entity": "t.deal", "id": about}, at=at.isoformat())


def tasks(workspace):
    return rows_of(workspace.database, "base__task")


def made_of(workspace, rule):
    with workspace.database.read() as connection:
        return decisions.of(connection, rule)


@pytest.fixture
def stalled(database, tmp_path):
    """A workspace whose deals stall after seven days without an activity, and a deal of Ann, whose head is Bob."""
    with clock.frozen(NOON):
        workspace = opened(database, STALL, STALL_DAYS, folder=tmp_path)
        bob = person(workspace, "Bob", ["t.rep"])
        ann = person(workspace, "Ann", ["t.rep"], manager=bob.id)
        workspace.deal = made(workspace, "t.deal", name="Pumps", owner=ann.id)
        workspace.bob = bob
    return workspace


def test_after_more_than_seven_days_without_an_activity_the_head_of_the_owner_gets_a_task(stalled):
    pass_until(stalled, NOON + 7 * DAY)  # seven days have passed, not more
    assert tasks(stalled) == []
    pass_until(stalled, NOON + 7 * DAY + TICK)
    (task,) = tasks(stalled)
    assert (task["title"], task["assignee"]) == ("Nothing happens with Pumps", stalled.bob.id)
    pass_until(stalled, NOON + 90 * DAY)
    assert len(tasks(stalled)) == 1


def test_an_activity_begins_the_time_anew_and_a_new_silence_is_a_new_episode(stalled):
    with clock.frozen(NOON + 5 * DAY):
        call(stalled, stalled.deal, NOON + 5 * DAY)
    pass_until(stalled, NOON + 12 * DAY)
    assert tasks(stalled) == []
    pass_until(stalled, NOON + 12 * DAY + TICK)
    assert len(tasks(stalled)) == 1
    with clock.frozen(NOON + 20 * DAY):
        call(stalled, stalled.deal, NOON + 20 * DAY)
    pass_until(stalled, NOON + 27 * DAY + TICK)
    assert len(tasks(stalled)) == 2


def test_an_activity_that_is_taken_back_gives_the_time_before_it_back(stalled):
    with clock.frozen(NOON + 5 * DAY):
        activity = call(stalled, stalled.deal, NOON + 5 * DAY)
    with clock.frozen(NOON + 6 * DAY), stalled.database.write() as connection:
        records.archive(Work(stalled, connection, access.operator()), "base.activity", activity)
    pass_until(stalled, NOON + 7 * DAY + TICK)
    assert len(tasks(stalled)) == 1


def test_what_is_no_longer_so_when_the_time_has_come_does_not_happen_and_the_decision_says_why(stalled):
    with clock.frozen(NOON + DAY):
        records.move(stalled, access.operator(), "t.deal", stalled.deal, "lost", data={})
    pass_until(stalled, NOON + 30 * DAY)
    assert tasks(stalled) == []
    (decision,) = made_of(stalled, "t.stall")
    assert not decision["fired"]
    assert decision["facts"]["status"] == "lost"
    with stalled.database.read() as connection:
        told = records.explain(Work(stalled, connection, access.operator()), decision["id"])
    assert 'status == "open" is false (status is lost)' in told["sentence"]


def test_a_condition_that_comes_to_hold_after_the_time_has_passed_is_asked_then(visited):
    """The rule waits for a report to be missing: one that is taken back leaves a visit without one."""
    with clock.frozen(NOON):
        deal = made(visited, "t.deal", name="Pumps", visited_at=NOON.isoformat(), report="All well")
    pass_until(visited, NOON + 30 * DAY)
    assert tasks(visited) == []
    with clock.frozen(NOON + 40 * DAY):
        save(visited, deal, amount="5")  # the amount is nothing to the rule
        save(visited, deal, report=None)
    pass_until(visited, NOON + 40 * DAY)
    assert len(tasks(visited)) == 1
    assert [one["fired"] for one in made_of(visited, "t.visit")] == [True, False]


def test_the_answer_to_why_not_says_when_the_rule_will_look(stalled):
    with clock.frozen(NOON + DAY), stalled.database.read() as connection:
        told = records.why(Work(stalled, connection, access.operator()), "t.stall", stalled.deal)
    assert told["reason"] == "never-woken"
    assert told["sentence"] == (
        "no event has woken “Stalled”; it waits for time to pass (idle); the next time is 2026-02-07T12:00:00.001Z"
    )


def test_an_archived_record_waits_no_more_and_a_restored_one_again(stalled):
    with clock.frozen(NOON + DAY), stalled.database.write() as connection:
        records.archive(Work(stalled, connection, access.operator()), "t.deal", stalled.deal)
        assert timers.pending(connection, [stalled.deal]) == {}
    pass_until(stalled, NOON + 8 * DAY)
    assert tasks(stalled) == []
    with clock.frozen(NOON + 9 * DAY), stalled.database.write() as connection:
        records.restore(Work(stalled, connection, access.operator()), "t.deal", stalled.deal)
    pass_until(stalled, NOON + 9 * DAY)
    assert len(tasks(stalled)) == 1


@pytest.fixture
def visited(database, tmp_path):
    with clock.frozen(NOON):
        return opened(database, visit(), with_visits(), folder=tmp_path)


def test_24_hours_after_a_visit_without_a_report_there_is_a_task(visited):
    with clock.frozen(NOON):
        made(visited, "t.deal", name="Silent", visited_at=NOON.isoformat())
        told = made(visited, "t.deal", name="Told", visited_at=NOON.isoformat())
    with clock.frozen(NOON + timedelta(hours=5)):
        save(visited, told, report="All well")
    pass_until(visited, NOON + timedelta(hours=24) - TICK)
    assert tasks(visited) == []
    pass_until(visited, NOON + timedelta(hours=24))
    assert [one["title"] for one in tasks(visited)] == ["Write the report"]


def test_a_moment_that_is_moved_is_waited_for_anew_and_one_that_is_emptied_is_not(visited):
    with clock.frozen(NOON):
        moved = made(visited, "t.deal", name="Moved", visited_at=NOON.isoformat())
        emptied = made(visited, "t.deal", name="Emptied", visited_at=NOON.isoformat())
    with clock.frozen(NOON + timedelta(hours=23)):
        save(visited, moved, visited_at=(NOON + 3 * DAY).isoformat())
        save(visited, emptied, visited_at=None)
    pass_until(visited, NOON + 4 * DAY - TICK)
    assert tasks(visited) == []
    pass_until(visited, NOON + 9 * DAY)
    assert len(tasks(visited)) == 1


def test_a_visit_that_is_entered_late_is_asked_for_at_once(visited):
    with clock.frozen(NOON):
        made(visited, "t.deal", name="Late", visited_at=(NOON - 3 * DAY).isoformat())
    pass_until(visited, NOON)
    assert len(tasks(visited)) == 1


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        ("2026-01-31", 3, "2026-04-30"),
        ("2026-01-31", 6, "2026-07-31"),
        ("2026-01-31", 9, "2026-10-31"),
        ("2024-02-29", 3, "2024-05-29"),
        ("2024-02-29", 6, "2024-08-29"),
        ("2024-02-29", 9, "2024-11-29"),
        ("2023-11-30", 3, "2024-02-29"),
    ],
)
def test_three_six_and_nine_months_end_with_the_month(database, tmp_path, start, months, due):
    rule = visit(on={"after": {"field": "closes_on", "offset": f"P{months}M", "at": "09:00"}})
    moment = datetime.fromisoformat(f"{due}T09:00:00+00:00")
    with clock.frozen(datetime(2023, 1, 1, tzinfo=UTC)):
        workspace = opened(database, rule, with_visits(), folder=tmp_path)
        made(workspace, "t.deal", name="Clean", closes_on=start)
    pass_until(workspace, moment - TICK)
    assert tasks(workspace) == []
    pass_until(workspace, moment)
    assert len(tasks(workspace)) == 1


def test_thirty_sixty_and_ninety_days_after_the_win_there_is_something_to_do(database, tmp_path):
    rules = [
        visit(id=f"t.after_{days}", on={"after": {"field": "stage_entered_at", "offset": f"P{days}D"}},
              then=[{"do": "create_task", "title": f"{days} days"}], **{"if": "stage == \"won\""}, once_per="stage_visit")
        for days in (30, 60, 90)
    ]  # fmt: skip
    with clock.frozen(NOON):
        workspace = opened(database, *rules, folder=tmp_path)
        account = made(workspace, "t.account", name="Kestrel")
        deal = made(workspace, "t.deal", name="Pumps", amount="1", account=account, closes_on="2026-02-01")
        records.move(workspace, access.operator(), "t.deal", deal, "offer")
        records.move(workspace, access.operator(), "t.deal", deal, "won")
    seen = []
    for days in (30, 60, 90):
        pass_until(workspace, NOON + days * DAY - TICK)
        seen.append(len(tasks(workspace)))
        pass_until(workspace, NOON + days * DAY)
        seen.append(len(tasks(workspace)))
    assert seen == [0, 1, 1, 2, 2, 3]
    assert [one["title"] for one in tasks(workspace)] == ["30 days", "60 days", "90 days"]


def test_more_than_thirty_days_in_a_stage_are_red(database, tmp_path):
    red = visit(
        id="t.red", on={"idle": {"of": "stage_entered_at", "for": "P30D"}}, once_per="stage_visit",
        then=[{"do": "set_field", "field": "code", "value": "'red'"}], **{"if": "status == \"open\" && days_in_stage >= 30"},
    )  # fmt: skip
    with clock.frozen(NOON):
        workspace = opened(database, red, folder=tmp_path)
        made(workspace, "t.deal", name="Pumps")
    pass_until(workspace, NOON + 30 * DAY)
    assert [one["code"] for one in rows_of(workspace.database, "t__deal")] == [None]
    pass_until(workspace, NOON + 30 * DAY + TICK)
    assert [one["code"] for one in rows_of(workspace.database, "t__deal")] == ["red"]


def test_a_rule_that_goes_live_waits_for_the_records_that_are_there(stalled, monkeypatch):
    monkeypatch.setattr(armed, "BATCH", 2)
    with clock.frozen(NOON):
        for number in range(5):
            made(stalled, "t.deal", name=f"Deal {number}")
    with stalled.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM dw_timer")  # as if the records were older than the rule
    with clock.frozen(NOON + 3 * DAY), stalled.database.write() as connection:
        armed.went_live(Work(stalled, connection, access.platform_itself()), None)
    pass_until(stalled, NOON + 7 * DAY)
    assert tasks(stalled) == []
    pass_until(stalled, NOON + 7 * DAY + TICK)
    assert len(tasks(stalled)) == 6


def test_a_parameter_that_is_changed_moves_the_timers_that_are_set(database, tmp_path):
    with clock.frozen(NOON):
        before = opened(database, STALL, STALL_DAYS, folder=tmp_path)
        deal = made(before, "t.deal", name="Pumps")
        with database.read() as connection:
            old = before.catalog(connection)
        after = opened(database, STALL, {**STALL_DAYS, "default": 3}, folder=tmp_path)
        with database.write() as connection:
            armed.went_live(Work(after, connection, access.platform_itself()), old)
    pass_until(after, NOON)
    with database.read() as connection:
        (timer,) = timers.pending(connection, [deal])[deal]
    assert timer.due_at == NOON + 3 * DAY + TICK


def test_a_rule_that_is_new_does_not_remind_of_dates_that_have_passed(visited):
    with clock.frozen(NOON):
        made(visited, "t.deal", name="Old", visited_at=(NOON - 30 * DAY).isoformat())
        made(visited, "t.deal", name="New", visited_at=NOON.isoformat())
    with visited.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM dw_timer")
    with clock.frozen(NOON), visited.database.write() as connection:
        armed.went_live(Work(visited, connection, access.platform_itself()), None)
    pass_until(visited, NOON + 2 * DAY)
    assert len(tasks(visited)) == 1


def test_an_import_without_rules_is_reminded_of_no_date_that_has_passed(visited):
    changes = [Change({"name": name, "visited_at": at.isoformat()}) for name, at in
               (("Old", NOON - 30 * DAY), ("New", NOON))]  # fmt: skip
    with clock.frozen(NOON), visited.database.write() as connection:
        records.save_many(Work(visited, connection, access.operator(), rules=False), "t.deal", changes)
    pass_until(visited, NOON + 2 * DAY)
    assert len(tasks(visited)) == 1


def test_a_rule_in_shadow_mode_decides_and_does_nothing(database, tmp_path):
    with clock.frozen(NOON):
        workspace = opened(database, visit(mode="shadow"), with_visits(), folder=tmp_path)
        made(workspace, "t.deal", name="Silent", visited_at=NOON.isoformat())
    pass_until(workspace, NOON + 2 * DAY)
    assert tasks(workspace) == []
    assert [(one["fired"], one["mode"]) for one in made_of(workspace, "t.visit")] == [(True, "shadow")]


def test_any_number_of_records_is_one_statement_more(visited):
    def saved(count):
        changes = [Change({"name": f"{count}-{n}", "visited_at": NOON.isoformat()}) for n in range(count)]
        with statements() as sent, clock.frozen(NOON), visited.database.write() as connection:
            records.save_many(Work(visited, connection, access.operator()), "t.deal", changes)
        return [one for one in sent if "dw_timer" in one]

    assert len(saved(1)) == len(saved(40)) == 1


def test_where_no_rule_waits_no_statement_is_sent(workspace):
    with statements() as sent, clock.frozen(NOON):
        deal = made(workspace, "t.deal", name="Pumps")
        save(workspace, deal, amount="5")
    assert [one for one in sent if "dw_timer" in one] == []
