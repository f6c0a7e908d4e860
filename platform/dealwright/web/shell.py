"""What stands around every page: the navigation, the person, the language. Given to every template as ``shell``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import g, request, url_for

from dealwright import access
from dealwright.metadata import approvals, reports
from dealwright.metadata.names import BASE, namespace_of
from dealwright.web import assets, i18n
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from dealwright.access import User
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity

_THEMES = frozenset({"light", "dark"})
#: Entities of the platform that are lists of their own; the others are seen at the records they belong to.
_OWN_LISTS = ("base.task", "base.activity", "base.target")
_HUES = ("violet", "blue", "amber", "teal", "pink", "green", "orange", "red")


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation: with a dot of its hue, or an icon; ``picture`` is the icon at the foot of a phone."""

    title: str
    url: str
    hue: str = "gray"
    icon: str | None = None
    current: bool = False
    picture: str = "briefcase"


@dataclass(frozen=True, slots=True)
class Group:
    """Entries of the navigation under one heading."""

    title: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Shell:
    """See the module.

    Attributes:
        tag: BCP 47 tag of the page's language; ``other_tag`` is the one it can be switched to.
        here: Path of the page, to come back to after switching.
        tabs: The entries at the foot of a phone's page.
    """

    tag: str
    other_tag: str
    other_language: str
    theme: str | None
    here: str
    user_name: str
    groups: tuple[Group, ...]
    tabs: tuple[Link, ...]
    script_texts: dict[str, str]


def shell() -> Shell:
    """Return the shell of this request; one without navigation while nobody is signed in."""
    tag = i18n.tag()
    theme = request.cookies.get("theme")
    user, catalog = g.get("user"), g.get("catalog")
    groups = _groups(catalog, user) if user is not None and catalog is not None else ()
    # Where a form was answered with a page, the address takes only posts: come back to the start instead.
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return Shell(
        tag=tag,
        other_tag="en" if tag == "zh-CN" else "zh-CN",
        other_language="English" if tag == "zh-CN" else "中文",
        theme=theme if theme in _THEMES else None,
        here=here,
        user_name=(user.name or user.email) if user is not None else "",
        groups=groups,
        tabs=tuple(link for group in groups[:2] for link in group.links)[:4],
        script_texts=i18n.script_texts(),
    )


def _groups(catalog: Catalog, user: User) -> tuple[Group, ...]:
    readable = access.readable(catalog, user)
    readable_by = {one.id for one in readable}.__contains__
    records = [one for one in readable if namespace_of(one.id) != BASE and one.part_of is None]
    own = [one for one in readable if one.id in _OWN_LISTS]
    inbox = Link(gettext("Approvals"), url_for("web.approvals"), icon="badge-check", picture="badge-check")
    if request.path == inbox.url:
        inbox = replace(inbox, current=True)
    decided: tuple[Link, ...] = (inbox,) if approvals.of(catalog) else ()
    figures = Link(gettext("Reports"), url_for("web.reports"), icon="trending-up", picture="trending-up")
    if request.path.startswith(("/reports", "/dashboards")):
        figures = replace(figures, current=True)
    decided += (figures,) if any(readable_by(one.entity) for one in reports.of(catalog).values()) else ()
    groups = [
        Group(gettext("Records"), tuple(_link(catalog, one, i) for i, one in enumerate(records))),
        Group(gettext("Work"), decided + tuple(_link(catalog, one, i + len(records)) for i, one in enumerate(own))),
    ]
    if access.capable(catalog, user, "admin") and "admin.index" in _endpoints():
        address = url_for("admin.index")
        link = Link(gettext("Administration"), address, icon="settings", current=request.path.startswith(address))
        groups.append(Group(gettext("Build"), (link,)))
    return tuple(group for group in groups if group.links)


def _link(catalog: Catalog, entity: Entity, index: int) -> Link:
    arguments: dict[str, Any] = request.view_args or {}
    return Link(
        title=i18n.entity_plural(catalog, entity),
        url=url_for("web.records", entity_id=entity.id),
        hue=str(entity.document.get("hue") or _HUES[index % len(_HUES)]),
        current=arguments.get("entity_id") == entity.id,
        picture=str(entity.document.get("icon")) if entity.document.get("icon") in assets.icons() else "briefcase",
    )


def _endpoints() -> frozenset[str]:
    from flask import current_app

    return frozenset(current_app.view_functions)
