"""Approvals on pages: the inbox, and asking, deciding and all else by plain forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, redirect, render_template, request, url_for

from dealwright import records
from dealwright.errors import ConflictError, DealwrightError, ForbiddenError, RecordError
from dealwright.fields.messages import speaking
from dealwright.records import approval_notes, approval_trial, approval_views, approving
from dealwright.storage import files
from dealwright.web import approval_cards, i18n, notices, record_pages, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask.typing import ResponseReturnValue

    from dealwright.records import Work

#: Approvals decided by one press of a button.
MOST_AT_ONCE: Final = 100


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/approvals", "approvals", inbox)
    pages.add_url_rule("/approvals/bulk", "approvals_bulk", decide_each, methods=["POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>/approvals", "request_approval", ask, methods=["POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>/approvals/outlook", "approval_outlook", outlook)
    pages.add_url_rule("/approvals/<identifier>/note", "approval_note", note, methods=["POST"])
    for doing in _DOINGS:
        pages.add_url_rule(
            f"/approvals/<identifier>/{doing}", f"approval_{doing}", do, defaults={"doing": doing}, methods=["POST"]
        )


def inbox() -> ResponseReturnValue:
    """Show the approvals that wait for the reader, or those that the reader has asked for."""
    return _inbox(None), 200


def _inbox(refusal: DealwrightError | None, results: Sequence[Mapping[str, Any]] = ()) -> str:
    asked = request.args.get("mine") == "asked"
    with visit.reading() as work, speaking(i18n.tag()):
        found = approval_views.mine(work) if asked else approval_views.inbox(work)
        return render_template(
            "approvals/inbox.html",
            cards=[approval_cards.card(work, one) for one in found],
            people=approval_cards.people(work) if found and not asked else (),
            asked=asked,
            refusal=refusal,
            problems=[one.message for one in refusal.problems] if refusal else (),
            results=results,
            notice=notices.notice(),
        )


def decide_each() -> ResponseReturnValue:
    """Decide those that were ticked, one by one and with the same checks, and say what became of each."""
    form = request.form
    chosen = list(dict.fromkeys(form.getlist("one")))[:MOST_AT_ONCE]
    verdict = form.get("verdict", "")
    if not chosen or verdict not in ("approved", "rejected"):
        return redirect(url_for("web.approvals"), 303)
    with visit.reading() as work, speaking(i18n.tag()):
        known = {one["id"]: one for one in approval_views.inbox(work)}
    items = [{"id": one, "verdict": verdict, "comment": form.get("comment")} for one in chosen]
    with visit.writing() as work, speaking(i18n.tag()):
        done = approving.decide_each(work, items)
    results = [approval_cards.result(one, known.get(one["id"])) for one in done]
    return _inbox(None, results), 200 if all(one["good"] for one in results) else 207


def ask(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Ask for an approval, and show the record again."""
    form = request.form
    try:
        with visit.writing() as work, speaking(i18n.tag()):
            approving.request(work, form.get("approval", ""), entity_id, record_id, comment=form.get("comment"))
    except (ConflictError, RecordError, ForbiddenError) as error:
        return record_pages.shown_again(entity_id, record_id, error)
    return record_pages.onward(entity_id, record_id)


def outlook(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Show who would approve a record now, step by step, and why; nothing is asked."""
    with visit.reading() as work, speaking(i18n.tag()):
        shown = records.fetch(work, entity_id, record_id)
        found = approval_trial.simulated(work, request.args.get("approval", ""), record_id)
        entity = work.catalog.entity(entity_id)
        return render_template(
            "approvals/outlook.html",
            entity=entity,
            record_id=record_id,
            name=shown.get(entity.display or "") or i18n.entity_title(work.catalog, entity),
            found=found,
            steps=[approval_cards.foreseen(work.catalog, one) for one in found["steps"]],
        )


def note(identifier: str) -> ResponseReturnValue:
    """Add a comment, files, or both to an approval; then show the page again from which it came."""
    sent = [one for one in request.files.getlist("file") if one.filename][:1]
    with visit.reading() as work:
        one = approval_views.one(work, identifier)
    # A file is taken in only from who could add it; it is removed after a day if it comes to nothing.
    file = None
    if sent and one["may_note"]:
        name = files.clean_name(sent[0].filename or "")
        file = records.upload(visit.workspace(), visit.user(), sent[0].stream, name)["id"]
    return _done(one, lambda work: approval_notes.add(work, identifier, text=request.form.get("text"), file=file))


def do(identifier: str, doing: str) -> ResponseReturnValue:
    """Decide, or do something else with an approval; then show the page again from which it came."""
    with visit.reading() as work:
        one = approval_views.one(work, identifier)
    return _done(one, lambda work: _DOINGS[doing](work, identifier, request.form))


def _done(one: Mapping[str, Any], act: Callable[[Work], object]) -> ResponseReturnValue:
    here = request.form.get("here") == "record"
    try:
        with visit.writing() as work, speaking(i18n.tag()):
            act(work)
    except (ConflictError, RecordError, ForbiddenError) as error:
        if here:
            return record_pages.shown_again(one["entity"], one["record"], error)
        return _inbox(error), error.status
    if here:
        return record_pages.onward(one["entity"], one["record"])
    return redirect(url_for("web.approvals", notice="done"), 303)


_DOINGS: Final[Mapping[str, Callable[[Work, str, Mapping[str, str]], object]]] = {
    "approve": lambda work, one, form: approving.decide(work, one, "approved", comment=form.get("comment")),
    "reject": lambda work, one, form: approving.decide(work, one, "rejected", comment=form.get("comment")),
    "return": lambda work, one, form: approving.give_back(
        work, one, to=form.get("to") or None, comment=form.get("comment")
    ),
    "recall": lambda work, one, form: approving.recall(work, one),
    "appoint": lambda work, one, form: approving.appoint(
        work,
        one,
        step=form.get("chair", "").partition(":")[0],
        who=form.get("who", ""),
        instead=form.get("chair", "").partition(":")[2] or None,
    ),
    "delegate": lambda work, one, form: approving.hand_over(
        work, one, to=form.get("who", ""), comment=form.get("comment")
    ),
    "add_approver": lambda work, one, form: approving.add(
        work, one, who=form.get("who", ""), where=form.get("where", ""), comment=form.get("comment")
    ),
}
