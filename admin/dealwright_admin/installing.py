"""Packs: an archive is looked at, planned and put in force; upgraded, stopped and taken away, each by a plan.

An archive is never kept: it passes the gate, is planned, and what the plan puts in force is stored with the plan.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for
from flask_admin import BaseView

from dealwright import packs
from dealwright.errors import ConflictError, DealwrightError, DefinitionError, NotFoundError
from dealwright.metadata.names import BASE
from dealwright.storage import plans
from dealwright.web import i18n, notices, visit
from dealwright.web.i18n import gettext
from dealwright_admin import publishing
from dealwright_admin.console import Guarded, exposed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

#: Largest archive that is looked at, in bytes; the gate has its own limits for what is in it.
_LARGEST: Final = 20_000_000
#: Bytes that are written at once.
_CHUNK: Final = 1 << 16


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
                "counts": _counts(one.id),
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
            )
        except DealwrightError as error:
            return self._plan(plan, error), error.status
        return redirect(url_for("admin_revisions.revision_view", revision=done.revision, notice="published"), 303)

    def _plan(self, plan: str, refusal: DealwrightError | None) -> str:
        with visit.workspace().database.read() as connection:
            kept = plans.get(connection, plan)
            there = packs.history(connection, limit=1)[0]["revision"]
        catalog = visit.catalog()
        lines = [publishing.line(catalog, one, whole=True) for one in kept.body["actions"]]
        page = self.render(
            "dealwright_admin/pack_plan.html",
            plan=kept,
            lines=[one for one in lines if one is not None],
            stale=kept.before != there,
            unchanged=kept.revision is not None and kept.revision == kept.before,
            refusal=refusal,
            reason=request.form.get("reason", ""),
        )
        return str(page)

    @exposed("/switch/", methods=("POST",))
    def switch_view(self) -> ResponseReturnValue:
        """Stop what a pack does, or let it work again."""
        name, on = request.form.get("pack", ""), request.form.get("on") == "1"
        try:
            packs.switch(visit.workspace().database, name, on=on, by=visit.user().id)
        except DealwrightError as error:
            return self._page(error), error.status
        return redirect(url_for("admin_packs.index_view", notice="done"), 303)


def _planned() -> packs.Plan:
    """Plan what a form asks for.

    Raises:
        NotFoundError: If it asks for a pack that is nowhere.
        DefinitionError, ConflictError: If the archive cannot be read, or may not come in.
    """
    form = request.form
    if without := form.get("without"):
        return _made(packs.Wanted(without=[without]))
    if name := form.get("pack"):
        known = packs.find()
        if name not in known:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=name[:80]))
        sources = {name: packs.read(known[name].resolve())}
        packs.with_required(sources)
        return _made(packs.Wanted(packs=list(sources.values())))
    sent = request.files.get("archive")
    if sent is None or not sent.filename:
        raise ConflictError(gettext("Choose an archive first: a file that ends in .zip."))
    with TemporaryDirectory(prefix="dealwright-") as place:
        path = Path(place) / "archive.zip"
        size = 0
        with path.open("wb") as file:
            while chunk := sent.stream.read(_CHUNK):
                size += len(chunk)
                if size > _LARGEST:
                    raise ConflictError(gettext("The archive is larger than %(n)s MB.", n=_LARGEST // 1_000_000))
                file.write(chunk)
        with packs.archive.unpacked(path) as folder:
            source = packs.read(folder.resolve())
            if undeclared := packs.archive.undeclared(source):
                raise DefinitionError(f"{source.id} cannot be installed", undeclared)
            with visit.workspace().database.read() as connection:
                packs.archive.demand_same(source, packs.active_packs(connection))
            sources = {source.id: source}
            packs.with_required(sources)
            release = packs.releases.of_archive(path, source)
            downgrade = form.get("downgrade") == "1"
            return _made(packs.Wanted(packs=list(sources.values()), archives={source.id: release}, downgrade=downgrade))


def _made(wanted: packs.Wanted) -> packs.Plan:
    user = visit.user()
    known = visit.workspace().latest()
    return packs.plan(visit.workspace().database, wanted, by=user.id, roles=user.roles, known=known)


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


def _counts(pack: str) -> list[tuple[str, int]]:
    """Return how many documents of each kind a pack defines, the most first."""
    from collections import Counter

    from dealwright_admin import words

    catalog = visit.catalog()
    found: Counter[str] = Counter()
    for kind, identifier in catalog.documents:
        layer = catalog.provenance.get((kind, identifier, "/id"), ("",))[0]
        if layer == pack:
            found[words.kind(kind)] += 1
    return found.most_common(5)
