"""Values of conditions as SQL: columns, arithmetic, functions, summaries of rows.

Each value has one portable form. Where SQLite has no exact way to work it out, the portable form serves PostgreSQL
alone and SQLite gets a call of :mod:`dealwright.conditions.sql.sqlite`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from dealwright.conditions import arithmetic, python
from dealwright.conditions.sql import sqlite
from dealwright.conditions.sql.functions import FUNCTIONS, divided, moved
from dealwright.conditions.sql.reach import Frame, Reach, sql_type
from dealwright.conditions.sql.types import Scaled
from dealwright.conditions.syntax import MEASURES, ROOTS, Call, Each, Literal, Name, Node, children, walk
from dealwright.conditions.types import NUMBERS, Type

_MAX_BIGINT = 2**63 - 1
#: What SQLite does as exactly as Python, numbers all being of one scale.
_PORTABLE = frozenset(
    {
        *("&&", "||", "!", "?:", "==", "!=", "<", "<=", ">", ">=", "in", "list", "decimal()", "member()"),
        *("startsWith()", "endsWith()", "contains()", "blank()", "coalesce()", "size()"),
    }
)


@dataclass(slots=True, eq=False)
class Values(Reach):
    """How values become SQL."""

    # With the node itself: the id of a node that is gone may be that of another.
    fixed: dict[int, tuple[Node, bool]] = field(default_factory=dict)

    # Constants --------------------------------------------------------------------------------------------------

    def is_constant(self, node: Node) -> bool:
        """Tell whether a value is the same for every record, so that it is worked out before the statement is sent."""
        if id(node) in self.fixed:
            return self.fixed[id(node)][1]
        if isinstance(node, Name):
            known = self.is_constant(node.means) if node.means is not None else _from_outside(node)
        elif isinstance(node, Each):
            known = False
        else:
            known = all(map(self.is_constant, children(node)))
        self.fixed[id(node)] = (node, known)
        return known

    def constant(self, node: Node) -> Any:
        """Return the value of a constant."""
        return node.value if isinstance(node, Literal) else python.compile(node)(self.env)

    def bound(self, value: Any, kind: Type, scale: int | None = None) -> sa.ColumnElement[Any]:
        """Return a constant as a bound value; a decimal with ``scale`` as a column of that scale would hold it."""
        if value is None:
            return sa.null()
        if kind.kind == "decimal":
            return sa.literal(Decimal(value), sa.Numeric() if scale is None else Scaled(scale))
        return sa.literal(value, sql_type(kind))

    # Any value --------------------------------------------------------------------------------------------------

    def value(self, node: Node, frame: Frame) -> sa.ColumnElement[Any]:
        """Return a value on any database, with the type of a column that would hold it."""
        kind = sql_type(node.type)
        if self.is_constant(node):
            return self.bound(self.constant(node), node.type, getattr(kind, "scale", None))
        if isinstance(node, Name) and node.means is None:
            return self.name(node, frame)
        if node.type.kind == "boolean":
            return self.yes_or_no(node, frame)
        portable = sa.type_coerce(self.portable(node, frame), kind)
        foreign = self.is_foreign(node) or (isinstance(kind, Scaled) and self.common_scale(node) != kind.scale)
        if node.type.kind in NUMBERS and isinstance(node, Call) and foreign:
            precise = sa.Numeric(38, kind.scale) if isinstance(kind, Scaled) else sa.BigInteger()
            portable = sa.type_coerce(sa.cast(portable, precise), kind)
        if not foreign:
            return portable
        tree, arguments = self.foreign(node, frame)
        return sqlite.Either(sqlite.value(tree, arguments, kind), portable)

    def yes_or_no(self, node: Node, frame: Frame) -> sa.ColumnElement[Any]:
        """Return a condition as a value: true or false, never NULL."""
        return sa.case((self.truth(node, frame, True), sa.true()), else_=sa.false())

    def portable(self, node: Node, frame: Frame, scale: int | None = None) -> sa.ColumnElement[Any]:
        """Return the form of a value that PostgreSQL understands; SQLite does too unless :meth:`is_foreign`."""
        if self.is_constant(node):
            return self.bound(self.constant(node), node.type, scale)
        if isinstance(node, Name):
            if node.means is not None:
                return self.portable(node.means, frame)
            return self.name(node, frame)
        if node.type.kind == "boolean":
            return self.yes_or_no(node, frame)
        if isinstance(node, Each):
            return self.asked(node, frame)
        if isinstance(node, Literal):
            return self.bound(node.value, node.type, scale)
        if node.op in _OPERATORS:
            return _OPERATORS[node.op](self, node, frame)
        return FUNCTIONS[node.op](self, node, frame, scale)

    # What SQLite has to ask Python ------------------------------------------------------------------------------

    def is_foreign(self, node: Node) -> bool:
        """Tell whether SQLite has no exact way of its own to work out a value or a leaf of a condition."""
        if any(self._needs_python(part) for part in _outer(node)):
            return True
        return self.common_scale(node) is None

    def _needs_python(self, part: Node) -> bool:
        if self.is_constant(part):
            return False
        if isinstance(part, Each):
            return part.kind in MEASURES and not self._sums_itself(part)
        if isinstance(part, Name):
            return part.means is not None
        return isinstance(part, Call) and part.op not in _PORTABLE

    def _sums_itself(self, node: Each) -> bool:
        """Tell whether SQLite can sum up the body of a question to rows: it must be a plain column."""
        if node.kind == "avg" or not isinstance(node.body, Name) or node.body.means is not None:
            return False
        return node.body.root == node.var

    def common_scale(self, node: Node) -> int | None:
        """Return the scale of all decimals of a value or leaf; None if they differ or a constant does not fit it.

        SQLite compares scaled whole numbers, so both sides must be scaled alike. 0 where there are no decimals.
        """
        scales = {self._scale(part) for part in _outer(node) if _is_number(part) and not self.is_constant(part)}
        scales.discard(None)
        if len(scales) > 1:
            return None
        scale = next(iter(scales), 0) or 0
        for part in _outer(node):
            if _is_number(part) and self.is_constant(part):
                number = self.constant(part)
                if number is not None and not _fits(Decimal(number), scale):
                    return None
        return scale

    def _scale(self, part: Node) -> int | None:
        if (isinstance(part, Name) and part.means is None) or isinstance(part, Each):
            return part.type.scale
        if isinstance(part, Call) and part.op == "size()":
            return 0
        return None  # What it is made of is looked at by itself.

    def foreign(self, node: Node, frame: Frame) -> tuple[Node, list[sa.ColumnElement[Any]]]:
        """Return a tree whose names are numbers, and the columns and subqueries that they stand for."""
        arguments: list[sa.ColumnElement[Any]] = []

        def argument(element: sa.ColumnElement[Any], kind: Type) -> Name:
            arguments.append(element)
            key = str(len(arguments) - 1)
            return Name((key,), kind, steps=(key,))

        def rewritten(part: Node) -> Node:
            if isinstance(part, Call) and part.op == "list":
                return part
            if self.is_constant(part):
                return _literal(self.constant(part), part.type)
            if isinstance(part, Name):
                if part.means is not None:
                    return rewritten(part.means)
                return argument(self.name(part, frame), part.type)
            if isinstance(part, Each):
                return argument(self.asked(part, frame), part.type)
            assert isinstance(part, Call)  # noqa: S101 - a literal is constant
            if part.op == "size()" and part.args[0].type.kind in ("rows", "set"):
                return argument(self.portable(part, frame), part.type)
            return Call(part.op, tuple(map(rewritten, children(part))), part.type)

        return rewritten(node), arguments

    # Rows -------------------------------------------------------------------------------------------------------

    def row_frame(self, node: Each, start: Frame) -> tuple[Frame, list[sa.ColumnElement[bool]]]:
        """Return the frame of the rows that are asked, and what links them to the frame they belong to."""
        field_id = node.over.steps[-1]
        if len(node.over.steps) > 1:  # the rows of a record that this one refers to
            entity_id = node.over.type.entity or ""
            part = self.part(entity_id, field_id)
            return Frame(part, entity_id, field_id), [part.c.parent == self.reach(start, node.over.steps[:-1])]
        part = self.part(start.entity, field_id)
        if node.over.type.kind == "rows":
            return Frame(part, start.entity, field_id, start), [part.c.parent == start.table.c.id]
        target = Frame(self.table(node.over.type.entity or ""), node.over.type.entity or "")
        linked = (
            sa.exists()
            .where(part.c.record == start.table.c.id, part.c.target == target.table.c.id)
            .correlate_except(part)
        )
        return target, [linked]

    def asked(self, node: Each, frame: Frame) -> sa.ColumnElement[Any]:
        """Return the answer of a list of rows: a yes or no, a number of rows, or a summary of a value."""
        start = self.start(node.over, frame)
        child, where = self.row_frame(node, start)
        self.vars[node.var] = child
        if node.kind in MEASURES:
            body = node.body
            if not any(isinstance(part, Name) and part.root == node.var for part in walk(body)):
                # SQL gives an aggregate that names no column of its own rows to the query outside.
                own = Name((node.var, "id"), Type("text"), root=node.var, steps=("id",))
                body = Call(
                    "?:", (Call("!=", (own, _NULL), _CONDITION), body, replace(_NULL, type=body.type)), body.type
                )
            found = self.summary(node.kind, body, child, where, frame)
        elif node.kind == "count":
            where.append(self.truth(node.body, frame, True))
            found = sa.select(sa.func.count()).where(*where).correlate_except(child.table).scalar_subquery()
        else:
            wanted = node.kind == "exists"
            where.append(self.truth(node.body, frame, wanted))
            rows = sa.exists().where(*where).correlate_except(child.table)
            found = rows if wanted else sa.not_(rows)
        del self.vars[node.var]
        return found

    def summary(
        self,
        measure: str,
        body: Node,
        child: Frame,
        where: list[sa.ColumnElement[bool]],
        frame: Frame | None = None,
    ) -> sa.ColumnElement[Any]:
        """Return sum, avg, min or max of a value over the rows of ``child``; names start from ``frame``."""
        frame = frame or child
        kind = sql_type(body.type)

        def query(element: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
            return sa.select(element).where(*where).correlate_except(child.table).scalar_subquery()

        value = self.portable(body, frame)
        if measure == "avg":
            numeric = sa.cast(value, sa.Numeric())
            portable = query(divided(sa.func.sum(numeric), sa.func.count(numeric)))
        elif measure == "sum":
            portable = sa.func.coalesce(query(sa.func.sum(value, type_=kind)), sa.literal(0, sa.Integer()), type_=kind)
        else:
            portable = query(getattr(sa.func, measure)(value, type_=kind))
        if measure != "avg" and body.type.kind in ("integer", "duration"):
            # PostgreSQL sums up whole numbers, and calculates with them, as NUMERIC.
            portable = sa.type_coerce(sa.cast(portable, sa.BigInteger()), kind)
        if measure != "avg" and isinstance(body, Name) and body.means is None and not self.is_foreign(body):
            return portable
        tree, arguments = self.foreign(body, frame)
        asked = query(sqlite.each(measure, tree, arguments, Scaled(6) if measure == "avg" else kind))
        if measure == "sum":
            zero = sa.literal("0", sa.Text()) if isinstance(kind, Scaled) else sa.literal(0, sa.Integer())
            asked = sa.func.coalesce(asked, zero, type_=asked.type)
        return sqlite.Either(asked, portable)

    # Functions --------------------------------------------------------------------------------------------------

    def number(self, node: Node, frame: Frame) -> sa.ColumnElement[Any]:
        """Return a number that PostgreSQL calculates with exactly, of any size."""
        found = self.portable(node, frame)
        if self.is_constant(node) and not isinstance(found, sa.sql.elements.Null):
            return sa.literal(Decimal(self.constant(node)), sa.Numeric())
        return sa.cast(found, sa.Numeric()) if _is_whole(node) else sa.type_coerce(found, sa.Numeric())

    def arithmetic(self, node: Call, frame: Frame) -> sa.ColumnElement[Any]:
        """Return + - * / and the negative of numbers, moments, durations and texts."""
        kind = node.type.kind
        if kind in NUMBERS:
            return self._calculated(node, [self.number(arg, frame) for arg in node.args])
        first, *others = node.args
        total = self.raw(first, frame)
        if node.op == "neg":
            return -total
        left = first.type.kind
        for other in others:
            total, left = moved(total, left, node.op, self.raw(other, frame), other.type.kind)
        return total

    def raw(self, node: Node, frame: Frame) -> sa.ColumnElement[Any]:
        """Return a moment, duration or text with the type that PostgreSQL calculates with."""
        value = self.constant(node) if self.is_constant(node) else None
        if isinstance(value, timedelta):
            return sa.literal(value // timedelta(milliseconds=1), sa.BigInteger())
        if value is not None:
            return self.bound(value, node.type)
        return sa.type_coerce(self.portable(node, frame), _RAW.get(node.type.kind, sa.Text()))

    def _calculated(self, node: Call, numbers: list[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        first, *others = numbers
        if node.op == "neg":
            return -first
        for other in others:
            if node.op == "/":
                first = divided(first, other)
            else:
                first = first + other if node.op == "+" else first - other if node.op == "-" else first * other
        return first

    def guarded(self, node: Call, frame: Frame, work: Callable[..., sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """Return least or greatest, which PostgreSQL answers also where an argument is empty."""
        scale = self.common_scale(node)
        parts = [self.portable(arg, frame, scale) for arg in node.args]
        empty = [part.is_(None) for part, arg in zip(parts, node.args, strict=True) if arg.type.nullable]
        found = work(*parts, type_=sql_type(node.type))
        return sa.case((sa.or_(*empty), sa.null()), else_=found) if empty else found


_NULL = Literal(None, Type("null"))
_CONDITION = Type("boolean", nullable=False)
_RAW: dict[str, sa.types.TypeEngine[Any]] = {
    "duration": sa.BigInteger(),
    "date": sa.Date(),
    "datetime": sa.DateTime(timezone=True),
}


_OPERATORS: dict[str, Callable[[Values, Call, Frame], sa.ColumnElement[Any]]] = dict.fromkeys(
    ("+", "-", "*", "/", "neg"), Values.arithmetic
)


def _from_outside(node: Name) -> bool:
    return node.root in ROOTS and node.root != "parent"


def _is_number(node: Node) -> bool:
    if isinstance(node, Call) and node.op == "list":
        return False
    return node.type.kind in NUMBERS


def _is_whole(node: Node) -> bool:
    return node.type.kind == "integer"


def _fits(number: Decimal, scale: int) -> bool:
    places = -int(number.normalize(arithmetic.EXACT).as_tuple().exponent)
    return places <= scale and abs(number) * 10**scale <= _MAX_BIGINT


def _outer(node: Node) -> Iterable[Node]:
    """Yield the parts of a value or leaf that are worked out together; conditions inside it are worked out apart."""
    yield node
    if isinstance(node, Call) and node.op != "size()":
        for child in node.args:
            if child.type.kind != "boolean":
                yield from _outer(child)


def _literal(value: Any, kind: Type) -> Node:
    if isinstance(value, list | tuple | set | frozenset):
        items = tuple(_literal(item, Type("text")) for item in value)
        return Call("list", items, Type("list", element="text"))
    return Literal(value, kind)
