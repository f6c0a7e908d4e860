"""A run whose worker is killed in the middle of it goes on in another one, and looks at each record once."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime

from dealwright import access, clock, records
from dealwright.jobs import Pace
from dealwright.jobs.timers import Timers
from dealwright.records import Work, scheduled
from worlds import made, opened, rows_of

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
RECORDS = 120

RULE = {
    "kind": "rule", "id": "t.clean", "lang": 1, "title": "Clean", "entity": "t.deal",
    "on": {"schedule": {"every": "month", "on": "last", "at": "23:00", "filter": "amount < 1000"}},
    "then": [{"do": "create_task", "title": "{name}"}],
}  # fmt: skip

#: Goes through the run three records at a time, and says so before each step is committed.
WORKER = """
import sys
from datetime import datetime
from pathlib import Path
from dealwright import access, clock, records
from dealwright.jobs import Pace
from dealwright.jobs.timers import Timers
from dealwright.records import Work, Workspace, scheduled
from dealwright.storage import Database

scheduled.BATCH = 3
workspace = Workspace(Database(sys.argv[1]), Path(sys.argv[2]))

def happen(connection, told):
    records.due(Work(workspace, connection, access.platform_itself()), told)
    print("a step", flush=True)

with clock.frozen(datetime.fromisoformat(sys.argv[3])):
    looks = Timers(workspace.database, happen, Pace())
    while looks.look():
        pass
print("done", flush=True)
"""


def test_a_run_whose_worker_is_killed_goes_on_in_another_one(database, database_url, tmp_path, monkeypatch):
    with clock.frozen(START):
        workspace = opened(database, RULE, folder=tmp_path)
        with database.write() as connection:
            work = Work(workspace, connection, access.platform_itself())
            scheduled.went_live(work, None)
        for number in range(RECORDS):
            made(workspace, "t.deal", name=f"D{number:03d}", amount="5")
    command = [sys.executable, "-c", WORKER, database_url, str(tmp_path), LATER.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        for _ in range(9):
            assert worker.stdout.readline() == "a step\n"
        worker.send_signal(signal.SIGKILL)
    done = sorted(one["title"] for one in rows_of(database, "base__task"))
    assert 0 < len(done) < RECORDS
    monkeypatch.setattr(scheduled, "BATCH", 7)

    def happen(connection, told):
        records.due(Work(workspace, connection, access.platform_itself()), told)

    with clock.frozen(LATER):
        looks = Timers(database, happen, Pace())
        while looks.look():
            pass
    tasks = sorted(one["title"] for one in rows_of(database, "base__task"))
    assert tasks == [f"D{number:03d}" for number in range(RECORDS)]
