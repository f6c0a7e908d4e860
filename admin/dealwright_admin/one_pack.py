"""One pack: what it brings, may do and has in its hands; stopped with a reason and after a look at what stops."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for
from flask_admin import BaseView

from dealwright import packs
from dealwright.errors import DealwrightError, NotFoundError
from dealwright.metadata.names import BASE
from dealwright.packs import overlay, permissions
from dealwright.packs.prepare import current, sources_of
from dealwright.storage import in_flight, misfits
from dealwright.web import i18n, notices, visit
from dealwright.web.i18n import gettext
from dealwright_admin import words
from dealwright_admin.console import Guarded, exposed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

#: Kinds of documents that rest while a pack is stopped (``metadata.disabled``).
_REST: Final = ("rule", "sequence", "sla", "deadline", "report", "dashboard", "view")


class OnePack(Guarded, BaseView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """The page of a pack in force."""

    group = "build"

    def __init__(self, endpoint: str) -> None:
        self._default_view = ""
        super().__init__(name="", endpoint=f"admin_{endpoint}", url="packs/of")

    def is_visible(self) -> bool:
        """Tell that the menu does not list it: there is one for each pack."""
        return False

    @exposed("/<pack>/")
    def pack_view(self, pack: str) -> ResponseReturnValue:
        """Show a pack."""
        return self._page(pack, None), 200

    @exposed("/<pack>/switch/", methods=("POST",))
    def switch_view(self, pack: str) -> ResponseReturnValue:
        """Stop what a pack does, or let it work again; the reason stands in the history."""
        on, reason = request.form.get("on") == "1", request.form.get("reason", "").strip()[:500]
        try:
            packs.switch(visit.workspace().database, pack, on=on, by=visit.user().id, reason=reason)
        except DealwrightError as error:
            return self._page(pack, error), error.status
        return redirect(url_for("admin_one_pack.pack_view", pack=pack, notice="done"), 303)

    def _page(self, pack: str, refusal: DealwrightError | None) -> str:
        catalog = visit.catalog()
        if pack not in catalog.packs or pack == BASE:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=pack[:80]))
        one = catalog.packs[pack]
        with visit.workspace().database.read() as connection:
            state = next(it for it in packs.status(connection)["packs"] if it["id"] == pack)
            held = _held(connection, pack)
            source = next(it for it in sources_of(current(connection)) if it.id == pack)
            changes = sum(
                1
                for it in overlay.listed(connection)
                if it.in_force and catalog.provenance.get((*it.patch.document, "/id"), ("",))[0] == pack
            )
        brought = brings(pack)
        return str(
            self.render(
                "dealwright_admin/pack.html",
                pack=one,
                title=i18n.pack_title(one),
                disabled=state["disabled"],
                brings=[(words.kind(kind), n) for kind, n in brought.most_common()],
                rests=[(words.kind(kind), brought[kind]) for kind in _REST if brought[kind]],
                needs=sorted(one.requires),
                needed_by=sorted(other.id for other in catalog.packs.values() if pack in other.requires),
                may=[_may(use) for use in permissions.declared(source.manifest)],
                changes=changes,
                refusal=refusal,
                notice=notices.notice(),
                **held,
            )
        )


def brings(pack: str) -> Counter[str]:
    """Return how many documents of each kind a pack defines."""
    catalog = visit.catalog()
    found: Counter[str] = Counter()
    for kind, identifier in catalog.documents:
        if catalog.provenance.get((kind, identifier, "/id"), ("",))[0] == pack:
            found[kind] += 1
    return found


def _held(connection: Connection, pack: str) -> dict[str, Any]:
    """Return how many records the entities of a pack have, and how many of its clocks run."""
    catalog = visit.catalog()
    own = [one for one in catalog.entities.values() if one.layer == pack]
    records = [(i18n.entity_plural(catalog, one), misfits.records(connection, catalog, one.id)) for one in own]
    clocks = sum(
        n for key, n in in_flight.clocks(connection).items() if catalog.provenance.get((*key, "/id"), ("",))[0] == pack
    )
    return {"records": sorted(records, key=lambda one: -one[1]), "clocks": clocks}


def _may(use: permissions.Use) -> str:
    if use.sort == "entities":
        return gettext("%(op)s: records of %(entity)s", op=words.operation(use.op), entity=use.name)
    if use.sort == "notify":
        return gettext("Tell people by %(channel)s", channel=use.name)
    if use.sort == "connections":
        return gettext("Call the connection %(name)s", name=use.name)
    return gettext("Bring the role %(role)s", role=use.name)
