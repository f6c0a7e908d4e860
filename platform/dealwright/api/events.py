"""Sending events, searching, and what the caller is."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response

from dealwright import records
from dealwright.api import answers
from dealwright.errors import Problem, RecordError

events = Blueprint("events", __name__)


@events.post("/events")
def send() -> Response:
    """Take an event about a record: ``{"type", "entity", "record", "data"?, "at"?}``; 202 with its id."""
    given = answers.body()
    answers.known(given, "type", "entity", "record", "data", "at")
    problems = [
        Problem(f"/{name}", "required", f"{name} is needed, as text")
        for name in ("type", "entity", "record")
        if not isinstance(given.get(name), str)
    ]
    if not isinstance(given.get("data", {}), dict):
        problems.append(Problem("/data", "wrong-type", "data is an object in { }"))
    at = None
    if given.get("at") is not None:
        try:
            at = datetime.fromisoformat(given["at"])
        except (TypeError, ValueError):
            problems.append(Problem("/at", "not-a-datetime", "at is a moment such as 2026-11-23T09:30:00Z"))
        else:
            if at.tzinfo is None:
                problems.append(Problem("/at", "no-zone", "at needs a zone, such as Z or +08:00"))
    if problems:
        raise RecordError("the event was not taken", problems)
    with answers.writing() as work:

        def make() -> Response:
            event = records.send(work, given["type"], given["entity"], given["record"], given.get("data", {}), at)
            return answers.answer({"id": event}, 202)

        return answers.once(work, make)


@events.get("/search")
def search() -> Response:
    """Find records of any entity by the text of their display field."""
    answers.only_known("q", "limit")
    with answers.reading() as work:
        found = records.search(work, answers.single("q") or "", limit=answers.number("limit", 20, 1, 100))
    return answers.answer({"items": found})


@events.get("/decisions/<decision>")
def decision(decision: str) -> Response:
    """Return one stored decision, explained as far as the caller may see its facts."""
    with answers.reading() as work:
        return answers.answer(records.explain(work, decision))


@events.get("/me")
def me() -> Response:
    """Return who the bearer of the token is."""
    with answers.reading() as work:
        user = work.user
        return answers.answer({"id": user.id, "email": user.email, "name": user.name, "roles": list(user.roles)})
