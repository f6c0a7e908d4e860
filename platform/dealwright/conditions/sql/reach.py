"""From a name to a column: over references, into rows, through roll-ups and formulas that have no column.

A frame is a table that names are read from: that of the filtered entity, of a record referred to, of a row. From one
frame to the next leads a reference. How it is crossed is the one difference between the two public forms:

    select      LEFT JOIN, once for each reference            for lists: it can use the rows it joins in many places
    criteria    EXISTS, or a subquery of one value            for permissions, UPDATE and DELETE: it needs no FROM
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions import types
from dealwright.conditions.condition import of
from dealwright.conditions.sql import sqlite
from dealwright.conditions.sql.types import ClockTime, Json, Milliseconds, Scaled, UtcDateTime
from dealwright.conditions.syntax import Call, Literal, Name, Node
from dealwright.conditions.types import Type
from dealwright.errors import QueryError
from dealwright.metadata import names

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: Most decimal places of a value that a query gives back: a column of 18 digits holds no more usefully.
MAX_SCALE = 8
#: Most times that roll-ups and formulas without a column stand in one statement, formulas in formulas each time anew:
#: they could double at each step.
MAX_UNFOLDED = 500


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A table that names are read from.

    Attributes:
        table: The table, or an alias of it.
        entity: The entity whose records (or whose rows) it holds.
        rows: The ``rows`` field, where it holds rows.
        parent: The frame of the record that rows belong to.
    """

    table: sa.FromClause
    entity: str
    rows: str | None = None
    parent: Frame | None = None


def sql_type(kind: Type) -> sa.types.TypeEngine[Any]:
    """Return the column type that a value of a condition has."""
    if kind.kind == "decimal":
        return Scaled(min(kind.scale, MAX_SCALE))
    return _TYPES.get(kind.kind, sa.Text)()


_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "boolean": sa.Boolean,
    "integer": sa.BigInteger,
    "date": sa.Date,
    "datetime": UtcDateTime,
    "time": ClockTime,
    "duration": Milliseconds,
    "set": Json,
    "checklist": Json,
    "object": Json,
}


