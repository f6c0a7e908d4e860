"""Timers: each fires once, never after it was cancelled or moved, and none is lost when what it is for fails."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dealwright import clock
from dealwright.errors import UnavailableError
from dealwright.events import Event
from dealwright.jobs import Pace
from dealwright.jobs.timers import JOB, Timers
from dealwright.storage import Connection, Database, events, queue, system, timers

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def put(database: Database, *records: str, name: str = "first_response", due: datetime = NOON) -> None:
    with database.write() as connection:
        timers.put(connection, [timers.Timer("sales.deal", record, name, due, {"sla": "gold"}) for record in records])


def log(connection: Connection, happened: Sequence[Event]) -> None:
    events.append(connection, happened)


def fired(database: Database) -> list[str]:
    with database.read() as connection:
        return [event["record"] for event in events.since(connection, 0)]


def fire_all(database: Database, at: datetime, happen=log, limit: int = 100) -> None:
    dispatcher = Timers(database, happen, Pace(timers=limit))
    with clock.frozen(at):
        while dispatcher.look():
            pass


def test_a_due_timer_becomes_an_event_about_its_record(database):
    put(database, "r1")
    fire_all(database, NOON + timedelta(seconds=2))
    with database.read() as connection:
        (event,) = events.since(connection, 0)
    assert (event["type"], event["entity"], event["record"], event["at"]) == ("timer.due", "sales.deal", "r1", NOON)
    assert event["data"] == {"sla": "gold", "name": "first_response", "due_at": "2026-11-23T12:00:00.000Z"}


def test_a_timer_fires_once_and_not_before_it_is_due(database):
    put(database, "r1")
    fire_all(database, NOON - timedelta(milliseconds=1))
    assert fired(database) == []
    fire_all(database, NOON)
    fire_all(database, NOON + timedelta(days=1))
    assert fired(database) == ["r1"]


def test_a_cancelled_timer_never_fires(database):
    put(database, "r1", "r2")
    with database.write() as connection:
        timers.cancel(connection, "r1")
    fire_all(database, NOON + timedelta(days=1))
    assert fired(database) == ["r2"]


def test_a_moved_timer_fires_at_its_new_moment_only(database):
    put(database, "r1")
    put(database, "r1", due=NOON + timedelta(hours=4))
    fire_all(database, NOON + timedelta(hours=3))
    assert fired(database) == []
    fire_all(database, NOON + timedelta(hours=4))
    assert fired(database) == ["r1"]


def test_the_longest_due_fires_first(database):
    for minutes, record in ((3, "c"), (1, "a"), (2, "b")):
        put(database, record, due=NOON + timedelta(minutes=minutes))
    fire_all(database, NOON + timedelta(hours=1))
    assert fired(database) == ["a", "b", "c"]


def test_nothing_fires_while_the_workspace_is_held(database):
    put(database, "r1")
    with database.write() as connection:
        connection.execute(sa.update(system.workspace).values(held=True))
    fire_all(database, NOON)
    assert fired(database) == []


def test_a_timer_whose_transaction_is_rolled_back_is_due_again(database):
    put(database, "r1")
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        assert len(timers.claim(connection, NOON)) == 1
        raise ZeroDivisionError
    fire_all(database, NOON)
    assert fired(database) == ["r1"]


def test_a_timer_cancelled_while_it_waits_for_its_turn_does_not_fire(database):
    """The first timer's event cancels the second: both were due in the same look."""
    put(database, "first", due=NOON)
    put(database, "second", due=NOON + timedelta(seconds=1))

    def happen(connection: Connection, happened: Sequence[Event]) -> None:
        log(connection, happened)
        timers.cancel(connection, "second")

    fire_all(database, NOON + timedelta(minutes=1), happen, limit=1)
    assert fired(database) == ["first"]


def test_one_that_cannot_be_carried_out_is_left_to_a_job_and_the_others_fire(database):
    queue.install(database)
    put(database, "a", "bad", "c")

    def happen(connection: Connection, happened: Sequence[Event]) -> None:
        if any(event.record == "bad" for event in happened):
            raise ValueError("the rule broke")
        log(connection, happened)

    fire_all(database, NOON, happen)
    assert sorted(fired(database)) == ["a", "c"]
    (job,) = queue.jobs(database, ["waiting"])
    assert (job.kind, job.arguments["record"]) == (JOB, "bad")
    with database.read() as connection:
        assert timers.pending(connection, ["bad"]) == {}


def test_the_job_of_a_timer_does_its_work_once_however_often_it_runs(database):
    told = {"id": clock.new_id(), "entity": "sales.deal", "record": "r1", "at": NOON.isoformat(), "data": {"name": "x"}}
    dispatcher = Timers(database, log, Pace())
    dispatcher.carry_out(database, told)
    dispatcher.carry_out(database, told)
    assert fired(database) == ["r1"]


def test_four_workers_fire_three_hundred_timers_once_each_while_some_are_cancelled(database):
    put(database, *(f"r{n:03d}" for n in range(300)))
    cancelled: list[str] = []

    def cancel() -> None:
        for n in range(299, 200, -7):
            with database.write() as connection:
                if timers.cancel(connection, f"r{n:03d}"):
                    cancelled.append(f"r{n:03d}")

    threads = [threading.Thread(target=fire_all, args=(database, NOON, log, 5)) for _ in range(4)]
    threads.append(threading.Thread(target=cancel))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(fired(database) + cancelled) == [f"r{n:03d}" for n in range(300)]


def test_a_worker_gives_way_to_a_save_that_waits_for_its_timer(postgresql_url):
    """The worker has the timer and wants the record, the save has the record and wants the timer: the save is done."""
    claimed, holding = threading.Event(), threading.Event()
    record = sa.select(system.workspace.c.id).with_for_update()  # any row will do

    with Database(postgresql_url) as database:
        put(database, "r1")

        def happen(connection: Connection, told: Sequence[Event]) -> None:
            claimed.set()
            assert holding.wait(10)
            waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            # The save waits first, so it would be the one that the server ends.
            assert any(connection.scalar(waiting) for _ in range(100_000))
            connection.execute(record)

        def save() -> None:
            with database.write() as connection:
                connection.execute(record)
                holding.set()
                assert claimed.wait(10)
                timers.put(connection, [timers.Timer("sales.deal", "r1", "first_response", NOON + timedelta(days=1))])
            saved.append(True)

        saved: list[bool] = []
        person = threading.Thread(target=save)
        person.start()
        with clock.frozen(NOON), pytest.raises(UnavailableError):
            Timers(database, happen, Pace()).look()
        person.join()
        assert saved == [True]
        fire_all(database, NOON)
        assert fired(database) == []
        fire_all(database, NOON + timedelta(days=1))
        assert fired(database) == ["r1"]
