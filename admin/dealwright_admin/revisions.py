"""What was put in force, by whom and why, what each changed, and going back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for
from flask_admin import BaseView

from dealwright import packs, records
from dealwright.errors import DealwrightError, NotFoundError
from dealwright.metadata import differences
from dealwright.metadata.pointers import steps
from dealwright.storage import drafts as stored
from dealwright.web import notices, visit
from dealwright.web.i18n import gettext
from dealwright_admin import words
from dealwright_admin.console import Guarded, exposed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

    from dealwright.metadata.catalog import Catalog

#: Attributes that are shown of one revision.
_MOST = 400


class Revisions(Guarded, BaseView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """The history of the definitions."""

    @exposed("/")
    def index_view(self) -> ResponseReturnValue:
        """Show what was put in force, the newest first."""
        page = self.render("dealwright_admin/revisions.html", rows=_history(), notice=notices.notice())
        return str(page), 200

    @exposed("/<revision>/")
    def revision_view(self, revision: str) -> ResponseReturnValue:
        """Show what a revision changed of the one before."""
        return self._page(revision, None), 200

    @exposed("/<revision>/rollback/", methods=("POST",))
    def rollback_view(self, revision: str) -> ResponseReturnValue:
        """Put an earlier revision in force again."""
        reason = request.form.get("reason", "").strip()[:500]
        try:
            done = packs.rollback(visit.workspace().database, revision, by=visit.user().id, reason=reason)
        except DealwrightError as error:
            return self._page(revision, error), error.status
        return redirect(url_for("admin_revisions.index_view", notice="rolled_back", at=done.revision), 303)

    def _page(self, revision: str, refusal: DealwrightError | None) -> str:
        rows = _history()
        place = next((i for i, one in enumerate(rows) if one["revision"] == revision), None)
        if place is None:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=revision[:80]))
        earlier = rows[place + 1]["revision"] if place + 1 < len(rows) else None
        with visit.workspace().database.read() as connection:
            new = visit.workspace().catalog_of(connection, revision)
            old = visit.workspace().catalog_of(connection, earlier) if earlier is not None else None
        found = _difference(old, new) if old is not None else []
        return str(
            self.render(
                "dealwright_admin/revision.html",
                one=rows[place],
                first=old is None,
                found=found[:_MOST],
                more=max(0, len(found) - _MOST),
                active=rows[0]["revision"],
                refusal=refusal,
                notice=notices.notice(),
            )
        )


def _history() -> list[dict[str, Any]]:
    with visit.workspace().database.read() as connection:
        found = packs.history(connection, limit=200)
        titles = {one.revision: one.title for one in stored.listed(connection, state="published")}
        names = called(connection, {str(one["by"]) for one in found if one["by"]})
    return [{**one, "draft": titles.get(one["revision"], ""), "name": names.get(str(one["by"]), "")} for one in found]


def called(connection: Connection, users: set[str]) -> dict[str, str]:
    """Return what users are called, by id, as who reads the page may see them."""
    if not users:
        return {}
    work = records.Work(visit.workspace(), connection, visit.user(), catalog=visit.catalog())
    return {identifier: title for (_, identifier), title in records.titles(work, {"base.user": users}).items()}


def _difference(old: Catalog, new: Catalog) -> list[dict[str, Any]]:
    """Return what differs, document by document, in words."""
    found = []
    for one in differences.diff(old, new).documents:
        there = new if one.change != "removed" else old
        about = {"kind": words.kind(one.kind), "about": words.document(there, one.kind, one.id)}
        if one.change != "changed":
            title = gettext("new") if one.change == "added" else gettext("gone")
            found.append(
                {**about, "title": title, "hue": "green" if one.change == "added" else "red", "before": "", "after": ""}
            )
            continue
        for change in one.attributes:
            at = steps(change.path.partition("#")[2])
            if at[-1:] == ("order",):
                continue
            gone = change.after is None
            found.append(
                {
                    **about,
                    "title": words.place(old if gone else new, one.kind, one.id, at),
                    "before": words.value(change.before),
                    "after": words.value(change.after),
                    "hue": "red" if gone else "green" if change.before is None else "amber",
                }
            )
    return found
