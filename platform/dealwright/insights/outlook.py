"""What is to be expected: of the open records, of the months of a year, of the next thirty days.

``forecast``  measure of the open records times the chance that history gives their stage, by stage and another group:
              won of those won or lost that have ever been in the stage. Where a group has few such, its chance is drawn
              to that of the stage over all groups: (won + m p) / (decided + m) with m = 10, the mean of a beta
              distribution that weighs as much as ten cases (A. Gelman et al., *Bayesian Data Analysis*, 3rd ed., §2.4).
``seasons``   index of each month: its mean over the whole years of the period, in percent of the mean of all months
              (ratio to average; S. Makridakis, S. Wheelwright, R. Hyndman, *Forecasting*, 3rd ed. 1998, ch. 3). Of won
              records where the entity has stages.
``health``    where the open records of each stage will be in so many days: what became within that time of those that
              were in the stage at six moments before, one horizon apart (a cohort estimate of a Markov chain's
              transitions; J. G. Kemeny and J. L. Snell, *Finite Markov Chains*, 1960).

Two statements each, three for ``health``.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.insights import courses, figures, ground, periods, tally, totals
from dealwright.insights.ground import flag, total
from dealwright.insights.periods import Between
from dealwright.insights.stages import STAGE, stated, ways
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.storage.database import PLANNED_ANEW
from dealwright.storage.system import visit
from dealwright.storage.visits import JOINT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dealwright.insights.ground import Ground, Key

#: Cases that the chance of a stage weighs in that of a group.
_WEIGHT: Final = 10
#: Moments in the past that health looks at.
_LOOKS: Final = 6
_CENT: Final = Decimal("0.01")


def forecast(at: Ground) -> Table:
    """Open records by stage and group: count, measure, chance, and measure times chance."""
    opened, _, _ = ways(at.pipeline)
    history, whole = _chances(at, opened)
    keys = at.grouped()
    names = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    path = at.report.measure[1]
    value = [at.value(path).label("v")] if path is not None else []
    period = at.report.period
    within = at.within(at.value(period.of)) if period is not None and period.of is not None else []
    told = (
        sa.select(at.table.c.id.label("record"), *names, at.table.c.stage.label("stage"), *value)
        .where(
            *at.criteria,
            *within,
            at.table.c.status == "open",
            at.table.c.stage.in_(opened),
            at.table.c.pipeline.in_(at.family),
        )
        .subquery("told")
    )
    groups = [*(told.c[f"k{i}"] for i in range(len(keys))), told.c.stage]
    statement = sa.select(*groups, *totals.measured(at, told)).group_by(*groups).order_by(*groups)
    rows, sums = [], defaultdict[str, Decimal](Decimal)
    for found in at.rows(statement):
        key, rest = tuple(found[: len(groups)]), found[len(groups) :]
        amount = Decimal(totals.settled(at, rest) or 0)
        won, decided = history.get(key, (0, 0))
        all_won, all_decided = whole[key[-1]]
        written = at.pipeline.stages[key[-1]].probability
        chance = _chance(won, decided, all_won, all_decided)
        weighted = (amount * chance).quantize(_CENT) if chance is not None else None
        figured = {
            "count": rest[0],
            "open": amount,
            "decided": decided if keys else all_decided,
            "chance": figures.rounded(chance * 100) if chance is not None else None,
            "stated": stated(at, written) if written is not None else None,
            "weighted": weighted,
            "mark": "few" if all_decided < at.report.least else None,
        }
        rows.append(Row(key, figured))
        sums["count"] += rest[0]
        sums["open"] += amount
        sums["weighted"] += weighted or 0
    place = {stage: i for i, stage in enumerate(opened)}
    rows.sort(key=lambda row: place[row.key[-1]])
    return Table(
        (*(key.head for key in keys), STAGE),
        (
            Column("count", "count", counted=True),
            Column("open", "value", path=path),
            Column("decided", "number"),
            Column("chance", "percent"),
            Column("stated", "percent"),
            Column("weighted", "value", path=path),
            Column("mark", "word"),
        ),
        rows,
        lambda row, _: ground.chosen(told, [one.name for one in groups], row.key),
        {key.head.id: key.starts for key in keys if key.starts},
        {name: sums[name] for name in ("count", "open", "weighted")},
    )


def _chances(
    at: Ground, opened: list[str]
) -> tuple[dict[tuple[Any, ...], tuple[int, int]], dict[str, tuple[int, int]]]:
    """Return won and decided records that have ever been in each stage: by group and stage, and by stage alone."""
    keys = [key for key in at.moved(None).grouped() if not key.starts]
    whole = dict.fromkeys(opened, (0, 0))
    found: dict[tuple[Any, ...], tuple[int, int]] = {}
    for row in ground.few(at.told(lambda: _decided(at, keys, opened))):
        key, won, decided = tuple(row[:-2]), row[-2], row[-1]
        before = whole[key[-1]]
        whole[key[-1]] = (before[0] + won, before[1] + decided)
        found[key] = (won, decided)
    return found, whole


def _decided(at: Ground, keys: Sequence[Key], opened: list[str]) -> Sequence[Any]:
    """Return the key and the stage, and how many of those that have been in it were won, and won or lost."""
    status = at.table.c.status
    ended = status.in_(("won", "lost"))
    taken = courses.taken(at, keys, ended)
    if taken is not None:
        sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
        for *key, way, outcome, number in taken:
            for stage in set(way.split(JOINT)).intersection(opened):
                one = sums[*key, stage]
                one[0] += number * (outcome == "won")
                one[1] += number
        return [(*key, *one) for key, one in sums.items()]
    names = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    joined, criteria = at.visits(ended, stages=opened)
    told = (
        sa.select(
            visit.c.record.label("record"), *names, visit.c.stage.label("stage"), flag(status == "won").label("won")
        )
        .select_from(joined)
        .where(*criteria)
        .distinct()
        .subquery("decided")
    )
    groups = [*(told.c[f"k{i}"] for i in range(len(keys))), told.c.stage]
    statement = sa.select(*groups, total(told.c.won), sa.func.count()).group_by(*groups).limit(ground.MOST_ROWS + 1)
    return at.connection.execute(statement, execution_options=PLANNED_ANEW).all()


def _chance(won: int, decided: int, all_won: int, all_decided: int) -> Decimal | None:
    if not all_decided:
        return None
    whole = Decimal(all_won) / all_decided
    return (won + _WEIGHT * whole) / (decided + _WEIGHT)


def seasons(at: Ground) -> Table:
    """Index of each month of the year, in percent of the mean month, by group; of whole years only."""
    period = at.report.period
    assert period is not None  # noqa: S101 - the check of the definitions has made sure
    path = period.of or ("stage_entered_at" if at.layout.entity.pipelines else "created_at")
    whole = at.between or periods.last(period.unit, period.last, at.today)
    first = whole.since.year if (whole.since.month, whole.since.day) == (1, 1) else whole.since.year + 1
    years = range(first, min(whole.until.year, at.today.year))
    between = Between(
        whole.since.replace(year=first, month=1, day=1), whole.since.replace(year=years.stop, month=1, day=1)
    )
    at = at.moved(between if len(years) else Between(at.today, at.today))
    keys = at.grouped()
    moment = at.value(path)
    starts = periods.starts(between, "month") if len(years) else [at.today]
    names = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    value = [at.value(at.report.measure[1]).label("v")] if at.report.measure[1] is not None else []
    won = [at.table.c.status == "won"] if at.layout.entity.pipelines else []
    told = (
        sa.select(at.table.c.id.label("record"), *names, at.bucket(moment, starts).label("bucket"), *value)
        .where(*at.criteria, *at.within(moment), *won)
        .subquery("told")
    )
    groups = [*(told.c[f"k{i}"] for i in range(len(keys))), told.c.bucket]
    sums: dict[tuple[Any, ...], dict[int, list[Decimal]]] = {}
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    for found in at.rows(sa.select(*groups, *totals.measured(at, told)).group_by(*groups)):
        key, month = tuple(found[: len(keys)]), found[len(keys)] % 12 + 1
        rest = found[len(groups) :]
        sums.setdefault(key, {}).setdefault(month, []).append(Decimal(totals.settled(at, rest) or 0))
        counts[(*key, month)] += rest[0]
    rows = []
    for key in sorted(sums, key=str):
        mean = sum((sum(one, Decimal(0)) for one in sums[key].values()), Decimal(0)) / (12 * len(years))
        for month in range(1, 13):
            own = sum(sums[key].get(month, []), Decimal(0)) / len(years)
            figured = {"count": counts[(*key, month)], "mean": figures.rounded(own), "index": figures.share(own, mean)}
            rows.append(Row((*key, month), figured))
    in_month = [told.c.bucket % 12]

    def records(row: Row, _: str) -> sa.Select[tuple[str]]:
        return ground.chosen(told, [one.name for one in groups[:-1]], row.key[:-1], in_month[0] == row.key[-1] - 1)

    return Table(
        (*(key.head for key in keys), Head("month", "month")),
        (
            Column("count", "count", counted=True),
            Column("mean", "value", path=at.report.measure[1]),
            Column("index", "percent"),
        ),
        rows,
        records,
        notes=[("whole-years", {"since": first, "count": len(years)})],
    )


def health(at: Ground) -> Table:
    """Open records by stage, and how many of them will be won, lost and open after the horizon."""
    opened, _, out = ways(at.pipeline)
    ends = [one.id for one in at.pipeline.stages.values() if one.outcome == "won"]
    shares = _moves(at, opened, ends, out)
    path = at.report.measure[1]
    value = [at.value(path).label("v")] if path is not None else []
    told = (
        sa.select(at.table.c.id.label("record"), at.table.c.stage.label("k0"), *value)
        .where(*at.criteria, at.table.c.stage.in_(opened), at.table.c.pipeline.in_(at.family))
        .subquery("told")
    )
    now = {row[0]: row[1:] for row in at.rows(sa.select(told.c.k0, *totals.measured(at, told)).group_by(told.c.k0))}
    rows, sums = [], defaultdict[str, Decimal](Decimal)
    for stage in opened:
        rest = now.get(stage, (0, 0, 0))
        amount = Decimal(totals.settled(at, rest) or 0)
        cases, won, lost = shares.get(stage, (0, 0, 0))
        chance = Decimal(won) / cases if cases else None
        figured: dict[str, Any] = {
            "count": rest[0],
            "open": amount,
            "cases": cases,
            "win_share": figures.share(won, cases),
            "loss_share": figures.share(lost, cases),
            "expected": (amount * chance).quantize(_CENT) if chance is not None else None,
            "mark": "few" if cases < at.report.least else None,
        }
        rows.append(Row((stage,), figured))
        sums["count"] += rest[0]
        sums["open"] += amount
        sums["expected"] += figured["expected"] or 0
    return Table(
        (STAGE,),
        (
            Column("count", "count", counted=True),
            Column("open", "value", path=path),
            Column("cases", "number"),
            Column("win_share", "percent"),
            Column("loss_share", "percent"),
            Column("expected", "value", path=path),
            Column("mark", "word"),
        ),
        rows,
        lambda row, _: ground.chosen(told, ["k0"], row.key),
        total=dict(sums),
        notes=[("horizon", {"days": at.report.horizon, "looks": _LOOKS})],
    )


def _moves(at: Ground, opened: list[str], ends: list[str], out: list[str]) -> dict[str, tuple[int, int, int]]:
    """Return for each stage how many were in it at moments in the past, and were won, and lost, one horizon later."""
    ahead = timedelta(days=at.report.horizon)
    looks = [at.now - ahead * back for back in range(_LOOKS, -1, -1)]
    cases = _there(at, opened, looks[:-1])
    ended: dict[tuple[str, bool], int] = {
        (row[0], bool(row[1])): row[2] for row in at.rows(_ended(at, opened, ends, out, looks))
    }
    return {stage: (cases[stage], ended.get((stage, True), 0), ended.get((stage, False), 0)) for stage in cases}


def _there(at: Ground, opened: list[str], looks: Sequence[datetime]) -> dict[str, int]:
    """Return how many visits of each stage lasted at these moments, one that lasted at several counted for each."""
    since, until = visit.c.entered_at, visit.c.left_at
    where, criteria = at.visits(
        sa.or_(until.is_(None), until > sa.literal(looks[0], until.type)),
        ground.unindexed(since) <= sa.literal(looks[-1], since.type),
        stages=opened,
        beside=False,
        ranged=False,
    )
    told = (
        sa.select(
            tally.place(visit.c.stage, opened).label("stage"),
            _passed(since, looks).label("first"),
            sa.case((until.is_(None), sa.literal_column(str(len(looks)))), else_=_passed(until, looks)).label("end"),
        )
        .select_from(where)
        .where(*criteria)
        .subquery("told")
    )
    size = len(looks) + 1
    found = at.told(lambda: tally.kinds(at, [(told.c.stage, len(opened)), (told.c.first, size), (told.c.end, size)]))
    cases: dict[str, int] = defaultdict(int)
    for stage, first, end, number in found:
        cases[opened[stage]] += max(end - first, 0) * number
    return {stage: number for stage, number in cases.items() if number}


def _ended(at: Ground, opened: list[str], ends: list[str], out: list[str], looks: Sequence[datetime]) -> sa.Select[Any]:
    """Return the statement that counts records by the stage that they were in at a look, and whether they were won by the next.

    Who was in an open stage at a look and in an end at the next one entered it between the two: so the ends are looked at
    that were entered lately, and for each of them the visit that lasted at the look before.
    """
    end = visit.alias("ended")
    entered, stages = end.c.entered_at, [*ends, *out]

    def moment(number: int) -> sa.ColumnElement[Any]:
        return sa.literal(looks[number], entered.type)

    look = _passed(entered, looks[1:-1])
    before = sa.case({i: moment(i) for i in range(_LOOKS)}, value=look)
    after = sa.case({i: moment(i + 1) for i in range(_LOOKS)}, value=look)
    there = sa.and_(
        visit.c.record == end.c.record,
        visit.c.entity == end.c.entity,
        visit.c.entered_at <= before,
        visit.c.left_at > before,
        visit.c.stage.in_(opened),
        visit.c.pipeline.in_(at.family),
    )
    won = flag(end.c.stage.in_(ends))
    criteria = [
        end.c.entity == at.report.entity,
        end.c.stage.in_(stages),
        entered > moment(0),
        entered <= moment(_LOOKS),
        sa.or_(end.c.left_at.is_(None), end.c.left_at > after),
    ]
    joined = end.join(visit, there).join(at.table, at.table.c.id == end.c.record)
    told = sa.select(visit.c.stage.label("stage"), won.label("won")).select_from(joined).where(*criteria, *at.criteria)
    seen = told.subquery("seen")
    return sa.select(seen.c.stage, seen.c.won, sa.func.count()).group_by(seen.c.stage, seen.c.won)


def _passed(column: sa.ColumnElement[Any], moments: Sequence[datetime], low: int = 0) -> sa.ColumnElement[Any]:
    """Return how many of these rising moments lie before a moment, found by halves."""
    if not moments:
        return sa.literal_column(str(low), sa.BigInteger())
    middle = len(moments) // 2
    later = column > sa.literal(moments[middle], column.type)
    beyond = _passed(column, moments[middle + 1 :], low + middle + 1)
    return sa.case((later, beyond), else_=_passed(column, moments[:middle], low))
