"""Finding anything by typing: the command palette, and the page of a search for who has no scripts.

``/palette?q=`` answers ``{"items": [{"title", "hint", "url", "icon", "group"}]}``: pages and things to make whose name
holds the text, then records. What can be done on the page itself the script ``palette.js`` adds from the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, jsonify, render_template, request, url_for

from dealwright import access, records
from dealwright.metadata import approvals
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright.web.shell import OWN_LISTS, creatable, listed, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.typing import ResponseReturnValue

    from dealwright.records import Work

#: Records that are offered while somebody types, and that the page of a search shows.
_OFFERED, _FOUND = 12, 100
#: Longest text that is looked for.
_LONGEST = 200


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/palette", "palette", palette)
    pages.add_url_rule("/search", "search", search)


def palette() -> ResponseReturnValue:
    """Answer with what can be opened or made whose name holds what was typed; with nothing typed, with all places."""
    text = _asked()
    with visit.reading() as work:
        wanted = text.casefold()
        items = [one for one in _places(work) if wanted in f"{one['title']} {one['hint']}".casefold()]
        items += list(_records(work, text, _OFFERED)) if text else []
    return jsonify(items=items)


def search() -> ResponseReturnValue:
    """Show the records of every kind whose name holds what was typed."""
    text = _asked()
    with visit.reading() as work:
        found = list(_records(work, text, _FOUND)) if text else []
        groups: dict[str, list[dict[str, str]]] = {}
        for one in found:
            groups.setdefault(one["hint"], []).append(one)
        return render_template("search.html", text=text, groups=list(groups.items()))


def _asked() -> str:
    return request.args.get("q", "").strip()[:_LONGEST]


def _item(group: str, title: str, url: str, icon: str, hint: str = "") -> dict[str, str]:
    return {"group": group, "title": title, "url": url, "icon": icon, "hint": hint}


def _places(work: Work) -> Iterator[dict[str, str]]:
    catalog, user = work.catalog, work.user
    pages, make = gettext("Go to"), gettext("Create")
    for entity in listed(catalog, user):
        plural = i18n.entity_plural(catalog, entity)
        yield _item(pages, plural, url_for("web.records", entity_id=entity.id), picture(entity))
    if approvals.of(catalog):
        yield _item(pages, gettext("Approvals"), url_for("web.approvals"), "badge-check")
    yield _item(pages, gettext("Notifications"), url_for("web.notifications"), "bell")
    if access.capable(catalog, user, "admin") and "admin.index" in current_app.view_functions:
        yield _item(pages, gettext("Administration"), url_for("admin.index"), "settings")
    for entity in creatable(catalog, user):
        title = gettext("New: %(title)s", title=i18n.entity_title(catalog, entity))
        yield _item(make, title, url_for("web.new", entity_id=entity.id), "plus")


def _records(work: Work, text: str, limit: int) -> Iterator[dict[str, str]]:
    own = [entity.id for entity in listed(work.catalog, work.user)]
    places = {one: i for i, one in enumerate([*own, *OWN_LISTS])}
    found = records.search(work, text, limit=limit)
    found.sort(
        key=lambda hit: places.get(hit["entity"], len(places))
    )  # what people work with before the platform's own
    for hit in found:
        entity = work.catalog.entity(hit["entity"])
        address = url_for("web.record", entity_id=entity.id, record_id=hit["id"])
        title = i18n.entity_title(work.catalog, entity)
        yield _item(gettext("Records"), str(hit["title"] or hit["id"]), address, picture(entity), title)
