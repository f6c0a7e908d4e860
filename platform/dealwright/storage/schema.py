"""Brings the database's tables to those of a new catalog: what to do is worked out from two catalogs, never guessed.

A plan only ever adds, or renames what a pack says it has renamed. A field or entity that is gone from the catalog keeps
its column or table, so what was written is there again when it comes back; removing data for good is a decision of its
own. Adding a field takes milliseconds however many records there are: no table is rewritten, and PostgreSQL builds the
indexes of large tables afterwards, while people go on working (:func:`complete`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions.sql.types import Scaled
from dealwright.errors import DefinitionError, Problem
from dealwright.storage import ddl, renames, shadows, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection, Database

#: How long a change of a table waits for those who use it, before it gives up: everybody else waits behind it.
LOCK_TIMEOUT = "2s"
#: Records from which on PostgreSQL builds an ordinary index after the transaction.
LARGE = 10_000


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the database.

    Attributes:
        kind: ``rename-table``, ``rename-column``, ``create-table``, ``add-column``, ``widen-column``, ``create-index`` or
            ``drop-index``.
        table: Name of the table.
        name: Name of the column or index; the table's for a new table.
        text: What is done, for people.
        was: What it was called before, where it is renamed.
    """

    kind: str
    table: str
    name: str
    text: str
    was: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What brings the tables of one catalog to those of another.

    Attributes:
        steps: In the order in which they are done.
        problems: What stands in the way; a plan with problems cannot be applied.
    """

    old: Catalog | None
    new: Catalog
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...] = field(default=())

    def apply(self, connection: Connection) -> None:
        """Do the steps within the caller's transaction; what is done already is passed over.

        Call :func:`complete` when the transaction has committed.

        Raises:
            DefinitionError: If the plan has problems, or stored records break a new unique rule.
            UnavailableError: If a table was in use for longer than :data:`LOCK_TIMEOUT`. Try again.
        """
        if self.problems:
            raise DefinitionError("the tables cannot be changed like this", self.problems)
        if self.steps:
            _Change(connection, self).run()


def plan(old: Catalog | None, new: Catalog, moves: Sequence[Mapping[str, Any]] = ()) -> Plan:
    """Work out what to change; reads no database and takes milliseconds.

    Args:
        old: The definitions in force; None for an empty database.
        new: Those that shall be.
        moves: Entries of ``moves.json``: fields that have another name keep their data (:mod:`.renames`).
    """
    changed = _changed(old, new)
    before = dict(tables.whole(old, changed).tables) if old is not None else {}
    steps: list[Step] = []
    problems: list[Problem] = []
    renamed, columns = renames.of(old, new, moves, before) if old is not None and moves else ({}, {})
    for name, earlier in renamed.items():
        before[name] = before.pop(earlier)
        steps.append(Step("rename-table", name, name, f"rename the table {earlier} to {name}", earlier))
    for name, table in tables.whole(new, changed).tables.items():
        if changed is not None and table.info["entity"] not in changed:
            continue  # it is here because another refers to it
        if name not in before:
            steps.append(Step("create-table", name, name, f"create the table {name}"))
            continue
        there = before[name]
        for column in table.c:
            if (key := columns.get(name, {}).get(column.key)) is not None:
                text = f"rename the column {there.c[key].name} of {name} to {column.name}"
                steps.append(Step("rename-column", name, column.key, text, there.c[key].name))
                _compare(there.c[key], column, steps, problems)
            elif column.key not in there.c:
                steps.append(Step("add-column", name, column.key, f"add the column {column.name} to {name}"))
            else:
                _compare(there.c[column.key], column, steps, problems)
        now = {str(index.name) for index in table.indexes}
        was = {str(index.name) for index in there.indexes}
        steps += [Step("drop-index", name, one, f"drop the index {one}") for one in sorted(was - now)]
        steps += [Step("create-index", name, one, f"create the index {one}") for one in sorted(now - was)]
    order = (
        "rename-table",
        "rename-column",
        "create-table",
        "add-column",
        "widen-column",
        "drop-index",
        "create-index",
    )
    steps.sort(key=lambda step: order.index(step.kind))
    return Plan(old, new, tuple(steps), tuple(problems))


def complete(database: Database, catalog: Catalog) -> list[str]:
    """Build the indexes that are missing, and have foreign keys checked, while everybody goes on working.

    For after :meth:`Plan.apply` and at every start: it finds by itself what a crash has left undone. Returns what was
    done, for the log.

    Raises:
        UnavailableError: If the database is gone or too busy; call it again.
    """
    with database.read() as connection:
        have = ddl.indexes(connection)
        broken = ddl.invalid_indexes(connection)
        unchecked = ddl.unchecked_keys(connection)
    wanted = {name for _, name in tables.index_names(catalog)}
    if wanted <= have and wanted.isdisjoint(broken) and not unchecked:
        return []  # as at nearly every start
    metadata = tables.whole(catalog)
    missing = [
        index
        for table in metadata.tables.values()
        for index in sorted(table.indexes, key=lambda one: str(one.name))
        if index.name not in have or index.name in broken
    ]
    done: list[str] = []
    if database.dialect == "sqlite":
        if missing:
            with database.write() as connection:
                for index in missing:
                    connection.execute(sa.schema.CreateIndex(index))
                    done.append(f"created the index {index.name}")
        return done
    with database.autocommit().connect() as connection:
        connection.detach()  # closed at the end, so that its setting does not reach the next user of the pool
        connection.execute(sa.select(sa.func.set_config("statement_timeout", "0", False)))
        for index in missing:
            if index.name in broken:
                connection.execute(ddl.DropConcurrently(index))
            connection.execute(ddl.CreateConcurrently(index))
            done.append(f"created the index {index.name}")
        for table, key in unchecked:
            if table in metadata.tables:
                connection.execute(ddl.ValidateKey(metadata.tables[table], key))
                done.append(f"checked the foreign key {key}")
    return done


def _changed(old: Catalog | None, new: Catalog) -> frozenset[str] | None:
    """Return the entities whose definition is another; None for all, where there are others now."""
    if old is None or old.entities.keys() != new.entities.keys():
        return None
    return frozenset(name for name, entity in new.entities.items() if entity != old.entities[name])


def _compare(old: sa.Column[Any], new: sa.Column[Any], steps: list[Step], problems: list[Problem]) -> None:
    was, now = _kind(old), _kind(new)
    table = new.table.name
    if was == now:
        return
    wider = was == ("Integer", None) and now == ("BigInteger", None)
    if was[0] == now[0] == "Scaled":
        wider = (was[1] or 0) < (now[1] or 0)
    if wider:
        steps.append(Step("widen-column", table, new.key, f"widen the column {table}.{new.name}"))
        return
    text = f"the column {table}.{new.name} holds {_said(was)} and cannot hold {_said(now)}"
    problems.append(Problem(f"/{new.key}", "column-type", f"{text}; add a new field instead and retire this one"))


def _kind(column: sa.Column[Any]) -> tuple[str, int | None]:
    kind = column.type
    name = "Text" if isinstance(kind, sa.Text) else type(kind).__name__
    return name, kind.scale if isinstance(kind, Scaled) else None


def _said(kind: tuple[str, int | None]) -> str:
    name, scale = kind
    return name if scale is None else f"decimals with {scale} places"


class _Change:
    """One application of a plan."""

    def __init__(self, connection: Connection, plan: Plan) -> None:
        self._connection, self._plan = connection, plan
        self._changed = _changed(plan.old, plan.new)
        self._metadata = tables.whole(plan.new, self._changed)
        self._there = self._now_there()

    def run(self) -> None:
        if self._connection.dialect.name == "postgresql":
            for name, value in (("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", "0")):
                self._connection.execute(sa.select(sa.func.set_config(name, value, True)))
        self._rename()
        new = [self._metadata.tables[step.table] for step in self._of("create-table") if step.table not in self._there]
        ddl.create_tables(self._connection, new)
        for step in self._of("create-table"):  # a table that was there before: the entity has come back
            if step.table in self._there:
                self._catch_up(self._metadata.tables[step.table])
        for step in self._of("add-column"):
            self._add_column(self._metadata.tables[step.table].c[step.name])
        for step in self._of("widen-column"):
            ddl.widen(self._connection, self._was(step), self._metadata.tables[step.table].c[step.name])
        for step in self._of("drop-index"):
            ddl.drop_index(self._connection, step.name)
        for step in self._of("create-index"):
            self._create_index(self._index(step))

    def _now_there(self) -> dict[str, set[str]]:
        those = {step.table for step in self._plan.steps}
        return ddl.columns(self._connection, those | {step.was for step in self._of("rename-table")})

    def _rename(self) -> None:
        """Rename tables and columns whose old name is there and whose new one is not."""
        for step in self._of("rename-table"):
            if step.was in self._there and step.table not in self._there:
                self._connection.execute(ddl.RenameTable(step.was, self._metadata.tables[step.table]))
        self._there = self._now_there()
        for step in self._of("rename-column"):
            column = self._metadata.tables[step.table].c[step.name]
            there = self._there.get(step.table, set())
            if step.was in there and column.name not in there:
                self._connection.execute(ddl.RenameColumn(step.was, column))
                for key in column.foreign_keys if self._connection.dialect.name == "postgresql" else ():
                    table = next((one.was for one in self._of("rename-table") if one.table == step.table), step.table)
                    self._connection.execute(ddl.RenameKey(tables.key_name(table, step.was), key))
        self._there = self._now_there()

    def _of(self, kind: str) -> Iterator[Step]:
        return (step for step in self._plan.steps if step.kind == kind)

    def _was(self, step: Step) -> sa.Column[Any]:
        """Return the column that is widened as it was, under its name and table of before."""
        assert self._plan.old is not None  # noqa: S101 - a column can only be widened if there was one
        table = next((one.was for one in self._of("rename-table") if one.table == step.table), step.table)
        there = tables.whole(self._plan.old, self._changed).tables[table].c
        name = next(
            (one.was for one in self._of("rename-column") if (one.table, one.name) == (step.table, step.name)), None
        )
        return there[step.name] if name is None else next(one for one in there if one.name == name)

    def _index(self, step: Step) -> sa.Index:
        return next(index for index in self._metadata.tables[step.table].indexes if index.name == step.name)

    def _catch_up(self, table: sa.Table) -> None:
        for column in table.c:
            self._add_column(column)
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            self._create_index(index)

    def _add_column(self, column: sa.Column[Any]) -> None:
        if column.name in self._there.get(column.table.name, ()):
            return
        self._connection.execute(ddl.AddColumn(column))
        for key in column.foreign_keys:
            if self._connection.dialect.name == "postgresql":
                self._connection.execute(ddl.AddKey(key, check=False))
        shadows.fill(self._connection, self._plan.new, column)

    def _create_index(self, index: sa.Index) -> None:
        if str(index.name) in ddl.indexes(self._connection):
            return
        if index.unique:
            self._refuse_duplicates(index)
        elif ddl.is_large(self._connection, str(index.table.name if index.table is not None else ""), LARGE):
            return  # complete() builds it
        self._connection.execute(sa.schema.CreateIndex(index))

    def _refuse_duplicates(self, index: sa.Index) -> None:
        """Say which unique rule stored records break, before the database does in its own words."""
        where = index.dialect_options[self._connection.dialect.name]["where"]
        columns = list(index.columns)
        filled = [column.is_not(None) for column in columns]
        statement = sa.select(sa.func.count()).where(where, *filled).group_by(*columns).having(sa.func.count() > 1)
        groups = self._connection.execute(sa.select(sa.func.count()).select_from(statement.subquery())).scalar_one()
        if groups:
            names = ", ".join(column.key for column in columns)
            text = f"{groups} values of {names} stand on several records of {columns[0].table.name}; change those first"
            raise DefinitionError("stored records break a new unique rule", [Problem("/unique", "not-unique", text)])
