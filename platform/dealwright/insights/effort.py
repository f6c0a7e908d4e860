"""Where effort goes beside where the value is: activities and their minutes by group, such as a tier, or a seller's tiers.

``activities``     about the records of the group that took place in the time; ``minutes`` those of the ones with an end.
``share_effort``   of all activities, ``share_minutes`` of all minutes, ``share_value`` of the whole measure.
``ratio``          share of effort in percent of the share of value: 100 is as much as the value, 200 twice as much. Of
                   activities, of minutes where ``by`` says so. It says where effort goes, not where it would pay:
                   :mod:`allocation` asks that.

With two groups shares are of the first: of a seller's effort, how much goes to each tier. One statement.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.insights import figures, ground, touches
from dealwright.insights.ground import SECONDS_IN_HOUR, flag, seconds, total
from dealwright.insights.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.insights.ground import Ground

_MINUTE = SECONDS_IN_HOUR // 60


def effort(at: Ground) -> Table:
    """Activities, minutes and value of each group, with their shares."""
    keys = at.grouped()
    path = at.report.measure[1]
    told = _told(at, [key.value.label(f"k{i}") for i, key in enumerate(keys)])
    groups = [told.c[f"k{i}"] for i in range(len(keys))]
    value = sa.func.count() if path is None else sa.func.sum(told.c.v)
    touched = total(flag(told.c.activities > 0))
    sums = [sa.func.count(), total(told.c.activities), total(told.c.timed), total(told.c.spent), value, touched]
    found = at.rows(sa.select(*groups, *sums).group_by(*groups).order_by(*groups))
    wholes: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in found:
        part = _parts(row[len(keys) :])
        wholes[row[: len(keys) - 1]] = [a + b for a, b in zip(wholes[row[: len(keys) - 1]], part, strict=True)]
    rows = [Row(tuple(row[: len(keys)]), _figures(at, row[len(keys) :], wholes[row[: len(keys) - 1]])) for row in found]
    lacking = sum(row[len(keys) + 1] - row[len(keys) + 2] for row in found)
    valued = Column("value", "value", path=path) if path is not None else Column("value", "number")
    return Table(
        tuple(key.head for key in keys),
        (
            Column("share_effort", "percent"),
            Column("share_minutes", "percent"),
            Column("share_value", "percent"),
            Column("ratio", "percent"),
            Column("activities", "number"),
            Column("minutes", "number"),
            valued,
            Column("count", "count", counted=True),
            Column("touched", "count", counted=True),
        ),
        rows,
        lambda row, name: ground.chosen(
            told, [one.name for one in groups], row.key, *([told.c.activities > 0] if name == "touched" else [])
        ),
        {key.head.id: key.starts for key in keys if key.starts},
        notes=[("without-end", {"count": lacking})] if lacking else (),
        by_key=True,
    )


def _parts(row: Sequence[Any]) -> list[Decimal]:
    return [Decimal(row[1]), Decimal(row[3]), Decimal(row[4] or 0)]


def _figures(at: Ground, row: Sequence[Any], wholes: Sequence[Decimal]) -> dict[str, Any]:
    count, activities, _, taken, value, touched = row
    shares = [figures.share(part, whole) for part, whole in zip(_parts(row), wholes, strict=True)]
    mine = shares[1] if at.report.by == "minutes" else shares[0]
    return {
        "share_effort": shares[0],
        "share_minutes": shares[1],
        "share_value": shares[2],
        "ratio": figures.share(mine, shares[2]) if mine is not None and shares[2] else None,
        "activities": activities,
        "minutes": int(taken) // _MINUTE,
        "value": figures.rounded(value or Decimal(0)) if at.report.measure[1] is not None else value,
        "count": count,
        "touched": touched,
    }


def _told(at: Ground, keys: Sequence[sa.Label[Any]]) -> sa.Subquery:
    """Return each record with its value, its activities within the time, how many have an end, and their seconds."""
    acts = spent(at)
    joined = at.table.outerjoin(acts, acts.c.record == at.table.c.id)
    path = at.report.measure[1]
    columns = [sa.func.coalesce(acts.c[name], 0).label(name) for name in ("activities", "timed", "spent")]
    if path is not None:
        columns.append(at.value(path).label("v"))
    return (
        sa.select(at.table.c.id.label("record"), *keys, *columns)
        .select_from(joined)
        .where(*at.criteria)
        .subquery("told")
    )


def spent(at: Ground) -> sa.Subquery:
    """Return for each record that activities of the time are about how many, how many with an end, and their seconds."""
    told = touches.table(at)
    record = touches.about(at)
    ended = told.c.ended_at > told.c.at
    took = sa.case((ended, seconds(told.c.ended_at) - seconds(told.c.at)), else_=0)
    return (
        sa.select(
            record.label("record"),
            sa.func.count().label("activities"),
            total(sa.case((ended, 1), else_=0)).label("timed"),
            total(took).label("spent"),
        )
        .where(*touches.seen(at), *at.within(told.c.at), record.is_not(None))
        .group_by(record)
        .subquery("spent")
    )
