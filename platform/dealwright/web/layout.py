"""Where the fields of a record stand on its form and its page: as the view says that holds, else under their headings.

Pure: what holds of a condition is worked out by who draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dealwright import conditions
from dealwright.metadata import views
from dealwright.metadata.names import namespace_of
from dealwright.metadata.system import ASSIGNABLE
from dealwright.web import i18n
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealwright.access import User
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.metadata.views import Block, View

#: Width of a field → how many of the twelve columns of a section it takes.
SPANS: Final[Mapping[str, str]] = {"full": "c12", "two_thirds": "c8", "half": "c6", "third": "c4"}
_BY_COLUMNS: Final = {1: "full", 2: "half", 3: "third"}


@dataclass(frozen=True, slots=True)
class Laid:
    """A section with its fields.

    Attributes:
        id: Id of the section in the view; empty for one that a heading of fields made.
        tab: Id of the tab on which it stands; empty where there are none.
    """

    id: str
    title: str
    description: str
    tab: str
    folded: bool
    fields: tuple[Field, ...]


def chosen(catalog: Catalog, user: User, entity: Entity, stage: object = None) -> View | None:
    """Return the view of a record for somebody; None where no document gives one."""
    return views.chosen(catalog, entity.id, user.roles, str(stage) if stage else None)


def tabs(catalog: Catalog, view: View | None) -> list[tuple[str, str]]:
    """Return the tabs of a view as (id, label)."""
    if view is None:
        return []
    return [(one.id, i18n.text(catalog, "view", view.id, f"/tabs/{one.id}/title", one.title)) for one in view.tabs]


def laid(catalog: Catalog, entity: Entity, view: View | None, fields: Iterable[Field]) -> list[Laid]:
    """Return the fields by section, in order; sections without fields are left out.

    Args:
        catalog: Where they are from.
        entity: The entity.
        view: How they are laid out; None: each under the heading that it names.
        fields: Those that are to be shown, in the order of the entity.
    """
    found: dict[str, tuple[Block | None, str, list[Field]]] = {}
    if view is not None:
        fields = view.arranged(fields)
        found = {block.id: (block, "", []) for block in view.blocks}
    for one in fields:
        place = view.places.get(one.id) if view is not None else None
        if place is not None and place.section in found:
            found[place.section][2].append(one)
            continue
        if view is not None and view.blocks and one.system and one.id == "pipeline":
            found[view.blocks[0].id][2].insert(0, one)  # it decides about much of the rest
            continue
        # By the text of the definition: fields of one section belong together even where only some are translated.
        system = one.id in ASSIGNABLE and one.system
        key = "* system" if system else f"* {one.spec.get('section') or ''}"
        heading = gettext("Assignment") if system else i18n.field_text(catalog, entity, one, "section")
        found.setdefault(key, (None, heading, []))[2].append(one)
    first = view.tabs[0].id if view is not None and view.tabs else ""
    return [
        Laid("", heading, "", first, False, tuple(some)) if block is None else _of_block(catalog, view, block, some)
        for block, heading, some in found.values()
        if some
    ]


def _of_block(catalog: Catalog, view: View | None, block: Block, fields: list[Field]) -> Laid:
    def text(key: str, fallback: str) -> str:
        at = f"/sections/{block.id}/{key}"
        return i18n.text(catalog, "view", view.id, at, fallback) if view is not None and fallback else fallback

    title, description = text("title", block.title), text("description", block.description)
    return Laid(block.id, title, description, block.tab, block.folded, tuple(fields))


def width(view: View | None, field: Field) -> str | None:
    """Return the span that a view gives a field; None where it leaves that to the field."""
    place = view.places.get(field.id) if view is not None else None
    if view is None or place is None:
        return None
    if place.width is not None:
        return SPANS[place.width]
    block = next((one for one in view.blocks if one.id == place.section), None)
    return SPANS[_BY_COLUMNS[block.columns]] if block is not None and block.columns else None


def sections_when(catalog: Catalog, view: View | None) -> Mapping[str, Condition]:
    """Return the conditions of a view's sections by their id; compiled once per catalog."""
    if view is None:
        return {}
    return catalog.once(
        ("web.sections_when", view.id),
        lambda: {
            one.id: conditions.of(catalog, view.entity, one.visible_when, "field", namespace=namespace_of(view.id))
            for one in view.blocks
            if one.visible_when is not None
        },
    )
