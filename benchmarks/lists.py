"""What pages of lists and boards cost the server: processor time of whole requests over very many records.

    python -m benchmarks.lists [--records N] [--rounds N] [--only sqlite|postgresql] [--profile QUESTION] [--json FILE]

The shipped packs are in force; 100,000 opportunities of 40 owners in 8 teams, of which
a director may read all, and a manager and a representative those of their team, by their rules of rows.
Measured is the processor time of this process for one request, from the WSGI call to the last byte, the median of the rounds; on
PostgreSQL the server's own work is another process's and counts in ``ms``, the time that passed.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from benchmarks.__main__ import _place, machine  # noqa: E402
from dealwright import clock, packs  # noqa: E402
from dealwright.access.sign_in import digest  # noqa: E402
from dealwright.app import create_app  # noqa: E402
from dealwright.records import Workspace, add_user  # noqa: E402
from dealwright.storage import Database, accounts, migrations  # noqa: E402
from dealwright.storage import records as stored  # noqa: E402

ENTITY = "sales.opportunity"
#: What is asked: name → address below ``/records/ENTITY``.
QUESTIONS = {
    "list": "",
    "sorted by a field": "?" + urlencode({"sort": "-expected_close"}),
    "sorted over a reference": "?" + urlencode({"sort": "account.name"}),
    "filtered": "?" + urlencode({"filter": 'status == "open" && amount > 500000'}),
    "grouped by stage": "?" + urlencode({"group": "stage"}),
    "board": "/board",
    "search 医院": "?" + urlencode({"q": "医院"}),
    "search of one": "?" + urlencode({"q": "第04711号"}),
    "search of none": "?" + urlencode({"q": "没有这样的"}),
}
_PLACES = ("北京", "上海", "深圳", "杭州", "成都", "武汉", "西安", "南京", "苏州", "青岛")
_KINDS = ("人民医院", "中心医院", "口腔诊所", "实业有限公司", "科技股份公司", "超市连锁", "商贸集团")


def fill(workspace: Workspace, number: int) -> dict[str, str]:
    """Write accounts and opportunities without the road, and two people; return their sessions by name."""
    chance = random.Random(5)
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
    pipeline = catalog.pipelines[catalog.entity(ENTITY).pipelines[0]]
    stages = list(pipeline.stages.values())
    now = clock.now()
    teams = clock.new_ids(8)
    people = clock.new_ids(40)
    stamp = {"version": 1, "created_at": now, "updated_at": now}
    with workspace.database.write() as connection:
        stored.insert(
            connection, catalog, "base.team", [{"id": one, **stamp, "name": f"Team {i}"} for i, one in enumerate(teams)]
        )
        stored.insert(
            connection, catalog, "base.user",
            [{"id": one, **stamp, "name": f"Person {i}", "team": teams[i % 8]} for i, one in enumerate(people)],
        )  # fmt: skip
        firms = clock.new_ids(5000)
        named = [f"{chance.choice(_PLACES)}第{i:05d}号{chance.choice(_KINDS)}" for i in range(5000)]
        rows = [{"id": one, **stamp, "name": name} for one, name in zip(firms, named, strict=True)]
        stored.insert(connection, catalog, "sales.account", rows)
    for begin in range(0, number, 10_000):
        ids = clock.new_ids(min(10_000, number - begin))
        rows = []
        for i, identifier in enumerate(ids, begin):
            person, firm = chance.randrange(40), chance.randrange(5000)
            stage = chance.choice(stages)
            at = now - timedelta(minutes=number - i)
            rows.append(
                {
                    "id": identifier, "version": 1, "created_at": at, "updated_at": at, "owner": people[person],
                    "team": teams[person % 8], "pipeline": pipeline.id, "pipeline_version": pipeline.version, "stage": stage.id,
                    "status": stage.outcome or "open", "stage_entered_at": at, "name": f"{named[firm]} {i % 97}号项目",
                    "account": firms[firm], "amount": Decimal(chance.randrange(1000, 3_000_000)),
                    "win_probability": Decimal(chance.randrange(100)), "tier": chance.choice("ABC"), "lines": [],
                    "decision_map": [], "heat": Decimal(chance.randrange(100)),
                    "source": chance.choice(["website", "event", "other"]),
                    "expected_close": (at + timedelta(days=chance.randrange(200))).date(),
                    "need": "".join(chance.choices("客户需要一套能够连接现有系统并且支持远程维护的设备", k=60)),
                }
            )  # fmt: skip
        with workspace.database.write() as connection:
            stored.insert(connection, catalog, ENTITY, rows)
    with workspace.database.write() as connection:
        connection.exec_driver_sql("ANALYZE")
    found = {}
    for name, role in (("director", "base.admin"), ("manager", "sales.manager"), ("representative", "sales.rep")):
        user = add_user(workspace, f"{name}@example.com", name, None, [role])
        found[name] = secret = clock.secret()
        with workspace.database.write() as connection:
            accounts.begin_session(connection, digest(secret), user, now, now + timedelta(days=1), "", "")
            stored_team = catalog.entity("base.user").field("team")
            assert stored_team is not None
            connection.exec_driver_sql(f"UPDATE base__user SET team = '{teams[0]}' WHERE id = '{user}'")
    return found


def measured(url: str, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Fill a database and return milliseconds for each question of each person."""
    with Database(url) as database:
        migrations.upgrade(database)
        limits = {"requests_per_second": "100000", "requests_at_once": "1000000"}
        packs.install(database, [packs.read(one) for one in packs.find().values()], reason="benchmark", settings=limits)
        workspace = Workspace(database, folder / "files")
        sessions = fill(workspace, asked.records)
        found = asked_by(workspace, sessions, asked)
    return found


