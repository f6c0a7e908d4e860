"""What became of records: won or lost, how long it took, where and why they were lost.

``win_rate``    won of won and lost, with the Wilson interval. Who is still open or was put aside (status ``archived``)
                is in neither. A record counts at the moment when it entered the stage it is in, or by ``period.of``.
``cycle_time``  from ``start`` to ``end`` of won records, in days: mean, median, and the 90 % quantile. Counted in whole
                hours. Records that end before they start are left out and their number is told. Each group also beside all
                others: the difference of the medians, and z of :func:`figures.mann_whitney`; beyond 1.96 it is faster or
                slower for sure, as far as one test in twenty may err.
``losses``      lost records by the stage that they were lost from, and by reason or another group.

One statement each.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.insights import figures, ground
from dealwright.insights.ground import SECONDS_IN_HOUR, Key, flag, seconds, total
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.storage.system import visit

if TYPE_CHECKING:
    from dealwright.insights.ground import Ground

_NINETY: Final = Fraction(9, 10)
_HALF: Final = Fraction(1, 2)


def timed(at: Ground) -> str:
    """Return the field that says when a record counts: that of the period, else when it entered its stage."""
    period = at.report.period
    return period.of if period is not None and period.of is not None else "stage_entered_at"


def win_rate(at: Ground) -> Table:
    """Won, lost, share of won with its interval, by group."""
    keys = at.grouped(timed(at))
    status = at.table.c.status
    names = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    told = (
        sa.select(at.table.c.id.label("record"), *names, flag(status == "won").label("won"))
        .where(*at.criteria, *at.within(at.value(timed(at))), status.in_(("won", "lost")))
        .subquery("told")
    )
    groups = [told.c[f"k{i}"] for i in range(len(keys))]
    statement = sa.select(*groups, sa.func.count(), total(told.c.won)).group_by(*groups).order_by(*groups)
    rows = [Row(tuple(row[: len(keys)]), _rated(at, row[-1], row[-2])) for row in at.rows(statement) if row[-2]]
    if len(keys) == 1 and not keys[0].starts:
        rows.sort(key=lambda row: -(row.figures["win_rate"] or 0))
    won, closed = (sum(row.figures[name] for row in rows) for name in ("won", "closed"))
    wanted = {"won": [told.c.won == 1], "lost": [told.c.won == 0], "closed": []}
    return Table(
        heads=tuple(key.head for key in keys),
        columns=(
            Column("won", "count", counted=True),
            Column("lost", "count", counted=True),
            Column("closed", "count", counted=True),
            Column("win_rate", "percent"),
            Column("low", "percent"),
            Column("high", "percent"),
            Column("mark", "word"),
        ),
        rows=rows,
        records=lambda row, name: ground.chosen(told, [one.name for one in groups], row.key, *wanted[name]),
        starts={key.head.id: key.starts for key in keys if key.starts},
        total=_rated(at, won, closed),
        by_key=len(keys) != 1,
    )


def _rated(at: Ground, won: int, closed: int) -> dict[str, Any]:
    low, high = figures.wilson(won, closed) or (None, None)
    return {
        "won": won,
        "lost": closed - won,
        "closed": closed,
        "win_rate": figures.share(won, closed),
        "low": low,
        "high": high,
        "mark": "few" if closed < at.report.least else None,
    }


def cycle_time(at: Ground) -> Table:
    """Days from start to end of won records by group: mean, median, 90 % quantile."""
    start = at.value(at.report.start or "created_at")
    end = at.value(at.report.end or "stage_entered_at")
    when = at.report.period.of if at.report.period is not None and at.report.period.of else at.report.end
    when = when or "stage_entered_at"
    keys = at.grouped(when)
    spent = seconds(end) - seconds(start)
    names = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    cases = sa.select(at.table.c.id.label("record"), *names, spent.label("spent")).where(
        *at.criteria, *at.within(at.value(when)), at.table.c.status == "won", start.is_not(None), end.is_not(None)
    )
    told = cases.subquery("told")
    # An offset keeps both databases from working the time out once more wherever it is named.
    once = cases.offset(0).subquery("told")
    groups = [told.c[f"k{i}"] for i in range(len(keys))]
    # A record that ends before it starts has no hours; told apart in the same statement.
    hours = sa.case((once.c.spent >= 0, whole_hours(once.c.spent)), else_=sa.literal_column("-1"))
    by = [*(once.c[f"k{i}"] for i in range(len(keys))), hours]
    statement = sa.select(*by, sa.func.count(), total(once.c.spent)).group_by(*by)
    counts: dict[tuple[Any, ...], dict[int, int]] = {}
    spent_in: dict[tuple[Any, ...], int] = {}
    wrong = 0
    # A row for each hour of each group: more of them than a report may have rows, and never more than records.
    for row in at.found(statement):
        key = tuple(row[: len(keys)])
        if row[-3] < 0:
            wrong += row[-2]
            continue
        counts.setdefault(key, {})[int(row[-3])] = row[-2]
        spent_in[key] = spent_in.get(key, 0) + row[-1]
    together: dict[int, int] = {}
    for one in counts.values():
        for hour, number in one.items():
            together[hour] = together.get(hour, 0) + number
    rows = [
        Row(key, _beside(_spent(at, counts[key], spent_in[key]), counts[key], together))
        for key in sorted(counts, key=by_key)
    ]
    return Table(
        heads=tuple(key.head for key in keys),
        columns=(
            Column("won", "count", counted=True),
            Column("mean", "days"),
            Column("median", "days"),
            Column("p90", "days"),
            *((Column("difference", "days"), Column("z", "number")) if keys else ()),
            Column("mark", "word"),
        ),
        rows=rows,
        records=lambda row, _: ground.chosen(told, [one.name for one in groups], row.key, told.c.spent >= 0),
        starts={key.head.id: key.starts for key in keys if key.starts},
        total=_spent(at, together, sum(spent_in.values())),
        notes=[("ends-before-start", {"count": wrong})] if wrong else (),
        by_key=True,
    )


def whole_hours(spent: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return seconds as whole hours: the quotient of whole numbers, which both databases cut."""
    return spent.op("/", return_type=sa.BigInteger())(sa.literal_column(str(SECONDS_IN_HOUR)))


