"""What stands around every page: the navigation, the person, the language. Given to every template as ``shell``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import g, request, url_for

from dealwright import access
from dealwright.metadata import approvals, reports
from dealwright.metadata.names import BASE, namespace_of
from dealwright.web import assets, changes, i18n, notifications
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from dealwright.access import User
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity

_THEMES = frozenset({"light", "dark"})
_DENSITIES = frozenset({"compact", "comfortable"})
#: Entities of the platform that are lists of their own; the others are seen at the records they belong to.
OWN_LISTS = ("base.task", "base.activity", "base.target")
_HUES = ("violet", "blue", "amber", "teal", "pink", "green", "orange", "red")


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation: with a dot of its hue, or an icon; ``picture`` is the icon at the foot of a phone.

    ``piped`` tells whether its records move through stages.
    """

    title: str
    url: str
    hue: str = "gray"
    icon: str | None = None
    current: bool = False
    picture: str = "briefcase"
    piped: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Entries of the navigation under one heading, which can be folded up where ``id`` says by what name."""

    title: str
    links: tuple[Link, ...]
    id: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Shell:
    """See the module.

    Attributes:
        tag: BCP 47 tag of the page's language; ``other_tag`` is the one it can be switched to.
        here: Path of the page, to come back to after switching.
        tabs: The entries at the foot of a phone's page.
        makes: What can be made from every page.
    """

    tag: str
    other_tag: str
    other_language: str
    theme: str | None
    density: str | None
    here: str
    user_name: str
    user_id: str
    groups: tuple[Group, ...]
    tabs: tuple[Link, ...]
    makes: tuple[Link, ...]
    script_texts: dict[str, str]

    @property
    def unread(self) -> int:
        """How many notifications wait; asked of the database by whole pages, and not by parts of them."""
        return notifications.unread() if self.user_name else 0

    @property
    def since(self) -> int:
        """The moment from which on the page wants to know of changes, in milliseconds."""
        return changes.since()


def shell() -> Shell:
    """Return the shell of this request; one without navigation while nobody is signed in."""
    tag = i18n.tag()
    theme, density = request.cookies.get("theme"), request.cookies.get("density")
    user, catalog = g.get("user"), g.get("catalog")
    groups = _groups(catalog, user) if user is not None and catalog is not None else ()
    # Where a form was answered with a page, the address takes only posts: come back to the start instead.
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return Shell(
        tag=tag,
        other_tag="en" if tag == "zh-CN" else "zh-CN",
        other_language="English" if tag == "zh-CN" else "中文",
        theme=theme if theme in _THEMES else None,
        density=density if density in _DENSITIES else None,
        here=here,
        user_name=(user.name or user.email) if user is not None else "",
        user_id=(user.id or "") if user is not None else "",
        groups=groups,
        tabs=_tabs(groups),
        makes=_makes(catalog, user) if user is not None and catalog is not None else (),
        script_texts=i18n.script_texts(),
    )


def listed(catalog: Catalog, user: User) -> tuple[Entity, ...]:
    """Return the entities that have a list of their own and that the user may read: those of packs, then the platform's."""
    readable = [one for one in access.readable(catalog, user) if not catalog.is_off(one.id)]
    own = [one for one in readable if namespace_of(one.id) != BASE and one.part_of is None]
    depth = catalog.once(
        "web.depth", lambda: {pack.namespace: _depth(catalog, pack.id) for pack in catalog.packs.values()}
    )
    own.sort(key=lambda one: depth.get(namespace_of(one.id), 0))  # what other packs build on stands before them
    return (*own, *(one for one in readable if one.id in OWN_LISTS))


def _depth(catalog: Catalog, pack_id: str) -> int:
    """Return how many packs lie under a pack; of one that is not installed, none."""
    pack = catalog.packs.get(pack_id)
    return 1 + max((_depth(catalog, one) for one in pack.requires), default=0) if pack is not None else 0


def first(catalog: Catalog, user: User) -> Entity | None:
    """Return the entity whose list the user begins with: the first with a pipeline, else the first at all."""
    own = listed(catalog, user)
    return next((one for one in own if one.pipelines), own[0] if own else None)


