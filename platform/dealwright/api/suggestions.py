"""REST for suggestions: what rules offer about a record, and accepting or dismissing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from dealwright import records
from dealwright.api import answers
from dealwright.errors import Problem, RecordError

if TYPE_CHECKING:
    from dealwright.records import Work

suggestions = Blueprint("suggestions", __name__)


@suggestions.get("/records/<entity>/<record>/suggestions")
def listed(entity: str, record: str) -> Response:
    """Return the suggestions about a record: those that stand first, then the latest."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer({"items": records.suggestions(work, entity, record)})


@suggestions.post("/suggestions/<identifier>/accept")
def accepted(identifier: str) -> Response:
    """Do what a suggestion says, in the caller's name; the answer is the suggestion as it is then."""
    answers.known(answers.body())
    with answers.writing() as work:
        return answers.once(work, lambda: answers.answer(records.accept(work, identifier)))


@suggestions.post("/suggestions/<identifier>/dismiss")
def dismissed(identifier: str) -> Response:
    """Dismiss a suggestion: ``{"reason"}``; the answer is the suggestion as it is then."""
    given = answers.body()
    answers.known(given, "reason")
    if not isinstance(given.get("reason"), str):
        raise RecordError("the suggestion was not dismissed", [Problem("/reason", "required", "reason is a text")])

    def dismiss(work: Work) -> Response:
        return answers.answer(records.dismiss(work, identifier, given["reason"]))

    with answers.writing() as work:
        return answers.once(work, lambda: dismiss(work))
