"""The queue of jobs: longer work that a transaction leaves behind.

    with database.write() as connection:
        ...change something...
        queue.enqueue(connection, "reindex", {"entity": "sales.deal"}, lane="sales.deal")

A job stands in the same database as the records and is written by the caller's own transaction: both are committed
or neither. Its tables are those of DBOS Transact (https://docs.dbos.dev), which runs it: unprefixed beside ours in a
SQLite file, in a schema of their own on PostgreSQL. What is sent out of the platform and what becomes due are no jobs
but rows of ``outbox`` and ``timers``; ``docs/decisions/010-outbox-and-timers-are-rows.md`` has the figures.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa

from dealwright import clock
from dealwright.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbos import DBOSClient, WorkflowStatus

    from dealwright.storage.database import Connection, Database

APPLICATION: Final = "dealwright"
#: The name under which the library knows what runs: one for all releases, so that jobs of the last one go on.
WORKFLOW: Final = "job"
#: The name of the queue.
LANES: Final = "lanes"
#: Jobs whose lanes fall on the same number wait for each other. The library looks at each lane that has work, so a lane
#: per record is slow; with 64 two unrelated records share one in 64 cases.
LANE_COUNT: Final = 64

#: The library's words for states and ours.
_STATES: Final[Mapping[str, str]] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "dead",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "dead",
    "CANCELLED": "skipped",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job as operators see it.

    Attributes:
        id: Sorts by the time at which it was left behind, unless its caller gave a key.
        kind: What is done.
        arguments: With what; JSON.
        state: ``waiting``, ``running``, ``done``, ``dead`` (gave up; waits for replay or skip) or ``skipped``.
        error: Why it failed last; None if it did not.
        at: When it was left behind, to the second at least.
        worker: Who runs or ran it; None while it waits.
    """

    id: str
    kind: str
    arguments: Mapping[str, Any]
    state: str
    error: str | None
    at: datetime
    worker: str | None


def enqueue(
    connection: Connection,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    lane: str = "",
    key: str | None = None,
    after: float = 0,
) -> str:
    """Leave a job behind in the caller's transaction and return its id.

    Args:
        connection: Of an open write.
        kind: Name of a kind that the worker knows.
        arguments: JSON: ids and plain values, never records, since the job may run much later.
        lane: Jobs of one lane run one after the other, in the order of their ids: mostly the id of a record.
        key: The same key twice is one job; a key is for ever. Without one every call leaves another job.
        after: Seconds to wait before it may run.

    Raises:
        TypeError: If ``arguments`` is not JSON.
    """
    id = key or clock.new_id()  # noqa: A001 - the word of the table
    _put(connection, id, kind, arguments, lane_of(lane or id), after)
    return id


def _put(
    connection: Connection,
    id: str,  # noqa: A002 - the word of the table
    kind: str,
    arguments: Mapping[str, Any],
    lane: int,
    after: float = 0,
) -> None:
    json.dumps(arguments, allow_nan=False)
    options: dict[str, Any] = {
        "workflow_name": WORKFLOW,
        "queue_name": LANES,
        "queue_partition_key": str(lane),
        "workflow_id": id,
    }
    if after > 0:
        options["delay_seconds"] = after
    _client(connection.engine).enqueue_in_transaction(connection, cast("Any", options), kind, dict(arguments))


def lane_of(text: str) -> int:
    """Return the number of the lane that ``text`` falls on; the same in every process and release."""
    return zlib.crc32(text.encode()) % LANE_COUNT


def install(database: Database) -> None:
    """Create or upgrade the library's tables. Takes tenths of a second; does nothing where they are up to date."""
    from dbos import DBOS

    with database.read():
        pass  # opens the file in our way: the library would leave it without a write-ahead log
    DBOS.migrate(address(database), schema=schema(database))


def _is_installed(database: Database) -> bool:
    """Tell whether the library's tables are there: before the first worker they are not, and there are no jobs."""
    with database.read() as connection:
        where = schema(database) if database.dialect == "postgresql" else None
        return sa.inspect(connection).has_table("workflow_status", schema=where)


def address(database: Database) -> str:
    """Return the database's address in the form that the library wants, with its password."""
    return database.engine.url.render_as_string(hide_password=False)


def schema(database: Database) -> str:
    """Return the PostgreSQL schema of the library's tables: one for each workspace."""
    return _schema(database.schema)


def _schema(workspace: str | None) -> str:
    if workspace is None:
        return "dbos"
    name = f"dbos_{workspace}"
    return name if len(name) <= 63 else f"{name[:54]}_{zlib.crc32(name.encode()):08x}"


