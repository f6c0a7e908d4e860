"""Removing for good what definitions that are gone have left: tables, columns, and all that is kept about their records.

Everything happens in the caller's transaction, so that a process that dies in it has removed nothing. SQLite cannot drop a
table or column that a foreign key hangs on: there the values go, and what held them stays empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage import ddl, records, system
from dealwright.storage.schema import LOCK_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dealwright.storage.database import Connection
    from dealwright.storage.tables import Part

#: What else names an entity and a record of it, besides what ``records`` keeps.
_MORE = (system.outbox, system.list_view, system.imports)


def there(connection: Connection, wanted: Iterable[sa.Table]) -> list[sa.Table]:
    """Return those tables that are in the database."""
    known = list(wanted)
    found = ddl.columns(connection, {one.name for one in known})
    return [one for one in known if one.name in found]


def columns_there(connection: Connection, table: sa.Table, keys: Iterable[str]) -> list[sa.Column[Any]]:
    """Return those columns of a table that are in the database."""
    found = ddl.columns(connection, {table.name}).get(table.name, set())
    return [table.c[key] for key in keys if key in table.c and table.c[key].name in found]


def filled(connection: Connection, columns: Sequence[sa.Column[Any]]) -> int:
    """Return how many rows have something in one of these columns of one table."""
    if not columns:
        return 0
    return int(connection.execute(sa.select(sa.func.count()).where(with_value(columns))).scalar_one())


def rows(connection: Connection, table: sa.Table) -> int:
    """Return how many rows a table has."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def prepare(connection: Connection) -> None:
    """Set how long the transaction waits for those who use a table, before it gives up."""
    if connection.dialect.name == "postgresql":
        for name, value in (("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", "0")):
            connection.execute(sa.select(sa.func.set_config(name, value, True)))


def forget(connection: Connection, entity: str) -> None:
    """Remove all that is kept about the records of an entity: events, decisions, visits, clocks, approvals, messages."""
    named = sa.select(system.event.c.record).where(system.event.c.entity == entity, system.event.c.record.is_not(None))
    connection.execute(sa.delete(system.firing).where(system.firing.c.record.in_(named)))
    asked = sa.select(system.approval.c.id).where(system.approval.c.entity == entity)
    for table in (system.approval_link, system.approval_note, system.approval_seat):
        connection.execute(sa.delete(table).where(table.c.approval.in_(asked)))
    connection.execute(sa.delete(system.approval).where(system.approval.c.entity == entity))
    for log in (*records.LOGS, *_MORE):
        connection.execute(sa.delete(log).where(log.c.entity == entity))
    # What was uploaded goes with the next sweep, as what no record names any more.
    of = system.file
    connection.execute(sa.update(of).where(of.c.entity == entity).values(entity=None, record=None))


def drop_tables(connection: Connection, wanted: Sequence[sa.Table]) -> list[str]:
    """Remove tables with all that is in them; return those that could only be emptied (SQLite)."""
    names = {one.name for one in wanted}
    referring = [one for one in _keys(connection) if one[2] in names and one[0] not in names]
    for table, column, _, cascade in referring:
        other = sa.table(table, sa.column(column))
        if cascade:
            connection.execute(sa.delete(other).where(other.c[column].is_not(None)))
        else:
            connection.execute(sa.update(other).where(other.c[column].is_not(None)).values({column: None}))
    kept = {target for _, _, target, _ in referring} if connection.dialect.name == "sqlite" else set()
    for one in wanted:
        connection.execute(sa.delete(one))
    if connection.dialect.name == "postgresql":
        connection.execute(ddl.CheckKeys())
    for one in wanted:
        if one.name not in kept:
            connection.execute(ddl.DropTable(one))
    return sorted(kept)


def drop_columns(connection: Connection, columns: Sequence[sa.Column[Any]]) -> list[str]:
    """Remove columns of one table with all that is in them; return those that could only be emptied (SQLite)."""
    if not columns:
        return []
    table = columns[0].table
    kept: list[str] = []
    referring = {column for name, column, _, _ in _keys(connection) if name == table.name}
    wanted = {one.name for one in columns}
    for name, over in ddl.columns_of_indexes(connection, table.name).items():
        if wanted & over:
            ddl.drop_index(connection, name)
    for one in columns:
        if connection.dialect.name == "sqlite" and one.name in referring:
            connection.execute(sa.update(table).where(one.is_not(None)).values({one.key: None}))
            kept.append(one.name)
        else:
            connection.execute(ddl.DropColumn(one))
    return kept


def _keys(connection: Connection) -> list[tuple[str, str, str, bool]]:
    """Return every foreign key in the workspace: table, column, table that it names, whether rows go with theirs."""
    inspector = sa.inspect(connection)
    schema = ddl.schema_of(connection)
    found = []
    for (_, name), keys in inspector.get_multi_foreign_keys(schema=schema).items():
        for key in keys:
            cascade = key.get("options", {}).get("ondelete") == "CASCADE"
            found.append((name, key["constrained_columns"][0], key["referred_table"], cascade))
    return found


def is_bound(connection: Connection, table: sa.Table, columns: Sequence[sa.Column[Any]] = ()) -> bool:
    """Tell whether a table, or one of these columns of it, can only be emptied, because a foreign key hangs on it (SQLite)."""
    if connection.dialect.name != "sqlite":
        return False
    names = {one.name for one in columns}
    return any(
        (name == table.name and column in names) if names else (target == table.name and name != table.name)
        for name, column, target, _ in _keys(connection)
    )


def with_value(columns: Sequence[sa.Column[Any]]) -> sa.ColumnElement[bool]:
    """Return the condition that a record has something in one of these columns."""
    return sa.or_(*(one.is_not(None) for one in columns))


def with_rows(table: sa.Table, part: Part) -> sa.ColumnElement[bool]:
    """Return the condition that a record has rows or links in the table of a part."""
    return table.c.id.in_(sa.select(part.table.c[part.owner]))


def values(connection: Connection, columns: Sequence[sa.Column[Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one table that have something in these columns, with the first column of the table."""
    table = columns[0].table
    key = next(iter(table.c))
    for row in connection.execute(sa.select(key, *columns).where(with_value(columns)).order_by(key)):
        yield dict(zip((key.key, *(one.key for one in columns)), row, strict=True))
