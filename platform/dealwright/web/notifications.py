"""The bell: what the platform and its rules have told somebody, read or not.

A notification is a ``base.notification`` of its reader; the first entry is the newest. Opening one marks it as read and
leads to what it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for

from dealwright import access, clock, records
from dealwright.metadata.names import BASE
from dealwright.web import notices, visit
from dealwright.web.display import moment
from dealwright.web.links import links
from dealwright.web.targets import local

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.records import Work

ENTITY = f"{BASE}.notification"
#: Entries that are shown, and how many unread ones are marked as read at once.
SHOWN, _AT_ONCE = 50, 200


@dataclass(frozen=True, slots=True)
class Notice:
    """One entry: what it says, what it is about, and whether it was read."""

    id: str
    title: str
    body: str
    about: str
    at: str
    exact: str
    read: bool


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/notifications", "notifications", listing)
    pages.add_url_rule("/notifications/read", "notifications_read", read, methods=["POST"])


def unread() -> int:
    """Return how many notifications the reader has not read; one statement, asked by whole pages only."""
    user, catalog = visit.user(), visit.catalog()
    if not access.rights(catalog, user, ENTITY).allows("read"):
        return 0
    with visit.reading() as work:
        groups = records.aggregate(work, ENTITY, filter=_own(work, unread=True))
        return int(groups[0]["count"]) if groups else 0


def newest(work: Work) -> str:
    """Return the title of the newest notification that its reader has not read; empty if there is none."""
    if not access.rights(work.catalog, work.user, ENTITY).allows("read"):
        return ""
    found = _page(work, _own(work, unread=True), 1)
    return str(found[0]["title"]) if found else ""


def listing() -> ResponseReturnValue:
    """Show the latest notifications; to htmx the entries alone, for the panel of the bell."""
    with visit.reading() as work:
        entries = _entries(work)
        page = render_template(
            "notifications/entries.html" if visit.wants_part() else "notifications/page.html",
            entries=entries,
            any_unread=any(not one.read for one in entries),
            notice=notices.notice(),
        )
    return page, 200, {"Vary": "HX-Request-Type"}


def read() -> ResponseReturnValue:
    """Mark one notification as read and lead to what it is about, or mark all and come back."""
    chosen = request.form.get("id", "")
    target = local(request.form.get("next"), url_for("web.notifications"))
    with visit.writing() as work:
        access.demand(work.catalog, work.user, "read", ENTITY)
        condition = _own(work, unread=True)
        ids = [chosen] if chosen else [str(one["id"]) for one in _page(work, condition, _AT_ONCE)]
        own = {str(one["id"]): one for one in records.fetch_many(work, ENTITY, ids).values()}
        now = clock.now().isoformat()
        changes = [{"id": one, "read_at": now} for one, row in own.items() if _is_own(work, row) and not row["read_at"]]
        if changes:
            records.bulk(work, ENTITY, {"update": changes})
        about = own.get(chosen, {}).get("about") if chosen in own and _is_own(work, own[chosen]) else None
    if about:
        target = url_for("web.record", entity_id=about["entity"], record_id=about["id"])
    return redirect(target, 303)


def _own(work: Work, *, unread: bool = False) -> str:
    # The id is written out: `user` is a field of the entity too.
    condition = f'owner == "{work.user.id}"'
    return f"{condition} && read_at == null" if unread else condition


def _is_own(work: Work, row: Mapping[str, Any]) -> bool:
    return bool(row.get("owner") == work.user.id)


def _page(work: Work, condition: str, size: int) -> list[Mapping[str, Any]]:
    only = ["title", "body", "about", "read_at", "created_at"]
    return list(records.page(work, ENTITY, filter=condition, sort="-id", only=only, size=size).items)


def _entries(work: Work) -> tuple[Notice, ...]:
    if not access.rights(work.catalog, work.user, ENTITY).allows("read"):
        return ()
    found = _page(work, _own(work), SHOWN)
    wanted: dict[str, set[str]] = {}
    for one in found:
        if one.get("about"):
            wanted.setdefault(str(one["about"]["entity"]), set()).add(str(one["about"]["id"]))
    titles = links(work, [wanted])
    entries = []
    for one in found:
        about = one.get("about") or {}
        title = titles.get((str(about.get("entity")), str(about.get("id"))), ("", None))[0]
        exact = str(one["created_at"])
        body = str(one.get("body") or "")
        read = one.get("read_at") is not None
        entries.append(Notice(str(one["id"]), str(one["title"]), body, title, moment(exact), exact, read))
    return tuple(entries)
