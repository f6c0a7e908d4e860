"""What it costs when time passes: very many open timers of which many are due at once, and a run over very many records.

    python -m benchmarks.passing [--quick] [--only sqlite|postgresql] [--timers 1000000] [--due 100000] [--records 1000000]
                                 [--workers 2]

The timers are those of a rule that waits for silence; each that is due is asked anew, decides and changes its record. The
run is monthly, and one record of a hundred meets its filter; beside it stand the bare query for those records, and the
same changes made to as many others by events. Prints one JSON object for each kind of database; what it fills is removed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dealwright import access, clock, packs, records, rules
from dealwright.events import Event
from dealwright.jobs import Pace
from dealwright.jobs.timers import Timers
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Work, Workspace
from dealwright.storage import Connection, Database, backlog, migrations, revisions, schema, sweeps, timers
from dealwright.storage import records as stored

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
#: One record of so many meets the filter of the run.
SHARE = 100
BATCH = 1000

DEAL = {
    "kind": "entity", "id": "bench.deal", "lang": 1, "title": "Deal", "plural": "Deals", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name"},
        "amount": {"field": "integer", "title": "Amount"},
        "seen_at": {"field": "datetime", "title": "Seen"},
        "mark": {"field": "text", "title": "Mark"},
        **{f"note{n}": {"field": "text", "title": f"Note {n}"} for n in range(10)},
    },
}  # fmt: skip


def rule(name: str, on: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "rule", "id": f"bench.{name}", "lang": 1, "title": name.title(), "entity": "bench.deal", "on": on,
        "if": "name != null", "then": [{"do": "set_field", "field": "mark", "value": f"'{name}'"}],
    }  # fmt: skip


RULES = (
    rule("silent", {"idle": {"of": "seen_at", "for": "P7D"}}),
    rule("monthly", {"schedule": {"every": "month", "on": "last", "at": "23:00", "filter": "amount < 10"}}),
    rule("touched", {"event": {"type": "bench.touched"}}),
)


def opened(url: str) -> Workspace:
    """Put the definitions in force and return the workspace."""
    database = Database(url)
    migrations.upgrade(database)
    documents = tuple(SourcedDocument(one, str(one["id"])) for one in (DEAL, *RULES))
    layers = [load.base(), Layer("bench", "bench", documents, {}, frozenset({"base"}))]
    catalog = load.catalog(layers, {})
    with database.write() as connection:
        schema.plan(None, catalog).apply(connection)
        packs.store(connection, catalog, layers, reason="bench", by=None, at=START)
        revisions.activate(connection, catalog.revision, reason="bench", by=None, at=START)
    return Workspace(database, Path(tempfile.gettempdir()))


def fill(workspace: Workspace, count: int, timed: int) -> list[str]:
    """Make records, and timers for the first ``timed``: seen now, or long ahead. Return their ids."""
    ids: list[str] = []
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
    system = {"version": 1, "created_at": START, "updated_at": START}
    for start in range(0, count, BATCH):
        some = clock.new_ids(min(BATCH, count - start))
        rows = [
            {
                **system,
                "id": identifier,
                "name": f"Deal {start + n}",
                "amount": (start + n) % (10 * SHARE),
                "seen_at": START,
                **{f"note{k}": f"some text of a note, number {n}" for k in range(10)},
            }
            for n, identifier in enumerate(some)
        ]
        open_timers = [
            timers.Timer(
                "bench.deal", identifier, "rule:bench.silent", START + timedelta(days=900), {"rule": "bench.silent"}
            )
            for n, identifier in enumerate(some)
            if start + n < timed
        ]
        with workspace.database.write() as connection:
            stored.insert(connection, catalog, "bench.deal", rows)
            timers.put(connection, open_timers)
        ids += some
    return ids


def work_off(url: str, moment: datetime, queue: Any) -> None:
    """Fire what is due, in a process of its own; tell how many looks it took, and its processor time."""
    with Database(url) as database:
        workspace = Workspace(database, Path(tempfile.gettempdir()))

        def happen(connection: Connection, told: Sequence[Event]) -> None:
            records.due(Work(workspace, connection, access.platform_itself()), told)

        looks = 0
        with clock.frozen(moment):
            dispatcher = Timers(database, happen, Pace(timers=500))
            while dispatcher.look():
                looks += 1
        queue.put((looks, time.process_time()))


def in_processes(url: str, moment: datetime, workers: int, database: Database) -> tuple[float, float, float]:
    """Return the seconds that it took, the longest wait that was seen meanwhile, and the processor time of the workers."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    begun = time.perf_counter()
    running = [context.Process(target=work_off, args=(url, moment, queue)) for _ in range(workers)]
    for one in running:
        one.start()
    longest = 0.0
    while any(one.is_alive() for one in running):
        with clock.frozen(moment):
            longest = max(longest, backlog.of(database).timer_seconds)
        time.sleep(0.5)
    seconds = time.perf_counter() - begun
    if sum(one.exitcode or 0 for one in running):
        raise SystemExit("a worker failed")
    return seconds, longest, sum(queue.get()[1] for _ in running)


