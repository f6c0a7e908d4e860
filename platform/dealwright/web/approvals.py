"""Approvals on pages: the inbox, and asking, deciding and all else by plain forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, redirect, render_template, request, url_for

from dealwright.errors import ConflictError, DealwrightError, ForbiddenError, RecordError
from dealwright.fields.messages import speaking
from dealwright.records import approval_views, approving
from dealwright.web import approval_cards, i18n, notices, record_pages, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.records import Work


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/approvals", "approvals", inbox)
    pages.add_url_rule("/records/<entity_id>/<record_id>/approvals", "request_approval", ask, methods=["POST"])
    for doing in _DOINGS:
        pages.add_url_rule(
            f"/approvals/<identifier>/{doing}", f"approval_{doing}", do, defaults={"doing": doing}, methods=["POST"]
        )


def inbox() -> ResponseReturnValue:
    """Show the approvals that wait for the reader, or those that the reader has asked for."""
    return _inbox(None), 200


def _inbox(refusal: DealwrightError | None) -> str:
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
            notice=notices.notice(),
        )


def ask(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Ask for an approval, and show the record again."""
    form = request.form
    try:
        with visit.writing() as work, speaking(i18n.tag()):
            approving.request(work, form.get("approval", ""), entity_id, record_id, comment=form.get("comment"))
    except (ConflictError, RecordError, ForbiddenError) as error:
        return record_pages.shown_again(entity_id, record_id, error)
    return record_pages.onward(entity_id, record_id)


def do(identifier: str, doing: str) -> ResponseReturnValue:
    """Decide, or do something else with an approval; then show the page again from which it came."""
    form = request.form
    with visit.reading() as work:
        one = approval_views.one(work, identifier)
    here = form.get("here") == "record"
    try:
        with visit.writing() as work, speaking(i18n.tag()):
            _DOINGS[doing](work, identifier, form)
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
    "delegate": lambda work, one, form: approving.hand_over(
        work, one, to=form.get("who", ""), comment=form.get("comment")
    ),
    "add_approver": lambda work, one, form: approving.add(
        work, one, who=form.get("who", ""), where=form.get("where", ""), comment=form.get("comment")
    ),
}
