"""REST for sequences: those that run for a record, and starting, going on with and ending them by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from dealwright import records
from dealwright.api import answers
from dealwright.errors import Problem, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.records import Work

sequences = Blueprint("sequences", __name__)


@sequences.get("/records/<entity>/<record>/sequences")
def listed(entity: str, record: str) -> Response:
    """Return the sequences that run for a record, then those that have ended; ``offered`` may be started."""
    answers.only_known()
    with answers.reading() as work:
        found = records.sequences_of(work, entity, record)
        return answers.answer({"items": found, "offered": records.sequences_offered(work, entity, record)})


@sequences.post("/records/<entity>/<record>/sequences")
def started(entity: str, record: str) -> Response:
    """Start ``{"sequence"}`` for a record; 201 with its steps and their moments."""
    given = answers.body()
    answers.known(given, "sequence")
    named = given.get("sequence")
    if not isinstance(named, str):
        raise RecordError("no sequence was started", [Problem("/sequence", "required", "name the sequence to start")])
    with answers.writing() as work:
        return answers.once(work, lambda: answers.answer(records.start_sequence(work, entity, record, named), 201))


@sequences.post("/records/<entity>/<record>/sequences/<sequence>/advance")
def advanced(entity: str, record: str, sequence: str) -> Response:
    """Do the next step of a sequence now."""
    return _changed(lambda work: records.advance_sequence(work, entity, record, sequence))


@sequences.post("/records/<entity>/<record>/sequences/<sequence>/stop")
def stopped(entity: str, record: str, sequence: str) -> Response:
    """End a sequence of a record."""
    return _changed(lambda work: records.stop_sequence(work, entity, record, sequence))


def _changed(act: Callable[[Work], dict[str, Any]]) -> Response:
    answers.known(answers.body())
    with answers.writing() as work:
        return answers.once(work, lambda: answers.answer(act(work)))
