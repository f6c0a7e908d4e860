"""Records counted by the way that each took through the stages, which its lasting visit knows.

A way says which stages a record has been in and what it came to after each of them. So what is asked of whole lives need
not put them together from all visits: some hundred thousand records have taken some dozens of ways. Ways tell all only
where no visit of the entity is of another pipeline (a record that changes its pipeline begins another way), and none of
them got too long to be written. Two statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage import visits
from dealwright.storage.database import PLANNED_ANEW
from dealwright.storage.system import visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.insights.ground import Ground, Key


def taken(at: Ground, keys: Sequence[Key], *criteria: sa.ColumnElement[bool]) -> Sequence[Any] | None:
    """Return the keys, the way, the status and the number of records of each; None where ways do not tell all."""
    elsewhere: sa.Select[Any] = (
        sa.select(sa.literal_column("1"))
        .where(visit.c.pipeline.not_in(at.family), visit.c.entity == at.report.entity)
        .limit(1)
    )
    if at.connection.execute(elsewhere, execution_options=PLANNED_ANEW).first() is not None:
        return None
    joined, where = at.visits(visit.c.left_at.is_(None), *criteria)
    told = (
        sa.select(
            *(key.value.label(f"k{i}") for i, key in enumerate(keys)),
            visit.c.way.label("way"),
            at.table.c.status.label("status"),
        )
        .select_from(joined)
        .where(*where)
        .subquery("told")
    )
    statement = sa.select(*told.c, sa.func.count()).group_by(*told.c)
    found = at.connection.execute(statement, execution_options=PLANNED_ANEW).all()
    return found if all(visits.tells_all(row[-3]) for row in found) else None


def passed(way: str, stages: Sequence[str], later: dict[str, list[str]]) -> list[tuple[int, bool]]:
    """Return which of these stages a way has, by their places, and whether it came to a later one after the first time."""
    order = way.split(visits.JOINT)
    last = {stage: i for i, stage in enumerate(order)}
    return [
        (place, any(last.get(one, -1) > order.index(stage) for one in later[stage]))
        for place, stage in enumerate(stages)
        if stage in last
    ]
