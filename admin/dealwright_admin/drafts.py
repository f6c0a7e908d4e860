"""Drafts: begun, looked over, undone piece by piece, discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, request, url_for
from flask_admin import BaseView

from dealwright import clock
from dealwright.packs import drafts
from dealwright.storage import accounts
from dealwright.storage import drafts as stored
from dealwright.web import notices, targets, visit
from dealwright.web.i18n import gettext
from dealwright_admin import problems, words
from dealwright_admin.console import Guarded, exposed
from dealwright_admin.draft_page import DraftPage, noted, opened, writing

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

    from dealwright.storage.drafts import Draft

#: Longest title of a draft.
_LONGEST = 120


class Drafts(Guarded, BaseView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """All drafts, the open ones first."""

    @exposed("/")
    def index_view(self) -> ResponseReturnValue:
        """Show the drafts, and a form that begins one."""
        with visit.workspace().database.read() as connection:
            found = stored.listed(connection)
            people = _people(connection)
        order = {"open": 0, "published": 1, "discarded": 2}
        found.sort(key=lambda one: order[one.state])
        page = self.render("dealwright_admin/drafts.html", drafts=found, people=people, notice=notices.notice())
        return str(page), 200

    @exposed("/begin/", methods=("POST",))
    def begin_view(self) -> ResponseReturnValue:
        """Begin a draft, or go on with the reader's own; ``to`` is a page within it."""
        title = request.form.get("title", "").strip()[:_LONGEST]
        with visit.workspace().database.write() as connection:
            mine = None if title else _latest(connection)
            identifier = (
                mine.id if mine is not None else drafts.begin(connection, title or _named(), by=visit.user().id)
            )
            if mine is None:
                noted(connection, "draft.begun", identifier, {"title": title or _named()})
        here = url_for("admin_draft.draft_view", draft=identifier)
        return redirect(targets.local(here + request.form.get("to", ""), here), 303)


class OneDraft(DraftPage):
    """One draft: what it changes, and what is wrong with it."""

    part = "changes"

    @exposed("/<draft>/")
    def draft_view(self, draft: str) -> ResponseReturnValue:
        """Show what a draft changes."""
        found = opened(draft)
        page = self.shown("draft.html", found, told=words.changes(found), looked=problems.looked(found), words=words)
        return page, 200

    @exposed("/<draft>/title/", methods=("POST",))
    def title_view(self, draft: str) -> ResponseReturnValue:
        """Give a draft another title."""
        title = request.form.get("title", "").strip()[:_LONGEST]
        with writing(draft) as (connection, found):
            if title and title != found.draft.title:
                stored.touch(connection, draft, by=visit.user().id, at=clock.now(), title=title)
        return _back(draft)

    @exposed("/<draft>/undo/", methods=("POST",))
    def undo_view(self, draft: str) -> ResponseReturnValue:
        """Forget one change of a draft."""
        with writing(draft) as (connection, found):
            drafts.undo(connection, found, request.form.get("path", ""), request.form.get("op", ""), by=visit.user().id)
        return _back(draft)

    @exposed("/<draft>/settle/", methods=("POST",))
    def settle_view(self, draft: str) -> ResponseReturnValue:
        """Decide a conflict with what was put in force meanwhile."""
        form = request.form
        with writing(draft) as (connection, found):
            drafts.settle(
                connection,
                found,
                form.get("path", ""),
                form.get("op", ""),
                mine=form.get("keep") == "mine",
                by=visit.user().id,
            )
        return _back(draft)

    @exposed("/<draft>/discard/", methods=("POST",))
    def discard_view(self, draft: str) -> ResponseReturnValue:
        """Put a draft away, or take it out again; nothing of it is lost."""
        state = "open" if request.form.get("state") == "open" else "discarded"
        with visit.workspace().database.write() as connection:
            found = drafts.opened(connection, draft)
            if found.draft.state in ("open", "discarded") and found.draft.state != state:
                drafts.close(connection, found, state, by=visit.user().id)
                noted(connection, f"draft.{'begun' if state == 'open' else state}", draft, {"title": found.draft.title})
        return redirect(url_for("admin_drafts.index_view", notice="done"), 303)


def draft_state(state: str) -> str:
    """Return the state of a draft in words."""
    words = {"open": gettext("open"), "published": gettext("published"), "discarded": gettext("put away")}
    return words.get(state, state)


def _back(draft: str) -> ResponseReturnValue:
    return redirect(url_for("admin_draft.draft_view", draft=draft, notice="done"), 303)


def _latest(connection: Connection) -> Draft | None:
    """Return the draft that the reader has worked on last."""
    mine = visit.user().id
    return next(
        (one for one in stored.listed(connection, state="open") if mine in (one.begun_by, one.changed_by)), None
    )


def _named() -> str:
    return gettext("Changes of %(day)s", day=f"{clock.now():%Y-%m-%d}")


def _people(connection: Connection) -> dict[str, str]:
    return {one["user"]: one["name"] or one["email"] for one in accounts.everybody(connection, visit.catalog())}
