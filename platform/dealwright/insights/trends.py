"""Trends: where the figures of each group are heading, and how well it is: of a dealer's orders, of a team's visits.

Judged is every whole period of the time; the running one is not over and is left out.

``change``   the last period beside the one before, in percent.
``slope``    median of the slopes between any two periods, in percent of the usual period: H. Theil (1950), P. K. Sen,
             "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63 (1968) 1379-1389. No freak bends it.
``z``        of the test of H. B. Mann, "Nonparametric Tests Against Trend", Econometrica 13 (1945) 245-259, with the
             variance for ties of M. G. Kendall, *Rank Correlation Methods*, 1975; beyond 1.96 there is a trend.
``falls``    how many periods in a row, up to the last, lay ``fall`` percent or more below the one before.
``health``   100 − 20 for each of the last three falls − 40 × (1 − last / usual), the usual being the median of the periods
             before and the last factor never below 0: from 100 (as usual or better) to 0 (fell three times, and is at
             nothing). A convention of this platform: each part of it stands in the row.

One statement.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import combinations
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.insights import figures, ground, periods, totals
from dealwright.insights.periods import Between
from dealwright.insights.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.insights.ground import Ground

#: Whole periods that a trend needs.
LEAST: Final = 4
_FALLS, _PER_FALL, _LEVEL = 3, 20, 40
#: Quantile of the normal distribution beyond which a trend is taken for one.
_SURE: Final = 1.96


def trend(at: Ground) -> Table:
    """The last whole period of each group, its change, where it is heading and how well it is; the worst first."""
    period = at.report.period
    assert period is not None  # noqa: S101 - the check of the definitions has made sure
    whole = at.between or periods.last(period.unit, period.last, at.today)
    until = max(min(whole.until, periods.start(at.today, period.unit)), whole.since)
    at = at.moved(Between(whole.since, until, period.unit))
    starts = periods.starts(Between(whole.since, max(until, periods.later(whole.since, "day", 1))), period.unit)
    keys = at.grouped()
    moment = at.value(totals.timed(at))
    path = at.report.measure[1]
    value = [at.value(path).label("v")] if path is not None else []
    told = (
        sa.select(
            at.table.c.id.label("record"),
            *(key.value.label(f"k{i}") for i, key in enumerate(keys)),
            at.bucket(moment, starts).label("bucket"),
            *value,
        )
        .where(*at.criteria, *at.within(moment))
        .subquery("told")
    )
    groups = [told.c[f"k{i}"] for i in range(len(keys))]
    values: dict[tuple[Any, ...], dict[int, Decimal]] = defaultdict(dict)
    counts: dict[tuple[Any, ...], int] = {}
    last = len(starts) - 1
    statement = sa.select(*groups, told.c.bucket, *totals.measured(at, told)).group_by(*groups, told.c.bucket)
    for found in at.rows(statement):
        key, bucket, rest = tuple(found[: len(keys)]), found[len(keys)], found[len(keys) + 1 :]
        values[key][bucket] = Decimal(totals.settled(at, rest) or 0)
        if bucket == last:
            counts[key] = rest[0]
    rows = []
    for key in sorted(values, key=str):
        first = min(values[key])  # before its first record a group was not there: that is no low
        series = [values[key].get(i, Decimal(0)) for i in range(first, last + 1)]
        rows.append(Row(key, {**heading(series, at.report.fall), "count": counts.get(key, 0)}))
    rows.sort(key=lambda row: (row.figures["health"] is None, row.figures["health"] or 0))
    return Table(
        tuple(key.head for key in keys),
        (
            Column("health", "number"),
            Column("value", "value", path=path),
            Column("usual", "value", path=path),
            Column("change", "percent"),
            Column("falls", "number"),
            Column("slope", "percent"),
            Column("z", "number"),
            Column("verdict", "word"),
            Column("count", "count", counted=True),
        ),
        rows,
        lambda row, _: ground.chosen(told, [one.name for one in groups], row.key, told.c.bucket == last),
        {key.head.id: key.starts for key in keys if key.starts},
        notes=[("judged", {"period": periods.named(starts[-1], period.unit), "before": last})],
    )


def heading(series: Sequence[Decimal], fall: Decimal) -> dict[str, Any]:
    """Return what the values of whole periods say of where they are heading; ``few`` where they are too few."""
    last = series[-1]
    if len(series) < LEAST:
        named = ("usual", "change", "falls", "slope", "z", "health")
        return {"value": figures.rounded(last), **dict.fromkeys(named), "verdict": "few"}
    usual = Decimal(median(series[:-1]))
    falls = 0
    for earlier, later in zip(reversed(series[:-1]), reversed(series[1:]), strict=True):
        if not earlier or (earlier - later) * 100 < fall * earlier:
            break
        falls += 1
    level = min(Decimal(1), max(Decimal(0), last / usual)) if usual > 0 else Decimal(1)
    slope = median((series[j] - series[i]) / (j - i) for i, j in combinations(range(len(series)), 2))
    z = _mann_kendall(series)
    health = 100 - _PER_FALL * min(falls, _FALLS) - _LEVEL * (1 - level)
    verdict = "falling" if falls >= _FALLS or z < -_SURE else "rising" if z > _SURE else "steady"
    return {
        "value": figures.rounded(last),
        "usual": figures.rounded(usual),
        "change": figures.share(last - series[-2], series[-2]) if series[-2] > 0 else None,
        "falls": falls,
        "slope": figures.share(slope, usual) if usual > 0 else None,
        "z": figures.rounded(z),
        "health": health.quantize(Decimal(1), rounding="ROUND_HALF_UP"),
        "verdict": verdict,
    }


def _mann_kendall(series: Sequence[Decimal]) -> float:
    """Return z of the test for a trend: above 0 where values rise."""
    n = len(series)
    score = sum((b > a) - (b < a) for a, b in combinations(series, 2))
    ties = [series.count(one) for one in set(series)]
    spread = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if not score or spread <= 0:
        return 0.0
    return (score - 1 if score > 0 else score + 1) / sqrt(spread)
