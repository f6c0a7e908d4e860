"""What reports cost beside the same questions written by hand in SQL, over a long history of stages.

    python -m benchmarks.reports [--deals N] [--rounds N] [--only sqlite|postgresql] [--filled URL] [--json FILE]

200,000 deals with five visits each, a million rows of history, unless it is told otherwise. Both run on one connection
of the same database and take turns; the median of the ratios counts. By hand means statements as somebody who knows the
tables would write them, sent through the bare driver, their rows fetched and left as they are; the platform's time is that
of the whole report: rights, statements, figures. ``again`` is the same report for the next reader with the same rights,
who gets what the dear ones have found kept. ``processor`` is the time that processors have worked, of this process and of
PostgreSQL for this connection, the least of all rounds: on a machine with other work it says more than the clock on the
wall, and its ratio more than that of the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

import catalogs  # noqa: E402
from benchmarks.__main__ import _place, machine  # noqa: E402
from dealwright import access, clock  # noqa: E402
from dealwright.records import Work, Workspace, reports  # noqa: E402
from dealwright.records.reports import Asked  # noqa: E402
from dealwright.storage import Connection, Database, migrations, visits  # noqa: E402
from dealwright.storage import records as stored  # noqa: E402
from insights.generated import NOW, PIPELINE, report  # noqa: E402
from worlds import opened  # noqa: E402

REPORTS = [
    report("sums", "totals", measure="sum:amount", group=["tier"]),
    report("rates", "win_rate", group=["tier"]),
    report("cycle", "cycle_time", group=["tier"]),
    report("funnel", "conversion"),
    report("stay", "dwell"),
    report("lost", "losses"),
    report("expected", "forecast", measure="sum:amount"),
    report("ahead", "health", measure="sum:amount"),
    report("odd", "anomalies", measure="conversion", period={"unit": "month", "last": 12}),
    report("ways", "paths"),
]
_DEAL = "FROM t__deal r WHERE r.archived_at IS NULL"
_VISIT = (
    "FROM dw_visit v JOIN t__deal r ON r.id = v.record WHERE v.entity = 't.deal' AND v.pipeline = 't.sale'"
    " AND r.archived_at IS NULL"
)


def by_hand(dialect: str) -> dict[str, str]:
    """Return each question as a statement."""

    def epoch(column: str) -> str:
        if dialect == "sqlite":
            return f"CAST(strftime('%s', {column}) AS INTEGER)"
        return f"CAST(floor(extract(epoch FROM {column})) AS bigint)"

    now = int(NOW.timestamp())
    spent = f"{epoch('r.stage_entered_at')} - {epoch('r.created_at')}"
    lasted = f"coalesce(v.seconds, {now} - {epoch('v.entered_at')})"
    first = ", ".join(
        f"min(CASE WHEN stage = '{stage}' THEN seq END) AS f{i}, max(CASE WHEN stage IN ({later}) THEN seq END) AS b{i}"
        for i, (stage, later) in enumerate(
            [("lead", "'needs', 'offer', 'won'"), ("needs", "'offer', 'won'"), ("offer", "'won'")]
        )
    )
    opened = "('lead', 'needs', 'offer')"
    looks = " UNION ALL ".join(_look(dialect, back, opened) for back in range(1, 7))
    months = [f"2026-{month:02d}-01" for month in range(1, 12)]
    month = " ".join(f"WHEN v.left_at < {_moment(dialect, day)} THEN {i}" for i, day in enumerate(months))
    counts = ", ".join(f"count(f{i}), sum(CASE WHEN b{i} > f{i} THEN 1 ELSE 0 END)" for i in range(3))
    return {
        "sums": f"SELECT r.tier, count(*), sum(r.amount) {_DEAL} GROUP BY r.tier",
        "rates": f"SELECT r.tier, r.status, count(*) {_DEAL} AND r.status IN ('won', 'lost') GROUP BY r.tier, r.status",
        "cycle": f"SELECT r.tier, ({spent}) / 3600, count(*), sum({spent}) {_DEAL} AND r.status = 'won' GROUP BY 1, 2",
        "funnel": (
            f"SELECT {counts} FROM (SELECT record, {first} FROM dw_visit WHERE entity = 't.deal' AND pipeline = 't.sale'"
            " GROUP BY record) v JOIN t__deal r ON r.id = v.record WHERE r.archived_at IS NULL"
        ),
        "stay": (
            f"SELECT v.stage, v.left_at IS NULL, ({lasted}) / 3600, count(*), sum({lasted}) {_VISIT}"
            " AND v.stage IN ('lead', 'needs', 'offer') GROUP BY 1, 2, 3"
        ),
        "lost": (
            f"SELECT v.came_from, r.reason, count(*) {_VISIT} AND v.left_at IS NULL AND v.stage = 'lost' GROUP BY 1, 2"
        ),
        "ways": (
            "SELECT v.way, count(*), sum(CASE WHEN r.status = 'won' THEN 1 ELSE 0 END), sum(CASE WHEN r.status = 'lost'"
            f" THEN 1 ELSE 0 END) {_VISIT} AND v.left_at IS NULL GROUP BY v.way"
        ),
        "expected": (
            f"SELECT r.stage, count(*), sum(r.amount) {_DEAL} AND r.status = 'open' AND r.stage IN {opened} AND r.pipeline"
            " = 't.sale' GROUP BY r.stage;"
            " SELECT stage, sum(won), count(*) FROM (SELECT DISTINCT v.record, v.stage, CASE WHEN r.status = 'won' THEN 1"
            f" ELSE 0 END AS won {_VISIT} AND v.stage IN {opened} AND r.status IN ('won', 'lost')) x GROUP BY stage"
        ),
        "ahead": (
            f"SELECT r.stage, count(*), sum(r.amount) {_DEAL} AND r.stage IN {opened} AND r.pipeline = 't.sale' GROUP BY"
            f" r.stage; SELECT stage, count(*), sum(won), sum(lost) FROM ({looks}) x GROUP BY stage"
        ),
        "odd": (
            f"SELECT v.stage, CASE {month} END AS month, count(DISTINCT v.record), count(*), sum(CASE WHEN v.went_to IN"
            f" ('needs', 'offer', 'won') AND NOT (v.stage = 'offer' AND v.went_to = 'needs') THEN 1 ELSE 0 END) {_VISIT}"
            f" AND v.stage IN {opened} AND v.left_at >= {_moment(dialect, '2025-12-01')}"
            f" AND v.left_at < {_moment(dialect, '2026-11-01')} GROUP BY 1, 2"
        ),
    }


def _moment(dialect: str, day: str) -> str:
    return f"'{day} 00:00:00.000000'" if dialect == "sqlite" else f"'{day} 00:00:00+00'"


def _look(dialect: str, back: int, opened: str) -> str:
    then, after = (NOW - timedelta(days=30 * one) for one in (back, back - 1))
    end = ".000000" if dialect == "sqlite" else "+00"
    then_, after_ = (f"'{one:%Y-%m-%d %H:%M:%S}{end}'" for one in (then, after))
    return (
        "SELECT v.stage, CASE WHEN w.stage = 'won' THEN 1 ELSE 0 END AS won, CASE WHEN w.stage IN ('lost', 'aside') THEN 1"
        " ELSE 0 END AS lost FROM dw_visit v JOIN t__deal r ON r.id = v.record JOIN dw_visit w ON w.record = v.record AND"
        f" w.entity = v.entity AND w.entered_at <= {after_} AND (w.left_at IS NULL OR w.left_at > {after_}) WHERE"
        f" r.archived_at IS NULL AND v.entity = 't.deal' AND v.pipeline = 't.sale' AND v.stage IN {opened} AND"
        f" v.entered_at <= {then_} AND (v.left_at IS NULL OR v.left_at > {then_})"
    )


def fill(workspace: Workspace, number: int) -> None:
    """Write deals that have been in five stages each, without the road: only reading is measured."""
    chance = random.Random(3)
    with workspace.database.read() as connection:
        catalog = Work(workspace, connection, access.operator()).catalog
    for begin in range(0, number, 10_000):
        rows, history = [], []
        for i in range(begin, min(begin + 10_000, number)):
            identifier = f"0190{i:04x}-0000-7000-8000-{i:012d}"[:36]
            at = NOW - timedelta(seconds=chance.randrange(100 * 86_400, 900 * 86_400))
            end = chance.choice(["won", "won", "lost", "offer"])
            way = ["lead", "needs", chance.choice(["offer", "lead"]), "offer" if end != "offer" else "needs", end]
            created = at
            for j, stage in enumerate(way):
                stay = timedelta(seconds=int(chance.expovariate(1 / (15 * 86_400))) + 60)
                last = j == len(way) - 1
                history.append(
                    (
                        "t.deal", identifier, "t.sale", 1, stage, way[j - 1] if j else None, None if last else way[j + 1],
                        at, None if last else at + stay, None if last else int(stay.total_seconds()),
                        visits.JOINT.join(way[: j + 1]),
                    )
                )  # fmt: skip
                entered, at = at, at + stay
            rows.append(
                {
                    "id": identifier, "version": 1, "created_at": created, "updated_at": created, "pipeline": "t.sale",
                    "pipeline_version": 1, "stage": end, "status": {"offer": "open"}.get(end, end),
                    "stage_entered_at": entered, "name": f"Deal {i}", "tier": chance.choice("ABC"), "lines": [],
                    "amount": Decimal(chance.randrange(100, 90_000)),
                    "reason": chance.choice(["price", "time", "rival"]) if end == "lost" else None,
                }
            )  # fmt: skip
        with workspace.database.write() as connection:
            stored.insert(connection, catalog, "t.deal", rows)
            _write(connection, history)
    with workspace.database.write() as connection:
        connection.exec_driver_sql("ANALYZE")


def _write(connection: Connection, history: list[tuple[Any, ...]]) -> None:
    """Write visits as fast as the driver can: they are what is counted, not what is measured."""
    names = "entity, record, pipeline, pipeline_version, stage, came_from, went_to, entered_at, left_at, seconds, way"
    if connection.dialect.name == "sqlite":
        text = [
            tuple(f"{one:%Y-%m-%d %H:%M:%S.%f}" if isinstance(one, datetime) else one for one in row) for row in history
        ]
        connection.exec_driver_sql(f"INSERT INTO dw_visit ({names}) VALUES ({', '.join('?' * 11)})", text)
        return
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY dw_visit ({names}) FROM STDIN") as copy:
        for row in history:
            copy.write_row(row)


class Meter:
    """How long something takes: by the clock on the wall, and of processors."""

    def __init__(self, connection: Connection) -> None:
        self._server: int | None = None
        if connection.dialect.name == "postgresql":
            self._server = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()

    def __call__(self, run: Callable[[], object]) -> tuple[float, float]:
        """Return the seconds on the wall and of processors."""
        begun, worked = time.perf_counter(), self._worked()
        run()
        return time.perf_counter() - begun, self._worked() - worked

    def _worked(self) -> float:
        own = time.process_time()
        if self._server is None:
            return own
        # See proc(5): what the server's process for this connection has worked, and the helpers of its parent that ended.
        here = _numbers(self._server)
        parent = _numbers(int(here[1]))
        ticks = int(here[11]) + int(here[12]) + int(parent[13]) + int(parent[14])
        return own + ticks / os.sysconf("SC_CLK_TCK")


def _numbers(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def measured(url: str, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Fill a database, unless it was before, and return seconds and ratio of each report."""
    found: dict[str, Any] = {}
    with clock.frozen(NOW), Database(url) as database:
        if asked.filled is None or not _is_filled(database):
            migrations.upgrade(database)
            workspace = opened(database, PIPELINE, *REPORTS, folder=folder / "files")
            filled = seconds(lambda: fill(workspace, asked.deals))
            print(f"{database.dialect}: filled in {filled:.0f} s", flush=True)
        else:
            migrations.upgrade(database)
            workspace = catalogs.opened(database, folder / "files")
        hand = by_hand(database.dialect)
        with database.read() as connection:
            work, meter = Work(workspace, connection, access.operator()), Meter(connection)
            for document in REPORTS:
                name = document["id"].partition(".")[2]

                def ours(name: str = name) -> object:
                    return reports.make(work, f"t.{name}", Asked(fresh=True))

                def again(name: str = name) -> object:
                    with database.read() as another:  # a read of SQLite sees nothing that was kept since it began
                        return reports.make(Work(workspace, another, access.operator()), f"t.{name}", Asked())

                def theirs(name: str = name) -> object:
                    return [connection.exec_driver_sql(one).all() for one in hand[name].split(";")]

                ours()
                mine, other = [], []
                for _ in range(asked.rounds):
                    if name in hand:
                        other.append(meter(theirs))
                    mine.append(meter(ours))
                one = _figures(mine, other)
                one["again"] = round(statistics.median(seconds(again) for _ in range(asked.rounds)), 3)
                found[document["calculate"]] = one
                print(f"  {document['calculate']:12} {one}", flush=True)
    return found