@dataclass(slots=True, eq=False)
class Reach:
    """The frames of one statement.

    Attributes:
        metadata: Tables of the catalog.
        catalog: The definitions in force.
        env: What is the same for every record: ``now()``, ``today()``, ``user.…``, ``record.…``.
        root: The frame of the entity that the condition is about.
        joins: Whether references from ``root`` are joined; otherwise every one becomes a subquery.
    """

    metadata: sa.MetaData
    catalog: Catalog
    env: Mapping[str, Any]
    root: Frame
    joins: bool = False
    source: sa.FromClause | None = None
    vars: dict[str, Frame] = field(default_factory=dict)
    crossed: dict[tuple[Frame, tuple[str, ...]], Frame] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    worked_out: dict[tuple[Frame, str], tuple[sa.ColumnElement[Any], int]] = field(default_factory=dict)
    pending: set[tuple[Frame, str]] = field(default_factory=set)
    unfolded: int = 0

    def table(self, entity_id: str) -> sa.FromClause:
        """Return an alias of an entity's table that this statement has not used yet."""
        return self.alias(names.table_name(entity_id))

    def part(self, entity_id: str, field_id: str) -> sa.FromClause:
        """Return an alias, not used yet, of the table of a ``rows`` or ``references`` field."""
        return self.alias(names.part_table_name(entity_id, field_id))

    def alias(self, name: str) -> sa.FromClause:
        """Return the next alias of a table. An alias costs a copy of every column, so each is made once per catalog."""
        self.used[name] = number = self.used.get(name, 0) + 1
        made: dict[tuple[str, int], sa.FromClause] = self.metadata.info.setdefault("conditions.aliases", {})
        if (name, number) not in made:
            made.setdefault((name, number), self.metadata.tables[name].alias())
        return made[name, number]

    def field(self, frame: Frame, name: str) -> Field | None:
        """Return the field of a frame."""
        entity = self.catalog.entity(frame.entity)
        if frame.rows is None:
            return entity.field(name)
        return (entity.fields[frame.rows].items or {}).get(name)

    def start(self, node: Name, frame: Frame) -> Frame:
        """Return the frame that a name starts from."""
        if node.root == "parent":
            return frame.parent or frame
        return self.vars[node.root] if node.root else frame

    def name(self, node: Name, frame: Frame) -> sa.ColumnElement[Any]:
        """Return the column (or subquery) of a name that is read from a frame."""
        return self.reach(self.start(node, frame), node.steps)

    def reach(self, frame: Frame, steps: tuple[str, ...]) -> sa.ColumnElement[Any]:
        """Return the column at the end of a path from a frame."""
        prefix, last = steps[:-1], steps[-1]
        if not prefix:
            return self.column(frame, last)
        if self.joins and frame is self.root:
            there = self.joined(frame, prefix)
            if last in there.table.c:
                return there.table.c[last]
            # What is worked out, such as a count, may have a value also where there is no record to have it.
        elif (frame, prefix) in self.crossed:
            return self.column(self.crossed[frame, prefix], last)
        aliases, links, end = self.crossing(frame, prefix)
        found = self.column(end, last)
        return sa.select(found).where(*links).correlate_except(*aliases).scalar_subquery()

    def crossing(
        self, frame: Frame, prefix: tuple[str, ...]
    ) -> tuple[list[sa.FromClause], list[sa.ColumnElement[bool]], Frame]:
        """Return new aliases for the records on a path, for each what links it to the one before, and the last frame."""
        aliases: list[sa.FromClause] = []
        links: list[sa.ColumnElement[bool]] = []
        here = frame
        for step in prefix:
            there = Frame(self.table(self.target(here, step)), self.target(here, step))
            links.append(there.table.c.id == self.column(here, step))
            aliases.append(there.table)
            here = there
        return aliases, links, here

    def joined(self, frame: Frame, prefix: tuple[str, ...]) -> Frame:
        """Return the frame at the end of a path, having joined every record on it that was not joined before."""
        here = frame
        for depth, step in enumerate(prefix, 1):
            key = (frame, prefix[:depth])
            if key not in self.crossed:
                there = Frame(self.table(self.target(here, step)), self.target(here, step))
                source = self.source if self.source is not None else frame.table
                self.source = source.outerjoin(there.table, there.table.c.id == self.column(here, step))
                self.crossed[key] = there
            here = self.crossed[key]
        return here

    def target(self, frame: Frame, name: str) -> str:
        """Return the entity that a reference field points at."""
        found = self.field(frame, name)
        return types.of(found, self.catalog, frame.entity).entity or "" if found else ""

    def column(self, frame: Frame, name: str) -> sa.ColumnElement[Any]:
        """Return what a field of a frame holds: its column, or what it is worked out from."""
        if name in frame.table.c:
            return frame.table.c[name]
        if (frame, name) not in self.worked_out:
            if (frame, name) in self.pending:
                raise QueryError(f"“{name}” is worked out from itself")
            self.pending.add((frame, name))
            before = self.unfolded
            element = self.work_out(frame, name)
            self.pending.discard((frame, name))
            self.worked_out[frame, name] = (element, self.unfolded - before + 1)
        element, weight = self.worked_out[frame, name]
        self.unfolded += weight
        if self.unfolded > MAX_UNFOLDED:
            raise QueryError(f"too many roll-ups and formulas stand behind “{name}” to ask for it in one query")
        return element

    def work_out(self, frame: Frame, name: str) -> sa.ColumnElement[Any]:
        """Return what stands for a field that has no column."""
        found = self.field(frame, name)
        if found is not None and found.type == "rollup":
            return self.rollup(frame, found)
        if found is not None and found.type == "formula":
            return self.formula(frame, found)
        if found is not None and found.type == "lookup":
            return self.reach(frame, (str(found.spec["via"]), *str(found.spec["value"]).split(".")))
        # What is in a table was saved before, so it is not new.
        return sa.false()

    def formula(self, frame: Frame, found: Field) -> sa.ColumnElement[Any]:
        """Return the expression of a formula that changes with time and therefore has no column."""
        return self.value(self.formula_tree(frame, found), frame)

    def formula_tree(self, frame: Frame, found: Field) -> Node:
        """Return the tree of a formula, rounded to the places of its result as a stored one is."""
        namespace = found.id.partition("__")[0] if "__" in found.id else None
        source = str(found.spec["formula"])
        tree = of(self.catalog, frame.entity, source, "formula", namespace=namespace, rows=frame.rows).ast
        result = types.of(found, self.catalog, frame.entity)
        if result.kind != "decimal":
            return tree
        if tree.type.kind == "integer":
            return Call("decimal()", (tree,), Type("decimal", nullable=tree.type.nullable))
        if tree.type.scale == result.scale:
            return tree
        places = Literal(result.scale, replace(types.INTEGER, nullable=False))
        return Call("round()", (tree, places), replace(result, nullable=tree.type.nullable))

    def rollup(self, frame: Frame, found: Field) -> sa.ColumnElement[Any]:
        """Return the subquery of a roll-up: over the records, not archived, that refer to this one."""
        spec = found.spec
        entity_id = str(spec["of"])
        child = Frame(self.table(entity_id), entity_id)
        where: list[sa.ColumnElement[bool]] = [child.table.c.archived_at.is_(None)]
        via = self.catalog.entity(entity_id).field(str(spec["via"]))
        if via is not None and via.type == "references":
            link = self.part(entity_id, via.id)
            where.append(
                sa.exists()
                .where(link.c.record == child.table.c.id, link.c.target == frame.table.c.id)
                .correlate_except(link)
            )
        else:
            where.append(child.table.c[str(spec["via"])] == frame.table.c.id)
        if spec.get("filter"):
            namespace = found.id.partition("__")[0] if "__" in found.id else names.namespace_of(frame.entity)
            chosen = of(self.catalog, entity_id, str(spec["filter"]), "filter", namespace=namespace)
            where.append(self.truth(chosen.ast, child, True))
        if spec.get("measure") == "count":
            return sa.select(sa.func.count()).where(*where).correlate_except(child.table).scalar_subquery()
        steps = tuple(str(spec["value"]).split("."))
        value = Name(steps, types.end_of(steps, entity_id, self.catalog), steps=steps)
        summed = self.catalog.entity(entity_id).field(steps[0]) if len(steps) == 1 else None
        if summed is not None and summed.type == "money" and summed.spec.get("currency") == "per_record":
            raise QueryError(
                f"“{found.id}” adds up amounts in several currencies: it is worked out when a record is read, "
                "and records cannot be filtered, sorted or grouped by it"
            )
        result = sql_type(types.of(found, self.catalog, frame.entity))
        return sqlite.stored(self.summary(str(spec["measure"]), value, child, where), result)

    # Given by the classes above this one ------------------------------------------------------------------------

    def value(self, node: Node, frame: Frame) -> sa.ColumnElement[Any]:
        """Return a value on any database."""
        raise NotImplementedError

    def truth(self, node: Node, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        """Return what is true exactly where a condition has the wanted truth."""
        raise NotImplementedError

    def summary(
        self, measure: str, body: Node, child: Frame, where: list[sa.ColumnElement[bool]]
    ) -> sa.ColumnElement[Any]:
        """Return sum, avg, min or max of a value over the rows of a frame."""
        raise NotImplementedError
