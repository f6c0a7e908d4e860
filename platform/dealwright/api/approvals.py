"""REST for approvals: the inbox, asking, deciding; ``/api/v1/approvals``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from dealwright.api import answers
from dealwright.errors import Problem, QueryError, RecordError
from dealwright.fields.moment import moment
from dealwright.records import absences, approval_notes, approval_trial, approval_views, approving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.records import Work

approvals = Blueprint("approvals", __name__)

#: Decisions in one call.
MOST_AT_ONCE = 100
#: What can be done with an approval, the keys of its body, and those that must be there.
_DOINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "approve": (("step", "comment"), ()),
    "reject": (("step", "comment"), ()),
    "return": (("to", "comment"), ()),
    "recall": ((), ()),
    "delegate": (("to", "comment"), ("to",)),
    "add_approver": (("who", "where", "comment"), ("who", "where")),
    "appoint": (("step", "who", "instead"), ("step", "who")),
    "notes": (("text", "file"), ()),
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


@approvals.get("/approvals/simulate")
def simulated() -> Response:
    """Tell who would approve a record now, why, and who was left out: ``approval``, ``record``; nothing is asked."""
    answers.only_known("approval", "record")
    approval, record = answers.single("approval"), answers.single("record")
    if not approval or not record:
        raise QueryError("approval and record are needed: the id of an approval, and that of a record")
    with answers.reading() as work:
        return answers.answer(approval_trial.simulated(work, approval, record))


@approvals.post("/approvals/bulk")
def decided() -> Response:
    """Decide several, one by one: ``{"decisions": [{"id", "verdict", "step"?, "comment"?}]}``; what became of each."""
    given = answers.body()
    answers.known(given, "decisions")
    items = given.get("decisions")
    if not isinstance(items, list) or len(items) > MOST_AT_ONCE:
        text = f"decisions is a list of at most {MOST_AT_ONCE}"
        raise RecordError("nothing was decided", [Problem("/decisions", "wrong-type", text)])
    problems = []
    for i, one in enumerate(items):
        keys = ("id", "verdict", "step", "comment")
        if not isinstance(one, dict) or set(one) - set(keys) or not all(isinstance(v, str) for v in one.values()):
            text = f"a decision has {', '.join(keys)}, each as text"
            problems.append(Problem(f"/decisions/{i}", "wrong-type", text))
        elif one.get("verdict") not in ("approved", "rejected") or not one.get("id"):
            text = "a decision needs an id, and a verdict: approved or rejected"
            problems.append(Problem(f"/decisions/{i}/verdict", "no-such-option", text))
    if problems:
        raise RecordError("nothing was decided", problems)
    with answers.writing() as work:
        return answers.once(work, lambda: answers.answer({"results": approving.decide_each(work, items)}))


@approvals.get("/absences")
def away() -> Response:
    """List the caller's absences that have not ended; ``user``: another's, for an administrator."""
    answers.only_known("user")
    with answers.reading() as work:
        return answers.answer({"items": absences.absences(work, answers.single("user"))})


@approvals.post("/absences")
def go_away() -> Response:
    """Note an absence: ``{"since", "until", "delegate", "entity"?, "user"?}``; 201 with its id."""
    given = answers.body()
    keys, needed = ("since", "until", "delegate", "entity", "user"), ("since", "until", "delegate")
    answers.known(given, *keys)
    _texts(given, needed, keys)
    moments = {name: moment(given[name]) for name in ("since", "until")}
    problems = [
        Problem(f"/{name}", "not-a-datetime", f"{name} is a moment with a zone such as 2026-11-23T09:30:00Z")
        for name, at in moments.items()
        if at is None
    ]
    since, until = moments["since"], moments["until"]
    if since is None or until is None:
        raise RecordError("the absence was not noted", problems)
    with answers.writing() as work:

        def make() -> Response:
            more = {name: given.get(name) for name in ("entity", "user")}
            return answers.answer({"id": absences.be_away(work, since, until, given["delegate"], **more)}, 201)

        return answers.once(work, make)


@approvals.delete("/absences/<identifier>")
def come_back(identifier: str) -> Response:
    """End an absence now; 204."""
    with answers.writing() as work:
        absences.be_back(work, identifier)
    return Response(status=204)


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
        "appoint": lambda: approving.appoint(
            work, identifier, step=given["step"], who=given["who"], instead=given.get("instead")
        ),
        "notes": lambda: approval_notes.add(work, identifier, text=given.get("text"), file=given.get("file")),
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
