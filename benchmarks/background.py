"""What it costs a save to leave something behind, and a worker to do it: rows of our own beside jobs of the library.

    python benchmarks/background.py sqlite:////tmp/bench.db          a new file, or an empty PostgreSQL database
    python benchmarks/background.py postgresql://user@host/empty

Prints one JSON object. Rates depend on the machine; their ratios within one run are what counts.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from dealwright import clock
from dealwright.jobs import Pace
from dealwright.jobs.deliveries import Deliveries
from dealwright.jobs.runner import Runner
from dealwright.jobs.timers import Timers
from dealwright.plugins import Delivery, Plugins, implements
from dealwright.storage import Connection, Database, events, migrations, outbox, queue, timers

ROUNDS, SAVES, DRAIN = 3, 300, 500
PACE = Pace(poll=0.05, per_target=8)

tables = sa.MetaData()
record = sa.Table(
    "bench_record",
    tables,
    sa.Column("id", sa.Text, primary_key=True),
    *(sa.Column(f"c{n}", sa.Text) for n in range(20)),
)


class Sink:
    """Takes every message at once."""

    @implements
    def deliver(self, channel: str, delivery: Delivery) -> str:
        return "ok"


def insert(connection: Connection) -> str:
    made = clock.new_id()
    connection.execute(sa.insert(record), {"id": made, **{f"c{n}": f"value {n}" for n in range(20)}})
    return made


def put(connection: Connection, key: str) -> None:
    now = clock.now()
    row = {"id": clock.new_id(), "key": key, "channel": "sink", "target": "t", "payload": {"record": key}, "at": now}
    outbox.put(connection, [row])


def saves(database: Database) -> dict[str, dict[str, float]]:
    """Milliseconds of one transaction: an insert alone, and with something left behind."""

    def alone(connection: Connection) -> None:
        insert(connection)

    def message(connection: Connection) -> None:
        put(connection, insert(connection))

    def timer(connection: Connection) -> None:
        timers.put(connection, [timers.Timer("b.record", insert(connection), "due", clock.now())])

    def job(connection: Connection) -> None:
        key = insert(connection)
        queue.enqueue(connection, "nothing", {"id": key}, lane=key)

    ways: dict[str, Callable[[Connection], None]] = {
        "insert": alone,
        "insert + outbox row": message,
        "insert + timer row": timer,
        "insert + job": job,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    cpu = dict.fromkeys(ways, 0.0)
    for _ in range(ROUNDS):
        for name, way in ways.items():
            used = time.process_time()
            for _ in range(SAVES):
                begun = time.perf_counter()
                with database.write() as connection:
                    way(connection)
                taken[name].append((time.perf_counter() - begun) * 1000)
            cpu[name] += (time.process_time() - used) * 1000
    return {
        name: {"median ms": round(statistics.median(times), 3), "cpu ms": round(cpu[name] / len(times), 3)}
        for name, times in taken.items()
    }


def drained(work: Callable[[], None], count: int) -> dict[str, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {"per second": round(count / seconds), "cpu ms each": round(cpu / count * 1000, 2)}


def deliver(database: Database) -> None:
    found = Plugins()
    found.add("sink", Sink())
    deliveries = Deliveries(database, found, PACE)
    while deliveries.look():
        pass
    deliveries.stop(60)


def fire(database: Database) -> None:
    dispatcher = Timers(database, lambda connection, happened: events.append(connection, happened), PACE)
    while dispatcher.look():
        pass


def run_jobs(database: Database) -> None:
    left = threading.Semaphore(0)

    def nothing(_: Database, arguments: Mapping[str, Any]) -> None:
        left.release()

    runner = Runner(database, "bench", {"nothing": nothing}, (), PACE)
    runner.start()
    for _ in range(DRAIN):
        left.acquire(timeout=60)
    runner.stop(0)


def main(url: str) -> None:
    database = Database(url)
    migrations.upgrade(database)
    queue.install(database)
    with database.write() as connection:
        tables.create_all(connection)
    result: dict[str, Any] = {"database": database.dialect, "save": saves(database)}
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM dw_outbox"))
        connection.execute(sa.text("DELETE FROM dw_timer"))
        for name in ("workflow_status", "workflow_inputs"):
            if sa.inspect(connection).has_table(name, schema=None if database.dialect == "sqlite" else "dbos"):
                connection.execute(sa.text(f"DELETE FROM {'' if database.dialect == 'sqlite' else 'dbos.'}{name}"))
        for n in range(DRAIN):
            put(connection, f"k{n}")
            queue.enqueue(connection, "nothing", {"id": n}, lane=str(n))
        timers.put(connection, [timers.Timer("b.record", str(n), "due", clock.now()) for n in range(DRAIN)])
    result["drain"] = {
        "outbox rows": drained(lambda: deliver(database), DRAIN),
        "timer rows": drained(lambda: fire(database), DRAIN),
        "jobs": drained(lambda: run_jobs(database), DRAIN),
    }
    print(json.dumps(result, indent=1))
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
