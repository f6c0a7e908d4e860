"""Deciding from a mail: the page that a link opens, and the decision that its buttons send.

Nobody need sign in: the link is the key, for one decision. Opening it changes nothing, so programs that look into mails
do no harm. The address carries a secret; no other site is told of it (``Referrer-Policy``), and no cache keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, make_response, redirect, render_template, request, url_for

from dealwright.actions.plain import moment as plain
from dealwright.errors import ConflictError, DealwrightError, ForbiddenError, NotFoundError, RecordError
from dealwright.fields.messages import speaking
from dealwright.records import approval_links
from dealwright.web import approval_cards, i18n, refusals, visit
from dealwright.web.display import moment
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.records.approval_links import Opened

#: Status of what a link leads to; a link that was of use and is no more is gone.
_STATUS: Final = {"open": 200, "used": 200, "unknown": 404, "disabled": 403, "unseen": 403, "waiting": 409}
_VERDICTS: Final = frozenset({"approved", "rejected"})


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/approvals/mail/<secret>", "approval_mail", show)
    pages.add_url_rule("/approvals/mail/<secret>/decide", "approval_mail_decide", decide, methods=["POST"])


def show(secret: str) -> ResponseReturnValue:
    """Show what a link is about and ask for the decision, or say why there is none to make."""
    with visit.workspace().database.read() as connection, speaking(i18n.tag()):
        found = approval_links.opened(visit.workspace(), connection, secret, address=visit.address())
        return _page(secret, found, None)


def decide(secret: str) -> ResponseReturnValue:
    """Decide, and show what the link has come to."""
    verdict, comment = request.form.get("verdict", ""), request.form.get("comment")
    try:
        if verdict in _VERDICTS:
            with visit.workspace().database.write() as connection, speaking(i18n.tag()):
                approval_links.decide(
                    visit.workspace(), connection, secret, verdict, comment=comment, address=visit.address()
                )
    except (ConflictError, ForbiddenError, NotFoundError, RecordError) as error:
        with visit.workspace().database.read() as connection, speaking(i18n.tag()):
            found = approval_links.opened(visit.workspace(), connection, secret, address=visit.address())
            return _page(secret, found, error)
    return redirect(url_for("web.approval_mail", secret=secret), 303)


def _page(secret: str, found: Opened, refusal: DealwrightError | None) -> ResponseReturnValue:
    card = approval_cards.card(found.work, found.view) if found.work is not None and found.view is not None else None
    title, text = _said(found)
    page = render_template(
        "approvals/mail.html",
        secret=secret,
        state=found.state,
        title=title,
        text=text,
        one=card,
        typed=request.form.get("comment", ""),
        problems=refusals.problems(refusal) or [refusals.told(refusal)] if refusal is not None else (),
    )
    status = refusal.status if refusal is not None and found.state == "open" else _STATUS.get(found.state, 410)
    response = make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _said(found: Opened) -> tuple[str, str]:
    """Return heading and sentence of what a link has come to."""
    link = found.link
    at = moment(plain(link.used_at)) if link is not None and link.used_at is not None else ""
    approved = link is not None and link.verdict == "approved"
    texts = {
        "open": (gettext("Your decision"), gettext("Nothing is decided until you press a button below.")),
        "used": (
            gettext("You have approved") if approved else gettext("You have rejected"),
            gettext("This link was used on %(at)s. It cannot be used again.", at=at),
        ),
        "unknown": (
            gettext("This link leads nowhere"),
            gettext("It is not whole, or very old. Open the newest mail, or sign in and look at your approvals."),
        ),
        "expired": (
            gettext("This link has run out"),
            gettext("It was good for seven days. Sign in and decide on the page of your approvals."),
        ),
        "disabled": (
            gettext("Your account is not active"),
            gettext("Nothing can be decided with it. Ask an administrator."),
        ),
        "ended": (gettext("This approval has ended"), gettext("There is nothing to decide any more.")),
        "decided": (gettext("You have decided this already"), gettext("Your decision stands. Nothing was changed.")),
        "elsewhere": (
            gettext("You are not asked any more"),
            gettext("Somebody else has decided, or it was handed over to another person."),
        ),
        "restarted": (
            gettext("This approval has begun anew"),
            gettext("Values have changed since this mail. If you are asked again, there is a newer one."),
        ),
        "waiting": (
            gettext("Somebody else decides first"),
            gettext("Open this link again when it is your turn; you are told then."),
        ),
        "unseen": (
            gettext("You may not see this record any more"),
            gettext("So you cannot decide on it. Ask an administrator."),
        ),
    }
    return texts[found.state]