@lru_cache(maxsize=16)
def _client(engine: sa.Engine) -> DBOSClient:
    """Return the library's writing half. Imported late: it takes half a second that a reader need not pay."""
    from dbos import DBOSClient, DBOSPortableJSONSerializer

    workspace = (engine.get_execution_options().get("schema_translate_map") or {}).get(None)
    return DBOSClient(
        system_database_engine=engine,
        dbos_system_schema=_schema(workspace),
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        lazy=True,
        retry_connection_errors=False,
    )


def jobs(database: Database, states: Sequence[str] = (), *, limit: int = 100, offset: int = 0) -> list[Job]:
    """Return jobs, the latest first.

    Args:
        database: Where.
        states: Only these of :attr:`Job.state`; all when empty.
        limit: How many at most.
        offset: How many to leave out first.
    """
    if not _is_installed(database):
        return []
    wanted = [theirs for theirs, ours in _STATES.items() if ours in states] if states else None
    found = _client(database.engine).list_workflows(
        status=wanted, name=WORKFLOW, limit=limit, offset=offset, sort_desc=True, load_output=True
    )
    return [_job(status) for status in found]


def _job(status: WorkflowStatus) -> Job:
    given = status.input["args"] if status.input else ("", {})
    return Job(
        id=status.workflow_id,
        kind=str(given[0]),
        arguments=cast("Mapping[str, Any]", given[1]),
        state=_STATES[status.status],
        error=str(status.error) if status.error is not None else _exhausted(status.status),
        at=datetime.fromtimestamp((status.created_at or 0) / 1000, UTC),
        worker=status.executor_id,
    )


def _exhausted(state: str) -> str | None:
    return "its workers died again and again while they ran it" if state.startswith("MAX_RECOVERY") else None


def replay(database: Database, id: str) -> str:  # noqa: A002 - the word of the table
    """Let a dead job run anew in its lane, in place of the dead one, and return the new one's id.

    Raises:
        NotFoundError: If there is no such job.
        ConflictError: If it is not dead.
    """
    found = _dead(database, id)
    job, new = _job(found), f"{id}~"
    with database.write() as connection:
        # The new id follows from the old: whoever asks twice, or again after a crash right here, gets one job.
        _put(connection, new, job.kind, job.arguments, int(found.queue_partition_key or 0))
    _client(database.engine).delete_workflow(id)
    return new


def skip(database: Database, id: str) -> None:  # noqa: A002 - the word of the table
    """Give a dead job up: it is removed.

    Raises:
        NotFoundError: If there is no such job.
        ConflictError: If it is not dead.
    """
    _client(database.engine).delete_workflow(_dead(database, id).workflow_id)


def demand_dead(database: Database, id: str) -> None:  # noqa: A002 - the word of the table
    """Refuse a job that is not dead; nothing is changed.

    Raises:
        NotFoundError: If there is no such job.
        ConflictError: If it is not dead.
    """
    if not _is_installed(database):
        raise NotFoundError(f"there is no job {id!r}")
    _dead(database, id)


def _dead(database: Database, id: str) -> WorkflowStatus:  # noqa: A002 - the word of the table
    found = _client(database.engine).list_workflows(workflow_ids=[id], name=WORKFLOW, limit=1)
    if not found:
        raise NotFoundError(f"there is no job {id!r}")
    if _STATES[found[0].status] != "dead":
        raise ConflictError(f"the job {id!r} is {_STATES[found[0].status]}; only a dead job can be replayed or skipped")
    return found[0]


def prune(database: Database, before: datetime, *, batch: int = 1000) -> int:
    """Remove jobs that were done or skipped and left behind before a moment; return how many. Dead ones stay.

    Args:
        database: Where.
        before: Aware.
        batch: At most so many: one transaction.
    """
    client = _client(database.engine)
    ended = [theirs for theirs, ours in _STATES.items() if ours in ("done", "skipped")]
    found = client.list_workflows(
        status=ended, end_time=before.isoformat(), limit=batch, load_input=False, load_output=False
    )
    if found:
        client.delete_workflows([status.workflow_id for status in found])
    return len(found)


def count_dead(database: Database) -> int:
    """Return how many jobs are dead; a thousand stands for any more."""
    if not _is_installed(database):
        return 0
    found = _client(database.engine).list_workflows(
        status=[theirs for theirs, ours in _STATES.items() if ours == "dead"],
        name=WORKFLOW,
        limit=1000,
        load_input=False,
        load_output=False,
    )
    return len(found)
