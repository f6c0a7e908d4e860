"""Many rows into a table at once, with no more work for each than the driver asks for.

An import writes four rows for each line of a file. SQLAlchemy makes a dict of parameters for each row, and PostgreSQL
takes each row as a statement of its own. Here values are prepared column by column and go as one list to SQLite and as
one COPY to PostgreSQL: a third of the processor time of both. For a few rows the ordinary statement is as good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage.database import own_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dealwright.storage.database import Connection

#: Rows from which it pays.
MANY = 16


def insert(connection: Connection, statement: sa.Insert, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that all have the same keys.

    Args:
        connection: The transaction.
        statement: What writes a few of them, or one.
        table: The table of the statement; a column that the rows do not name has its default in the database.
        rows: Typed values by the key of the column.

    Raises:
        ConflictError: If a unique index refuses one of them.
        UnavailableError: If the database is busy or gone.
    """
    if len(rows) < MANY:
        connection.execute(statement, rows)
        return
    # In the order of the table, in which SQLAlchemy writes an insert.
    columns = [column for column in table.c if column.key in rows[0]]
    values = zip(*(_bound(connection, column, rows) for column in columns), strict=True)
    if connection.dialect.name == "sqlite":
        written = sa.insert(table).inline().compile(dialect=connection.dialect, column_keys=list(rows[0]))
        connection.exec_driver_sql(str(written), list(values))
        return
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in columns)
    translated = connection.get_execution_options().get("schema_translate_map") or {}
    schema = translated.get(None)
    where = quote(table.name) if schema is None else f"{quote(schema)}.{quote(table.name)}"
    _copy(connection, f"COPY {where} ({names}) FROM STDIN", values)


def _copy(connection: Connection, statement: str, values: Iterator[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in values:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise own_error(connection, statement, error) from error


def _bound(connection: Connection, column: sa.Column[Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return what the driver is given for a column of all rows; a value that stands there again is prepared once."""
    key = column.key
    prepare = _processor(column, connection.dialect)
    if prepare is None:
        return [row[key] for row in rows]
    found = []
    last = ready = None
    for row in rows:
        value = row[key]
        if value is not last:
            last, ready = value, prepare(value)
        found.append(ready if value is not None else None)
    return found


def _processor(column: sa.Column[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    known = column.info.setdefault("bulk", {})
    if dialect.name not in known:
        known[dialect.name] = column.type.dialect_impl(dialect).bind_processor(dialect)
    made: Callable[[Any], Any] | None = known[dialect.name]
    return made