def many_timers(url: str, workspace: Workspace, ids: list[str], due: int, workers: int) -> dict[str, Any]:
    """Let ``due`` of the timers become due within one minute, and work them off."""
    moment = START + timedelta(days=8)
    with workspace.database.write() as connection:
        for start in range(0, due, BATCH):
            some = ids[start : min(start + BATCH, due)]
            step = timedelta(minutes=1) / len(some)
            soon = [
                timers.Timer("bench.deal", one, "rule:bench.silent", moment - n * step) for n, one in enumerate(some)
            ]
            timers.put(connection, soon)
    seconds, longest, processor = in_processes(url, moment, workers, workspace.database)
    with workspace.database.read() as connection:
        decided = connection.execute(
            sa.text("SELECT count(*), count(DISTINCT record) FROM dw_decision WHERE rule = 'bench.silent' AND fired")
        ).one()
        left = connection.execute(sa.text("SELECT count(*) FROM dw_timer WHERE state = 'pending'")).scalar_one()
    return {
        "open": len(ids),
        "due in one minute": due,
        "workers": workers,
        "seconds": round(seconds, 1),
        "per second": round(due / seconds),
        "fired": decided[0],
        "records": decided[1],
        "still open": left,
        "longest wait seen, seconds of the clock": round(longest, 1),
        "processor time of a timer, milliseconds": round(1000 * processor / due, 2),
    }


def a_run(workspace: Workspace) -> dict[str, Any]:
    """Let the monthly run go through the records; beside it the bare query and the same changes."""
    database = workspace.database
    run = datetime(2026, 1, 31, 23, tzinfo=UTC)
    with clock.frozen(run), database.read() as connection:
        catalog = workspace.catalog(connection)
        prepared = rules.of(catalog).rule("bench.monthly")
        assert prepared.schedule is not None
        condition = prepared.schedule.filter
        begun, used = time.perf_counter(), time.process_time()
        env = Work(workspace, connection, access.platform_itself()).env
        found = [
            row[0] for row in connection.execute(sweeps.matching(connection, catalog, "bench.deal", condition, env))
        ]
        query, query_cpu = time.perf_counter() - begun, time.process_time() - used
        total = connection.execute(sa.text("SELECT count(*) FROM bench__deal")).scalar_one()
        others = [
            row[0]
            for row in connection.execute(
                sa.text(f"SELECT id FROM bench__deal WHERE amount >= 10 AND amount < 20 LIMIT {len(found)}")
            )
        ]
    begun, used = time.perf_counter(), time.process_time()
    for start in range(0, len(others), 500):
        with clock.frozen(run), database.write() as connection:
            happened = [
                Event(clock.new_id(), "bench.touched", "bench.deal", one, None, run)
                for one in others[start : start + 500]
            ]
            records.happen(Work(workspace, connection, access.platform_itself()), happened)
    actions, actions_cpu = time.perf_counter() - begun, time.process_time() - used
    with database.write() as connection:
        timers.put(connection, [timers.Timer("bench.deal", "bench.monthly", "schedule:bench.monthly", run)])

    def happen(connection: Connection, told: Sequence[Event]) -> None:
        records.due(Work(workspace, connection, access.platform_itself()), told)

    begun, used = time.perf_counter(), time.process_time()
    with clock.frozen(run):
        dispatcher = Timers(database, happen, Pace())
        while dispatcher.look():
            pass
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    with database.read() as connection:
        decided = connection.execute(
            sa.text("SELECT count(*), count(DISTINCT record) FROM dw_decision WHERE rule = 'bench.monthly' AND fired")
        ).one()
    return {
        "records": total,
        "meet the filter": len(found),
        "bare query, seconds": round(query, 3),
        "the same changes, seconds": round(actions, 3),
        "run, seconds": round(seconds, 3),
        "ratio": round(seconds / (query + actions), 2),
        "ratio of processor time here": round(cpu / (query_cpu + actions_cpu), 2),
        "fired": decided[0],
        "different records": decided[1],
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.passing", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run of seconds; its figures say little")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one kind of database only")
    parser.add_argument("--timers", type=int, help="open timers (1,000,000; 3,000 with --quick)")
    parser.add_argument("--due", type=int, help="of these due in one minute (100,000; 300 with --quick)")
    parser.add_argument("--records", type=int, help="records of the run (1,000,000; 3,000 with --quick)")
    parser.add_argument("--workers", type=int, default=2, help="processes that fire timers")
    parser.add_argument("--json", type=Path, help="where the figures are written as JSON")
    asked = parser.parse_args(arguments)
    count = asked.timers or (3_000 if asked.quick else 1_000_000)
    due = asked.due or (300 if asked.quick else 100_000)
    size = max(asked.records or (3_000 if asked.quick else 1_000_000), count)
    results = []
    for kind in [asked.only] if asked.only else ["sqlite", "postgresql"]:
        with empty(kind) as url:
            results.append(measured(url, size, count, due, asked.workers))
            print(json.dumps(results[-1], indent=1), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


@contextmanager
def empty(kind: str) -> Iterator[str]:
    """Yield the address of an empty database, durable as in use; it is gone afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/passing.db"
        return
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    import postgres

    postgres.SETTINGS.clear()
    postgres.SETTINGS.update(shared_buffers="256MB", max_connections="60")
    server = postgres.Postgres()
    try:
        yield server.url(server.create())
    finally:
        server.stop()


def measured(url: str, size: int, count: int, due: int, workers: int) -> dict[str, Any]:
    """Return the figures of one database that is filled with ``size`` records, ``count`` of them with an open timer."""
    workspace = opened(url)
    begun = time.perf_counter()
    ids = fill(workspace, size, count)
    try:
        return {
            "database": workspace.database.dialect,
            "filled in, seconds": round(time.perf_counter() - begun, 1),
            "run": a_run(workspace),
            "timers": many_timers(url, workspace, ids[:count], due, workers),
        }
    finally:
        workspace.database.close()


if __name__ == "__main__":
    raise SystemExit(main())
