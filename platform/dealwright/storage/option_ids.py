"""Options that have another id than before: the values of records follow, in the transaction of the swap.

A pack says so for ever in ``moves.json``:

    {"since": "2.0.0", "kind": "value_map", "path": "entity:med.device#/properties/class", "map": {"3": "III"}}

It holds for choices and several choices of an entity, and for those in its rows. One statement for each column writes just
the records that have such a value; neither their version nor their history changes, which tells what was chosen then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from dealwright.storage import renames, tables

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field
    from dealwright.storage.database import Connection

    #: Entity, rows field or None, field.
    Key = tuple[str, str | None, str]

VALUE_MAP: Final = "value_map"
#: Types of fields whose options may have other ids.
TYPES: Final = frozenset({"select", "multi_select"})
_PATH: Final = re.compile(r"entity:([a-z0-9_.]+)#/properties/([a-z0-9_]+)(?:/items/properties/([a-z0-9_]+))?\Z")


@dataclass(frozen=True, slots=True)
class Remapped:
    """A field of which options have another id.

    Attributes:
        now: The field under its new name.
        was: The same under the name that it had before.
        ids: Old id to new id.
    """

    now: Key
    was: Key
    ids: Mapping[str, str]

    @property
    def path(self) -> str:
        """The field's path under its new name."""
        return path_of(self.now)


def path_of(key: Key) -> str:
    """Return the path of a field, or of a column of rows."""
    entity, rows, field = key
    within = f"{rows}/items/properties/{field}" if rows is not None else field
    return f"entity:{entity}#/properties/{within}"


def composed(moves: Iterable[Mapping[str, Any]]) -> dict[Key, dict[str, str]]:
    """Return old id to new id for each field, under the names that fields have after all of these moves.

    An option that got another id twice is found under its first one.
    """
    found: dict[str, dict[str, str]] = {}
    for one in moves:
        if one.get("kind") == VALUE_MAP:
            ids = found.setdefault(str(one["path"]), {})
            came = {now: was for was, now in ids.items()}
            for was, now in one["map"].items():
                ids[came.get(was, was)] = now
        elif "from" in one and "to" in one:
            found = {followed(path, [one]): ids for path, ids in found.items()}
    return {key: ids for path, ids in found.items() if (key := key_of(path)) is not None}


def followed(path: str, moves: Iterable[Mapping[str, Any]]) -> str:
    """Return the path of a field under the names that these moves give to it and to what it stands in."""
    for one in moves:
        was, now = str(one.get("from", "")), str(one.get("to", ""))
        if was and (path == was or path.startswith((f"{was}/", f"{was}#"))):
            path = now + path[len(was) :]
    return path


def key_of(path: str) -> Key | None:
    """Return which field a path names; None if it is none of a field."""
    found = _PATH.match(path)
    if found is None:
        return None
    return (found[1], None, found[2]) if found[3] is None else (found[1], found[2], found[3])


def field_of(catalog: Catalog, key: Key) -> Field | None:
    """Return a field, or a column of rows; None if there is none."""
    entity, rows, name = key
    there = catalog.entities.get(entity)
    if there is None or rows is None:
        return there.fields.get(name) if there is not None else None
    return (there.fields[rows].items or {}).get(name) if rows in there.fields else None


def of(old: Catalog | None, new: Catalog, moves: Iterable[Mapping[str, Any]]) -> list[Remapped]:
    """Return the fields whose values follow.

    An old id that is still an option, or a new one that is none or was one before, maps nothing.
    """
    found = []
    for one, before, after in _both(old, new, moves):
        ids = {
            was: now
            for was, now in one.ids.items()
            if was in before and was not in after and now in after and now not in before
        }
        if ids:
            found.append(Remapped(one.now, one.was, ids))
    return found


