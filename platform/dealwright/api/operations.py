"""The work in the background, for administrators: figures, the outbox, jobs, timers; and the figures for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from dealwright.api import answers
from dealwright.errors import Problem, RecordError
from dealwright.records import operations as work_of
from dealwright.storage import queue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealwright.storage import Database

operations = Blueprint("operations", __name__)

#: Messages in one call.
MOST = 1000


@operations.get("/operations")
def figures() -> Response:
    """Return how the work in the background stands."""
    with answers.reading() as work:
        return answers.answer(work_of.figures(work))


@operations.get("/outbox")
def messages() -> Response:
    """Return messages, newest first; ``state`` for those in one state."""
    answers.only_known("state", "limit")
    with answers.reading() as work:
        limit = answers.number("limit", 100, 1, MOST)
        return answers.answer({"items": work_of.messages(work, answers.single("state"), limit)})


@operations.post("/outbox/replay")
def replay() -> Response:
    """Send messages again that were given up or skipped: ``{"ids": […]}``."""
    return _settled("replay")


@operations.post("/outbox/skip")
def skip() -> Response:
    """Leave messages that wait or were given up: ``{"ids": […]}``."""
    return _settled("skip")


def _settled(what: str) -> Response:
    given = answers.body()
    answers.known(given, "ids")
    ids = given.get("ids")
    with answers.writing() as work:
        work_of.demand(work)
        if not isinstance(ids, list) or not ids or len(ids) > MOST or not all(isinstance(one, str) for one in ids):
            text = f"“ids” is a list of 1 to {MOST} ids of messages"
            raise RecordError("nothing was done", [Problem("/ids", "wrong-type", text)])
        return answers.answer({"changed": work_of.settle(work, what, ids)})


@operations.get("/jobs")
def jobs() -> Response:
    """Return jobs, the latest first; ``state`` for those in one state."""
    answers.only_known("state", "limit")
    with answers.reading() as work:
        limit = answers.number("limit", 100, 1, MOST)
        return answers.answer({"items": work_of.jobs(work, answers.single("state"), limit)})


@operations.post("/jobs/<identifier>/replay")
def replay_job(identifier: str) -> Response:
    """Let a dead job run anew; return the id of the new one."""
    return answers.answer({"id": queue.replay(_noted("replay", identifier), identifier)})


@operations.post("/jobs/<identifier>/skip")
def skip_job(identifier: str) -> Response:
    """Give a dead job up."""
    queue.skip(_noted("skip", identifier), identifier)
    return answers.answer({"id": identifier})


def _noted(what: str, identifier: str) -> Database:
    """Note in the audit log what is about to be done to a dead job."""
    answers.known(answers.body())
    with answers.reading() as work:
        work_of.demand_dead(work, identifier)
    with answers.writing() as work:
        work_of.note_job(work, what, identifier)
    return answers.workspace().database


@operations.get("/timers")
def timers() -> Response:
    """Return the timers that are due next, the longest due first."""
    answers.only_known("limit")
    with answers.reading() as work:
        return answers.answer({"items": work_of.timers(work, answers.number("limit", 100, 1, MOST))})


@operations.get("/metrics")
def metrics() -> Response:
    """Return the figures in the text format of Prometheus, version 0.0.4."""
    with answers.reading() as work:
        found = work_of.figures(work)
    return Response("".join(_lines(found)), mimetype="text/plain; version=0.0.4", headers={"Cache-Control": "no-store"})


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    late = found["backlog"]
    yield from _gauge(
        "outbox_messages", "Messages by state.", {f'{{state="{k}"}}': v for k, v in found["outbox"].items()}
    )
    yield from _gauge("outbox_retried_messages", "Waiting messages that have failed.", {"": found["retried"]})
    yield from _gauge("outbox_lag_seconds", "Since when the longest due message waits.", {"": late["message_seconds"]})
    yield from _gauge("timers", "Timers that wait for their moment.", {"": found["timers"]})
    yield from _gauge("timer_lag_seconds", "Since when the longest due timer waits.", {"": late["timer_seconds"]})
    yield from _gauge("dead_jobs", "Jobs that failed for good.", {"": late["dead_jobs"]})
    yield from _gauge("workers", "Workers heard of lately.", {"": late["workers"]})
    decided = {'{fired="true"}': found["decisions"]["fired"], '{fired="false"}': found["decisions"]["held_back"]}
    yield from _gauge("decisions_last_minute", "Decisions of rules within the last minute.", decided)
    yield from _gauge("rules_off", "Rules that are switched off.", {"": found["rules_off"]})


def _gauge(name: str, about: str, values: Mapping[str, float]) -> Iterator[str]:
    yield f"# HELP dealwright_{name} {about}\n# TYPE dealwright_{name} gauge\n"
    for labels, value in values.items():
        yield f"dealwright_{name}{labels} {value}\n"
