"""A real worker in a process of its own, for the tests that kill it.

python worker_process.py DATABASE_URL RECEIVER_URL work       work until SIGTERM
python worker_process.py DATABASE_URL RECEIVER_URL load       the same, and save without pause
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from dealwright import clock
from dealwright.events import Event
from dealwright.jobs import Pace, Worker
from dealwright.storage import Connection, Database, events, outbox, queue, timers

#: Everything happens soon, so that the tests end soon.
PACE = Pace(poll=0.02, lease=4, first_wait=0.2, job_wait=0.05, beat=0.3, lost_after=2, drain=15)

tables = sa.MetaData()
#: What was saved; one row a transaction.
saved = sa.Table("saved", tables, sa.Column("id", sa.Text, primary_key=True))
#: What jobs did. They are run at least once, so the effect carries its key.
applied = sa.Table("applied", tables, sa.Column("id", sa.Text, primary_key=True))
#: Each run of a job that holds, until somebody opens its gate.
runs = sa.Table("runs", tables, sa.Column("worker", sa.Text), sa.Column("step", sa.Text))
gate = sa.Table("gate", tables, sa.Column("open", sa.Integer))


def save(connection: Connection, key: str, receiver: str) -> None:
    """One change, and what follows from it: a message, a job, a timer."""
    connection.execute(sa.insert(saved).values(id=key))
    now = clock.now()
    message = {"id": clock.new_id(), "key": key, "channel": "webhook", "target": receiver, "payload": {}, "at": now}
    outbox.put(connection, [message])
    queue.enqueue(connection, "apply", {"id": key}, lane=key, key=f"apply-{key}")
    timers.put(connection, [timers.Timer("sales.deal", key, "first_response", now)])


def apply(database: Database, arguments: Mapping[str, Any]) -> None:
    with database.write() as connection:
        if connection.execute(sa.select(applied).where(applied.c.id == arguments["id"])).first() is None:
            connection.execute(sa.insert(applied).values(id=arguments["id"]))


def log(connection: Connection, happened: Sequence[Event]) -> None:
    events.append(connection, happened)


def main(url: str, receiver: str, mode: str) -> None:
    database = Database(url)

    def hold(_: Database, arguments: Mapping[str, Any]) -> None:
        with database.write() as connection:
            connection.execute(sa.insert(runs).values(worker=worker.name, step="begun"))
        while True:
            with database.read() as connection:
                if connection.execute(sa.select(gate)).first() is not None:
                    break
            threading.Event().wait(0.05)
        with database.write() as connection:
            connection.execute(sa.insert(runs).values(worker=worker.name, step="done"))

    worker = Worker(database, log, kinds={"apply": apply, "hold": hold}, schedules=(), pace=PACE)

    def load() -> None:
        while True:
            with database.write() as connection:
                save(connection, clock.new_id(), receiver)
            threading.Event().wait(0.02)

    if mode == "load":
        for _ in range(2):
            threading.Thread(target=load, daemon=True).start()
    worker.run(ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
