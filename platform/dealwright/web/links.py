"""Linked records as people see them: their names, and where their pages are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for

from dealwright import records

#: Stands for an id, which needs no escaping either.
_ANY = "0"

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealwright.records import Work


def links(work: Work, wanted: Iterable[Mapping[str, set[str]]]) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Return (title, address) of linked records by (entity, id): one statement for each entity.

    Args:
        work: The transaction.
        wanted: What records name, as :func:`dealwright.web.forms.linked` collects it; those that the user may not read
            are left out.
    """
    together: dict[str, set[str]] = {}
    for one in wanted:
        for entity_id, ids in one.items():
            together.setdefault(entity_id, set()).update(ids)
    places = {entity_id: addresses(entity_id) for entity_id in together}
    return {
        (entity_id, identifier): (title, f"{places[entity_id]}{identifier}")
        for (entity_id, identifier), title in records.titles(work, together).items()
    }


def addresses(entity_id: str) -> str:
    """Return what the addresses of an entity's records begin with; the id follows. Made once for many of them."""
    return url_for("web.record", entity_id=entity_id, record_id=_ANY).removesuffix(_ANY)
