"""The latest interaction about records, read from the interactions themselves: never counted up, so never wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import conditions
from dealwright.conditions import sql
from dealwright.metadata import names
from dealwright.storage import tables
from dealwright.storage.several import chunks, possible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.storage.database import Connection

    #: A moment before and after; None where there is none.
    Moved = tuple[datetime | None, datetime | None]


def refresh(
    connection: Connection, catalog: Catalog, entity: str, ids: Collection[str], env: Mapping[str, Any]
) -> dict[str, Moved]:
    """Make ``last_activity_at`` of records the latest interaction about them, and return those that have another now.

    Three statements for any number of records. The records are locked first and the interactions looked at
    afterwards, so of several transactions at once the last one sees what the others have written.

    Args:
        connection: The transaction; the interactions are written.
        catalog: The definitions in force.
        entity: Entity of the records.
        ids: The records; ids without a record are passed over.
        env: ``now()``: an interaction that lies ahead does not count yet.

    Returns:
        Id to the moment before and after. The version of a record stays what it was: nobody has changed it.
    """
    table = tables.layout(catalog, entity).table
    moved: dict[str, Moved] = {}
    change = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("id__"))
        .values(last_activity_at=sa.bindparam("at__", type_=table.c.last_activity_at.type))
    )
    for some in chunks(sorted(possible(ids))):
        held = sa.select(table.c.id, table.c.last_activity_at).where(table.c.id.in_(some)).order_by(table.c.id)
        before = {row[0]: row[1] for row in connection.execute(held.with_for_update())}
        after = latest(connection, catalog, entity, list(before), env)
        other = {one: (was, after.get(one)) for one, was in before.items() if was != after.get(one)}
        if other:
            connection.execute(change, [{"id__": one, "at__": now} for one, (_, now) in other.items()])
        moved |= other
    return moved


def latest(
    connection: Connection, catalog: Catalog, entity: str, ids: Collection[str], env: Mapping[str, Any]
) -> dict[str, datetime]:
    """Return when the latest interaction about each record took place; one without any is left out."""
    table = tables.layout(catalog, entity).table
    columns = list(_columns(catalog, entity, table, env))
    found: dict[str, datetime] = {}
    if not columns:
        return found
    for some in chunks(list(ids)):
        for identifier, *moments in connection.execute(sa.select(table.c.id, *columns).where(table.c.id.in_(some))):
            if there := [one for one in moments if one is not None]:
                found[identifier] = max(there)
    return found


def sources(catalog: Catalog, entity: str) -> tuple[Entity, ...]:
    """Return the entities whose records may be interactions about records of ``entity``."""
    return tuple(one for one in catalog.entities.values() if _points_at(one, entity))


def _points_at(source: Entity, entity: str) -> bool:
    if source.interaction is None:
        return False
    about = source.fields[source.interaction.about]
    to = about.spec.get("to")
    return to is None or to == entity or (not isinstance(to, str) and entity in to)


def _columns(
    catalog: Catalog, entity: str, table: sa.Table, env: Mapping[str, Any]
) -> Iterator[sa.ColumnElement[datetime | None]]:
    """Yield for each kind of interaction the latest one about a row of ``table``: the end of a range of an index."""
    metadata = tables.of(catalog)
    for source in sources(catalog, entity):
        assert source.interaction is not None  # noqa: S101 - narrows the type: sources() returns no others
        told = metadata.tables[names.table_name(source.id)].alias()
        about = source.interaction.about
        if source.fields[about].type == "any_reference":
            link = told.c[f"{about}__linked"] == sa.literal(f"{entity}:") + table.c.id
        else:
            link = told.c[about] == table.c.id
        at = told.c[source.interaction.at]
        where = [link, told.c.archived_at.is_(None), at <= sa.bindparam(None, env["now()"], type_=at.type)]
        if source.interaction.when:
            condition = conditions.of(catalog, source.id, source.interaction.when, "filter")
            where.append(sql.criteria(condition, metadata, told, catalog, env))
        yield sa.select(sa.func.max(at)).where(*where).correlate(table).scalar_subquery()
