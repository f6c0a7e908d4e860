"""Real workers in processes of their own: killed, drained, two at once. Nothing is lost and nothing has effect twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa

from dealwright import clock
from dealwright.storage import Database, events, outbox, queue, system

sys.path.insert(0, str(Path(__file__).parent))
import worker_process as process

PROGRAM = Path(process.__file__)


class Receiver:
    """A real receiver of webhooks: counts how often each key came; can be made to hold its answers."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        self.open = threading.Event()
        self.open.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                receiver.keys[self.headers["Idempotency-Key"]] += 1
                receiver.open.wait(30)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def prepared(database: Database) -> Database:
    queue.install(database)
    with database.write() as connection:
        process.tables.create_all(connection)
    return database


@contextmanager
def worker(url: str, receiver: Receiver, mode: str = "work") -> Iterator[subprocess.Popen[str]]:
    """A worker that is ready; killed at the end if it still runs."""
    child = subprocess.Popen(
        [sys.executable, str(PROGRAM), url, f"http://{receiver.address}/in", mode],
        env={**os.environ, "DEALWRIGHT_EGRESS_ALLOW": receiver.address},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.wait(10)
        child.stdout.close()


def until(true: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.05)


def ids(database: Database, table: sa.Table) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(sa.select(table.c.id)).scalars())


def fired(database: Database) -> list[str]:
    with database.read() as connection:
        return [event["record"] for event in events.since(connection, 0, limit=100_000)]


def waiting(database: Database) -> int:
    with database.read() as connection:
        due = sa.select(sa.func.count()).select_from(system.timer).where(system.timer.c.state == "pending")
        pending = outbox.counts(connection).get("pending", 0) + connection.execute(due).scalar_one()
    return pending + len(queue.jobs(database, ["waiting", "running"], limit=10_000))


@pytest.mark.slow
def test_killed_again_and_again_under_load_nothing_is_lost_and_each_effect_is_there_once(
    prepared, database_url, receiver
):
    for seconds in (1.0, 0.4, 0.7):
        with worker(database_url, receiver, "load") as child:
            threading.Event().wait(seconds)
            child.kill()
            child.wait(10)
    with worker(database_url, receiver):
        until(lambda: waiting(prepared) == 0, 90)
    saved = sorted(ids(prepared, process.saved))
    assert len(saved) > 20
    assert sorted(receiver.keys) == saved
    assert sorted(ids(prepared, process.applied)) == saved
    assert sorted(fired(prepared)) == saved
    assert queue.jobs(prepared, ["dead"]) == []
    with prepared.read() as connection:
        assert outbox.counts(connection) == {"sent": len(saved)}


@pytest.mark.slow
def test_a_worker_killed_in_a_job_is_struck_out_and_another_does_the_job(prepared, database_url, receiver):
    def steps(step: str) -> list[str]:
        with prepared.read() as connection:
            chosen = sa.select(process.runs.c.worker).where(process.runs.c.step == step)
            return list(connection.execute(chosen).scalars())

    with ExitStack() as stack:
        workers = [stack.enter_context(worker(database_url, receiver)) for _ in range(2)]
        with prepared.write() as connection:
            queue.enqueue(connection, "hold", {})
        until(lambda: len(steps("begun")) == 1)
        (first,) = steps("begun")
        (victim,) = [child for child in workers if f":{child.pid}:" in first]
        victim.kill()
        victim.wait(10)
        until(lambda: len(steps("begun")) == 2)
        with prepared.write() as connection:
            connection.execute(sa.insert(process.gate).values(open=1))
        until(lambda: bool(steps("done")))
        assert steps("done") == [name for name in steps("begun") if name != first]
        until(lambda: first not in ids(prepared, system.worker))
        until(lambda: [job.state for job in queue.jobs(prepared)] == ["done"])


@pytest.mark.slow
def test_two_workers_do_everything_once(prepared, database_url, receiver):
    with prepared.write() as connection:
        for n in range(60):
            process.save(connection, f"k{n:02d}", f"http://{receiver.address}/in")
    with worker(database_url, receiver), worker(database_url, receiver):
        until(lambda: waiting(prepared) == 0)
    expected = [f"k{n:02d}" for n in range(60)]
    assert receiver.keys == Counter(expected)
    assert sorted(ids(prepared, process.applied)) == expected
    assert sorted(fired(prepared)) == expected


@pytest.mark.slow
def test_sigterm_lets_what_is_on_its_way_arrive_and_takes_nothing_new(prepared, database_url, receiver):
    receiver.open.clear()

    def put(key: str) -> None:
        message = {"id": clock.new_id(), "key": key, "channel": "webhook", "target": f"http://{receiver.address}/"}
        with prepared.write() as connection:
            outbox.put(connection, [{**message, "payload": {}, "at": clock.now()}])

    with worker(database_url, receiver) as child:
        put("first")
        until(lambda: receiver.keys["first"] == 1)
        child.send_signal(signal.SIGTERM)
        threading.Event().wait(0.3)
        put("second")
        assert child.poll() is None, "it must wait for the answer"
        receiver.open.set()
        assert child.wait(20) == 0
    assert receiver.keys == Counter(["first"])
    with prepared.read() as connection:
        assert outbox.counts(connection) == {"sent": 1, "pending": 1}
        seen = connection.execute(sa.select(system.worker.c.seen_at)).scalar_one()
    assert seen.year == 1970, "signed off, so that others take over at once"
