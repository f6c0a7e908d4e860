"""What it costs to score every record anew after a change of weights: batches of the platform beside one bare pass.

    python -m benchmarks.scores sqlite:////tmp/bench.db [--records N]      a new file, or an empty PostgreSQL database

Prints one JSON object: records per second when every score changes, when none does, and of reading the same records with
their paths alone (the floor: what any computation in Python must pay).
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from dealwright import access, clock  # noqa: E402
from dealwright.records import Change, Work, needs, rescoring, save_many  # noqa: E402
from dealwright.storage import Database, migrations, sweeps  # noqa: E402
from dealwright.storage import records as stored  # noqa: E402
from passing import pass_until  # noqa: E402
from scored import HEAT, WORLD  # noqa: E402
from worlds import made, opened  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scores")
    parser.add_argument("url")
    parser.add_argument("--records", type=int, default=100_000)
    asked = parser.parse_args()
    plain = [one for one in WORLD if one["id"] not in ("t.hot",)]
    with tempfile.TemporaryDirectory() as folder, Database(asked.url) as database:
        migrations.upgrade(database)
        workspace = opened(database, *plain, folder=Path(folder))
        account = made(workspace, "t.account", name="Kestrel", credit="400")
        rows = [{"name": f"D{n}", "account": account, "win": str(n % 25), "amount": "10"} for n in range(asked.records)]
        for start in range(0, len(rows), 1000):
            with database.write() as connection:
                work = Work(workspace, connection, access.operator(), rules=False)
                save_many(work, "t.deal", [Change(row) for row in rows[start : start + 1000]])
        found: dict[str, Any] = {"records": asked.records, "database": database.dialect}
        found["read alone, /s"] = round(asked.records / _read(workspace))
        found["nothing changes, /s"] = round(asked.records / _all(workspace))
        heavier = copy.deepcopy(HEAT)
        heavier["inputs"][0]["weight"] = 7
        sourced = [*plain, heavier]
        workspace = opened(database, *sourced, folder=Path(folder))
        found["every score changes, /s"] = round(asked.records / _all(workspace))
    print(json.dumps(found))


def _all(workspace: Any) -> float:
    """Seconds of the batches over all records, from the timer on."""
    from dealwright.storage import timers

    with workspace.database.write() as connection:
        timers.put(connection, [timers.Timer("t.deal", "t.deal", "score:batch:bench", clock.now())])
    begun = time.perf_counter()
    pass_until(workspace, clock.now())
    return time.perf_counter() - begun


def _read(workspace: Any) -> float:
    """Seconds of reading the records with what scores read, in the same batches."""
    begun, after = time.perf_counter(), None
    while True:
        with workspace.database.write() as connection:
            work = Work(workspace, connection, access.platform_itself())
            entity = work.catalog.entity("t.deal")
            page = sweeps.page(connection, work.catalog, entity.id, after=after, limit=rescoring.BATCH)
            if not page:
                return time.perf_counter() - begun
            after = page[-1]["id"]
            found = stored.get(connection, work.catalog, entity.id, [row["id"] for row in page], lock=True)
            envs = [{**row, **work.env} for row in found.values()]
            needs.load(work, entity, needs.needs(work.catalog, entity, ()), envs)


if __name__ == "__main__":
    main()
