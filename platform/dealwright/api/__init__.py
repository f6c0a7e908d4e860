"""REST, ``/api/v1``: JSON in, JSON out; errors are problem+json; a bearer token says who asks."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from dealwright.api import answers
from dealwright.api.approvals import approvals
from dealwright.api.events import events
from dealwright.api.files import files
from dealwright.api.metadata import metadata
from dealwright.api.operations import operations
from dealwright.api.plans import plans
from dealwright.api.records import records
from dealwright.api.reports import reports
from dealwright.api.rules import rules
from dealwright.api.sequences import sequences
from dealwright.api.simulate import simulation
from dealwright.api.suggestions import suggestions
from dealwright.errors import DealwrightError

__all__ = ["blueprint"]


def blueprint() -> Blueprint:
    """Return the blueprint of the whole interface."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    for part in (
        records,
        metadata,
        events,
        rules,
        files,
        approvals,
        suggestions,
        sequences,
        simulation,
        plans,
        operations,
        reports,
    ):
        api.register_blueprint(part)
    api.register_error_handler(DealwrightError, answers.problem)
    api.register_error_handler(HTTPException, _http)
    return api


def _http(error: HTTPException) -> Response:
    """Answer what Flask itself refuses (unknown method, body cut off) in the same form."""
    return answers.plain_problem(error.code or 500, error.name, error.description or error.name)
