"""Entities and fields that have another name than before: whose columns, tables and data follow, instead of being left behind.

Names are stable ids; a pack that renames one says so for ever in ``moves.json``:

    {"since": "2.0.0", "from": "entity:sales.deal#/properties/dept", "to": "entity:sales.deal#/properties/department"}

A table is named after its fields so that others can read it, so the column is renamed with them: a change of the
database's own catalog that takes milliseconds however many records there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.metadata import names
from dealwright.storage import records, system, tables
from dealwright.storage.several import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field
    from dealwright.storage.database import Connection

    #: Table to column (of the new catalog) to its column of before.
    Columns = dict[str, dict[str, str]]

_ENTITY = re.compile(r"entity:([a-z0-9_.]+)\Z")
_PATH = re.compile(r"entity:([a-z0-9_.]+)#/properties/([a-z0-9_]+)(?:/items/properties/([a-z0-9_]+))?\Z")
#: What may stand behind the name of a field in the name of one of its columns.
_BEHIND = ("", "__currency", "__case", "__digits", "__letters", "__linked")


def entities(old: Catalog | None, new: Catalog, moves: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the entities of ``new`` that had another id in ``old``, each with that id.

    As with fields, a move whose old id is still there, or whose new one was there before, renames nothing.
    """
    came: dict[str, str] = {}
    for move in moves if old is not None else ():
        was, now = (_ENTITY.match(str(move.get(key, ""))) for key in ("from", "to"))
        if was is not None and now is not None:
            came[now[1]] = came.pop(was[1], was[1])
    known = old.entities if old is not None else {}
    return {
        now: was
        for now, was in came.items()
        if was in known and was not in new.entities and now in new.entities and now not in known
    }


def fields(old: Catalog, new: Catalog, moves: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str | None, str], str]:
    """Return the fields of ``new`` that had another name in ``old``: (entity, rows field or None, name) to that name.

    Moves are looked at in their order, so a field that was renamed twice is found under its first name. A move whose
    old name is still a field, or whose new one was there before, renames nothing.
    """
    came: dict[tuple[str, str | None, str], str] = {}
    called = entities(old, new, moves := list(moves))
    now_called = {was: now for now, was in called.items()}
    for move in moves:
        was, now = (_PATH.match(str(move.get(key, ""))) for key in ("from", "to"))
        if was is None or now is None or was[1] != now[1] or (was[3] is None) != (now[3] is None):
            continue  # of another kind: a stage, a value, a move to another pack
        entity, rows, before, after = (
            (was[1], None, was[2], now[2]) if was[3] is None else (was[1], now[2], was[3], now[3])
        )
        entity = now_called.get(entity, entity)
        came[entity, rows, after] = came.pop((entity, rows, before), before)
    return {key: before for key, before in came.items() if _is_renamed(old, new, called, came, *key)}


def _is_renamed(
    old: Catalog,
    new: Catalog,
    called: Mapping[str, str],
    came: Mapping[tuple[str, str | None, str], str],
    entity: str,
    rows: str | None,
    now: str,
) -> bool:
    before = came[entity, rows, now]
    there = _within(old, called.get(entity, entity), came.get((entity, None, rows), rows) if rows is not None else None)
    here = _within(new, entity, rows)
    return before in there and before not in here and now in here and now not in there


def _within(catalog: Catalog, entity: str, rows: str | None) -> Mapping[str, Field]:
    found = catalog.entities.get(entity)
    if found is None:
        return {}
    if rows is None:
        return found.fields
    return (found.fields[rows].items or {}) if rows in found.fields else {}


