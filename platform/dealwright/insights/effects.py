"""The win rate with an action beside that without it: which actions go together with winning. It proves nothing.

Counted are won and lost records that could have had the action, at the moment when they were closed.

*activity*  an activity of each kind about the record, before it was closed.
*item*      each item of a checklist, ticked before; of records that were in its stage.
*touch*     any activity while the record was in each stage; of records that were in it.

``difference`` is the win rate with less that without, with Newcombe's interval (:func:`contrasts.newcombe`); ``more`` and
``less`` where 0 lies outside of it, ``unsure`` where it lies inside, ``few`` where either side has fewer than ``least``
records. A difference is an association: who gets a visit is no matter of chance, and a record that lasted longer had
more time for one (J. M. Wooldridge, *Introductory Econometrics*, 7th ed. 2020, §3.3, on what is left out). An experiment
tells causes apart: a variant with a share of the records, and the calculation ``arms``. One statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.insights import contrasts, figures, ground, touches
from dealwright.insights.adherence import ACTION, due, family
from dealwright.insights.ground import flag, total
from dealwright.insights.outcomes import timed
from dealwright.insights.table import Column, Row, Table
from dealwright.storage.system import checklist, visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.insights.ground import Ground

#: Key of the action, whether a record could have had it, whether it had.
Choice = tuple[str, sa.ColumnElement[Any], sa.ColumnElement[Any]]


def effect(at: Ground) -> Table:
    """Records with and without each action, won of both, and the difference of the rates; the greatest first."""
    keys = at.grouped()
    names, told = _told(at, [key.value.label(f"k{i}") for i, key in enumerate(keys)])
    groups = [told.c[f"k{i}"] for i in range(len(keys))]
    sums = []
    for i in range(len(names)):
        there, had = told.c[f"b{i}"], told.c[f"d{i}"]
        sums += [
            total(there),
            total(flag(there == 1, told.c.won == 1)),
            total(had),
            total(flag(had == 1, told.c.won == 1)),
        ]
    rows = []
    if names:
        for found in at.rows(sa.select(*groups, *sums).group_by(*groups).order_by(*groups)):
            for i, name in enumerate(names):
                there, won, had, had_won = found[len(keys) + 4 * i : len(keys) + 4 * i + 4]
                if there:
                    key = (*found[: len(keys)], name)
                    rows.append(Row(key, _figures(at, had, had_won, there - had, won - had_won)))
    rows.sort(key=_order)

    def records(row: Row, name: str) -> sa.Select[tuple[str]]:
        i = names.index(row.key[-1])
        had = 1 if name.startswith("done") else 0
        meets = [told.c[f"b{i}"] == 1, told.c[f"d{i}"] == had]
        if name.endswith("won"):
            meets.append(told.c.won == 1)
        return ground.chosen(told, [one.name for one in groups], row.key[:-1], *meets)

    return Table(
        (*(key.head for key in keys), ACTION),
        (
            Column("difference", "points"),
            Column("low", "points"),
            Column("high", "points"),
            Column("mark", "word"),
            Column("done_rate", "percent"),
            Column("undone_rate", "percent"),
            Column("done", "count", counted=True),
            Column("done_won", "count", counted=True),
            Column("undone", "count", counted=True),
            Column("undone_won", "count", counted=True),
        ),
        rows,
        records,
        {key.head.id: key.starts for key in keys if key.starts},
        notes=[("no-proof", {"least": at.report.least})],
    )


def _order(row: Row) -> tuple[bool, Any]:
    few = row.figures["mark"] == "few" or row.figures["difference"] is None
    return few, -(row.figures["difference"] or 0)


def _figures(at: Ground, had: int, had_won: int, had_not: int, not_won: int) -> dict[str, Any]:
    found = contrasts.newcombe(had_won, had, not_won, had_not)
    difference, low, high = found or (None, None, None)
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "mark": compared(at, min(had, had_not), low, high),
        "done_rate": figures.share(had_won, had),
        "undone_rate": figures.share(not_won, had_not),
        "done": had,
        "done_won": had_won,
        "undone": had_not,
        "undone_won": not_won,
    }


def compared(at: Ground, cases: int, low: Any, high: Any) -> str:
    """Return what the interval of a difference says: ``few``, ``more``, ``less`` or ``unsure``."""
    if cases < at.report.least or low is None:
        return "few"
    return "more" if low > 0 else "less" if high < 0 else "unsure"


def _told(at: Ground, keys: Sequence[sa.Label[Any]]) -> tuple[list[str], sa.Subquery]:
    """Return the keys of the actions, and for each closed record which of them it could have had, and had."""
    by = at.report.by or "activity"
    closed = sa.select(at.table.c.id, at.table.c.stage_entered_at).where(
        *at.criteria, *at.within(at.value(timed(at))), at.table.c.status.in_(("won", "lost"))
    )
    ended = closed.subquery("ended")
    names, had = {"activity": _activities, "item": _items, "touch": _touches}[by](at, ended)
    joined = at.table.join(ended, ended.c.id == at.table.c.id)
    if had is not None:
        joined = joined.outerjoin(had, had.c.record == at.table.c.id)
    flags: list[sa.ColumnElement[Any]] = []
    for i in range(len(names)):
        assert had is not None  # noqa: S101 - without a statement there are no names
        there = sa.literal_column("1") if by == "activity" else sa.func.coalesce(had.c[f"b{i}"], 0)
        flags += [there.label(f"b{i}"), sa.func.coalesce(had.c[f"d{i}"], 0).label(f"d{i}")]
    won = flag(at.table.c.status == "won").label("won")
    return names, sa.select(at.table.c.id.label("record"), *keys, won, *flags).select_from(joined).subquery("told")


def _activities(at: Ground, ended: sa.Subquery) -> tuple[list[str], sa.Subquery | None]:
    told, kinds = touches.table(at), touches.kinds(at)
    record = touches.about(at)
    had = [sa.func.max(flag(told.c.kind == one)).label(f"d{i}") for i, one in enumerate(kinds)]
    joined = told.join(ended, sa.and_(ended.c.id == record, told.c.at <= ended.c.stage_entered_at))
    found = sa.select(ended.c.id.label("record"), *had).select_from(joined).where(*touches.seen(at))
    return [f"kind:{one}" for one in kinds], found.group_by(ended.c.id).subquery("had")


def _items(at: Ground, ended: sa.Subquery) -> tuple[list[str], sa.Subquery | None]:
    """Items ticked before the end, of records that were in the stage of the item."""
    asked = list(dict.fromkeys((one.stage, one.name) for one in due(at.catalog, at.report) if one.kind == "item"))
    ends = {stage.id for one in family(at.catalog, at.report) for stage in one.stages.values() if stage.outcome}
    asked = [one for one in asked if one[0] not in ends]
    if not asked:
        return [], None
    ticked = checklist.join(ended, ended.c.id == checklist.c.record)
    done = [
        sa.func.max(flag(checklist.c.stage == stage, checklist.c.item == item)).label(f"d{i}")
        for i, (stage, item) in enumerate(asked)
    ]
    items = (
        sa.select(checklist.c.record, *done)
        .select_from(ticked)
        .where(
            checklist.c.entity == at.report.entity,
            checklist.c.pipeline == at.pipeline.family,
            checklist.c.done_at <= ended.c.stage_entered_at,
        )
        .group_by(checklist.c.record)
        .subquery("items")
    )
    return [f"item:{stage}:{item}" for stage, item in asked], _of_been(at, ended, [one for one, _ in asked], items)


def _of_been(at: Ground, ended: sa.Subquery, stages: Sequence[str], done: sa.Subquery) -> sa.Subquery:
    """Return for each record and action whether the record was in its stage, and whether it then was done."""
    been = _been(at, ended, stages)
    beside = [been.c[f"b{i}"] for i in range(len(stages))]
    flags = [(sa.func.coalesce(done.c[f"d{i}"], 0) * been.c[f"b{i}"]).label(f"d{i}") for i in range(len(stages))]
    joined = been.outerjoin(done, done.c.record == been.c.record)
    return sa.select(been.c.record, *beside, *flags).select_from(joined).subquery("had")


def _been(at: Ground, ended: sa.Subquery, stages: Sequence[str]) -> sa.Subquery:
    """Return for each record that was in a stage whether it was in each of these."""
    flags = [sa.func.max(flag(visit.c.stage == one)).label(f"b{i}") for i, one in enumerate(stages)]
    joined = visit.join(ended, ended.c.id == visit.c.record)
    found = sa.select(visit.c.record, *flags).select_from(joined).where(*at.followed())
    return found.group_by(visit.c.record).subquery("been")


def _touches(at: Ground, ended: sa.Subquery) -> tuple[list[str], sa.Subquery | None]:
    """Activities while the record was in each open stage, of records that were in it."""
    told = touches.table(at)
    stages = list(
        dict.fromkeys(
            stage.id for one in family(at.catalog, at.report) for stage in one.stages.values() if stage.outcome is None
        )
    )
    # From each visit to its activities by their index, in one pass: no second look at what was grouped.
    about = told.c.about__linked == sa.literal(f"{at.report.entity}:", sa.Text()).concat(visit.c.record)
    meets = sa.and_(about, told.c.at >= visit.c.entered_at, told.c.at < visit.c.left_at, *touches.seen(at))
    joined = visit.join(ended, ended.c.id == visit.c.record).outerjoin(told, meets)
    columns: list[sa.ColumnElement[Any]] = []
    for i, one in enumerate(stages):
        here = visit.c.stage == one
        columns.append(sa.func.max(flag(here)).label(f"b{i}"))
        columns.append(sa.func.max(flag(here, told.c.id.is_not(None))).label(f"d{i}"))
    found = sa.select(visit.c.record, *columns).select_from(joined).where(*at.followed())
    return [f"touch:{one}" for one in stages], found.group_by(visit.c.record).subquery("had")
