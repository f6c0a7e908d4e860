"""The arms of a process lab beside each other: a pipeline, and its variants for some of the records.

Every record is looked at for the same time: from its first visit on, ``horizon`` days; who has not had them yet is counted
in ``started`` alone. So no arm looks bad because its records are young. Records that began before the first one of
any variant are left out: they met another time.

``went_on``, ``won``, ``lost``  what had happened by the end of the horizon: a later stage than the first, a win, an end.
``rate``        won of judged; ``win_rate`` won of those decided; ``onward`` went on of judged.
``median``      days to the win, of those that were won within the horizon.
``difference``  of the rate from that of the pipeline itself, with Newcombe's interval and p of the "N − 1" χ² test
                (:mod:`contrasts`); ``p_days`` that of Mann and Whitney for the days.

An arm says nothing before it and the pipeline have ``least`` judged records each: until then ``few``, without a
difference. p holds for one look at a number of records that was fixed beforehand. Looking again and again until it falls
below 0.05 finds differences that are none: P. Armitage, C. K. McPherson and B. C. Rowe, Journal of the Royal Statistical
Society A 132 (1969) 235-244. ``kind`` says how records came into the arm: only a *share* is by chance; teams and
conditions differ in more than the process. Two statements.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.insights import contrasts, figures, ground
from dealwright.insights.adherence import family
from dealwright.insights.effects import compared
from dealwright.insights.ground import flag, seconds, total
from dealwright.insights.outcomes import days, whole_hours
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.storage.system import visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.insights.ground import Ground
    from dealwright.metadata.definitions import Pipeline

ARM = Head("arm", "pipeline")
_DAY = 86_400
_COUNTED = ("started", "judged", "went_on", "won", "lost")


def arms(at: Ground) -> Table:
    """What became of the records of each arm within the horizon."""
    known = {one.id: one for one in family(at.catalog, at.report)}
    told = _told(at)
    sums = [total(told.c[name]) for name in _COUNTED]
    counts = {row[0]: dict(zip(_COUNTED, row[1:], strict=True)) for row in at.rows(_by_arm(told, sums))}
    hours: dict[str, dict[int, int]] = {}
    took = whole_hours(told.c.spent)
    spent = sa.select(told.c.arm, took, sa.func.count()).where(told.c.won == 1).group_by(told.c.arm, took)
    for arm, hour, number in at.found(spent):
        hours.setdefault(arm, {})[int(hour)] = number
    own = at.pipeline.family
    order = sorted(known, key=lambda one: (one != own, one))
    rows = [
        Row((one,), _figures(at, known[one], counts[one], counts.get(own), hours.get(one, {}), hours.get(own, {})))
        for one in order
        if one in counts
    ]
    return Table(
        (ARM,),
        (
            Column("rate", "percent"),
            Column("difference", "points"),
            Column("low", "points"),
            Column("high", "points"),
            Column("p", "chance"),
            Column("mark", "word"),
            *(Column(name, "count", counted=True) for name in _COUNTED),
            Column("onward", "percent"),
            Column("win_rate", "percent"),
            Column("median", "days"),
            Column("difference_days", "days"),
            Column("p_days", "chance"),
            Column("kind", "word"),
        ),
        rows,
        lambda row, name: ground.chosen(told, ["arm"], row.key, told.c[name] == 1),
        notes=[("fixed-horizon", {"days": at.report.horizon, "least": at.report.least})],
    )


def _by_arm(told: sa.Subquery, sums: list[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    return sa.select(told.c.arm, *sums).group_by(told.c.arm).order_by(told.c.arm)


def _told(at: Ground) -> sa.Subquery:
    """Return each record with its arm, and what had become of it by the end of its horizon."""
    horizon, now = at.report.horizon * _DAY, int(at.now.timestamp())
    lives = _lives(at)
    end = lives.c.begun + sa.literal_column(str(horizon), sa.BigInteger())
    judged = end <= sa.literal_column(str(now), sa.BigInteger())
    own = at.pipeline.family
    variants = [one.id for one in family(at.catalog, at.report) if one.id != own]
    others = at.table.alias("others")
    first = sa.select(sa.func.min(lives.c.begun)).join(others, others.c.id == lives.c.record)
    since = first.where(others.c.pipeline.in_(variants)).scalar_subquery()
    out = [stage.id for one in family(at.catalog, at.report) for stage in one.stages.values() if stage.leads_out]
    gone = visit.alias("gone")
    ended = (
        sa.exists()
        .where(
            gone.c.record == at.table.c.id,
            gone.c.entity == at.report.entity,
            gone.c.stage.in_(sorted(set(out))),
            seconds(gone.c.entered_at) <= end,
            sa.or_(gone.c.left_at.is_(None), seconds(gone.c.left_at) > end),
        )
        .correlate(at.table, lives)
    )
    won = sa.and_(judged, sa.func.coalesce(lives.c.won_at <= end, sa.false()))
    joined = lives.join(at.table, at.table.c.id == lives.c.record)
    return (
        sa.select(
            at.table.c.id.label("record"),
            at.table.c.pipeline.label("arm"),
            sa.literal_column("1", sa.Integer()).label("started"),
            flag(judged).label("judged"),
            flag(judged, sa.func.coalesce(lives.c.on_at <= end, sa.false())).label("went_on"),
            flag(won).label("won"),
            flag(judged, sa.not_(won), ended).label("lost"),
            (lives.c.won_at - lives.c.begun).label("spent"),
        )
        .select_from(joined)
        .where(*at.criteria, lives.c.begun >= sa.func.coalesce(since, lives.c.begun), *_within(at, lives))
        .subquery("told")
    )


def _within(at: Ground, lives: sa.Subquery) -> list[sa.ColumnElement[bool]]:
    """Return the criteria under which a record began in the time."""
    if at.between is None:
        return []
    since, until = (int(at.moment(day).timestamp()) for day in (at.between.since, at.between.until))
    return [lives.c.begun >= since, lives.c.begun < until]


def _lives(at: Ground) -> sa.Subquery:
    """Return for each record when it began, and first was in a later stage, and was won; seconds since 1970."""
    known = family(at.catalog, at.report)
    won = sorted({stage.id for one in known for stage in one.stages.values() if stage.outcome == "won"})
    start = {one.start for one in known}
    on = sorted({stage.id for one in known for stage in one.stages.values() if not stage.leads_out} - start)
    entered = seconds(visit.c.entered_at)
    return (
        sa.select(
            visit.c.record.label("record"),
            sa.func.min(entered).label("begun"),
            sa.func.min(sa.case((visit.c.stage.in_(on), entered))).label("on_at"),
            sa.func.min(sa.case((visit.c.stage.in_(won), entered))).label("won_at"),
        )
        .where(*at.followed())
        .group_by(visit.c.record)
        .subquery("lives")
    )


def _figures(
    at: Ground,
    arm: Pipeline,
    own: Mapping[str, int],
    other: Mapping[str, int] | None,
    hours: Mapping[int, int],
    other_hours: Mapping[int, int],
) -> dict[str, Any]:
    found: dict[str, Any] = {
        **own,
        "rate": figures.share(own["won"], own["judged"]),
        "win_rate": figures.share(own["won"], own["won"] + own["lost"]),
        "onward": figures.share(own["went_on"], own["judged"]),
        "median": days(figures.quantile(hours, Fraction(1, 2))),
        **dict.fromkeys(("difference", "low", "high", "p", "difference_days", "p_days")),
        "kind": "by_share" if arm.share is not None else "by_team" if arm.teams is not None else "by_condition",
    }
    if arm.extends is None:
        return {**found, "kind": "own", "mark": "few" if own["judged"] < at.report.least else None}
    beside = contrasts.newcombe(own["won"], own["judged"], other["won"], other["judged"]) if other else None
    cases = min(own["judged"], other["judged"]) if other else 0
    if beside is None or other is None or cases < at.report.least:
        return {**found, "mark": "few"}
    difference, low, high = beside
    found |= {"difference": difference, "low": low, "high": high, "mark": compared(at, cases, low, high)}
    found["p"] = chance(contrasts.same_share(own["won"], own["judged"], other["won"], other["judged"]))
    middle, beyond = (figures.quantile(one, Fraction(1, 2)) for one in (hours, other_hours))
    if middle is not None and beyond is not None and min(own["won"], other["won"]) >= at.report.least:
        z = figures.mann_whitney(hours, other_hours)
        found["difference_days"] = days(middle - beyond)
        found["p_days"] = chance(contrasts.two_sided(z)) if z is not None else None
    return found


def chance(p: float | None) -> Any:
    """Return a p value with four places; None for none."""
    return None if p is None else figures.rounded(p * 100) / 100
