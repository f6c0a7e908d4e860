"""The work in the background, for administrators: what waits, what was given up, and doing it again or leaving it.

Nothing here shows a value of a record: an administrator of the platform need not be one of the business.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright import access
from dealwright.errors import ForbiddenError, QueryError
from dealwright.records import breaker
from dealwright.storage import audit, backlog, measures, outbox, queue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealwright.records.work import Work

#: What is told of a message; what it says and where it goes is not.
_TOLD: Final = (
    "id",
    "channel",
    "state",
    "attempts",
    "created_at",
    "next_at",
    "done_at",
    "rule",
    "entity",
    "record",
    "last_error",
)
#: States of messages, and of jobs.
MESSAGES: Final = ("pending", "sent", "dead", "skipped")
JOBS: Final = ("waiting", "running", "done", "dead", "skipped")
_DO: Final[Mapping[str, Callable[..., int]]] = {"replay": outbox.replay, "skip": outbox.skip}
#: Seconds over which decisions are counted.
LATELY: Final = 60


def figures(work: Work) -> dict[str, Any]:
    """Return how the work in the background stands.

    Returns:
        ``backlog`` as ``doctor`` tells it, ``outbox`` (state → messages), ``retried`` messages, ``timers`` that wait,
        ``decisions`` of the last minute (``fired``, ``held_back``), ``rules_off``.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
    """
    demand(work)
    lately = measures.decided(work.connection, work.now - timedelta(seconds=LATELY))
    waiting = measures.waiting(work.connection)
    return {
        "backlog": asdict(backlog.of(work.workspace.database)),
        "outbox": {**dict.fromkeys(MESSAGES, 0), **outbox.counts(work.connection)},
        "retried": measures.retried(work.connection),
        "timers": waiting["timers"],
        "decisions": {"fired": lately.get(True, 0), "held_back": lately.get(False, 0)},
        "rules_off": sum(one["in_force"] for one in breaker.listed(work)),
    }


def messages(work: Work, state: str | None, limit: int) -> list[dict[str, Any]]:
    """Return messages of the outbox, newest first, without what they say.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
        QueryError: If there is no such state.
    """
    demand(work)
    _one_of(state, MESSAGES)
    return [{name: one[name] for name in _TOLD} for one in outbox.latest(work.connection, state=state, limit=limit)]


def settle(work: Work, what: str, ids: Sequence[str]) -> int:
    """Send messages again (``replay``) that were given up or skipped, or leave them (``skip``); return how many.

    The audit log says who did it.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
    """
    demand(work)
    changed = _DO[what](work.connection, list(ids), work.now)
    _note(work, f"outbox.{what}", {"ids": list(ids), "changed": changed})
    return changed


def jobs(work: Work, state: str | None, limit: int) -> list[dict[str, Any]]:
    """Return jobs, the latest first, without what they work on.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
        QueryError: If there is no such state.
    """
    demand(work)
    _one_of(state, JOBS)
    found = queue.jobs(work.workspace.database, [state] if state is not None else [], limit=limit)
    return [{"id": one.id, "kind": one.kind, "state": one.state, "error": one.error, "at": one.at} for one in found]


def demand_dead(work: Work, identifier: str) -> None:
    """Refuse a job that is not there, or not dead. In a read transaction: the job library has the writing connection.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
        NotFoundError, ConflictError: If there is no such job, or it is not dead.
    """
    demand(work)
    queue.demand_dead(work.workspace.database, identifier)


def note_job(work: Work, what: str, identifier: str) -> None:
    """Note that a dead job is about to be run anew, or given up; the caller does it once that is committed.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
    """
    demand(work)
    _note(work, f"job.{what}", {"job": identifier})


def timers(work: Work, limit: int) -> list[dict[str, Any]]:
    """Return the timers that are due next: ``name``, ``entity``, ``record``, ``due_at``, and ``late`` in seconds.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
    """
    demand(work)
    found = measures.next_timers(work.connection, limit)
    return [{**one, "late": max((work.now - one["due_at"]).total_seconds(), 0.0)} for one in found]


def demand(work: Work) -> None:
    """Refuse who is no administrator."""
    if not access.capable(work.catalog, work.user, "admin"):
        raise ForbiddenError("the work in the background is shown to administrators; it needs the capability “admin”")


def _one_of(state: str | None, known: Sequence[str]) -> None:
    if state is not None and state not in known:
        raise QueryError(f"“{state[:40]}” is no state here; expected one of {', '.join(known)}")


def _note(work: Work, action: str, data: Mapping[str, Any]) -> None:
    audit.append(
        work.connection,
        action=action,
        actor=work.user.id,
        at=work.now,
        data={**data, "by": work.user.by},
        address=work.address,
    )
