"""Packs: an archive is looked at, planned and put in force; upgraded, stopped and taken away, each by a plan.

Where an upgrade meets what admins have changed, the plan asks, and waits for the answers (``packs.questions``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import redirect, request, url_for
from flask_admin import BaseView

from dealwright import clock, packs
from dealwright.errors import ConflictError, DealwrightError, DefinitionError
from dealwright.metadata.names import BASE
from dealwright.packs.questions import ASKED
from dealwright.storage import audit, plans, revisions
from dealwright.web import i18n, notices, visit
from dealwright.web.i18n import gettext
from dealwright_admin import pack_plans, pack_questions, publishing, words
from dealwright_admin.console import Guarded, exposed
from dealwright_admin.one_pack import brings
from dealwright_admin.revisions import called

if TYPE_CHECKING:
    from typing import BinaryIO

    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection


#: Lines of a plan about a change of the admins, of which a question tells more.
_OF_QUESTIONS = frozenset({*ASKED, "CONVERGED", "MOVED", "RESET", "CHANGE", "SET"})


class Packs(Guarded, BaseView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """What is installed, and what can be."""

    @exposed("/")
    def index_view(self) -> ResponseReturnValue:
        """Show the packs in force and those that are shipped or lie beside the platform."""
        return self._page(None), 200

    def _page(self, refusal: DealwrightError | None) -> str:
        with visit.workspace().database.read() as connection:
            state = packs.status(connection)
        catalog = visit.catalog()
        present = {one["id"]: one for one in state["packs"]}
        rows = [
            {
                "id": one.id,
                "title": i18n.pack_title(one),
                "version": one.version,
                "disabled": present.get(one.id, {}).get("disabled", False),
                "needs": sorted(one.requires),
                "needed_by": sorted(other.id for other in catalog.packs.values() if one.id in other.requires),
                "counts": [(words.kind(kind), n) for kind, n in brings(one.id).most_common(5)],
            }
            for one in catalog.packs.values()
            if one.id != BASE
        ]
        return str(
            self.render(
                "dealwright_admin/packs.html",
                rows=rows,
                offered=_offered({one["id"]: one["version"] for one in state["packs"]}),
                refusal=refusal,
                changes=state["changes"],
                notice=notices.notice(),
            )
        )

    @exposed("/plan/", methods=("POST",))
    def plan_view(self) -> ResponseReturnValue:
        """Plan an archive that is sent, a pack that is there (``pack``), or that one goes (``without``)."""
        try:
            made = _planned()
        except DealwrightError as error:
            return self._page(error), error.status
        return redirect(url_for("admin_packs.look_view", plan=made.id), 303)

    @exposed("/plan/<plan>/")
    def look_view(self, plan: str) -> ResponseReturnValue:
        """Show what a plan would do."""
        return self._plan(plan, None), 200

    @exposed("/plan/<plan>/answers/", methods=("POST",))
    def answers_view(self, plan: str) -> ResponseReturnValue:
        """Take answers, and make the plan anew with them: nothing is in force by that."""
        try:
            with visit.workspace().database.read() as connection:
                kept = plans.get(connection, plan)
            asked = kept.body.get("review") or {"items": (), "origin": {}}
            if kept.applied_at is not None or kept.before != _in_force():
                raise ConflictError(gettext("Other definitions are in force by now: plan again."))
            made = pack_plans.made(asked["origin"], pack_questions.read(request.form, asked["items"]))
        except DealwrightError as error:
            return self._plan(plan, error), error.status
        return redirect(url_for("admin_packs.look_view", plan=made.id, _anchor="questions"), 303)

    @exposed("/plan/<plan>/apply/", methods=("POST",))
    def apply_view(self, plan: str) -> ResponseReturnValue:
        """Put just that in force, for a reason."""
        reason = request.form.get("reason", "").strip()[:500]
        try:
            if not reason:
                raise ConflictError(gettext("Say why: the history shows it to others."))
            user = visit.user()
            done = packs.apply(
                visit.workspace().database,
                plan,
                request.form.get("fingerprint"),
                by=user.id,
                roles=user.roles,
                reason=reason,
                note=lambda connection, done: _noted(connection, plan, done),
            )
        except DealwrightError as error:
            return self._plan(plan, error), error.status
        return redirect(url_for("admin_revisions.revision_view", revision=done.revision, notice="published"), 303)

    def _plan(self, plan: str, refusal: DealwrightError | None) -> str:
        with visit.workspace().database.read() as connection:
            kept = plans.get(connection, plan)
            items = (kept.body.get("review") or {}).get("items", ())
            people = called(connection, {str(one["by"]) for one in items if one.get("by")})
        catalog = visit.catalog()
        asked = {one["path"] for one in items}
        lines = [
            publishing.line(catalog, one, whole=True)
            for one in kept.body["actions"]
            if one["path"] not in asked or one["action"] not in _OF_QUESTIONS
        ]
        page = self.render(
            "dealwright_admin/pack_plan.html",
            plan=kept,
            lines=[one for one in lines if one is not None],
            questions=pack_questions.told(catalog, items, people),
            unanswered=sum(1 for one in items if one["open"]),
            stale=kept.before != _in_force(),
            unchanged=kept.revision is not None and kept.revision == kept.before,
            refusal=refusal,
            reason=request.form.get("reason", ""),
        )
        return str(page)


def _in_force() -> str:
    with visit.workspace().database.read() as connection:
        return revisions.active(connection)


def _noted(connection: Connection, plan: str, done: packs.Installed) -> None:
    """Write what was answered into the audit log, in the transaction that puts it in force."""
    items = (plans.get(connection, plan).body.get("review") or {}).get("items", ())
    said = {one["path"]: [one["answer"], one.get("note", "")] for one in items if one.get("answer")}
    if said:
        audit.append(
            connection,
            action="plan.answered",
            actor=visit.user().id,
            at=clock.now(),
            subject=f"plan:{plan}",
            data={"answers": said, "revision": done.revision, "by": visit.user().by},
            address=visit.address(),
        )


def _planned() -> packs.Plan:
    """Plan what a form asks for.

    Raises:
        NotFoundError: If it asks for a pack that is nowhere.
        DefinitionError, ConflictError: If the archive cannot be read, or may not come in.
    """
    form = request.form
    for key in ("without", "pack"):
        if form.get(key):
            return pack_plans.made({key: form[key]}, {})
    archive = request.files.get("archive")
    if archive is None or not archive.filename:
        raise ConflictError(gettext("Choose an archive first: a file that ends in .zip."))
    return pack_plans.sent(cast("BinaryIO", archive.stream), archive.filename, downgrade=form.get("downgrade") == "1")


def _offered(present: dict[str, str]) -> list[dict[str, Any]]:
    """Return the packs that lie beside the platform and are not in force in this version."""
    found = []
    for name, folder in sorted(packs.find().items()):
        try:
            source = packs.read(folder.resolve())
        except DefinitionError:
            continue
        there = present.get(name)
        if there == source.layer.version:
            continue
        title = source.manifest.get("title", name)
        if not isinstance(title, str):
            title = title.get(i18n.tag()) or title.get("en") or name
        found.append({"id": name, "title": title, "version": source.layer.version, "there": there})
    return found