def creatable(catalog: Catalog, user: User) -> tuple[Entity, ...]:
    """Return those of :func:`listed` of which the user may make a record."""
    return tuple(one for one in listed(catalog, user) if access.rights(catalog, user, one.id).allows("create"))


def picture(entity: Entity) -> str:
    """Return the icon that stands for an entity."""
    icon = entity.document.get("icon")
    return str(icon) if icon in assets.icons() else "briefcase"


def _groups(catalog: Catalog, user: User) -> tuple[Group, ...]:
    """Return the navigation: what there is to do, then the records of each pack, then the console."""
    links: dict[str, list[Link]] = {BASE: _work(catalog, user)}
    for index, one in enumerate(listed(catalog, user)):
        links.setdefault(namespace_of(one.id), []).append(_link(catalog, one, index))
    groups = [Group(gettext("Work"), tuple(links.pop(BASE)))]
    titles = {pack.namespace: i18n.pack_title(pack) for pack in catalog.packs.values()}
    alone = len(links) == 1
    folded = set() if alone else set(request.cookies.get("folded", "").split("."))
    for namespace, some in links.items():
        title = gettext("Records") if alone else titles.get(namespace, namespace)
        shut = namespace in folded and not any(link.current for link in some)
        groups.append(Group(title, tuple(some), id="" if alone else namespace, folded=shut))
    if access.capable(catalog, user, "admin") and "admin.index" in _endpoints():
        address = url_for("admin.index")
        link = Link(gettext("Administration"), address, icon="settings", current=request.path.startswith(address))
        groups.append(Group(gettext("Build"), (link,)))
    return tuple(group for group in groups if group.links)


def _work(catalog: Catalog, user: User) -> list[Link]:
    """Return the pages of what waits for somebody and of figures, beside the lists of records."""
    found = []
    if {"title", "status", "due", "about", "assignee"} <= access.rights(catalog, user, "base.task").seen():
        mine = Link(gettext("To do"), url_for("web.todo"), icon="list-checks", picture="list-checks")
        found.append(replace(mine, current=request.path == mine.url))
    if approvals.of(catalog):
        inbox = Link(gettext("Approvals"), url_for("web.approvals"), icon="badge-check", picture="badge-check")
        found.append(replace(inbox, current=request.path == inbox.url))
    if any(access.rights(catalog, user, one.entity).allows("read") for one in reports.of(catalog).values()):
        figures = Link(gettext("Reports"), url_for("web.reports"), icon="trending-up", picture="trending-up")
        found.append(replace(figures, current=request.path.startswith(("/reports", "/dashboards"))))
    return found


def _tabs(groups: tuple[Group, ...]) -> tuple[Link, ...]:
    """Return what a thumb reaches: two lists of records, those with a pipeline first, the first of work, the search."""
    if not groups:
        return ()
    lists = [link for group in (*groups[1:], groups[0]) for link in group.links if link.icon is None]
    work = [link for link in groups[0].links if link.icon is not None][:1]
    here = url_for("web.search")
    search = Link(gettext("Search"), here, picture="search", current=request.path == here)
    return (*sorted(lists, key=lambda link: not link.piped)[:2], *work, search)


def _makes(catalog: Catalog, user: User) -> tuple[Link, ...]:
    return tuple(
        Link(i18n.entity_title(catalog, one), url_for("web.new", entity_id=one.id), picture=picture(one))
        for one in creatable(catalog, user)
    )


def _link(catalog: Catalog, entity: Entity, index: int) -> Link:
    arguments: dict[str, Any] = request.view_args or {}
    return Link(
        title=i18n.entity_plural(catalog, entity),
        url=url_for("web.records", entity_id=entity.id),
        hue=str(entity.document.get("hue") or _HUES[index % len(_HUES)]),
        current=arguments.get("entity_id") == entity.id,
        picture=picture(entity),
        piped=bool(entity.pipelines),
    )


def _endpoints() -> frozenset[str]:
    from flask import current_app

    return frozenset(current_app.view_functions)