def of(
    old: Catalog, new: Catalog, moves: Iterable[Mapping[str, Any]], before: Mapping[str, sa.Table]
) -> tuple[dict[str, str], Columns]:
    """Return tables and columns that have another name: table to that of before, and table to column to that of before.

    Args:
        old: The definitions in force.
        new: Those that shall be.
        moves: Entries of ``moves.json`` of the packs in force, in order.
        before: The tables of ``old`` by name.
    """
    renamed_tables: dict[str, str] = {}
    columns: Columns = {}
    moves = list(moves)
    called = entities(old, new, moves)
    renamed = fields(old, new, moves)
    for entity, was in called.items():
        renamed_tables[names.table_name(entity)] = names.table_name(was)
        earlier = {name: field for (one, rows, name), field in renamed.items() if one == entity and rows is None}
        for field in new.entities[entity].fields:
            part_before = names.part_table_name(was, earlier.get(field, field))
            if part_before in before:
                renamed_tables[names.part_table_name(entity, field)] = part_before
    for (entity, rows, now), was in renamed.items():
        owner = called.get(entity, entity)
        if rows is None:
            part, part_before = names.part_table_name(entity, now), names.part_table_name(owner, was)
            if part_before in before:
                renamed_tables[part] = part_before
                continue
            table, there = names.table_name(entity), before[names.table_name(owner)]
        else:
            table = names.part_table_name(entity, rows)
            there = before[names.part_table_name(owner, renamed.get((entity, None, rows), rows))]
        for behind in _BEHIND:
            if f"{was}{behind}" in there.c:
                columns.setdefault(table, {})[f"{now}{behind}"] = f"{was}{behind}"
    return renamed_tables, columns


def follow(connection: Connection, old: Catalog | None, new: Catalog, moves: Iterable[Mapping[str, Any]]) -> None:
    """Let all that is kept about records and definitions name them as they are called now.

    One statement for each of those tables and each new name; it writes every row that names what was renamed.

    Args:
        connection: The transaction in which the tables are renamed.
        old: The definitions in force.
        new: Those that shall be.
        moves: Entries of ``moves.json`` of the packs in force, in order.
    """
    moves = list(moves)
    if old is None or not moves:
        return
    for now, was in entities(old, new, moves).items():
        for table in _KEPT:
            connection.execute(sa.update(table).where(table.c.entity == was).values(entity=now))
        for entity in new.entities.values():
            for field in entity.fields.values():
                if field.type == "any_reference":
                    _repoint(connection, tables.layout(new, entity.id).table, field.id, was, now)
    for move in moves:
        kind, _, before = str(move.get("from", "")).partition(":")
        after = str(move.get("to", "")).partition(":")[2]
        if (kind, before) in old.documents and (kind, after) in new.documents:
            for table, column in _BY_ID.get(kind, ()):
                connection.execute(sa.update(table).where(table.c[column] == before).values({column: after}))


#: What is kept with an entity beside its records.
_KEPT = (
    *records.LOGS,
    system.outbox,
    system.imports,
    system.file,
    system.approval,
    system.absence,
    system.list_view,
)
#: Kind of a document to what names it by its id.
_BY_ID: Mapping[str, tuple[tuple[sa.Table, str], ...]] = {
    "rule": ((system.decision, "rule"), (system.firing, "rule"), (system.suggestion, "rule")),
    "sla": ((system.clock, "policy"),),
    "deadline": ((system.clock, "policy"),),
    "approval": ((system.approval, "approval"),),
    "score": ((system.score, "score"),),
    "sequence": ((system.enrolment, "sequence"),),
    "role": ((system.user_role, "role"),),
}


def _repoint(connection: Connection, table: sa.Table, field: str, was: str, now: str) -> None:
    """Let an any_reference field name the records of an entity by its new id; the shadow column follows."""
    column = table.c[field]
    about = sa.select(table.c.id, column).where(sa.cast(column, sa.Text).like(f'%"{was}"%'))
    rows = [(row[0], row[1]) for row in connection.execute(about) if row[1]["entity"] == was]
    for some in chunks(rows):
        for identifier, value in some:
            values: dict[str, Any] = {field: {**value, "entity": now}}
            if f"{field}__linked" in table.c:
                values[f"{field}__linked"] = tables.linked(values[field])
            connection.execute(sa.update(table).where(table.c.id == identifier).values(values))