def asked_by(workspace: Workspace, sessions: dict[str, str], asked: argparse.Namespace) -> dict[str, Any]:
    """Ask each question as each of the people; return milliseconds."""
    found: dict[str, Any] = {}
    app = create_app(workspace)
    for name, secret in sessions.items():
        client = app.test_client()
        client.set_cookie("dw_session", secret)
        for question, rest in QUESTIONS.items():
            if asked.profile and asked.profile != question:
                continue
            path = f"/records/{ENTITY}{rest}"

            def ask(client: Any = client, path: str = path) -> None:
                response = client.get(path)
                assert response.status_code == 200, (path, response.status_code)

            ask()
            ask()
            if asked.profile:
                _profiled(ask)
            cpu, wall = _median(ask, asked.rounds)
            found[f"{name}: {question}"] = {"cpu ms": cpu, "ms": wall}
            print(f"  {name:15} {question:24} {cpu:7.1f} ms of the processor, {wall:7.1f} ms", flush=True)
    return found


def _profiled(ask: Callable[[], None]) -> None:
    profile = cProfile.Profile()
    for _ in range(10):
        profile.runcall(ask)
    pstats.Stats(profile).sort_stats("cumulative").print_stats(70)
    pstats.Stats(profile).sort_stats("tottime").print_stats(40)


def _median(ask: Callable[[], None], rounds: int) -> tuple[float, float]:
    cpu, wall = [], []
    for _ in range(rounds):
        begun, at = time.process_time(), time.perf_counter()
        ask()
        cpu.append(time.process_time() - begun)
        wall.append(time.perf_counter() - at)
    return round(statistics.median(cpu) * 1000, 1), round(statistics.median(wall) * 1000, 1)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lists", description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database only")
    parser.add_argument("--profile", choices=list(QUESTIONS), help="print where the time of one question goes")
    parser.add_argument("--json", type=Path, help="where the figures are written as JSON")
    asked = parser.parse_args(arguments)
    found: dict[str, Any] = {"machine": machine(), "records": asked.records, "databases": {}}
    for kind in [asked.only] if asked.only else ["sqlite", "postgresql"]:
        print(kind, flush=True)
        with _place(kind) as (folder, ours, _):
            found["databases"][kind] = measured(ours, folder, asked)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