def _figures(mine: list[tuple[float, float]], other: list[tuple[float, float]]) -> dict[str, Any]:
    own = min(worked for _, worked in mine)
    one: dict[str, Any] = {"seconds": round(statistics.median(wall for wall, _ in mine), 3), "processor": round(own, 3)}
    if other:
        least = min(worked for _, worked in other)
        one["by hand"] = round(statistics.median(wall for wall, _ in other), 3)
        one["ratio"] = round(statistics.median(a[0] / b[0] for a, b in zip(mine, other, strict=True)), 2)
        one["by hand, processor"] = round(least, 3)
        one["processor ratio"] = round(own / least, 2)
    return one


def _is_filled(database: Database) -> bool:
    with database.read() as connection:
        return "t__deal" in sa.inspect(connection).get_table_names()


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reports", description=__doc__.partition("\n")[0])
    parser.add_argument("--deals", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database only")
    parser.add_argument(
        "--filled", metavar="URL", help="keep the deals in this database, and take them from it next time"
    )
    parser.add_argument("--json", type=Path, help="where the figures are written as JSON")
    asked = parser.parse_args(arguments)
    found: dict[str, Any] = {"machine": machine(), "deals": asked.deals, "visits": 5 * asked.deals, "databases": {}}
    if asked.filled:
        with tempfile.TemporaryDirectory(prefix="dealwright-bench-") as folder:
            found["databases"][asked.filled.partition(":")[0]] = measured(asked.filled, Path(folder), asked)
    for kind in [] if asked.filled else [asked.only] if asked.only else ["sqlite", "postgresql"]:
        with _place(kind) as (folder, url, _):
            found["databases"][kind] = measured(url, folder, asked)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
