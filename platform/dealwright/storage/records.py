"""Typed records in and out of their tables, many at a time.

A typed record is a flat dict from field id to Python value; keys without a column are passed over, so that the env of
a save can be handed in as it is. Nothing here checks anything: whoever writes has done that (``docs/architecture.md``).
A statement is made once per catalog and takes any number of records; long lists of ids are cut into parts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright import clock
from dealwright.storage import bulk, system, tables
from dealwright.storage.clashes import Clash, clashes
from dealwright.storage.related import active, exists, find_by, find_together, leading, paths, referring, rollups
from dealwright.storage.several import chunks, possible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.storage.database import Connection
    from dealwright.storage.tables import Layout, Part

__all__ = [
    "Change",
    "Clash",
    "active",
    "clashes",
    "exists",
    "find_by",
    "find_together",
    "get",
    "goes",
    "insert",
    "leading",
    "paths",
    "purge",
    "referring",
    "rollups",
    "update",
]

#: What is kept about records beside them, each row with an entity and a record.
LOGS: Final = (
    system.event,
    system.decision,
    system.timer,
    system.visit,
    system.follow,
    system.checklist,
    system.clock,
    system.score,
    system.suggestion,
    system.enrolment,
)


@dataclass(frozen=True, slots=True)
class Change:
    """New values for some fields of a stored record.

    Attributes:
        version: The version the values were worked out from; the stored one becomes one higher.
        values: Typed values by field id; a ``rows`` or ``references`` field is replaced as a whole.
    """

    id: str
    version: int
    values: Mapping[str, Any]


def insert(connection: Connection, catalog: Catalog, entity: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write new records: one statement, and one for each ``rows`` or ``references`` field that has any.

    Rows of a ``rows`` field that have no ``id`` yet are given one, in place.

    Raises:
        ConflictError: If a unique index refuses one of them.
    """
    if not rows:
        return
    layout = tables.layout(catalog, entity)
    stored = [stored_columns(layout, layout.names, row) for row in rows]
    bulk.insert(connection, _statements(catalog, layout).insert, layout.table, stored)
    for part in layout.parts.values():
        _insert_part(connection, part, [(row["id"], row.get(part.field)) for row in rows])


def update(connection: Connection, catalog: Catalog, entity: str, changes: Sequence[Change]) -> list[str]:
    """Write changes and count the versions up: one statement for each set of changed columns.

    Returns:
        Ids of the records whose version is another by now, or that are gone. They are left as they are; the others
        are written, so a caller that wants all or nothing rolls back.

    Raises:
        ConflictError: If a unique index refuses one of them.
    """
    layout = tables.layout(catalog, entity)
    statements = _statements(catalog, layout)
    stale: list[str] = []
    if len(changes) > 1:
        stale = _stale(connection, statements, changes)
        refused = set(stale)
        changes = [change for change in changes if change.id not in refused]
    by_columns: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for change in changes:
        names = [name for name in change.values if name in layout.columns and name not in ("id", "version")]
        values = stored_columns(layout, names, change.values)
        by_columns[frozenset(values)].append({**values, "id__": change.id, "version__": change.version})
    for rows in by_columns.values():
        if len(rows) > 1:
            connection.execute(statements.update, rows)
        elif not connection.execute(statements.update, rows[0]).rowcount:
            return [rows[0]["id__"]]
    for part in layout.parts.values():
        changed = [(change.id, change.values[part.field]) for change in changes if part.field in change.values]
        if changed:
            owner = part.table.c[part.owner]
            for ids in chunks([identifier for identifier, _ in changed]):
                connection.execute(sa.delete(part.table).where(owner.in_(ids)))
            _insert_part(connection, part, changed)
    return stale


def get(
    connection: Connection, catalog: Catalog, entity: str, ids: Iterable[str], *, lock: bool = False
) -> dict[str, dict[str, Any]]:
    """Return whole typed records by id; an id without a record is left out.

    One statement for the records and one for each ``rows`` or ``references`` field of the entity, for all ids.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        entity: Id of the entity.
        ids: Which records, archived ones included.
        lock: Whether nobody else may change them until the transaction ends. SQLite's writer is alone in any case.
    """
    wanted = possible(ids)
    if not wanted:
        return {}
    layout = tables.layout(catalog, entity)
    statements = _statements(catalog, layout)
    found: dict[str, dict[str, Any]] = {}
    if len(wanted) == 1:
        rows = connection.execute(statements.locked_one if lock else statements.one, {"id__": wanted[0]})
        found = {row[0]: dict(zip(layout.names, row, strict=True)) for row in rows}
    else:
        statement = statements.locked if lock else statements.many
        for some in chunks(wanted):
            for row in connection.execute(statement, {"ids__": some}):
                found[row[0]] = dict(zip(layout.names, row, strict=True))
    if layout.parts and found:
        fill_parts(connection, catalog, layout, found, layout.parts)
    return found


def fill_parts(
    connection: Connection,
    catalog: Catalog,
    layout: Layout,
    found: Mapping[str, dict[str, Any]],
    names: Iterable[str],
) -> None:
    """Add ``rows`` and ``references`` fields to records by id: one statement each, for all records."""
    statements = _statements(catalog, layout)
    for name in names:
        part = layout.parts[name]
        for row in found.values():
            row[name] = []
        for ids in chunks(list(found)):
            for owner, *values in connection.execute(statements.parts[name], {"ids__": ids}):
                found[owner][name].append(dict(zip(part.names, values, strict=True)) if part.names else values[0])