def taken(old: Catalog | None, new: Catalog, moves: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield path, old and new id where the new one was an option before: its records could not be told apart any more."""
    for one, before, _ in _both(old, new, moves):
        yield from ((one.path, was, now) for was, now in one.ids.items() if was in before and now in before)


def _both(
    old: Catalog | None, new: Catalog, moves: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[Remapped, set[str], set[str]]]:
    """Yield each field that is there before and after, with its options before and after."""
    moves = list(moves)
    maps = composed(moves)
    if old is None or not maps:
        return
    called, names = renames.entities(old, new, moves), renames.fields(old, new, moves)
    for key, ids in sorted(maps.items(), key=lambda one: path_of(one[0])):
        entity, rows, _ = key
        rows_before = names.get((entity, None, rows), rows) if rows is not None else None
        was = (called.get(entity, entity), rows_before, names.get(key, key[2]))
        before, after = field_of(old, was), field_of(new, key)
        if before is not None and after is not None and before.type == after.type and after.type in TYPES:
            yield Remapped(key, was, ids), {one.id for one in before.options}, {one.id for one in after.options}


def count(connection: Connection, old: Catalog, one: Remapped) -> int:
    """Return how many records have a value that gets another id, archived ones too; one statement.

    Args:
        connection: A transaction in which ``old`` is in force.
        old: The definitions in force.
        one: A field.
    """
    entity, rows, name = one.was
    layout, field = tables.layout(old, entity), field_of(old, one.was)
    table, each = layout.table, sa.func.count()
    if rows is not None:
        table = layout.parts[rows].table
        each = sa.func.count(sa.distinct(table.c[layout.parts[rows].owner]))
    several = field is not None and field.type == "multi_select"
    where = _has(connection, table.c[name], list(one.ids), several=several)
    return int(connection.execute(sa.select(each).select_from(table).where(where)).scalar_one())


def follow(connection: Connection, old: Catalog | None, new: Catalog, moves: Iterable[Mapping[str, Any]]) -> None:
    """Let records have the new ids; one statement for each column.

    Args:
        connection: The transaction in which ``new`` is put in force; its tables fit ``new``.
        old: The definitions in force before.
        new: Those that shall be.
        moves: Entries of ``moves.json``, in order.
    """
    for one in of(old, new, moves):
        entity, rows, name = one.now
        layout, field = tables.layout(new, entity), field_of(new, one.now)
        table = layout.table if rows is None else layout.parts[rows].table
        column, several = table.c[name], field is not None and field.type == "multi_select"
        values: dict[str, Any] = {name: _mapped(connection, column, one.ids, several=several)}
        for shadow, make in layout.shadows.get(name, ()) if rows is None and not several else ():
            made = {was: make(now) for was, now in one.ids.items()}
            values[shadow] = sa.case(made, value=column, else_=table.c[shadow])
        where = _has(connection, column, list(one.ids), several=several)
        connection.execute(sa.update(table).where(where).values(values))


def _has(connection: Connection, column: sa.Column[Any], ids: list[str], *, several: bool) -> sa.ColumnElement[bool]:
    if not several:
        return column.in_(ids)
    if connection.dialect.name == "postgresql":
        return sa.func.jsonb_exists_any(column, sa.cast(postgresql.array(ids), postgresql.ARRAY(sa.Text)))
    each = sa.func.json_each(column).table_valued("key", "value").alias()
    return sa.exists(sa.select(sa.literal(1)).select_from(each).where(each.c.value.in_(ids)))


def _mapped(
    connection: Connection, column: sa.Column[Any], ids: Mapping[str, str], *, several: bool
) -> sa.ColumnElement[Any]:
    """Return the value of a column with new ids in the place of old ones; of several, in the same order."""
    if not several:
        return sa.case(dict(ids), value=column, else_=column)
    if connection.dialect.name == "postgresql":
        each = sa.func.jsonb_array_elements_text(column).table_valued("value", with_ordinality="at").render_derived()
        value = sa.cast(sa.case(dict(ids), value=each.c.value, else_=each.c.value), sa.Text)
        return sa.select(sa.func.jsonb_agg(postgresql.aggregate_order_by(value, each.c.at))).scalar_subquery()
    each = sa.func.json_each(column).table_valued("key", "value").alias()
    within = sa.select(each.c.value).order_by(each.c.key).subquery()
    changed = sa.case(dict(ids), value=within.c.value, else_=within.c.value)
    return sa.select(sa.func.json_group_array(changed)).scalar_subquery()
