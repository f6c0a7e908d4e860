"""Rules that look at many records at certain times: each record once in a run, on after a crash, made up for once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dealwright import access, clock, records
from dealwright.events import Event
from dealwright.jobs import Pace
from dealwright.jobs.timers import Timers
from dealwright.records import Work, scheduled
from dealwright.storage import decisions, queue
from dealwright.storage.system import timer
from passing import pass_until
from worlds import made, opened, person, rows_of

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(name="clean", once_per="month", filter="amount < 1000", **on):  # noqa: A002
    on = on or {"every": "month", "on": "last", "at": "23:00"}
    return {
        "kind": "rule", "id": f"t.{name}", "lang": 1, "title": name.title(), "entity": "t.deal", "once_per": once_per,
        "on": {"schedule": {**on, "filter": filter}}, "if": "status == \"open\"",
        "then": [{"do": "create_task", "title": "{name}"}],
    }  # fmt: skip


def live(database, tmp_path, *rules):
    with clock.frozen(START):
        workspace = opened(database, *rules, folder=tmp_path)
        with database.write() as connection:
            scheduled.went_live(Work(workspace, connection, access.platform_itself()), None)
    return workspace


def deals(workspace, *amounts):
    with clock.frozen(START):
        return [made(workspace, "t.deal", name=f"D{n}", amount=str(amount)) for n, amount in enumerate(amounts)]


def tasks(workspace):
    return sorted(one["title"] for one in rows_of(workspace.database, "base__task"))


def pending(workspace):
    with workspace.database.read() as connection:
        found = sa.select(timer.c.name, timer.c.due_at).where(timer.c.state == "pending").order_by(timer.c.due_at)
        return [(row.name, row.due_at) for row in connection.execute(found)]


def test_at_the_end_of_each_month_the_rule_looks_at_the_records_that_meet_the_filter(database, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduled, "BATCH", 2)
    workspace = live(database, tmp_path, rule())
    deals(workspace, 5, 5000, 6, 999, 1000, 7)
    end = datetime(2026, 1, 31, 23, tzinfo=UTC)
    pass_until(workspace, end - timedelta(milliseconds=1))
    assert tasks(workspace) == []
    pass_until(workspace, end)
    assert tasks(workspace) == ["D0", "D2", "D3", "D5"]
    pass_until(workspace, datetime(2026, 2, 28, 22, tzinfo=UTC))
    assert len(tasks(workspace)) == 4
    pass_until(workspace, datetime(2026, 2, 28, 23, tzinfo=UTC))
    assert len(tasks(workspace)) == 8


def test_the_condition_is_asked_of_each_record_and_the_decision_is_kept(database, tmp_path):
    workspace = live(database, tmp_path, rule())
    lost, _ = deals(workspace, 5, 6)
    with clock.frozen(START):
        records.move(workspace, access.operator(), "t.deal", lost, "lost")
    pass_until(workspace, START + 20 * DAY)
    assert tasks(workspace) == ["D1"]
    with database.read() as connection:
        found = {one["record"]: one["fired"] for one in decisions.of(connection, "t.clean")}
    assert found[lost] is False
    assert len(found) == 2


def test_runs_that_were_missed_are_made_up_for_once(database, tmp_path):
    workspace = live(database, tmp_path, rule(once_per="always", every="day", at="08:00"))
    deals(workspace, 5)
    with clock.frozen(START + 10 * DAY):
        timers_of(workspace)
    assert tasks(workspace) == ["D0"]
    assert pending(workspace) == [("schedule:t.clean", datetime(2026, 1, 26, 8, tzinfo=UTC))]


def timers_of(workspace, limit=100):
    def happen(connection, told):
        records.due(Work(workspace, connection, access.platform_itself()), told)

    looks = Timers(workspace.database, happen, Pace(timers=limit))
    while looks.look():
        pass


def test_a_run_goes_on_where_it_stood_when_a_step_was_lost(database, tmp_path, monkeypatch):
    """The transaction of the third step is rolled back, as when the machine dies in it."""
    monkeypatch.setattr(scheduled, "BATCH", 2)
    workspace = live(database, tmp_path, rule(once_per="always"))
    deals(workspace, *range(9))
    steps = []

    def happen(connection, told):
        records.due(Work(workspace, connection, access.platform_itself()), told)
        steps.append(told[0].data["name"])
        if len(steps) == 3:
            raise MemoryError

    looks = Timers(workspace.database, happen, Pace())
    with clock.frozen(START + 20 * DAY):
        for _ in range(3):
            if len(steps) < 2:
                looks._fire(100)
        with pytest.raises(MemoryError):
            looks._fire(100)
        before = tasks(workspace)
        timers_of(workspace)
    assert before == ["D0", "D1"]
    assert tasks(workspace) == [f"D{n}" for n in range(9)]


def test_a_record_for_which_the_rule_fails_does_not_hold_up_the_others_and_stays_in_sight(database, tmp_path):
    queue.install(database)
    broken = {**rule(once_per="always"), "then": [{"do": "set_field", "field": "discount", "value": "amount * 10"}]}
    workspace = live(database, tmp_path, broken)
    deals(workspace, 1, 50, 1)  # ten times fifty percent is no discount
    with clock.frozen(START + 20 * DAY):
        timers_of(workspace)
        done = {one["name"]: one["discount"] for one in rows_of(database, "t__deal")}
        waiting = queue.jobs(database, ["waiting"])
    assert [done["D0"] is None, done["D1"] is None, done["D2"] is None] == [False, True, False]
    assert [one.arguments["data"]["rule"] for one in waiting] == ["t.clean"]


def test_several_workers_look_at_each_record_once(database, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduled, "BATCH", 3)
    workspace = live(database, tmp_path, rule(once_per="always"))
    deals(workspace, *range(20))

    def work():
        with clock.frozen(START + 20 * DAY):
            timers_of(workspace, 1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with clock.frozen(START + 20 * DAY):
        timers_of(workspace)
    assert tasks(workspace) == sorted(f"D{n}" for n in range(20))


def test_an_episode_lasts_as_long_as_the_record_meets_the_filter(database, tmp_path):
    workspace = live(database, tmp_path, rule(once_per="episode", every="day", at="08:00"))
    (deal,) = deals(workspace, 5)
    pass_until(workspace, START + 3 * DAY)
    assert tasks(workspace) == ["D0"]
    with clock.frozen(START + 3 * DAY):
        records.save(workspace, access.operator(), "t.deal", {"amount": "5000"}, id=deal)
    pass_until(workspace, START + 5 * DAY)
    with clock.frozen(START + 5 * DAY):
        records.save(workspace, access.operator(), "t.deal", {"amount": "6"}, id=deal)
    pass_until(workspace, START + 9 * DAY)
    assert tasks(workspace) == ["D0", "D0"]


def test_a_rule_that_changes_its_times_or_goes_is_waited_for_anew_or_no_more(database, tmp_path):
    workspace = live(database, tmp_path, rule(), rule("other", every="day", at="08:00"))
    with database.read() as connection:
        before = workspace.catalog(connection)
    with clock.frozen(START):
        after = opened(database, rule(every="week", on="friday", at="16:00"), folder=tmp_path)
        with database.write() as connection:
            scheduled.went_live(Work(after, connection, access.platform_itself()), before)
    assert pending(after) == [("schedule:t.clean", datetime(2026, 1, 16, 16, tzinfo=UTC))]


def test_archived_records_are_passed_over(database, tmp_path):
    workspace = live(database, tmp_path, rule())
    archived, _ = deals(workspace, 5, 6)
    with clock.frozen(START), database.write() as connection:
        records.archive(Work(workspace, connection, access.operator()), "t.deal", archived)
    pass_until(workspace, START + 20 * DAY)
    assert tasks(workspace) == ["D1"]


ORDER = {
    "kind": "entity", "id": "t.order", "lang": 1, "title": "Order", "plural": "Orders",
    "properties": {
        "account": {"field": "reference", "to": "t.account", "title": "Account"},
        "qty": {"field": "decimal", "title": "Quantity"},
        "on": {"field": "date", "title": "Date"},
        "gift": {"field": "boolean", "title": "Gift"},
    },
}  # fmt: skip
FALL = {
    "kind": "rule", "id": "t.fall", "lang": 1, "title": "Three falls", "entity": "t.account", "once_per": "episode",
    "on": {"trend": {"measure": "sum:qty", "of": "t.order", "via": "account", "date": "on", "where": "!gift",
                     "per": "month", "periods": {"param": "months"}, "change": {"param": "change"}}},
    "then": [{"do": "create_task", "title": "{name} falls"}],
}  # fmt: skip
PARAMETERS = [
    {"kind": "parameter", "id": "t.months", "type": "integer", "title": "Months", "default": 3},
    {"kind": "parameter", "id": "t.change", "type": "percent", "title": "Change", "default": -15},
]
#: What is ordered from November to February; the run is on 1 March.
VECTORS = {
    "Falls": [1000, 850, 722, 613],
    "Just not": [1000, 850, 723, 614],
    "Once": [1000, 700, 690, 500],
    "Deeper": [1000, 840, 700, 590],
    "New": [None, None, 1000, 850],
    "From nothing": [0, 100, 50, 20],
    "Gone": [1000, 800, 600, None],
    "Never": [],
}


def test_a_fall_of_three_months_in_a_row_is_found_after_the_third(database, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduled, "BATCH", 3)
    workspace = live(database, tmp_path, ORDER, FALL, *PARAMETERS)
    with clock.frozen(START):
        ids = {}
        for name, values in VECTORS.items():
            ids[name] = made(workspace, "t.account", name=name)
            for month, value in zip(("2025-11", "2025-12", "2026-01", "2026-02"), values, strict=False):
                if value is not None:
                    for day, part in (("03", value / 2), ("28", value / 2)):
                        made(workspace, "t.order", account=ids[name], qty=str(part), on=f"{month}-{day}")
                    made(workspace, "t.order", account=ids[name], qty="5000", on=f"{month}-10", gift=True)
                    made(workspace, "t.order", account=ids[name], qty="7000", on="2026-03-01")
    pass_until(workspace, datetime(2026, 2, 28, 23, 59, tzinfo=UTC))
    assert tasks(workspace) == []  # at the end of January, October is missing: there is too little history
    pass_until(workspace, datetime(2026, 3, 1, tzinfo=UTC))
    assert tasks(workspace) == ["Deeper falls", "Falls falls", "Gone falls"]
    with database.read() as connection:
        found = {one["record"]: one["facts"] for one in reversed(decisions.of(connection, "t.fall"))}
    assert {name: found[ids[name]]["event.trend"] for name in VECTORS if ids[name] in found} == {
        "Falls": "held",
        "Just not": "not_held",
        "Once": "not_held",
        "Deeper": "held",
        "New": "insufficient_history",
        "From nothing": "baseline_zero",
        "Gone": "held",
    }
    assert [float(one) for one in found[ids["Falls"]]["event.values"]] == [1000, 850, 722, 613]
    assert found[ids["Falls"]]["event.periods"] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    with clock.frozen(START), database.read() as connection:
        told = records.why(Work(workspace, connection, access.operator()), "t.fall", ids["New"])
    assert told["sentence"].startswith('did not fire, because event.trend == "held" is false')
    assert "event.trend is insufficient_history" in told["sentence"]


def test_who_may_not_see_the_orders_does_not_see_what_was_decided_by_them(database, tmp_path):
    workspace = live(database, tmp_path, ORDER, FALL, *PARAMETERS)
    with clock.frozen(START):
        rep, boss = person(workspace, "Rep", ["t.rep"]), person(workspace, "Boss", [access.ADMIN_ROLE])
        account = made(workspace, "t.account", name="Falls")
        for month, value in zip(("2025-11", "2025-12", "2026-01", "2026-02"), (1000, 850, 722, 613), strict=True):
            made(workspace, "t.order", account=account, qty=str(value), on=f"{month}-03")
    pass_until(workspace, datetime(2026, 3, 1, tzinfo=UTC))
    with clock.frozen(START + 60 * DAY), database.read() as connection:
        seen = {
            who.name: [one["rule"] for one in records.decided(Work(workspace, connection, who), "t.account", account)]
            for who in (rep, boss)
        }
    assert seen == {"Rep": [], "Boss": ["t.fall", "t.fall"]}


def test_a_rule_hears_of_clocks_and_approvals_that_the_platform_tells_of(database, tmp_path):
    def heard(name, on):
        return {**rule(name), "on": on, "once_per": "always", "then": [{"do": "create_task", "title": name}]}

    workspace = live(
        database, tmp_path,
        heard("any", {"sla": {}}), heard("eighty", {"sla": {"event": "reached", "percent": 80}}),
        heard("missed", {"deadline": {"event": "missed"}}),
        heard("approved", {"approval": {"event": "approved"}}),
    )  # fmt: skip
    (deal,) = deals(workspace, 5)
    for kind, data in (
        ("sla.reached", {"policy": "t.first", "percent": 50}),
        ("sla.reached", {"policy": "t.first", "percent": 80}),
        ("sla.reached", {"policy": "t.other", "percent": 80}),
        ("deadline.missed", {"deadline": "t.x"}),
        ("deadline.met", {"deadline": "t.x"}),
        ("approval.approved", {"approval": "t.discount"}),
        ("approval.approved", {"approval": "t.other"}),
    ):
        with clock.frozen(START), database.write() as connection:
            told = Event(clock.new_id(), kind, "t.deal", deal, None, START, data=data)
            records.happen(Work(workspace, connection, access.platform_itself()), [told])
    assert tasks(workspace) == ["any", "any", "any", "approved", "approved", "eighty", "eighty", "missed"]
