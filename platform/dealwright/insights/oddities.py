"""Anomalies: the last whole period of each group beside its own history (:func:`dealwright.insights.figures.oddness`).

``measure``     count, or a measure of a field, of the records of the period; ``win_rate`` of those closed in it;
                ``conversion`` (share of those that left a stage onwards) and ``dwell`` (mean days of the visits that
                ended) by stage.

A group is judged where five periods before have a value. For counts and sums a period without a record is 0; for rates
it has no value. One statement, and one more for the records of the last period where the group is a stage.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.insights import figures, ground, outcomes, periods, tally, totals
from dealwright.insights.ground import flag, total
from dealwright.insights.periods import Between
from dealwright.insights.stages import STAGE, ways
from dealwright.insights.table import Column, Row, Table
from dealwright.storage.system import visit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from dealwright.insights.ground import Ground, Key

_COLUMNS = (
    Column("value", "number"),
    Column("usual", "number"),
    Column("spread", "number"),
    Column("z", "number"),
    Column("verdict", "word"),
    Column("count", "count", counted=True),
)


def anomalies(at: Ground) -> Table:
    """The last whole period of each group, what is usual, and whether it is far from that."""
    at, over, starts = at.whole_periods()
    keys = at.grouped()
    told, staged = _told(at, keys, starts)
    # The last period once more by itself: what is counted and listed is of it alone.
    late, _ = _told(at.moved(Between(max(starts[-1], over.since), over.until)), keys, starts[-1:])
    names = [f"k{i}" for i in range(len(keys) + staged)]
    values: dict[tuple[Any, ...], dict[int, float]] = defaultdict(dict)
    counts: dict[tuple[Any, ...], int] = {}
    last = len(starts) - 1
    for row in _found(at, told, names, starts):
        key, bucket, rest = tuple(row[: len(names)]), row[len(names)], row[len(names) + 1 :]
        value = _value(at, rest)
        if value is not None:
            values[key][bucket] = value
        if bucket == last:
            counts[key] = rest[0]
    if staged:  # a record may have been in a stage several times
        groups = [late.c[name] for name in names]
        number = sa.func.count(sa.distinct(late.c.record))
        counts = {tuple(row[:-1]): row[-1] for row in at.rows(sa.select(*groups, number).group_by(*groups))}
    # A count or a sum of nothing is nothing; a rate of nothing does not exist.
    empty = 0.0 if at.report.measure[0] in ("count", "sum") else None
    rows = []
    for key in sorted(values, key=str):
        history = [values[key].get(i, empty) for i in range(last)]
        rows.append(Row(key, _judged(values[key].get(last, empty), history, counts.get(key, 0))))
    rows.sort(key=lambda row: (row.figures["verdict"] not in ("high", "low"), -abs(row.figures["z"] or 0)))
    return Table(
        (*(key.head for key in keys), *((STAGE,) if staged else ())),
        _COLUMNS,
        rows,
        lambda row, _: ground.chosen(late, names, row.key),
        {key.head.id: key.starts for key in keys if key.starts},
        notes=[("judged", {"period": periods.named(starts[-1], str(over.unit)), "before": last})],
    )


def _told(at: Ground, keys: Sequence[Key], starts: Sequence[date]) -> tuple[sa.Subquery, bool]:
    """Return the cases, with the number of their period, and whether the last key is a stage."""
    measure, names = at.report.measure[0], [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    period = at.report.period
    if measure in ("conversion", "dwell"):
        opened, later, _ = ways(at.pipeline)
        joined, criteria = at.visits(
            *at.within(visit.c.left_at),
            stages=opened,
            beside=bool(keys),
            ranged=False,
        )
        on = sa.or_(*(sa.and_(visit.c.stage == one, visit.c.went_to.in_(later[one])) for one in opened))
        statement = sa.select(
            visit.c.record.label("record"),
            *names,
            visit.c.stage.label(f"k{len(keys)}"),
            at.bucket(visit.c.left_at, starts).label("bucket"),
            flag(on).label("hit"),
            visit.c.seconds.label("spent"),
        )
        return statement.select_from(joined).where(*criteria).subquery("told"), True
    of = period.of if period is not None else None
    moment = at.value(of or (outcomes.timed(at) if measure == "win_rate" else totals.timed(at)))
    columns: list[sa.ColumnElement[Any]] = [at.bucket(moment, starts).label("bucket")]
    closed = []
    if measure == "win_rate":
        columns.append(flag(at.table.c.status == "won").label("hit"))
        closed = [at.table.c.status.in_(("won", "lost"))]
    elif at.report.measure[1] is not None:
        columns.append(at.value(at.report.measure[1]).label("v"))
    statement = sa.select(at.table.c.id.label("record"), *names, *columns)
    return statement.where(*at.criteria, *at.within(moment), *closed).subquery("told"), False


def _found(at: Ground, told: sa.Subquery, names: Sequence[str], starts: Sequence[date]) -> Sequence[Any]:
    """Return for each group and period its key, the number of the period, the number of cases, and what is measured."""
    groups, measure = [told.c[name] for name in names], at.report.measure[0]
    if measure == "conversion" and len(names) == 1:
        opened = ways(at.pipeline)[0]
        parts = [(tally.place(groups[0], opened), len(opened)), (told.c.bucket, len(starts)), (told.c.hit, 2)]

        def ask() -> Sequence[Any]:
            sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
            for stage, bucket, hit, number in tally.kinds(at, parts):
                one = sums[opened[stage], bucket]
                one[0] += number
                one[1] += hit * number
            return [(*key, *one) for key, one in sums.items()]

        return at.told(ask)
    if measure in ("win_rate", "conversion", "dwell"):
        figured = [sa.func.count(), total(told.c.spent if measure == "dwell" else told.c.hit)]
    else:
        figured = totals.measured(at, told)
    return at.rows(sa.select(*groups, told.c.bucket, *figured).group_by(*groups, told.c.bucket))


def _value(at: Ground, found: Sequence[Any]) -> float | None:
    measure = at.report.measure[0]
    if measure in ("win_rate", "conversion"):
        return 100 * found[1] / found[0] if found[0] else None
    if measure == "dwell":
        return found[1] / found[0] / 86_400 if found[0] else None
    value = totals.settled(at, found)
    return None if value is None else float(Decimal(value))


def _judged(value: float | None, history: Sequence[float | None], count: int) -> dict[str, Any]:
    known = [one for one in history if one is not None]
    odd = figures.oddness(value, known) if value is not None else None
    if odd is None or value is None:
        shown = None if value is None else figures.rounded(value)
        return {"value": shown, "usual": None, "spread": None, "z": None, "verdict": "few", "count": count}
    verdict = "usual" if not odd.far else "high" if value > odd.usual else "low"
    return {
        "value": figures.rounded(value),
        "usual": figures.rounded(odd.usual),
        "spread": figures.rounded(odd.spread),
        "z": None if odd.z is None else figures.rounded(odd.z),
        "verdict": verdict,
        "count": count,
    }
