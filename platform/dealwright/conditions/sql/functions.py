"""Functions and moving moments on PostgreSQL; of them SQLite does the portable few: size, coalesce, ?: and members."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions import arithmetic
from dealwright.conditions.sql import sqlite
from dealwright.conditions.sql.reach import sql_type
from dealwright.conditions.sql.types import Scaled
from dealwright.conditions.syntax import Call, Literal, Name

if TYPE_CHECKING:
    from dealwright.conditions.sql.reach import Frame
    from dealwright.conditions.sql.values import Values

_DAY = 86_400_000
#: A length of time as milliseconds: an interval of days would follow the daylight saving time of the session's zone.
_MILLISECOND: sa.ColumnElement[Any] = sa.literal_column("INTERVAL '1 millisecond'", sa.Interval())


def moved(
    total: sa.ColumnElement[Any], left: str, op: str, right: sa.ColumnElement[Any], kind: str
) -> tuple[sa.ColumnElement[Any], str]:
    """Return a sum or difference that is no number, on PostgreSQL, and its kind."""
    if left == "text":
        return total.concat(right), "text"
    if left == "duration" and kind != "duration":
        total, right, left = right, total, kind
    if left == "duration":
        return (total + right if op == "+" else total - right), "duration"
    if op == "-" and left == kind == "datetime":
        passed = total.op("-", return_type=sa.Interval())(right)
        return sa.cast(sa.func.floor(sa.extract("epoch", passed) * 1000), sa.BigInteger()), "duration"
    if op == "-" and left == kind == "date":
        days = total.op("-", return_type=sa.Integer())(right)
        return sa.cast(days, sa.BigInteger()) * _DAY, "duration"
    if left == "date":
        whole = sa.cast(sa.func.floor(sa.cast(right, sa.Numeric()) / _DAY), sa.Integer())
        return total.op(op, return_type=sa.Date())(whole), "date"
    step: sa.ColumnElement[Any] = right.op("*", return_type=sa.Interval())(_MILLISECOND)
    return total.op(op, return_type=sa.DateTime(timezone=True))(step), left


def divided(x: sa.ColumnElement[Any], y: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return x / y rounded half up to 6 places on PostgreSQL, whose own division rounds before we could.

    The whole part of ten million times the quotient is exact, so the seventh place decides alone.
    """
    seven = sa.func.div(x * 10_000_000, sa.func.nullif(y, 0), type_=sa.Numeric())
    return sa.func.round(seven * sa.literal_column("0.0000001", sa.Numeric()), 6, type_=sa.Numeric())


def _days(values: Values, node: Call, frame: Frame, _: int | None) -> sa.ColumnElement[Any]:
    number = values.number(node.args[0], frame)
    inside = number.between(-arithmetic.MAX_DAYS, arithmetic.MAX_DAYS)
    return sa.cast(sa.case((inside, number * _DAY)), sa.BigInteger())


def _whole_days(values: Values, node: Call, frame: Frame, _: int | None) -> sa.ColumnElement[Any]:
    passed = sa.cast(values.raw(node.args[0], frame), sa.Numeric())
    return sa.cast(sa.func.floor(passed / _DAY), sa.BigInteger())


def _add_months(values: Values, node: Call, frame: Frame, _: int | None) -> sa.ColumnElement[Any]:
    moment, months = node.args
    number = values.number(months, frame)
    inside = number.between(-arithmetic.MAX_MONTHS, arithmetic.MAX_MONTHS)
    step = sa.func.make_interval(0, sa.cast(sa.case((inside, number)), sa.Integer()), type_=sa.Interval())
    when = values.raw(moment, frame)
    if moment.type.kind == "date":
        return sa.cast(when.op("+", return_type=sa.DateTime())(step), sa.Date())
    local = sa.func.timezone("UTC", when, type_=sa.DateTime())
    return sa.func.timezone("UTC", local.op("+", return_type=sa.DateTime())(step), type_=sa.DateTime(timezone=True))


def _part_of_date(part: str) -> Callable[..., sa.ColumnElement[Any]]:
    return lambda values, node, frame, _: sa.cast(
        sa.extract(part, values.portable(node.args[0], frame)), sa.BigInteger()
    )


def _size(values: Values, node: Call, frame: Frame, _: int | None) -> sa.ColumnElement[Any]:
    over = node.args[0]
    if over.type.kind == "rows" or (over.type.kind == "set" and over.type.element == "reference"):
        assert isinstance(over, Name)  # noqa: S101 - the checker has seen to it
        start = values.start(over, frame)
        part = values.part(start.entity, over.steps[0])
        own = part.c.parent if over.type.kind == "rows" else part.c.record
        query = sa.select(sa.func.count()).where(own == start.table.c.id)
        return query.correlate_except(part).scalar_subquery()
    column = values.portable(over, frame)
    if over.type.kind == "text":
        return sa.func.coalesce(sa.func.length(column), 0, type_=sa.BigInteger())
    return members(column, over.type.kind)


