"""In what two roles differ: conditions on records, fields, capabilities; by the rights that are worked out from both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access
from dealwright.access.rights import OPERATIONS
from dealwright.errors import DealwrightError
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright_admin import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.access import Rights
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity


def between(catalog: Catalog, one: str, other: str) -> list[dict[str, Any]]:
    """Return each entity with which the roles may not do the same: ``title``, and ``lines`` of what, mine, theirs.

    Args:
        catalog: In which both are; what is wrong in a draft may be missing in it.
        one: Id of a role.
        other: Id of the role beside it.
    """
    found = []
    for entity in catalog.entities.values():
        try:
            mine, theirs = (access.rights_of(catalog, (name,), entity.id) for name in (one, other))
        except DealwrightError:  # a condition of a draft that is wrong: the checks tell it
            continue
        lines = [*_rows(mine, theirs), *_fields(catalog, entity, mine, theirs)]
        if lines:
            found.append({"title": i18n.entity_title(catalog, entity), "lines": lines})
    capabilities = [set(catalog.roles[name].capabilities) if name in catalog.roles else set() for name in (one, other)]
    if capabilities[0] != capabilities[1]:
        texts = [", ".join(sorted(some)) or "–" for some in capabilities]
        found.append({"title": gettext("Capabilities"), "lines": [("", *texts)]})
    return sorted(found, key=lambda it: str(it["title"]))


def _rows(mine: Rights, theirs: Rights) -> Iterator[tuple[str, str, str]]:
    """Yield the operations that hold for other records; those that differ in the same way together."""
    told: dict[tuple[str, str], list[str]] = {}
    for name in OPERATIONS:
        both = _records(mine, name), _records(theirs, name)
        if both[0] != both[1]:
            told.setdefault(both, []).append(words.operation(name))
    yield from ((", ".join(names), *both) for both, names in told.items())


def _records(held: Rights, op: str) -> str:
    if held.unrestricted(op):
        return gettext("all records")
    return (
        " || ".join(sorted({one.rows.source for one in held.grants if op in one.ops and one.rows is not None})) or "–"
    )


def _fields(catalog: Catalog, entity: Entity, mine: Rights, theirs: Rights) -> Iterator[tuple[str, str, str]]:
    """Yield the fields that one sees or changes and the other does not, where both may do anything at all."""
    if not mine.allows("read") or not theirs.allows("read"):
        return
    levels = []
    for held in (mine, theirs):
        seen, edited = held.seen(), held.edited("update") | held.edited("create")
        levels.append({name: 2 * (name in edited) + (name in seen) for name in entity.all_fields()})
    said = {0: gettext("hidden"), 1: gettext("is seen"), 2: gettext("may be changed"), 3: gettext("may be changed")}
    for name, field in entity.all_fields().items():
        if said[levels[0][name]] != said[levels[1][name]]:
            title = i18n.field_text(catalog, entity, field) or name
            yield title, said[levels[0][name]], said[levels[1][name]]
