"""What the admins have changed, downloaded as a pack: chosen by document, named, built and given as an archive."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from flask import Response, request, send_file
from flask_admin import BaseView

from dealwright import clock
from dealwright.errors import ConflictError, DealwrightError, NotFoundError
from dealwright.packs import carried, extract, overlay
from dealwright.storage import audit
from dealwright.web import visit
from dealwright.web.i18n import gettext
from dealwright_admin import words
from dealwright_admin.console import Guarded, exposed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

#: An id that no pack has, to ask which changes a pack can hold.
_PROBE: Final = "carried_by_nobody"
_FIRST: Final = {"name": "", "ns": "", "version": extract.VERSION, "title": "", "publisher": "", "publisher_name": ""}


class Carrying(Guarded, BaseView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """Own changes as a pack."""

    group = "build"

    def is_visible(self) -> bool:
        """Tell that the menu does not list it: it is a page of the packs."""
        return False

    @exposed("/", methods=("GET", "POST"))
    def index_view(self) -> ResponseReturnValue:
        """Show what can be carried away; give it as an archive."""
        if request.method == "GET":
            return self._page({**_FIRST}, None, None), 200
        typed = {name: request.form.get(name, "").strip()[:200] for name in _FIRST}
        chosen = [one for one in request.form.getlist("path") if one]
        try:
            if not chosen:
                raise ConflictError(gettext("Choose at least one change."))
            return _archive(typed, chosen)
        except DealwrightError as error:
            return self._page(typed, chosen, error), error.status

    def _page(self, typed: dict[str, str], chosen: list[str] | None, refusal: DealwrightError | None) -> str:
        with visit.workspace().database.read() as connection:
            groups, left = _changes(connection)
        return str(
            self.render(
                "dealwright_admin/carry.html",
                groups=groups,
                left=left,
                typed=typed,
                chosen=chosen,
                refusal=refusal,
            )
        )


def _changes(connection: Connection) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the changes that a pack can hold by document, and those that it cannot, each with why."""
    catalog = visit.catalog()
    try:
        refused = {one.id: why for one, why in extract.extract(connection, _PROBE).left}
    except NotFoundError:
        return [], []
    found: dict[str, dict[str, Any]] = {}
    left = []
    for change in overlay.listed(connection):
        one = change.patch
        if not change.in_force:
            continue
        kind, identifier = one.document
        about = words.document(catalog, kind, identifier)
        if one.id in refused:
            left.append({"kind": words.kind(kind), "about": about, "why": _why(refused[one.id])})
            continue
        path = f"{kind}:{identifier}#"
        group = found.setdefault(path, {"path": path, "kind": words.kind(kind), "about": about, "changes": []})
        group["changes"].append(words.place(catalog, kind, identifier, one.steps) or gettext("new"))
    return sorted(found.values(), key=lambda one: (one["kind"], one["about"])), left


def _why(reason: str) -> str:
    """Return in the page's language why a change cannot go into a pack."""
    if "about packs" in reason:
        return gettext("it is about packs, not about what they define")
    if "keeps its id" in reason:
        return gettext("it keeps its id, as records may be in it")
    return reason


def _archive(typed: dict[str, str], chosen: list[str]) -> Response:
    """Build the archive and note who took it.

    Raises:
        DefinitionError: If a name cannot be used, or what comes out is no pack that a gate would let in.
    """
    head: dict[str, Any] = {key: typed[key] for key in ("version", "title") if typed[key]}
    if typed["publisher"]:
        head["publisher"] = {"id": typed["publisher"], "name": typed["publisher_name"] or typed["publisher"]}
    with TemporaryDirectory(prefix="dealwright-") as place:
        with visit.workspace().database.read() as connection:
            built, made = carried.build(connection, Path(place), typed["name"] or "pack", typed["ns"], chosen, head)
        content = built.path.read_bytes()
    with visit.workspace().database.write() as connection:
        audit.append(
            connection,
            action="overlay.exported",
            actor=visit.user().id,
            at=clock.now(),
            subject=f"pack:{built.id}",
            data={"version": built.version, "digest": built.digest, "paths": chosen, "left": len(made.left)},
            address=visit.address(),
        )
    return send_file(
        io.BytesIO(content), mimetype="application/zip", as_attachment=True, download_name=built.path.name, etag=False
    )
