"""REST for approvals: the inbox, asking, deciding; ``/api/v1/approvals``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from dealwright.api import answers
from dealwright.errors import Problem, QueryError, RecordError
from dealwright.records import approval_views, approving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.records import Work

approvals = Blueprint("approvals", __name__)

#: What can be done with an approval, the keys of its body, and those that must be there.
_DOINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "approve": (("step", "comment"), ()),
    "reject": (("step", "comment"), ()),
    "return": (("to", "comment"), ()),
    "recall": ((), ()),
    "delegate": (("to", "comment"), ("to",)),
    "add_approver": (("who", "where", "comment"), ("who", "where")),
    "appoint": (("step", "who"), ("step", "who")),
}


@approvals.get("/approvals")
def listed() -> Response:
    """List approvals: ``mine=1`` those that wait for the caller (the inbox), ``mine=asked`` those the caller asked for."""
    answers.only_known("mine")
    wanted = answers.single("mine") or "1"
    if wanted not in ("1", "asked"):
        raise QueryError("mine is 1 for those that wait for you, or asked for those that you have asked for")
    with answers.reading() as work:
        found = approval_views.inbox(work) if wanted == "1" else approval_views.mine(work)
        return answers.answer({"items": found})


@approvals.get("/approvals/<identifier>")
def fetched(identifier: str) -> Response:
    """Return one approval with its steps and people."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer(approval_views.one(work, identifier))


@approvals.get("/records/<entity>/<record>/approvals")
def of_record(entity: str, record: str) -> Response:
    """List the approvals of a record, the newest first, and those that the caller may ask for."""
    answers.only_known()
    with answers.reading() as work:
        items = approval_views.of_record(work, entity, record)
        return answers.answer({"items": items, "may_request": approval_views.askable(work, entity, record)})


@approvals.post("/records/<entity>/<record>/approvals")
def requested(entity: str, record: str) -> Response:
    """Ask for an approval: ``{"approval", "comment"?}``; 201 with it."""
    given = answers.body()
    answers.known(given, "approval", "comment")
    _texts(given, ("approval",), ("approval", "comment"))
    with answers.writing() as work:

        def make() -> Response:
            made = approving.request(work, given["approval"], entity, record, comment=given.get("comment"))
            return answers.answer(approval_views.one(work, made), 201, Location=f"/api/v1/approvals/{made}")

        return answers.once(work, make)


def done(identifier: str, doing: str) -> Response:
    """Decide, take back, send back, hand over or add somebody; the answer is the approval as it is then."""
    given = answers.body()
    keys, needed = _DOINGS[doing]
    answers.known(given, *keys)
    _texts(given, needed, keys)
    with answers.writing() as work:

        def make() -> Response:
            _act(work, identifier, doing, given)
            return answers.answer(approval_views.one(work, identifier))

        return answers.once(work, make)


for _doing in _DOINGS:
    approvals.add_url_rule(
        f"/approvals/<identifier>/{_doing}", _doing, done, defaults={"doing": _doing}, methods=["POST"]
    )


def _act(work: Work, identifier: str, doing: str, given: Mapping[str, Any]) -> None:
    comment = given.get("comment")
    acts: dict[str, Callable[[], object]] = {
        "approve": lambda: approving.decide(work, identifier, "approved", step=given.get("step"), comment=comment),
        "reject": lambda: approving.decide(work, identifier, "rejected", step=given.get("step"), comment=comment),
        "return": lambda: approving.give_back(work, identifier, to=given.get("to"), comment=comment),
        "recall": lambda: approving.recall(work, identifier),
        "delegate": lambda: approving.hand_over(work, identifier, to=given["to"], comment=comment),
        "add_approver": lambda: approving.add(
            work, identifier, who=given["who"], where=given["where"], comment=comment
        ),
        "appoint": lambda: approving.appoint(work, identifier, step=given["step"], who=given["who"]),
    }
    acts[doing]()


def _texts(given: Mapping[str, Any], needed: tuple[str, ...], keys: tuple[str, ...]) -> None:
    problems = [Problem(f"/{key}", "required", f"{key} is needed, as text") for key in needed if not given.get(key)]
    problems += [
        Problem(f"/{key}", "wrong-type", f"{key} is text")
        for key in keys
        if given.get(key) is not None and not isinstance(given[key], str)
    ]
    if problems:
        raise RecordError("nothing was done", problems)