def _spent(at: Ground, hours: dict[int, int], spent: int) -> dict[str, Any]:
    number = sum(hours.values())
    return {
        "won": number,
        "mean": figures.rounded(Fraction(spent, number * 86_400)) if number else None,
        "median": days(figures.quantile(hours, _HALF)),
        "p90": days(figures.quantile(hours, _NINETY)),
        "mark": "few" if number < at.report.least else None,
    }


def _beside(figured: dict[str, Any], own: dict[int, int], together: dict[int, int]) -> dict[str, Any]:
    """Return the figures of a group with how its times differ from those of all others, and whether that is sure."""
    others = {hour: number - own.get(hour, 0) for hour, number in together.items() if number > own.get(hour, 0)}
    z = figures.mann_whitney(own, others)
    middle, other = figures.quantile(own, _HALF), figures.quantile(others, _HALF)
    if z is None or middle is None or other is None:
        return {**figured, "difference": None, "z": None}
    mark = figured["mark"]
    if mark is None and abs(z) > figures.Z95:
        mark = "slower" if z > 0 else "faster"
    return {**figured, "difference": days(middle - other), "z": figures.rounded(z), "mark": mark}


def days(hours: Fraction | int | None) -> Any:
    """Return hours as days with two places; None stays None."""
    return None if hours is None else figures.rounded(Fraction(hours) / 24)


def by_key(key: Sequence[Any]) -> list[tuple[bool, Any]]:
    """Return what keys are sorted by: empty ones first."""
    return [(one is not None, one if one is not None else 0) for one in key]


def losses(at: Ground) -> Table:
    """Lost records by the stage before and the reason, the most first, with their share of all losses."""
    ends = [one.id for one in at.pipeline.stages.values() if one.outcome == "lost"]
    keys = at.grouped()
    reason = at.report.reason or at.pipeline.reason_field
    if not keys and at.layout.entity.field(reason) is not None:
        keys = [Key(Head(reason, "field", reason), at.value(reason))]
    joined, criteria = at.visits(visit.c.left_at.is_(None), stages=ends)
    when = visit.c.entered_at
    if at.report.period is not None and at.report.period.of is not None:
        when = at.value(at.report.period.of)  # type: ignore[assignment]
    names = [key.value.label(f"k{i + 1}") for i, key in enumerate(keys)]
    told = (
        sa.select(visit.c.record.label("record"), visit.c.came_from.label("k0"), *names)
        .select_from(joined)
        .where(*criteria, *at.within(when))
        .subquery("told")
    )
    groups = [told.c[f"k{i}"] for i in range(len(keys) + 1)]
    number = sa.func.count()
    found = at.rows(sa.select(*groups, number).group_by(*groups).order_by(number.desc(), *groups))
    whole = sum(row[-1] for row in found)
    rows = [Row(tuple(row[:-1]), {"count": row[-1], "share": figures.share(row[-1], whole)}) for row in found]
    return Table(
        heads=(Head("stage", "stage"), *(key.head for key in keys)),
        columns=(Column("count", "count", counted=True), Column("share", "percent")),
        rows=rows,
        records=lambda row, _: ground.chosen(told, [one.name for one in groups], row.key),
        starts={key.head.id: key.starts for key in keys if key.starts},
        total={"count": whole, "share": figures.share(whole, whole)},
    )