def purge(connection: Connection, catalog: Catalog, entity: str, ids: Iterable[str]) -> None:
    """Remove records for good, with all that is kept about them, and do what ``on_delete`` says of references.

    Raises:
        ConflictError: At the commit, if a record still refers to one of them and its ``on_delete`` is ``restrict``.
    """
    wanted = possible(ids)
    table = tables.layout(catalog, entity).table
    for some in chunks(wanted):
        _let_go(connection, catalog, entity, some)
        connection.execute(sa.delete(table).where(table.c.id.in_(some)))
        for log in LOGS:
            connection.execute(sa.delete(log).where(log.c.entity == entity, log.c.record.in_(some)))
        connection.execute(sa.delete(system.firing).where(system.firing.c.record.in_(some)))
        asked = sa.select(system.approval.c.id).where(
            system.approval.c.entity == entity, system.approval.c.record.in_(some)
        )
        connection.execute(sa.delete(system.approval_seat).where(system.approval_seat.c.approval.in_(asked)))
        connection.execute(sa.delete(system.approval).where(system.approval.c.id.in_(asked)))


def goes(entity: Entity, field: Field) -> str:
    """Return what becomes of a record when the one that its reference names goes: a part goes with its whole."""
    rule: str = field.spec.get("on_delete", "set_null")
    return "cascade" if rule == "set_null" and entity.part_of == field.id else rule


def _let_go(connection: Connection, catalog: Catalog, entity: str, ids: Sequence[str]) -> None:
    """Empty the references to records that are about to go, or remove what refers to them."""
    for other in catalog.entities.values():
        layout = tables.layout(catalog, other.id)
        places = [(field, layout.table) for field in other.all_fields().values()]
        places += [
            (field, part.table)
            for part in layout.parts.values()
            for field in (other.fields[part.field].items or {}).values()
        ]
        for field, table in places:
            if field.to != entity or field.type not in tables.REFERENCES:
                continue
            refers = table.c[field.id].in_(ids)
            on_delete = goes(other, field) if table is layout.table else field.spec.get("on_delete", "set_null")
            if on_delete == "set_null":
                connection.execute(sa.update(table).where(refers).values({field.id: None}))
            elif on_delete == "cascade" and table is layout.table:
                going = list(connection.scalars(sa.select(table.c.id).where(refers, table.c.id.not_in(ids))))
                if going:
                    purge(connection, catalog, other.id, going)
            elif on_delete == "cascade":
                connection.execute(sa.delete(table).where(refers))


@dataclass(frozen=True, slots=True)
class _Statements:
    insert: sa.Insert
    update: sa.Update
    one: sa.Select[Any]
    many: sa.Select[Any]
    locked_one: sa.Select[Any]
    locked: sa.Select[Any]
    versions: sa.Select[Any]
    parts: Mapping[str, sa.Select[Any]]


def _statements(catalog: Catalog, layout: Layout) -> _Statements:
    made: _Statements = catalog.once(("storage.records", layout.entity.id), lambda: _make(layout))
    return made


def _make(layout: Layout) -> _Statements:
    table = layout.table
    whole = sa.select(*(table.c[name] for name in layout.names))
    one = whole.where(table.c.id == sa.bindparam("id__"))
    many = whole.where(table.c.id.in_(sa.bindparam("ids__", expanding=True)))
    versions = sa.select(table.c.id, table.c.version).where(table.c.id.in_(sa.bindparam("ids__", expanding=True)))
    return _Statements(
        insert=sa.insert(table).inline(),
        update=sa.update(table)
        .where(table.c.id == sa.bindparam("id__"), table.c.version == sa.bindparam("version__"))
        .values(version=table.c.version + 1),
        one=one,
        many=many,
        locked_one=one.with_for_update(),
        # In one order always, so that two transactions never wait for each other.
        locked=many.order_by(table.c.id).with_for_update(),
        versions=versions.order_by(table.c.id).with_for_update(),
        parts={name: _part_statement(part) for name, part in layout.parts.items()},
    )


def _part_statement(part: Part) -> sa.Select[Any]:
    owner = part.table.c[part.owner]
    columns = [part.table.c[name] for name in part.names] or [part.table.c.target]
    return (
        sa.select(owner, *columns)
        .where(owner.in_(sa.bindparam("ids__", expanding=True)))
        .order_by(owner, part.table.c.position)
    )


def stored_columns(layout: Layout, names: Iterable[str], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a record: its values, what stands for empty where null may not, and the shadows."""
    values = {name: row.get(name) for name in names}
    for name, default in layout.filled.items():
        if name in values and values[name] is None:
            values[name] = default
    for name, columns in layout.shadows.items():
        if name in values:
            text = values[name]
            for column, comparable in columns:
                values[column] = comparable(text) if text is not None else None
    return values


def _insert_part(connection: Connection, part: Part, lists: Iterable[tuple[str, Any]]) -> None:
    rows: list[dict[str, Any]] = []
    for owner, items in lists:
        for position, item in enumerate(items or ()):
            if part.names:
                if item.get("id") is None:
                    item["id"] = clock.new_id()
                rows.append({name: item.get(name) for name in part.names} | {"parent": owner, "position": position})
            else:
                rows.append({"record": owner, "target": item, "position": position})
    if rows:
        connection.execute(sa.insert(part.table), rows)


def _stale(connection: Connection, statements: _Statements, changes: Sequence[Change]) -> list[str]:
    """Lock the records and return the ids of those that have another version than expected."""
    there: dict[str, int] = {}
    for ids in chunks([change.id for change in changes]):
        there.update((row[0], row[1]) for row in connection.execute(statements.versions, {"ids__": ids}))
    return [change.id for change in changes if there.get(change.id) != change.version]
