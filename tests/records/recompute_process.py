"""A worker that works formulas out anew, in a process of its own, for the test that kills it.

python recompute_process.py DATABASE_URL      work until killed; a line on the screen after each batch of 20
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dealwright import records
from dealwright.jobs import Pace, Worker
from dealwright.metadata.definitions import Entity
from dealwright.records import Work, Workspace
from dealwright.storage import Database, recompute

PACE = Pace(poll=0.02, job_wait=0.05, beat=0.3, lost_after=2)


def main(url: str) -> None:
    database = Database(url)
    workspace = Workspace(database, Path("files"))
    module = sys.modules["dealwright.records.recompute"]
    module.BATCH, module.BATCHES = 20, 3  # type: ignore[attr-defined]
    batch = module._batch  # type: ignore[attr-defined]

    def told(work: Work, entity: Entity, names: Sequence[str], ids: Sequence[str]) -> None:
        batch(work, entity, names, ids)
        print(ids[-1], flush=True)

    module._batch = told  # type: ignore[attr-defined]

    def run(_: Database, arguments: Mapping[str, Any]) -> None:
        records.recompute(workspace, arguments)

    with Worker(database, lambda *_: None, kinds={recompute.JOB: run}, schedules=(), pace=PACE):
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
