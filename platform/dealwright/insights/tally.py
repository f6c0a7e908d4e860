"""Counting cases by a few whole numbers, which SQLite does by sorting all of them.

Hundreds of thousands of cases fall into some dozens of kinds. PostgreSQL counts them in one pass; SQLite sorts them first,
which takes several times as long as finding them. So it writes the number of each case's kind one after the other into
one text, and they are counted here. Measured on 850,000 cases: 0.4 s instead of 1.3 s.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage.database import PLANNED_ANEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.insights.ground import Ground


def counted(at: Ground, code: sa.ColumnElement[Any], *sums: sa.ColumnElement[Any]) -> tuple[dict[int, int], list[Any]]:
    """Return how many cases there are of each whole number, and some aggregates over all cases; for SQLite only."""
    statement = sa.select(sa.func.group_concat(code, type_=sa.Text()), *sums)
    found, *rest = at.connection.execute(statement, execution_options=PLANNED_ANEW).one()
    numbers = Counter(found.split(",")) if found else {}
    return {int(number): count for number, count in numbers.items()}, rest


def kinds(at: Ground, parts: Sequence[tuple[sa.ColumnElement[Any], int]]) -> list[tuple[int, ...]]:
    """Return the kinds that cases fall into, and in the last place of each how many there are.

    Args:
        at: The ground.
        parts: Expressions over the cases that give whole numbers from 0, and how many different ones each may give.
    """
    columns = [column for column, _ in parts]
    if at.connection.dialect.name != "sqlite":
        statement = sa.select(*columns, sa.func.count()).group_by(*columns)
        return [tuple(row) for row in at.connection.execute(statement, execution_options=PLANNED_ANEW)]
    code: sa.ColumnElement[Any] = sa.literal_column("0", sa.BigInteger())
    for column, (_, size) in zip(columns, parts, strict=True):
        code = code * sa.literal_column(str(size), sa.BigInteger()) + column
    found = []
    for number, count in counted(at, code)[0].items():
        kind = []
        for _, size in reversed(parts):
            number, part = divmod(number, size)
            kind.append(part)
        found.append((*reversed(kind), count))
    return found


def place(column: sa.ColumnElement[Any], values: Sequence[str]) -> sa.ColumnElement[Any]:
    """Return which of these values a column has, as a number from 0; empty for any other."""
    whens = {value: sa.literal_column(str(i), sa.BigInteger()) for i, value in enumerate(values)}
    return sa.case(whens, value=column)
