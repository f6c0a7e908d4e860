"""Saved views of lists and boards: a row each, of the one who saved it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dealwright.storage.system import list_view

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class ListView:
    """One saved view.

    Attributes:
        owner: Id of the user who saved it.
        audience: ``private``, or ``everyone`` who may read the entity.
        query: Names and texts, as in the address of a list.
    """

    id: str
    entity: str
    owner: str
    title: str
    audience: str
    query: Mapping[str, str]
    updated_at: datetime


_COLUMNS = [list_view.c[name] for name in ListView.__slots__]


def of(connection: Connection, entity: str, user: str) -> list[ListView]:
    """Return the views of an entity that a user has: the own ones and those for everyone, by title."""
    mine = sa.or_(list_view.c.owner == user, list_view.c.audience == "everyone")
    found = connection.execute(sa.select(*_COLUMNS).where(list_view.c.entity == entity, mine))
    return sorted((ListView(*row) for row in found), key=lambda one: (one.title.casefold(), one.id))


def put(connection: Connection, view: ListView) -> None:
    """Write a view; one of the same id is replaced."""
    values = asdict(view)
    changed = connection.execute(sa.update(list_view).where(list_view.c.id == view.id).values(**values))
    if not changed.rowcount:
        connection.execute(sa.insert(list_view).values(**values))


def remove(connection: Connection, identifier: str) -> None:
    """Remove a view; nothing happens if it is not there."""
    connection.execute(sa.delete(list_view).where(list_view.c.id == identifier))
