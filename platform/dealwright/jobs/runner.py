"""Runs jobs: sets DBOS Transact up on the workspace's database, so that no job is lost or run in two places.

What must be set and is not by default (DBOS 3.4): the file's write-ahead log (``queue.install``), ids that sort, a
fixed number of lanes, a fast look at the queue, bounded threads, few recoveries of a job that kills its worker, one
version name for all releases, JSON instead of pickle. Its free part does not take over from the dead: see ``reaper``.

A job runs at least once: after a crash it starts again from its beginning, so what it does must be safe to do twice.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dbos import DBOS, DBOSPortableJSONSerializer, error

from dealwright.storage import queue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from dealwright.jobs.pace import Pace
    from dealwright.storage import Database

    JobKind = Callable[[Database, Mapping[str, Any]], object]

#: The same for all releases: with the default, a hash of the code, jobs of the release before would wait for ever.
_VERSION: Final = "1"
#: A job whose worker dies this many times while running it is dead, not the whole queue.
_MAX_RECOVERIES: Final = 5
#: Connections of the library beside ours.
_POOL: Final = 5

_lock = threading.Lock()
_running: Runner | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job that is left behind again and again, once however many workers there are.

    Attributes:
        name: Unique among the schedules of the workspace.
        cron: Five fields: minute, hour, day of month, month, day of week.
        kind: What is done.
        arguments: With what.
        zone: In which the fields are read, such as ``Asia/Shanghai``.
    """

    name: str
    cron: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    zone: str = "UTC"


class Runner:
    """Runs the jobs of one workspace in this process. The library allows one in a process."""

    def __init__(
        self,
        database: Database,
        worker: str,
        kinds: Mapping[str, JobKind],
        schedules: Sequence[Schedule],
        pace: Pace,
    ) -> None:
        self._database, self._worker, self._kinds, self._schedules = database, worker, dict(kinds), schedules
        self.pace = pace

    def start(self) -> None:
        """Begin to take jobs.

        Raises:
            RuntimeError: If another runner works in this process.
        """
        global _running
        with _lock:
            if _running is not None:
                raise RuntimeError("jobs are run in this process already; start another process for another workspace")
            _running = self
        try:
            self._launch()
        except BaseException:
            self.stop(0)
            raise

    def _launch(self) -> None:
        queue.install(self._database)
        DBOS(
            config={
                "name": queue.APPLICATION,
                "system_database_url": queue.address(self._database),
                "dbos_system_schema": queue.schema(self._database),
                "sys_db_pool_size": _POOL,
                "application_version": _VERSION,
                "executor_id": self._worker,
                "serializer": DBOSPortableJSONSerializer(),
                "max_executor_threads": self.pace.jobs + 4,
                "run_migrations": False,
                "log_level": "WARNING",
            }
        )
        _to_our_log()
        DBOS.launch()
        DBOS.register_queue(
            queue.LANES,
            worker_concurrency=self.pace.jobs,
            partition_concurrency=1,
            polling_interval_sec=self.pace.poll,
            on_conflict="always_update",
        )
        self._apply_schedules()

    def _apply_schedules(self) -> None:
        for schedule in self._schedules:
            if schedule.kind not in self._kinds:
                raise ValueError(f"the schedule {schedule.name!r} asks for {schedule.kind!r}, which no job does")
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": schedule.name,
                    "workflow_fn": _scheduled,
                    "schedule": schedule.cron,
                    "cron_timezone": schedule.zone,
                    "context": {"kind": schedule.kind, "arguments": dict(schedule.arguments)},
                }
                for schedule in self._schedules
            ]
        )
        kept = {schedule.name for schedule in self._schedules}
        for old in DBOS.list_schedules():
            if old["schedule_name"] not in kept:
                DBOS.delete_schedule(old["schedule_name"])

    def stop(self, seconds: float) -> None:
        """Take no more jobs, and wait so long for those in progress; what is left is taken over by another worker."""
        global _running
        DBOS.destroy(workflow_completion_timeout_sec=int(seconds))
        with _lock:
            _running = None

    def take_over(self, workers: Sequence[str]) -> None:
        """Put the jobs that lost workers ran back into their lanes; asking twice does no harm."""
        # Private, and the only call that keeps lane and count of attempts; ``dbos`` is pinned to a minor version and
        # a test kills a worker.
        DBOS._recover_pending_workflows(list(workers))

    def attempt(self, kind: str, arguments: Mapping[str, Any]) -> None:
        """Do a job once."""
        work = self._kinds.get(kind)
        if work is None:
            raise LookupError(f"this worker knows no job {kind!r}, only {', '.join(sorted(self._kinds))}; update it")
        work(self._database, arguments)

    def leave_scheduled(self, at: str, context: Mapping[str, Any]) -> None:
        """Leave the job of a schedule behind; the moment in its key makes it one job, whoever asks how often."""
        kind = str(context["kind"])
        with self._database.write() as connection:
            queue.enqueue(connection, kind, context["arguments"], lane=kind, key=f"{kind}@{at}")


def _now_running() -> Runner:
    if _running is None:
        raise RuntimeError("no jobs are run in this process")
    return _running


@DBOS.workflow(name=queue.WORKFLOW, max_recovery_attempts=_MAX_RECOVERIES)
def _job(kind: str, arguments: Mapping[str, Any]) -> None:
    runner = _now_running()
    try:
        DBOS.run_step(
            {
                "name": kind,
                "retries_allowed": True,
                "max_attempts": runner.pace.job_attempts,
                "interval_seconds": runner.pace.job_wait,
                "backoff_rate": 3.0,
            },
            runner.attempt,
            kind,
            arguments,
        )
    except error.DBOSMaxStepRetriesExceeded as spent:
        raise spent.errors[-1] from spent


@DBOS.workflow(name="scheduled", max_recovery_attempts=_MAX_RECOVERIES)
def _scheduled(at: datetime | str, context: Mapping[str, Any]) -> None:
    _now_running().leave_scheduled(at if isinstance(at, str) else at.isoformat(), context)


def _to_our_log() -> None:
    """Let the library's messages go where the application's go: it writes to the screen by itself otherwise."""
    log = logging.getLogger("dbos")
    for handler in list(log.handlers):
        log.removeHandler(handler)
    log.propagate = True