def members(column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
    """Return how many members a set has, or how many points of a checklist are done."""
    if kind == "set":
        return sa.func.coalesce(
            sqlite.Either(
                sa.func.json_array_length(column, type_=sa.BigInteger()),
                sa.func.jsonb_array_length(column, type_=sa.BigInteger()),
            ),
            0,
            type_=sa.BigInteger(),
        )
    points = sa.func.json_each(column).table_valued("key", "value").alias()
    on_sqlite = sa.select(sa.func.count()).select_from(points).where(points.c.value == 1).scalar_subquery()
    entries = sa.func.jsonb_each_text(column).table_valued("key", "value").alias()
    other = sa.select(sa.func.count()).select_from(entries).where(entries.c.value == "true").scalar_subquery()
    return sqlite.Either(sa.type_coerce(on_sqlite, sa.BigInteger()), sa.type_coerce(other, sa.BigInteger()))


def member(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[Any]:
    """Return one text within a JSON object, such as the id that an any_reference points at; NULL where it is empty.

    Everything but the column is written out, so that an index over this expression is used by statements with it.

    Args:
        column: Of type ``Json``.
        name: A key of letters, as the platform knows it.
    """
    path, key, nothing = (sa.literal(text, sa.Text(), literal_execute=True) for text in (f"$.{name}", name, ""))
    on_sqlite = sa.func.json_extract(column, path, type_=sa.Text())
    other = sa.func.jsonb_extract_path_text(column, key, type_=sa.Text())
    return sa.func.nullif(sqlite.Either(on_sqlite, other), nothing, type_=sa.Text())


def _member(values: Values, node: Call, frame: Frame, _: int | None) -> sa.ColumnElement[Any]:
    whole, part = node.args
    assert isinstance(part, Literal)  # noqa: S101 - the scope made it
    return member(values.portable(whole, frame), part.value)


def _coalesce(values: Values, node: Call, frame: Frame, scale: int | None) -> sa.ColumnElement[Any]:
    scale = values.common_scale(node) if scale is None else scale
    parts = [values.portable(arg, frame, scale) for arg in node.args]
    kinds = [part.type for part in parts if isinstance(part.type, Scaled)]
    return sa.func.coalesce(*parts, type_=kinds[0] if kinds else sql_type(node.type))


def _choice(values: Values, node: Call, frame: Frame, scale: int | None) -> sa.ColumnElement[Any]:
    test, first, second = node.args
    scale = values.common_scale(node) if scale is None else scale
    yes, no = values.portable(first, frame, scale), values.portable(second, frame, scale)
    return sa.case((values.truth(test, frame, True), yes), else_=no)


def _decimal(values: Values, node: Call, frame: Frame, scale: int | None) -> sa.ColumnElement[Any]:
    found = values.portable(node.args[0], frame)
    return sa.type_coerce(found, Scaled(0)) if scale is not None else sa.cast(found, sa.Numeric())


def _round(values: Values, node: Call, frame: Frame, _: int | None) -> sa.ColumnElement[Any]:
    number, places = node.args
    assert isinstance(places, Literal)  # noqa: S101 - the checker has seen to it
    return sa.func.round(values.number(number, frame), places.value, type_=sa.Numeric())


#: Function or choice → what makes its SQL; the last argument is the scale that decimals are bound with.
FUNCTIONS: dict[str, Callable[[Values, Call, Frame, int | None], sa.ColumnElement[Any]]] = {
    "?:": _choice,
    "decimal()": _decimal,
    "days()": _days,
    "wholeDays()": _whole_days,
    "addMonths()": _add_months,
    "year()": _part_of_date("year"),
    "month()": _part_of_date("month"),
    "lower()": lambda values, node, frame, _: sa.func.lower(values.portable(node.args[0], frame), type_=sa.Text()),
    "size()": _size,
    "coalesce()": _coalesce,
    "abs()": lambda values, node, frame, _: sa.func.abs(values.number(node.args[0], frame), type_=sa.Numeric()),
    "round()": _round,
    "least()": lambda values, node, frame, _: values.guarded(node, frame, sa.func.least),
    "greatest()": lambda values, node, frame, _: values.guarded(node, frame, sa.func.greatest),
    "member()": _member,
}
