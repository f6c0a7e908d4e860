"""What packs have left behind: data of definitions that are gone, written out, and removed for good by its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, redirect, request, url_for
from flask_admin import BaseView

from dealwright import packs
from dealwright.errors import ConflictError, DealwrightError
from dealwright.metadata.patches import OVERLAY
from dealwright.packs import left_behind, purge
from dealwright.records import bygone
from dealwright.web import notices, visit
from dealwright.web.i18n import gettext
from dealwright_admin.console import Guarded, exposed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

#: More than anybody has ever put in force.
_ALL = 100_000


class Leftovers(Guarded, BaseView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """Data of packs that are gone."""

    group = "build"

    def is_visible(self) -> bool:
        """Tell that the menu does not list it: it is a page of the packs."""
        return False

    @exposed("/")
    def index_view(self) -> ResponseReturnValue:
        """Show what is left behind, of which pack, since when, and from when it may go for good."""
        return self._page(None), 200

    @exposed("/export/")
    def export_view(self) -> ResponseReturnValue:
        """Give one entity or field that is left behind as JSON lines."""
        pack, path = request.args.get("pack", ""), request.args.get("path", "")
        with visit.workspace().database.read() as connection:
            (one,) = purge.chosen(connection, pack, [path])
            content = b"".join(bygone.lines(visit.workspace(), connection, one, visit.user()))
        name = path.removeprefix("entity:").replace("#/properties/", ".")
        response = Response(content, mimetype="application/jsonl")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.jsonl"'
        return response

    @exposed("/purge/", methods=("POST",))
    def purge_view(self) -> ResponseReturnValue:
        """Remove what is ticked, if the number that is typed is that of its records."""
        form = request.form
        reason, number = form.get("reason", "").strip()[:500], form.get("records", "").strip()
        try:
            if not reason:
                raise ConflictError(gettext("Say why: the history shows it to others."))
            if not number.isdigit() or not form.getlist("path"):
                raise ConflictError(gettext("Tick what shall go, and type how many records that are."))
            purge.purge(
                visit.workspace().database,
                form.get("pack", ""),
                form.getlist("path"),
                records=int(number),
                by=visit.user().id,
                reason=reason,
            )
        except DealwrightError as error:
            return self._page(error), error.status
        return redirect(url_for("admin_leftovers.index_view", notice="done"), 303)

    def _page(self, refusal: DealwrightError | None) -> str:
        with visit.workspace().database.read() as connection:
            groups = _groups(connection)
        return str(
            self.render(
                "dealwright_admin/leftovers.html",
                groups=groups,
                days=left_behind.DELAY.days,
                refusal=refusal,
                notice=notices.notice(),
            )
        )


def _groups(connection: Connection) -> list[dict[str, Any]]:
    """Return what each pack that was ever in force has left behind, and the admins themselves."""
    known = {pack for one in packs.history(connection, limit=_ALL) for pack in one["packs"]}
    found = []
    for pack in sorted(known | {OVERLAY}):
        try:
            left = left_behind.left_behind(connection, pack)
        except DealwrightError:  # the admins have never added anything
            continue
        held = {problem.source for problem in purge.problems(left)}
        rows = [{**one.as_json(), "at": one.gone_at, "free": one.free_at, "stays": one.path in held} for one in left]
        if rows:
            found.append({"pack": pack, "own": pack == OVERLAY, "rows": rows})
    return found
