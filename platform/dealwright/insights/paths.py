"""Variants of the process: the ways that records took through the stages, the most frequent first.

A way is the stages in the order of the visits (W. M. P. van der Aalst, *Process Mining*, 2nd ed. 2016, §3.2: a trace;
records with equal traces are one variant). It keeps to the process (``straight``) where it only ever goes to the stage
that comes next, and leaves it early at most. ``top`` is how often it was taken by the best fifth of owners by won
records. One statement, and one for the best owners.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dealwright.insights import figures, ground
from dealwright.insights.ground import flag, total
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.storage.system import visit
from dealwright.storage.visits import JOINT

if TYPE_CHECKING:
    from dealwright.insights.ground import Ground
    from dealwright.metadata.definitions import Pipeline


def paths(at: Ground) -> Table:
    """Ways through the stages: records, share, won, lost, win rate, and of the best owners."""
    told = _told(at)
    straight = _best(at)
    columns = [sa.func.count(), total(told.c.won), total(told.c.lost), total(flag(told.c.owner.in_(straight)))]
    number = columns[0]
    found = at.rows(sa.select(told.c.k0, *columns).group_by(told.c.k0).order_by(number.desc(), told.c.k0))
    whole = sum(row[1] for row in found)
    kept = sum(row[1] for row in found if _straight(at.pipeline, row[0].split(JOINT)))
    rows = [
        Row(
            (row[0],),
            {
                "count": row[1],
                "share": figures.share(row[1], whole),
                "won": row[2],
                "lost": row[3],
                "win_rate": figures.share(row[2], row[2] + row[3]),
                "top": row[4],
                "kind": "straight" if _straight(at.pipeline, row[0].split(JOINT)) else "other",
            },
        )
        for row in found
    ]
    meets: dict[str, list[sa.ColumnElement[bool]]] = {
        "count": [],
        "won": [told.c.won == 1],
        "lost": [told.c.lost == 1],
        "top": [told.c.owner.in_(straight)],
    }
    return Table(
        (Head("path", "path"),),
        (
            Column("count", "count", counted=True),
            Column("share", "percent"),
            Column("won", "count", counted=True),
            Column("lost", "count", counted=True),
            Column("win_rate", "percent"),
            Column("top", "count", counted=True),
            Column("kind", "word"),
        ),
        rows,
        lambda row, name: ground.chosen(told, ["k0"], row.key, *meets[name]),
        total={"count": whole, "adherence": figures.share(kept, whole)},
        notes=[("adherence", {"share": str(figures.share(kept, whole) or 0)})],
    )


def _told(at: Ground) -> sa.Subquery:
    """Return each record with its way, which its lasting visit knows."""
    joined, criteria = at.visits(visit.c.left_at.is_(None))
    status = at.table.c.status
    return (
        sa.select(
            visit.c.record.label("record"),
            visit.c.way.label("k0"),
            at.table.c.owner.label("owner"),
            flag(status == "won").label("won"),
            flag(status == "lost").label("lost"),
        )
        .select_from(joined)
        .where(*criteria, *at.within(at.table.c.stage_entered_at))
        .subquery("told")
    )


def _best(at: Ground) -> list[str]:
    """Return the fifth of owners with the most won records; equal ones in the order of their ids."""
    owner = at.table.c.owner
    number = sa.func.count()
    statement = (
        sa.select(owner, number)
        .where(*at.criteria, at.table.c.status == "won", owner.is_not(None))
        .group_by(owner)
        .order_by(number.desc(), owner)
    )
    found = [row[0] for row in at.rows(statement)]
    return found[: max(1, len(found) // 5)] if found else []


def _straight(pipeline: Pipeline, way: list[str]) -> bool:
    """Tell whether a way begins at the start and goes to the next stage each time, or out."""
    order = [one.id for one in pipeline.stages.values() if not one.leads_out]
    out = {one.id for one in pipeline.stages.values() if one.leads_out}
    place = {stage: i for i, stage in enumerate(order)}
    if way[0] != pipeline.start:
        return False
    return all(after in out or place.get(after, -1) == place.get(before, -9) + 1 for before, after in pairwise(way))
