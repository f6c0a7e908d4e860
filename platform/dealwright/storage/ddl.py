"""Statements that change tables, and questions about what is there, in the words of each database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from dealwright.conditions.sql.types import Scaled

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.sql.compiler import DDLCompiler

    from dealwright.storage.database import Connection


class AddColumn(DDLElement):
    """``ALTER TABLE … ADD COLUMN``; on SQLite with its foreign key, which can be added in no other way."""

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


class AddKey(DDLElement):
    """``ALTER TABLE … ADD FOREIGN KEY``; without ``check`` it holds from now on, with no look at the rows there."""

    def __init__(self, key: sa.ForeignKey, *, check: bool) -> None:
        self.key, self.check = key, check


class ValidateKey(DDLElement):
    """Has PostgreSQL check the rows that were there before a foreign key; nobody waits for it."""

    def __init__(self, table: sa.Table, name: str) -> None:
        self.table, self.name = table, name


class CreateConcurrently(DDLElement):
    """``CREATE INDEX CONCURRENTLY``: writers go on; not within a transaction."""

    def __init__(self, index: sa.Index) -> None:
        self.index = index


class DropConcurrently(DDLElement):
    """Removes what a broken-off :class:`CreateConcurrently` has left."""

    def __init__(self, index: sa.Index) -> None:
        self.index = index


class RenameTable(DDLElement):
    """``ALTER TABLE … RENAME TO``: what refers to the table follows by itself."""

    def __init__(self, was: str, table: sa.Table) -> None:
        self.was, self.table = was, table


class RenameColumn(DDLElement):
    """``ALTER TABLE … RENAME COLUMN``: indexes and keys over it follow by themselves, under their names of before."""

    def __init__(self, was: str, column: sa.Column[Any]) -> None:
        self.was, self.column = was, column


class RenameKey(DDLElement):
    """``ALTER TABLE … RENAME CONSTRAINT``, on PostgreSQL: the name of before is free for another foreign key."""

    def __init__(self, was: str, key: sa.ForeignKey) -> None:
        self.was, self.key = was, key


class DropTable(DDLElement):
    """``DROP TABLE``, on PostgreSQL with the foreign keys of other tables that name it."""

    def __init__(self, table: sa.Table) -> None:
        self.table = table


class CheckKeys(DDLElement):
    """``SET CONSTRAINTS ALL IMMEDIATE``, on PostgreSQL: a table with checks that wait for the commit cannot be dropped."""


class DropColumn(DDLElement):
    """``ALTER TABLE … DROP COLUMN``."""

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


class WidenColumn(DDLElement):
    """``ALTER TABLE … ALTER COLUMN … TYPE``, on PostgreSQL."""

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


@compiles(AddColumn)
def _add_column(element: AddColumn, compiler: DDLCompiler, **options: Any) -> str:
    column = element.column
    described = compiler.get_column_specification(column)
    text = f"ALTER TABLE {compiler.preparer.format_table(column.table)} ADD COLUMN {described}"
    if compiler.dialect.name == "sqlite":
        for key in column.foreign_keys:
            if key.constraint is not None:
                # As a constraint of the table: CONSTRAINT k FOREIGN KEY(x) REFERENCES …; one of a column leaves out
                # the middle.
                whole = compiler.process(key.constraint)
                text += f" {whole[: whole.index('FOREIGN KEY')]}{whole[whole.index('REFERENCES') :]}"
    return text


@compiles(AddKey)
def _add_key(element: AddKey, compiler: DDLCompiler, **options: Any) -> str:
    constraint = element.key.constraint
    assert constraint is not None and constraint.table is not None  # noqa: S101 - it hangs on a column of a table
    text = f"ALTER TABLE {compiler.preparer.format_table(constraint.table)} ADD {compiler.process(constraint)}"
    return text if element.check else f"{text} NOT VALID"


@compiles(ValidateKey)
def _validate_key(element: ValidateKey, compiler: DDLCompiler, **options: Any) -> str:
    name = compiler.preparer.quote(element.name)
    return f"ALTER TABLE {compiler.preparer.format_table(element.table)} VALIDATE CONSTRAINT {name}"


@compiles(CreateConcurrently)
def _create_concurrently(element: CreateConcurrently, compiler: DDLCompiler, **options: Any) -> str:
    text = compiler.process(CreateIndex(element.index))
    return text.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)


@compiles(DropConcurrently)
def _drop_concurrently(element: DropConcurrently, compiler: DDLCompiler, **options: Any) -> str:
    text = compiler.process(sa.schema.DropIndex(element.index))
    return text.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)


@compiles(RenameTable)
def _rename_table(element: RenameTable, compiler: DDLCompiler, **options: Any) -> str:
    was = sa.Table(element.was, sa.MetaData())
    return f"ALTER TABLE {compiler.preparer.format_table(was)} RENAME TO {compiler.preparer.quote(element.table.name)}"


@compiles(RenameColumn)
def _rename_column(element: RenameColumn, compiler: DDLCompiler, **options: Any) -> str:
    table = compiler.preparer.format_table(element.column.table)
    was, now = compiler.preparer.quote(element.was), compiler.preparer.format_column(element.column)
    return f"ALTER TABLE {table} RENAME COLUMN {was} TO {now}"


@compiles(RenameKey)
def _rename_key(element: RenameKey, compiler: DDLCompiler, **options: Any) -> str:
    table = compiler.preparer.format_table(element.key.parent.table)
    was, now = compiler.preparer.quote(element.was), compiler.preparer.quote(str(element.key.name))
    return f"ALTER TABLE {table} RENAME CONSTRAINT {was} TO {now}"


@compiles(DropTable)
def _drop_table(element: DropTable, compiler: DDLCompiler, **options: Any) -> str:
    more = " CASCADE" if compiler.dialect.name == "postgresql" else ""
    return f"DROP TABLE {compiler.preparer.format_table(element.table)}{more}"


@compiles(CheckKeys)
def _check_keys(element: CheckKeys, compiler: DDLCompiler, **options: Any) -> str:
    return "SET CONSTRAINTS ALL IMMEDIATE"


@compiles(DropColumn)
def _drop_column(element: DropColumn, compiler: DDLCompiler, **options: Any) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} DROP COLUMN {compiler.preparer.format_column(element.column)}"


@compiles(WidenColumn)
def _widen_column(element: WidenColumn, compiler: DDLCompiler, **options: Any) -> str:
    column = element.column
    kind = compiler.type_compiler.process(column.type)
    table = compiler.preparer.format_table(column.table)
    return f"ALTER TABLE {table} ALTER COLUMN {compiler.preparer.format_column(column)} TYPE {kind}"


def create_tables(connection: Connection, tables: Sequence[sa.Table]) -> None:
    """Create tables with their indexes, in any order, whatever refers to what.

    ``MetaData.create_all`` would mark the constraints of a cycle for good, so that the same tables made in a SQLite
    file later would lack them.
    """
    sqlite = connection.dialect.name == "sqlite"
    for table in tables:
        # On SQLite a foreign key may name a table that is still to come, and cannot be added afterwards.
        keys = None if sqlite else ()
        connection.execute(CreateTable(table, include_foreign_key_constraints=keys))
    for table in tables:
        if not sqlite:
            for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
                connection.execute(AddKey(key, check=True))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            connection.execute(CreateIndex(index))


def widen(connection: Connection, old: sa.Column[Any], new: sa.Column[Any]) -> None:
    """Make room in a column for all that its new type can hold, and keep every value."""
    if connection.dialect.name == "postgresql":
        connection.execute(WidenColumn(new))
    elif isinstance(old.type, Scaled) and isinstance(new.type, Scaled):
        raw = sa.type_coerce(new, sa.BigInteger)
        connection.execute(sa.update(new.table).values({new.key: raw * 10 ** (new.type.scale - old.type.scale)}))


def drop_index(connection: Connection, name: str) -> None:
    """Drop an index if it is there."""
    table = sa.Table("any", sa.MetaData(), sa.Column("id", sa.Text))
    connection.execute(sa.schema.DropIndex(sa.Index(name, table.c.id), if_exists=True))


def columns(connection: Connection, those: Collection[str]) -> dict[str, set[str]]:
    """Return the columns that tables have in the database, for those of the tables that are there."""
    inspector = sa.inspect(connection)
    schema = schema_of(connection)
    there = set(inspector.get_table_names(schema=schema)) & set(those)
    return {name: {column["name"] for column in inspector.get_columns(name, schema=schema)} for name in there}


def indexes(connection: Connection) -> set[str]:
    """Return the names of all indexes in the workspace."""
    if connection.dialect.name == "sqlite":
        master = sa.table("sqlite_master", sa.column("type"), sa.column("name"))
        return set(connection.scalars(sa.select(master.c.name).where(master.c.type == "index")))
    catalogued = sa.table("pg_indexes", sa.column("schemaname"), sa.column("indexname"))
    here = catalogued.c.schemaname == _schema_or_current(connection)
    return set(connection.scalars(sa.select(catalogued.c.indexname).where(here)))


def columns_of_indexes(connection: Connection, table: str) -> dict[str, set[str]]:
    """Return the indexes of a table, each with the columns that it is over."""
    found = sa.inspect(connection).get_indexes(table, schema=schema_of(connection))
    return {str(one["name"]): {name for name in one["column_names"] if name is not None} for one in found}


def invalid_indexes(connection: Connection) -> set[str]:
    """Return the indexes whose building broke off; SQLite knows none."""
    if connection.dialect.name == "sqlite":
        return set()
    index = sa.table("pg_index", sa.column("indexrelid"), sa.column("indisvalid"))
    relation = sa.table("pg_class", sa.column("oid"), sa.column("relname"), sa.column("relnamespace"))
    statement = sa.select(relation.c.relname).join(index, index.c.indexrelid == relation.c.oid)
    return set(
        connection.scalars(statement.where(~index.c.indisvalid, relation.c.relnamespace == _namespace(connection)))
    )


def unchecked_keys(connection: Connection) -> list[tuple[str, str]]:
    """Return (table, foreign key) where old rows have not been looked at; SQLite knows none."""
    if connection.dialect.name == "sqlite":
        return []
    constraint = sa.table(
        "pg_constraint", *(sa.column(one) for one in ("conname", "conrelid", "contype", "convalidated", "connamespace"))
    )
    relation = sa.table("pg_class", sa.column("oid"), sa.column("relname"))
    statement = (
        sa.select(relation.c.relname, constraint.c.conname)
        .join(relation, relation.c.oid == constraint.c.conrelid)
        .where(
            constraint.c.contype == "f",
            ~constraint.c.convalidated,
            constraint.c.connamespace == _namespace(connection),
        )
    )
    return [(row[0], row[1]) for row in connection.execute(statement.order_by(relation.c.relname))]


def is_large(connection: Connection, table: str, rows: int) -> bool:
    """Tell whether PostgreSQL thinks that a table has more than so many rows; False on SQLite, which builds at once."""
    if connection.dialect.name == "sqlite":
        return False
    relation = sa.table(
        "pg_class", sa.column("relname"), sa.column("relnamespace"), sa.column("reltuples"), sa.column("relpages")
    )
    statement = sa.select(relation.c.reltuples, relation.c.relpages).where(
        relation.c.relname == table, relation.c.relnamespace == _namespace(connection)
    )
    found = connection.execute(statement).first()
    if found is None:
        return False
    # Never analysed, the count is -1; a page of 8 KB holds about thirty rows of a wide table.
    return bool(found.reltuples > rows or (found.reltuples < 0 and found.relpages * 30 > rows))


def schema_of(connection: Connection) -> str | None:
    """Return the schema of PostgreSQL in which the workspace lies; None for the default one, and on SQLite."""
    translated: dict[str | None, str] = connection.get_execution_options().get("schema_translate_map") or {}
    return translated.get(None)


def _schema_or_current(connection: Connection) -> sa.ColumnElement[Any]:
    schema = schema_of(connection)
    return sa.func.current_schema() if schema is None else sa.literal(schema)


def _namespace(connection: Connection) -> sa.ScalarSelect[Any]:
    namespace = sa.table("pg_namespace", sa.column("oid"), sa.column("nspname"))
    here = namespace.c.nspname == _schema_or_current(connection)
    return sa.select(namespace.c.oid).where(here).scalar_subquery()
