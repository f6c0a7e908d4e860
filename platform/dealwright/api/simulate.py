"""What a draft would have done: ``POST /simulate``."""

from __future__ import annotations

from flask import Blueprint, Response

from dealwright import access, records
from dealwright.api import answers
from dealwright.errors import ForbiddenError, Problem, RecordError

simulation = Blueprint("simulation", __name__)


@simulation.post("/simulate")
def simulate() -> Response:
    """Try ``{"documents": [...], "since": "P90D"}`` over the past; only for who may administer, on what he may see."""
    given = answers.body()
    answers.known(given, "documents", "since")
    problems = []
    if not isinstance(given.get("documents"), list) or not given["documents"]:
        problems.append(Problem("/documents", "required", "documents is a list of whole documents"))
    if not isinstance(given.get("since", ""), str):
        problems.append(Problem("/since", "wrong-type", "since is a text such as P90D"))
    with answers.reading() as work:
        if not access.capable(work.catalog, work.user, "admin"):
            raise ForbiddenError("trying definitions needs the capability “admin”; ask an administrator")
        if problems:
            raise RecordError("the call cannot be used", problems)
        since = records.beginning(given.get("since", "P90D"), work.now)
        return answers.answer(records.simulate(work, given["documents"], since))
