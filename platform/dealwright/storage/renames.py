"""Fields that have another name than before: whose columns, tables and data follow, instead of being left behind.

Names are stable ids; a pack that renames one says so for ever in ``moves.json``:

    {"since": "2.0.0", "from": "entity:sales.deal#/properties/dept", "to": "entity:sales.deal#/properties/department"}

A table is named after its fields so that others can read it, so the column is renamed with them: a change of the
database's own catalog that takes milliseconds however many records there are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dealwright.metadata import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import sqlalchemy as sa

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

    #: Table to column (of the new catalog) to its column of before.
    Columns = dict[str, dict[str, str]]

_PATH = re.compile(r"entity:([a-z0-9_.]+)#/properties/([a-z0-9_]+)(?:/items/properties/([a-z0-9_]+))?\Z")
#: What may stand behind the name of a field in the name of one of its columns.
_BEHIND = ("", "__currency", "__case", "__digits", "__letters", "__linked")


def fields(old: Catalog, new: Catalog, moves: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str | None, str], str]:
    """Return the fields of ``new`` that had another name in ``old``: (entity, rows field or None, name) to that name.

    Moves are looked at in their order, so a field that was renamed twice is found under its first name. A move whose
    old name is still a field, or whose new one was there before, renames nothing.
    """
    came: dict[tuple[str, str | None, str], str] = {}
    for move in moves:
        was, now = (_PATH.match(str(move.get(key, ""))) for key in ("from", "to"))
        if was is None or now is None or was[1] != now[1] or (was[3] is None) != (now[3] is None):
            continue  # of another kind: a stage, a value, a move to another pack
        entity, rows, before, after = (
            (was[1], None, was[2], now[2]) if was[3] is None else (was[1], now[2], was[3], now[3])
        )
        came[entity, rows, after] = came.pop((entity, rows, before), before)
    return {key: before for key, before in came.items() if _is_renamed(old, new, came, *key)}


def _is_renamed(
    old: Catalog, new: Catalog, came: Mapping[tuple[str, str | None, str], str], entity: str, rows: str | None, now: str
) -> bool:
    before = came[entity, rows, now]
    there = _within(old, entity, came.get((entity, None, rows), rows) if rows is not None else None)
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
    tables: dict[str, str] = {}
    columns: Columns = {}
    renamed = fields(old, new, moves)
    for (entity, rows, now), was in renamed.items():
        if rows is None:
            part, part_before = (names.part_table_name(entity, one) for one in (now, was))
            if part_before in before:
                tables[part] = part_before
                continue
            table, there = names.table_name(entity), before[names.table_name(entity)]
        else:
            table = names.part_table_name(entity, rows)
            there = before[names.part_table_name(entity, renamed.get((entity, None, rows), rows))]
        for behind in _BEHIND:
            if f"{was}{behind}" in there.c:
                columns.setdefault(table, {})[f"{now}{behind}"] = f"{was}{behind}"
    return tables, columns
