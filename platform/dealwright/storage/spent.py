"""How many actions rules have asked for within an hour of the clock, in all processes together.

A process writes what it has counted a share of the budget at a time, so a rule that is far from its budget costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.system import rule_spent

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.storage.database import Connection

_T = rule_spent


def _adding(insert: Any) -> Any:
    statement = insert(_T)
    return statement.on_conflict_do_update(
        index_elements=[_T.c.rule, _T.c.hour, _T.c.process],
        set_={"actions": _T.c.actions + statement.excluded.actions},
    )


_ADD = {"sqlite": _adding(sqlite.insert), "postgresql": _adding(postgresql.insert)}


def add(connection: Connection, rule: str, hour: datetime, process: str, actions: int) -> int:
    """Add to what a process has counted of a rule in an hour; return what all processes have. Two statements."""
    row = {"rule": rule, "hour": hour, "process": process, "actions": actions}
    connection.execute(_ADD[connection.dialect.name], row)
    total = sa.select(sa.func.sum(_T.c.actions)).where(_T.c.rule == rule, _T.c.hour == hour)
    return int(connection.execute(total).scalar_one())


def forget(connection: Connection, rule: str) -> None:
    """Begin to count anew for a rule."""
    connection.execute(sa.delete(_T).where(_T.c.rule == rule))


def prune(connection: Connection, before: datetime) -> None:
    """Remove the counts of hours that are over."""
    connection.execute(sa.delete(_T).where(_T.c.hour < before))
