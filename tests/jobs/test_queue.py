"""The queue of jobs: left behind in the caller's transaction, run in lanes, tried again, dead, replayed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from dealwright import clock
from dealwright.errors import ConflictError, NotFoundError
from dealwright.jobs.pace import Pace
from dealwright.jobs.runner import Runner, Schedule
from dealwright.storage import Database, backlog, migrations, outbox, queue, roll, timers

QUICK = Pace(poll=0.02, job_wait=0.01)


@contextmanager
def running(
    database: Database, schedules: tuple[Schedule, ...] = (), **kinds: Callable[..., object]
) -> Iterator[Runner]:
    runner = Runner(database, "w1", kinds, schedules, QUICK)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop(0)


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something another thread does; fail if it does not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.01)


@pytest.fixture
def prepared(database: Database) -> Database:
    queue.install(database)
    return database


def leave(database: Database, kind: str, arguments: Mapping[str, Any] | None = None, **more: Any) -> str:
    with database.write() as connection:
        return queue.enqueue(connection, kind, arguments or {}, **more)


def test_a_job_that_is_rolled_back_never_was(prepared):
    with pytest.raises(ZeroDivisionError), prepared.write() as connection:
        queue.enqueue(connection, "add", {"n": 1})
        raise ZeroDivisionError
    assert queue.jobs(prepared) == []


def test_a_job_runs_with_its_arguments_and_is_done(prepared):
    seen: list[object] = []
    left = leave(prepared, "add", {"n": 1, "name": "张伟", "list": [1, None, True]})
    with running(prepared, add=lambda database, arguments: seen.append(arguments)):
        until(lambda: [job.state for job in queue.jobs(prepared)] == ["done"])
    assert seen == [{"n": 1, "name": "张伟", "list": [1, None, True]}]
    job = queue.jobs(prepared)[0]
    assert (job.id, job.kind, job.worker) == (left, "add", "w1")


def test_arguments_are_kept_as_plain_json(prepared):
    leave(prepared, "add", {"n": 1})
    schema = None if prepared.dialect == "sqlite" else "dbos"
    tables = sa.MetaData()
    with prepared.read() as connection:
        tables.reflect(connection, schema=schema)
        stored = [row for table in tables.tables.values() for row in connection.execute(sa.select(table)).mappings()]
    assert any('["add",{"n":1}]' in str(row) for row in stored)
    assert {row["serialization"] for row in stored if row.get("serialization")} == {"portable_json"}


def test_arguments_that_are_no_json_are_refused(prepared):
    with pytest.raises(TypeError), prepared.write() as connection:
        queue.enqueue(connection, "add", {"when": object()})


def test_jobs_of_one_lane_run_one_after_the_other_in_order(prepared):
    ran: list[int] = []
    inside = threading.Semaphore(1)

    def add(database: Database, arguments: Mapping[str, Any]) -> None:
        assert inside.acquire(blocking=False), "two jobs of one lane at once"
        threading.Event().wait(0.01)
        ran.append(arguments["n"])
        inside.release()

    with prepared.write() as connection:
        for n in range(12):
            queue.enqueue(connection, "add", {"n": n}, lane="record-7")
    with running(prepared, add=add):
        until(lambda: len(ran) == 12)
    assert ran == list(range(12))


def test_the_same_key_is_one_job(prepared):
    ran: list[int] = []
    assert leave(prepared, "add", key="k1") == leave(prepared, "add", key="k1") == "k1"
    with running(prepared, add=lambda *_: ran.append(1)):
        until(lambda: queue.jobs(prepared)[0].state == "done")
        leave(prepared, "add", key="k1")
        leave(prepared, "last")
        until(lambda: queue.jobs(prepared, ["dead"]) != [])
    assert ran == [1]


def test_a_job_that_fails_twice_succeeds_the_third_time(prepared):
    tries: list[int] = []

    def add(database: Database, arguments: Mapping[str, Any]) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")

    leave(prepared, "add")
    with running(prepared, add=add):
        until(lambda: queue.jobs(prepared)[0].state == "done")
    assert len(tries) == 3


def test_a_poisoned_job_is_dead_with_its_error_and_does_not_stop_its_lane(prepared):
    def poison(database: Database, arguments: Mapping[str, Any]) -> None:
        raise ValueError("the file has no header")

    ran: list[int] = []
    leave(prepared, "poison", lane="a")
    leave(prepared, "add", lane="a")
    with running(prepared, poison=poison, add=lambda *_: ran.append(1)):
        until(lambda: ran == [1])
    (job,) = queue.jobs(prepared, ["dead"])
    assert job.kind == "poison"
    assert "the file has no header" in job.error


def test_a_dead_job_is_replayed_with_the_same_arguments(prepared):
    ok = threading.Event()
    seen: list[Any] = []

    def add(database: Database, arguments: Mapping[str, Any]) -> None:
        if not ok.is_set():
            raise ValueError("no")
        seen.append(arguments["n"])

    left = leave(prepared, "add", {"n": 7})
    with running(prepared, add=add):
        until(lambda: bool(queue.jobs(prepared, ["dead"])))
        ok.set()
        new = queue.replay(prepared, left)
        until(lambda: seen == [7])
        until(lambda: [(job.id, job.state) for job in queue.jobs(prepared)] == [(new, "done")])
    with pytest.raises(NotFoundError):
        queue.replay(prepared, left)
    with pytest.raises(ConflictError, match="is done; only a dead job"):
        queue.replay(prepared, new)


def test_a_dead_job_can_be_given_up(prepared):
    left = leave(prepared, "unknown")
    with running(prepared):
        until(lambda: bool(queue.jobs(prepared, ["dead"])))
    assert "this worker knows no job 'unknown'" in queue.jobs(prepared)[0].error
    queue.skip(prepared, left)
    assert queue.jobs(prepared) == []


def test_a_second_runner_in_one_process_is_refused(prepared):
    with running(prepared), pytest.raises(RuntimeError, match="run in this process already"):
        Runner(prepared, "w2", {}, (), QUICK).start()


def test_a_schedule_leaves_a_job_behind_and_is_gone_when_it_is_no_longer_asked_for(prepared):
    ran: list[Any] = []
    every_second = Schedule("tick", "* * * * * *", "add", {"n": 3})
    with running(prepared, (every_second,), add=lambda _, arguments: ran.append(arguments)):
        until(lambda: len(ran) >= 2)
    assert ran[0] == {"n": 3}
    count = len(queue.jobs(prepared))
    assert count == len({job.id for job in queue.jobs(prepared)})
    with running(prepared):
        from dbos import DBOS

        assert DBOS.list_schedules() == []


def test_done_jobs_are_pruned_and_dead_ones_stay(prepared):
    leave(prepared, "add")
    leave(prepared, "unknown")
    with running(prepared, add=lambda *_: None):
        until(lambda: sorted(job.state for job in queue.jobs(prepared)) == ["dead", "done"])
    now = datetime.now(UTC)
    assert queue.prune(prepared, now - timedelta(days=1)) == 0
    assert queue.prune(prepared, now + timedelta(minutes=1)) == 1
    assert [job.state for job in queue.jobs(prepared)] == ["dead"]


def test_before_the_first_worker_there_are_no_jobs(database):
    assert queue.jobs(database) == []
    assert backlog.of(database) == backlog.Backlog(0, 0, 0, 0, 0)


def test_the_backlog_says_how_far_behind_the_work_is(prepared):
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    with clock.frozen(noon):
        assert backlog.of(prepared) == backlog.Backlog(0, 0, 0, 0, 0)
    leave(prepared, "unknown")
    with running(prepared):
        until(lambda: bool(queue.jobs(prepared, ["dead"])))
    message = {"channel": "c", "target": "t", "payload": {}}
    with prepared.write() as connection:
        outbox.put(
            connection, [{"id": "1", "key": "a", "at": noon, **message}, {"id": "2", "key": "b", "at": noon, **message}]
        )
        outbox.dead(connection, "2", "no", noon)
        timers.put(connection, [timers.Timer("sales.deal", "r1", "x", noon + timedelta(seconds=10))])
        roll.beat(connection, "w1")
    with clock.frozen(noon + timedelta(seconds=30)):
        behind = backlog.of(prepared, seconds=10**9)
    assert behind == backlog.Backlog(message_seconds=30, timer_seconds=20, dead_messages=1, dead_jobs=1, workers=1)


def test_a_workspace_in_a_schema_of_its_own_has_its_own_queue(pg):
    name = pg.create()
    with Database(f"{pg.url(name)}?schema=north") as north, Database(f"{pg.url(name)}?schema=south") as south:
        for one in (north, south):
            migrations.upgrade(one)
            queue.install(one)
        leave(north, "add", {"n": 1})
        assert [job.arguments for job in queue.jobs(north)] == [{"n": 1}]
        assert queue.jobs(south) == []
        ran: list[int] = []
        with running(north, add=lambda _, arguments: ran.append(arguments["n"])):
            until(lambda: ran == [1])
    pg.drop(name)


def test_a_long_schema_name_still_makes_one_that_postgresql_takes():
    assert len(queue._schema("w" * 63)) == 63
    assert queue._schema("w" * 62 + "a") != queue._schema("w" * 62 + "b")
