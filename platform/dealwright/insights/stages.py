"""The way through the stages: how many go on, how many are lost, how long they stay.

``conversion``  for each open stage how many entered it and what became of them.
    *cohort*    those whose first visit began in the time: went on (were in a later stage after it, or won), lost or put
                aside since, or still open. Share of all that entered, and of those that are decided.
    *period*    what happened in the time: records that came in, and of those that left, where to: on, back, or out.
    A funnel is the cohort view: it follows the same records. Where a process changes, the two views differ, and only
    the first can be read as a chance (W. M. P. van der Aalst, *Process Mining*, 2nd ed. 2016, §9.4, on cohorts).
``dwell``       days in a stage by visit: mean, median and 90 % quantile of ended visits; how many last still; and the
                median by Kaplan and Meier, in which those that last count for as long as they have lasted. Leaving the
                lasting ones out makes slow stages look fast. Counted in whole hours.

A record that came back to a stage has several visits of it, at most one of which lasts: ``open`` counts records, and
``closed`` visits. Stages that are not in the pipeline any more are not counted. One statement each.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.insights import courses, figures, ground, tally
from dealwright.insights.ground import MOST_ROWS, flag, seconds, total
from dealwright.insights.outcomes import by_key, days, whole_hours
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.metadata import scores
from dealwright.storage.database import PLANNED_ANEW
from dealwright.storage.system import visit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.insights.ground import Ground, Key
    from dealwright.metadata.definitions import Pipeline

STAGE: Final = Head("stage", "stage")
_BACK: Final = (
    Column("entered", "count", counted=True),
    Column("went_on", "count", counted=True),
    Column("lost", "count", counted=True),
)
#: What a record is that has left without being won.
_OVER: Final = ("lost", "archived")


def ways(pipeline: Pipeline) -> tuple[list[str], dict[str, list[str]], list[str]]:
    """Return the open stages in order, what counts as later for each of them, and the ends that are no win."""
    opened = [one.id for one in pipeline.stages.values() if one.outcome is None]
    won = [one.id for one in pipeline.stages.values() if one.outcome == "won"]
    lost = [one.id for one in pipeline.stages.values() if one.leads_out]
    return opened, {stage: [*opened[i + 1 :], *won] for i, stage in enumerate(opened)}, lost


def conversion(at: Ground) -> Table:
    """What became of those that entered each stage."""
    return _period(at) if at.report.view == "period" else _cohort(at)


def _cohort(at: Ground) -> Table:
    opened, later, _ = ways(at.pipeline)
    keys = at.grouped()
    lives = _lives(at, opened, later)
    names = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    flags: list[sa.ColumnElement[Any]] = []
    over = at.table.c.status.in_(_OVER)
    for i in range(len(opened)):
        first, beyond = lives.c[f"first{i}"], lives.c[f"beyond{i}"]
        inside = [first.is_not(None), *(at.within(lives.c[f"at{i}"]) if at.between is not None else ())]
        on = sa.func.coalesce(beyond, 0) > first
        flags += [
            flag(*inside).label(f"entered{i}"),
            flag(*inside, on).label(f"went_on{i}"),
            flag(*inside, sa.not_(on), over).label(f"lost{i}"),
        ]
    joined = lives.join(at.table, at.table.c.id == lives.c.record)
    told = (
        sa.select(at.table.c.id.label("record"), *names, *flags)
        .select_from(joined)
        .where(*at.criteria)
        .subquery("told")
    )
    groups = [told.c[f"k{i}"] for i in range(len(keys))]
    sums = [total(told.c[f"{name}{i}"]) for i in range(len(opened)) for name in ("entered", "went_on", "lost")]
    asked = sa.select(*groups, *sums).group_by(*groups).order_by(*groups)
    rows = []
    for found in at.rows(asked) if at.between is not None else _whole_lives(at, keys, opened, later, asked):
        for i, stage in enumerate(opened):
            entered, on, lost = found[len(keys) + 3 * i : len(keys) + 3 * i + 3]
            figured = _converted(at, entered or 0, on or 0, lost or 0)
            rows.append(Row((*found[: len(keys)], stage), figured))

    def records(row: Row, name: str) -> sa.Select[tuple[str]]:
        i = opened.index(row.key[-1])
        meets = {
            "entered": [told.c[f"entered{i}"] == 1],
            "went_on": [told.c[f"went_on{i}"] == 1],
            "lost": [told.c[f"lost{i}"] == 1],
            "open": [told.c[f"entered{i}"] == 1, told.c[f"went_on{i}"] == 0, told.c[f"lost{i}"] == 0],
        }
        return ground.chosen(told, [one.name for one in groups], row.key[:-1], *meets[name])

    more = (
        Column("open", "count", counted=True),
        Column("rate", "percent"),
        Column("decided_rate", "percent"),
        Column("low", "percent"),
        Column("high", "percent"),
        Column("threshold", "percent"),
        Column("mark", "word"),
    )
    _mark(at, rows)
    return Table(
        (*(key.head for key in keys), STAGE),
        (*_BACK, *more),
        rows,
        records,
        {key.head.id: key.starts for key in keys if key.starts},
    )


def _whole_lives(
    at: Ground, keys: Sequence[Key], opened: list[str], later: dict[str, list[str]], other: sa.Select[Any]
) -> Sequence[Any]:
    """Return for each group how many entered each stage, went on and were lost: by their ways, or else as ``other`` asks."""

    def ask() -> Sequence[Any]:
        found = courses.taken(at, keys)
        if found is None:
            return at.connection.execute(other.limit(MOST_ROWS + 1), execution_options=PLANNED_ANEW).all()
        sums: dict[tuple[Any, ...], list[int]] = {}
        passed: dict[str, list[tuple[int, bool]]] = {}
        for *key, way, status, number in found:
            steps = passed.get(way)
            if steps is None:
                steps = passed[way] = courses.passed(way, opened, later)
            figured = sums.setdefault(tuple(key), [0] * (3 * len(opened)))
            for i, on in steps:
                figured[3 * i] += number
                figured[3 * i + 1] += number * on
                figured[3 * i + 2] += number * (not on and status in _OVER)
        return [(*key, *sums[key]) for key in sorted(sums, key=by_key)]

    return ground.few(at.told(ask))


def _lives(at: Ground, opened: Sequence[str], later: Mapping[str, Sequence[str]]) -> sa.Subquery:
    """Return for each record when it first entered each open stage, and its last visit of any later stage."""
    columns: list[sa.ColumnElement[Any]] = []
    for i, stage in enumerate(opened):
        here = visit.c.stage == stage
        columns += [
            sa.func.min(sa.case((here, visit.c.seq))).label(f"first{i}"),
            sa.func.max(sa.case((visit.c.stage.in_(later[stage]), visit.c.seq))).label(f"beyond{i}"),
        ]
        if at.between is not None:
            columns.append(sa.func.min(sa.case((here, visit.c.entered_at))).label(f"at{i}"))
    where = at.followed()
    if at.between is not None:  # the whole lives of those alone that entered a stage in the time
        other = visit.alias("entered")
        came = other.c.entity == at.report.entity, other.c.stage.in_(opened), *at.within(other.c.entered_at)
        where.append(visit.c.record.in_(sa.select(other.c.record).where(*came)))
    return sa.select(visit.c.record.label("record"), *columns).where(*where).group_by(visit.c.record).subquery("lives")


def _converted(at: Ground, entered: int, on: int, lost: int) -> dict[str, Any]:
    low, high = figures.wilson(on, on + lost) or (None, None)
    return {
        "entered": entered,
        "went_on": on,
        "lost": lost,
        "open": entered - on - lost,
        "rate": figures.share(on, entered),
        "decided_rate": figures.share(on, on + lost),
        "low": low,
        "high": high,
    }


def _mark(at: Ground, rows: list[Row]) -> None:
    """Say of each row whether it has too few cases, lies below its threshold, or is where most of its group drop out.

    The "death valley" of a funnel is the stage with the lowest share of those that are decided.
    """
    lowest: dict[tuple[Any, ...], Any] = {}
    for row in rows:
        rate, cases = row.figures["decided_rate"], row.figures["went_on"] + row.figures["lost"]
        if rate is not None and cases >= at.report.least:
            lowest[row.key[:-1]] = min(rate, lowest.get(row.key[:-1], rate))
    for i, row in enumerate(rows):
        rate, cases = row.figures["decided_rate"], row.figures["went_on"] + row.figures["lost"]
        stage = at.pipeline.stages[row.key[-1]]
        threshold = stage.document.get("conversion_threshold")
        wanted = None if threshold is None else stated(at, threshold)
        word = None
        if cases < at.report.least:
            word = "few"
        elif wanted is not None and rate is not None and rate < wanted:
            word = "below_threshold"
        elif rate == lowest.get(row.key[:-1]) and rate is not None and rate < 100:
            word = "valley"
        rows[i] = Row(row.key, {**row.figures, "threshold": wanted, "mark": word})


def stated(at: Ground, written: Any) -> Decimal:
    """Return a number of the pipeline as it is in force, a parameter too, with two places."""
    return figures.rounded(scores.settled(at.catalog, at.pipeline.id, written))


def _period(at: Ground) -> Table:
    opened, later, out = ways(at.pipeline)
    keys = at.grouped()
    names = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    joined, criteria = at.visits(stages=opened)
    left = [visit.c.left_at.is_not(None), *at.within(visit.c.left_at)]
    on = sa.or_(*(sa.and_(visit.c.stage == one, visit.c.went_to.in_(later[one])) for one in opened))
    told = (
        sa.select(
            visit.c.record.label("record"),
            *names,
            visit.c.stage.label("stage"),
            flag(*at.within(visit.c.entered_at)).label("entered"),
            flag(*left).label("left"),
            flag(*left, on).label("went_on"),
            flag(*left, visit.c.went_to.in_(out)).label("lost"),
        )
        .select_from(joined)
        .where(*criteria)
        .subquery("told")
    )
    groups = [*(told.c[f"k{i}"] for i in range(len(keys))), told.c.stage]
    names_of = ("entered", "left", "went_on", "lost")
    counts = [sa.func.count(sa.distinct(sa.case((told.c[name] == 1, told.c.record)))) for name in names_of]
    found = at.rows(sa.select(*groups, *counts).group_by(*groups).order_by(*groups))
    rows = [
        Row(
            tuple(row[: len(groups)]),
            {
                **dict(zip(names_of, row[len(groups) :], strict=True)),
                "rate": figures.share(row[-2], row[-3]),
            },
        )
        for row in found
        if row[len(groups)] or row[-3]
    ]
    place = {stage: i for i, stage in enumerate(opened)}
    rows.sort(key=lambda row: place[row.key[-1]])
    return Table(
        (*(key.head for key in keys), STAGE),
        (_BACK[0], Column("left", "count", counted=True), *_BACK[1:], Column("rate", "percent")),
        rows,
        lambda row, name: ground.chosen(told, [one.name for one in groups], row.key, told.c[name] == 1),
        {key.head.id: key.starts for key in keys if key.starts},
    )


def dwell(at: Ground) -> Table:
    """Days in each open stage, of visits that began in the time."""
    opened, _, _ = ways(at.pipeline)
    keys = at.grouped()
    names = [key.value.label(f"k{i}") for i, key in enumerate(keys)]
    joined, criteria = at.visits(*at.within(visit.c.entered_at), stages=opened, beside=bool(keys))
    until = sa.literal_column(str(int(at.now.timestamp())), sa.BigInteger())
    told = (
        sa.select(
            visit.c.record.label("record"),
            *names,
            visit.c.stage.label("stage"),
            flag(visit.c.left_at.is_(None)).label("lasts"),
            visit.c.seconds.label("seconds"),
            sa.func.coalesce(visit.c.seconds, until - seconds(visit.c.entered_at)).label("spent"),
        )
        .select_from(joined)
        .where(*criteria)
        .subquery("told")
    )
    groups = [*(told.c[f"k{i}"] for i in range(len(keys))), told.c.stage]
    counted: dict[tuple[Any, ...], _Stay] = {}
    for row in _hours(at, told, groups, opened):
        stay = counted.setdefault(tuple(row[: len(groups)]), _Stay())
        stay.add(lasts=bool(row[-4]), hours=int(row[-3]), number=row[-2], spent=row[-1])
    place = {stage: i for i, stage in enumerate(opened)}
    order = sorted(counted, key=lambda key: (str(key[:-1]), place[key[-1]]))
    rows = [Row(key, counted[key].figures(at)) for key in order]
    return Table(
        (*(key.head for key in keys), STAGE),
        (
            Column("closed", "count"),
            Column("open", "count", counted=True),
            Column("mean", "days"),
            Column("median", "days"),
            Column("p90", "days"),
            Column("km_median", "days"),
            Column("mark", "word"),
        ),
        rows,
        lambda row, _: ground.chosen(told, [one.name for one in groups], row.key, told.c.lasts == 1),
        {key.head.id: key.starts for key in keys if key.starts},
    )


def _hours(
    at: Ground, told: sa.Subquery, groups: Sequence[sa.ColumnElement[Any]], opened: Sequence[str]
) -> Sequence[Any]:
    """Return for each group, whether the visits last, and each whole hour: their number, and their seconds.

    A row for each hour is more than a report may have rows, and never more than visits.
    """
    hours = whole_hours(told.c.spent)
    if at.connection.dialect.name == "sqlite" and len(groups) == 1:
        return at.told(lambda: _tallied(at, told, hours, opened))
    statement = sa.select(*groups, told.c.lasts, hours, sa.func.count(), total(told.c.spent))
    return at.found(statement.group_by(*groups, told.c.lasts, hours))


def _tallied(
    at: Ground, told: sa.Subquery, hours: sa.ColumnElement[Any], opened: Sequence[str]
) -> list[tuple[str, int, int, int, int]]:
    """Return the same for stages alone from SQLite; the seconds of all ended visits of a stage stand in one of its rows."""
    kinds = 2 * len(opened)
    # Seconds are written when a visit ends: those that last have none.
    spent = [total(sa.case((told.c.stage == one, told.c.seconds))) for one in opened]
    code = hours * kinds + tally.place(told.c.stage, opened) * 2 + told.c.lasts
    counts, sums = tally.counted(at, code, *spent)
    rows = []
    for number, count in counts.items():
        hour, kind = divmod(number, kinds)
        place, lasts = divmod(kind, 2)
        whole = 0
        if not lasts:
            whole, sums[place] = sums[place], 0
        rows.append((opened[place], lasts, hour, count, whole))
    return rows


class _Stay:
    """Visits of one stage by their hours: those that ended, and those that last."""

    def __init__(self) -> None:
        self.ended: dict[int, int] = {}
        self.lasting: dict[int, int] = {}
        self.spent = 0

    def add(self, *, lasts: bool, hours: int, number: int, spent: int) -> None:
        (self.lasting if lasts else self.ended)[hours] = number
        if not lasts:
            self.spent += spent

    def figures(self, at: Ground) -> dict[str, Any]:
        number = sum(self.ended.values())
        middle = figures.half_gone(figures.kaplan_meier(self.ended, self.lasting))
        return {
            "closed": number,
            "open": sum(self.lasting.values()),
            "mean": figures.rounded(Fraction(self.spent, number * 86_400)) if number else None,
            "median": days(figures.quantile(self.ended, Fraction(1, 2))),
            "p90": days(figures.quantile(self.ended, Fraction(9, 10))),
            "km_median": days(middle),
            "mark": "few" if number < at.report.least else None,
        }
