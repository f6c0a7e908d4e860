"""Views as frozen objects: how the records of an entity are laid out, and for whom.

    View ── Tab          what forms and pages of records are parted into
         ── Block        a section: its heading, its columns, its condition
         ── Place        where one field stands
         ── columns, sort   what the list begins with

:func:`of` gives them once per catalog, :func:`chosen` the one that holds for somebody and a stage. Where there is none,
fields stand under the headings that they name themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dealwright.metadata.names import CUSTOM, namespace_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document, Field

#: Types that say too little, or too much, in a cell of a list.
NOT_IN_A_CELL: Final = frozenset(
    {"static", "rows", "json", "code", "long_text", "rich_text", "signature", "image", "file"}
)
#: Types by whose values a list can be ordered.
SORTABLE: Final = frozenset(
    {
        *("text", "email", "phone", "url", "integer", "decimal", "percent", "money", "boolean", "date", "datetime"),
        *("time", "duration", "select", "rating", "autonumber", "formula"),
    }
)
#: Order of what a layer above adds without one: behind all that has its own.
_LAST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of a form or of the page of a record."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Block:
    """A section of a view.

    Attributes:
        title: Its heading; empty for none.
        tab: Id of its tab; empty in a view without tabs.
        columns: Into how many columns fields fall that say no width; None: each as it says itself.
        visible_when: Condition; None for always.
        folded: Whether it begins folded.
    """

    id: str
    title: str
    description: str
    tab: str
    columns: int | None
    visible_when: str | None
    folded: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands: its section (None: one with the heading it names itself), its width, on what it is shown."""

    section: str | None
    width: str | None
    show: str
    order: int


@dataclass(frozen=True, slots=True)
class View:
    """A view. Each attribute says what the key of the document says, with its default settled.

    Attributes:
        roles: For whom; None for everyone, empty for nobody.
        stages: In which stages; empty for all.
        hides_others: Whether fields that have no place are left out.
        columns: What the list begins with; empty for the platform's choice.
        sort: Its order; empty for the newest first.
    """

    id: str
    title: str
    entity: str
    roles: frozenset[str] | None
    stages: frozenset[str]
    tabs: tuple[Tab, ...]
    blocks: tuple[Block, ...]
    places: Mapping[str, Place]
    hides_others: bool
    columns: tuple[str, ...]
    sort: str
    document: Document

    def shows(self, field: str, on: str) -> bool:
        """Tell whether a field is shown on ``form`` or ``record``, as far as the view says."""
        place = self.places.get(field)
        return not self.hides_others if place is None else place.show in ("both", on)

    def arranged(self, fields: Iterable[Field]) -> list[Field]:
        """Return fields in the order of the view; those without a place follow, in the order that they come in."""
        return sorted(fields, key=lambda one: self.places[one.id].order if one.id in self.places else _LAST + 1)


def of(catalog: Catalog) -> Mapping[str, Sequence[View]]:
    """Return the views by entity, each before those that it goes before; read once per catalog.

    The more a view says of whom and when it is for, the earlier it comes; then those of the admins, then those of the
    pack that builds on the others.
    """

    def read() -> Mapping[str, Sequence[View]]:
        found: dict[str, list[View]] = {}
        for (kind, _), document in sorted(catalog.documents.items()):
            if kind == "view":
                found.setdefault(document["entity"], []).append(_view(document))
        rank = {pack.namespace: number for number, pack in enumerate(catalog.packs.values())}
        rank[CUSTOM] = len(rank)
        for views in found.values():
            views.sort(key=lambda one: (-_asks(one), -rank.get(namespace_of(one.id), -1), one.id))
        return MappingProxyType({entity: tuple(views) for entity, views in found.items()})

    return catalog.once("metadata.views", read)


def chosen(catalog: Catalog, entity: str, roles: Collection[str], stage: str | None = None) -> View | None:
    """Return the view that holds for somebody with these roles, of a record in this stage; None where there is none."""
    for one in of(catalog).get(entity, ()):
        theirs = one.roles is None or not one.roles.isdisjoint(roles)
        if theirs and (not one.stages or stage in one.stages):
            return one
    return None


def named(catalog: Catalog, identifier: str) -> View | None:
    """Return a view by its id, whomever it is for; None if there is none."""
    document = catalog.documents.get(("view", identifier))
    if document is None:
        return None
    return next(one for one in of(catalog)[document["entity"]] if one.id == identifier)


def _asks(view: View) -> int:
    return (view.roles is not None) + bool(view.stages)


def _view(document: Document) -> View:
    tabs = _in_order(document.get("tabs", ()))
    first = tabs[0]["id"] if tabs else ""
    listed = document.get("list", {})
    return View(
        id=document["id"],
        title=document["title"],
        entity=document["entity"],
        roles=frozenset(document["roles"]) if "roles" in document else None,
        stages=frozenset(document.get("stages", ())),
        tabs=tuple(Tab(one["id"], one["title"]) for one in tabs),
        blocks=tuple(
            Block(
                id=one["id"],
                title=one.get("title", ""),
                description=one.get("description", ""),
                tab=one.get("tab", first),
                columns=one.get("columns"),
                visible_when=one.get("visible_when"),
                folded=one.get("folded", False),
            )
            for one in _in_order(document.get("sections", ()))
        ),
        places=MappingProxyType(
            {
                name: Place(one.get("under"), one.get("width"), one.get("show", "both"), one.get("order", _LAST))
                for name, one in document.get("fields", {}).items()
            }
        ),
        hides_others=document.get("others") == "hidden",
        columns=tuple(listed.get("columns", ())),
        sort=listed.get("sort", ""),
        document=document,
    )


def _in_order(elements: Iterable[Document]) -> list[Document]:
    """Return the elements of a list by their ``order``; one without has ten times its place."""
    placed = [(one.get("order", 10 * place), place, one) for place, one in enumerate(elements, 1)]
    return [one for _, _, one in sorted(placed, key=lambda one: one[:2])]
