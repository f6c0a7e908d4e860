"""Conditions as SQL.

``truth(node, frame, True)`` is TRUE exactly where a condition is true, ``truth(node, frame, False)`` exactly where it
is false; neither is asked where it is NULL. So SQL's NOT is never put over something that may be NULL: a negation
moves to the leaves, and only there, and only for what may be empty, is an IS NULL added. A positive condition is
written bare, and every index serves it.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dealwright.conditions import arithmetic, python
from dealwright.conditions.sql import sqlite
from dealwright.conditions.sql.functions import members
from dealwright.conditions.sql.reach import Frame
from dealwright.conditions.sql.types import Json
from dealwright.conditions.sql.values import Values
from dealwright.conditions.syntax import ROOTS, Call, Each, Literal, Name, Node, walk
from dealwright.conditions.types import NUMBERS, Type

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_COLLECTIONS = python.COLLECTIONS
#: Types of fields whose columns always have an index.
_INDEXED = frozenset({"reference", "user", "team"})
_MOMENT = Type("datetime", nullable=False)


@dataclass(slots=True, eq=False)
class Truths(Values):
    """How conditions become SQL."""

    def truth(self, node: Node, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        """Return what is true exactly where a condition has the wanted truth."""
        if self.is_constant(node):
            return _said(bool(self.constant(node)) is wanted)
        if isinstance(node, Each):
            rows = self.asked(node, frame)
            return rows if wanted else ~rows
        if isinstance(node, Call):
            if node.op == "!":
                return self.truth(node.args[0], frame, not wanted)
            if node.op in ("&&", "||"):
                join = sa.and_ if (node.op == "&&") is wanted else sa.or_
                return join(*[self.truth(arg, frame, wanted) for arg in node.args])
            if node.op == "?:":
                test, first, second = node.args
                chosen = sa.case(
                    (self.truth(test, frame, True), self.yes_or_no(first, frame)), else_=self.yes_or_no(second, frame)
                )
                return chosen.is_(sa.true() if wanted else sa.false())
        if not self.joins or frame is not self.root:
            elsewhere = self.referred(node, frame, wanted)
            if elsewhere is not None:
                return elsewhere
        return self.leaf(node, frame, wanted)

    def referred(self, node: Node, frame: Frame, wanted: bool) -> sa.ColumnElement[bool] | None:
        """Return a leaf about one record referred to as EXISTS or NOT EXISTS; None if it is about more.

        What the leaf is where there is no such record is known beforehand: Python evaluates it with everything empty.
        """
        starts = set()
        for part in walk(node):
            if isinstance(part, Each) or (isinstance(part, Call) and part.op == "size()"):
                return None
            if isinstance(part, Name) and not self.is_constant(part) and part.means is None:
                starts.add((self.start(part, frame), part.steps[:-1]))
        if len(starts) != 1:
            return None
        ((start, prefix),) = starts
        if not prefix or (start, prefix) in self.crossed:
            return None
        missing = bool(python.compile(_row_free(node))(self.env))
        aliases, links, end = self.crossing(start, prefix)
        self.crossed[start, prefix] = end
        inside = self.leaf(node, frame, not missing)
        del self.crossed[start, prefix]
        if isinstance(inside, sa.sql.elements.False_):
            return _said(wanted is missing)
        if wanted and not missing and self.few(node, end):
            # Looked up once instead of for each record, and an index over the reference serves: who sees his own records,
            # those of his team and those of his customers reads these three and not the whole table.
            those = sa.select(aliases[0].c.id).where(*links[1:], inside).correlate_except(*aliases)
            return self.column(start, prefix[0]).in_(those)
        found = sa.exists().where(*links, inside).correlate_except(*aliases)
        return found if wanted is not missing else ~found

    def few(self, node: Node, end: Frame) -> bool:
        """Tell whether a leaf about a record of ``end`` holds of a few that an index finds: an indexed field is one value."""
        if not (isinstance(node, Call) and node.op == "=="):
            return False
        names = [one for one in node.args if isinstance(one, Name) and not self.is_constant(one)]
        found = self.field(end, names[0].steps[-1]) if len(names) == 1 and names[0].means is None else None
        if found is None or not any(self.is_constant(one) for one in node.args):
            return False
        return found.type in _INDEXED or bool(found.spec.get("indexed"))

    def leaf(self, node: Node, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        """Return a part of a condition that has no connective above its comparison."""
        if isinstance(node, Name):
            return self.flag(node, frame, wanted)
        assert isinstance(node, Call)  # noqa: S101 - a literal is constant, a question to rows was answered
        node = self.since(node)
        portable = getattr(self, _LEAVES[node.op])(node, frame, wanted)
        if not self.is_foreign(node):
            return portable  # type: ignore[no-any-return]
        tree, arguments = self.foreign(node, frame)
        return sqlite.Either(sqlite.truth(tree, arguments) == (1 if wanted else 0), portable)

    def since(self, node: Call) -> Call:
        """Return ``days_in_stage > 7`` as ``stage_entered_at <= now() - days(8)``, which an index serves; else ``node``."""
        left, right = node.args if len(node.args) == 2 else (node, node)
        if not (isinstance(left, Name) and left.means is not None and node.op in _COMPARE and self.is_constant(right)):
            return node
        passed = left.means.args[0] if isinstance(left.means, Call) and left.means.op == "wholeDays()" else None
        days = self.constant(right)
        if not isinstance(passed, Call) or type(days) is not int or abs(days) > arithmetic.MAX_DAYS // 10:
            return node
        now, moment = passed.args
        # A day is whole once it is over: more than 7 whole days have passed when 8 have.
        edge = self.constant(now) - (days + (node.op in (">", "<="))) * arithmetic.DAY
        return Call("<=" if node.op in (">", ">=") else ">", (moment, Literal(edge, _MOMENT)), node.type, node.at)

    def flag(self, node: Name, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        """Return a yes/no field; empty counts as no."""
        if node.means is not None:
            return self.truth(node.means, frame, wanted)
        column = self.name(node, frame)
        if self.never_empty(node, column):
            return column if wanted else sa.not_(column)
        return column.is_(sa.true()) if wanted else column.is_not(sa.true())

    # Emptiness --------------------------------------------------------------------------------------------------

    def never_empty(self, node: Node, element: sa.ColumnElement[Any]) -> bool:
        """Tell whether a value can be known not to be NULL."""
        if isinstance(node, Name) and node.means is None:
            return isinstance(element, sa.Column) and not element.nullable and not self._outer_joined(element)
        return not node.type.nullable

    def _outer_joined(self, column: sa.Column[Any]) -> bool:
        return self.joins and any(column.table is frame.table for (_, prefix), frame in self.crossed.items() if prefix)

    def or_empty(
        self, told: sa.ColumnElement[bool], *pairs: tuple[Node, sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
        """Return a negated leaf together with "or one of its values is empty"."""
        empties = [
            element.is_(None)
            for node, element in pairs
            if not self.is_constant(node) and not self.never_empty(node, element)
        ]
        return sa.or_(told, *empties) if empties else told

    def emptiness(self, node: Node, frame: Frame, wanted: bool, *, blank: bool = False) -> sa.ColumnElement[bool]:
        """Return ``== null`` (or ``blank``, which takes "" for empty too)."""
        kind = node.type.kind
        if kind == "rows" or (kind == "set" and node.type.element == "reference"):
            size = self.portable(Call("size()", (node,)), frame)
            return size == 0 if wanted else size > 0
        value = self.portable(node, frame)
        if kind in _COLLECTIONS:
            size = members(value, kind)
            return size == 0 if wanted else size > 0
        if kind == "object":
            nothing = sa.cast(value, sa.Text()).in_(["{}", "[]"])
            filled = sa.and_(value.is_not(None), sa.not_(nothing))
            return sa.or_(value.is_(None), nothing) if wanted else filled
        if blank and kind == "text":
            # Not equal to "" is NULL, and so not true, for an empty value.
            return sa.or_(value.is_(None), value == "") if wanted else value != ""
        return value.is_(None) if wanted else value.is_not(None)

    def _blank(self, node: Call, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        return self.emptiness(node.args[0], frame, wanted, blank=True)

    # Comparisons ------------------------------------------------------------------------------------------------

    def pair(self, node: Call, frame: Frame) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
        """Return both sides of a comparison, decimals as the columns beside them hold them."""
        scale = self.common_scale(node) if any(arg.type.kind in NUMBERS for arg in node.args) else None
        if scale is not None and self.is_foreign(node):
            scale = None
        first, second = (self.portable(arg, frame, scale) for arg in node.args)
        return first, second

    def _ordered(self, node: Call, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        left, right = node.args
        if any(self.is_constant(arg) and self.constant(arg) is None for arg in node.args):
            return _said(not wanted)
        first, second = self.pair(node, frame)
        if wanted:
            return _COMPARE[node.op](first, second)  # type: ignore[no-any-return]
        return self.or_empty(_COMPARE[_OPPOSITE[node.op]](first, second), (left, first), (right, second))

    def _equal(self, node: Call, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        same = (node.op == "==") is wanted
        left, right = node.args
        if self.is_constant(left):
            left, right = right, left
        if left.type.kind == "boolean":
            one, two = self.yes_or_no(left, frame), self.yes_or_no(right, frame)
            return one == two if same else one != two
        if self.is_constant(right):
            value = self.constant(right)
            if value is None:
                return self.emptiness(left, frame, same)
            if "any" in (left.type.kind, right.type.kind) and isinstance(value, str) != (
                left.type.kind in ("text", "reference")
            ):
                return _said(not same)
        first, second = self.pair(Call(node.op, (left, right), node.type), frame)
        one_full = self.is_constant(left) or self.never_empty(left, first)
        two_full = self.is_constant(right) or self.never_empty(right, second)
        if same:
            return first == second if one_full or two_full else first.is_not_distinct_from(second)
        if one_full and two_full:
            return first != second
        if one_full or two_full:
            return sa.or_(first != second, (second if one_full else first).is_(None))
        return first.is_distinct_from(second)

    def _in(self, node: Call, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        left, right = node.args
        if right.type.kind == "checklist" or (right.type.kind == "set" and not self.is_constant(right)):
            return self.contained(left, right, frame, wanted)
        values = list(self.constant(right) or ())
        if not values:
            return _said(not wanted)
        first = self.portable(left, frame)
        if left.type.kind in NUMBERS and self.is_foreign(node):
            first = sa.cast(first, sa.Numeric())
        return first.in_(values) if wanted else self.or_empty(first.not_in(values), (left, first))

    def contained(self, left: Node, right: Node, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        """Return whether a set, a checklist or the targets of a many-to-many field have a member."""
        if self.is_constant(left) and self.constant(left) is None:
            return _said(not wanted)
        member = self.portable(left, frame)
        if right.type.element == "reference":
            assert isinstance(right, Name)  # noqa: S101 - only a field has references
            start = self.start(right, frame)
            link = self.part(start.entity, right.steps[0])
            found = sa.exists().where(link.c.record == start.table.c.id, link.c.target == member).correlate_except(link)
            return found if wanted else ~found
        column = self.portable(right, frame)
        done = right.type.kind == "checklist"
        points = sa.func.json_each(column).table_valued("key", "value").alias()
        among = (points.c.key == member, points.c.value == 1) if done else (points.c.value == member,)
        on_sqlite = sa.exists().where(*among)
        other: sa.ColumnElement[bool]
        if self.is_constant(left):
            value = self.constant(left)
            other = column.op("@>", is_comparison=True, return_type=sa.Boolean())(
                sa.literal({value: True} if done else [value], Json())
            )
        elif done:
            entries = sa.func.jsonb_each_text(column).table_valued("key", "value").alias()
            other = sa.exists().where(entries.c.key == member, entries.c.value == "true")
        else:
            other = sa.func.jsonb_exists(column, member, type_=sa.Boolean())
        if wanted:
            return sqlite.Either(on_sqlite, other)
        return sqlite.Either(~on_sqlite, sa.or_(sa.not_(other), column.is_(None), member.is_(None)))

    # Texts ------------------------------------------------------------------------------------------------------

    def _text(self, node: Call, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        left, right = node.args
        if any(self.is_constant(arg) and not isinstance(self.constant(arg), str) for arg in node.args):
            return _said(not wanted)
        first, second = (self.portable(arg, frame) for arg in node.args)
        if node.op == "contains()":
            # LIKE knows wildcards, and on SQLite takes A for a.
            at = sqlite.Either(
                sa.func.instr(first, second, type_=sa.Integer()), sa.func.strpos(first, second, type_=sa.Integer())
            )
            return at > 0 if wanted else self.or_empty(at <= 0, (left, first), (right, second))
        length = sa.func.length(second, type_=sa.Integer())
        if node.op == "startsWith()":
            part = sa.func.substr(first, 1, length, type_=sa.Text())
        else:
            part = sa.func.substr(first, sa.func.length(first, type_=sa.Integer()) - length + 1, type_=sa.Text())
        return part == second if wanted else self.or_empty(part != second, (left, first), (right, second))

    def _plain(self, node: Call, frame: Frame, wanted: bool) -> sa.ColumnElement[bool]:
        value = self.portable(node, frame)
        return value.is_(sa.true()) if wanted else value.is_not(sa.true())


_LEAVES = {
    **dict.fromkeys(("<", "<=", ">", ">="), "_ordered"),
    **dict.fromkeys(("==", "!="), "_equal"),
    "in": "_in",
    "blank()": "_blank",
    **dict.fromkeys(("startsWith()", "endsWith()", "contains()"), "_text"),
}


def _said(truth: bool) -> sa.ColumnElement[bool]:
    return sa.true() if truth else sa.false()


def _row_free(node: Node) -> Node:
    """Return a tree in which every name of a record reads nothing."""
    if isinstance(node, Name):
        return node if node.root in ROOTS and node.root != "parent" else Name(node.path, node.type, steps=("",))
    if isinstance(node, Call):
        return Call(node.op, tuple(map(_row_free, node.args)), node.type, node.at)
    return node
