"""What another allocation of effort over groups, such as regions, would bring: a what-if under an assumption that is stated.

Assumed is value = a · effort^b for each group, with one b for all: the elasticity of C. W. Cobb and P. H. Douglas, "A Theory of
Production", American Economic Review 18 (1928) 139-165. At b = 1 twice the effort brings twice the value (*proportional*);
below 1 returns diminish. ``returns`` states b; without it b is fitted from the whole periods before the running one, as the
slope of log value over log effort within groups: b = Σ(x − x̄ᵍ)(y − ȳᵍ) / Σ(x − x̄ᵍ)² (J. M. Wooldridge, *Introductory
Econometrics*, 7th ed. 2020, §14.1, the fixed effects estimator), so that a group which is large anyway does not pass for
well worked. Fewer than ten cells, or a slope of 0 or less, fit nothing: then nothing is proposed.

``move`` percent of the whole effort go on the straight way to the allocation at which each group's next activity brings as
much as any other's, effort ∝ a^(1/(1−b)); all of the way, where it is nearer. ``expected`` is a · proposed^b.

``effort`` counts activities about the records of the group in the time, their minutes, or people: who owns such activities
(``by``). ``value`` is the measure of the records that were won in it. A group without effort has no a and stays as it is.
This works out what follows from the assumption. It promises nothing: what was won followed from more than effort.
Two statements.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from math import exp, log
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.insights import figures, ground, touches
from dealwright.insights.ground import seconds, total
from dealwright.insights.outcomes import timed
from dealwright.insights.table import Column, Row, Table
from dealwright.metadata import scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from dealwright.insights.ground import Ground, Key

#: Cells of a group and a period that a fit needs.
CELLS: Final = 10
#: Percent of the effort that is moved where the report does not say.
MOVE: Final = 10
_Cells = dict[tuple[Any, int], float]


def allocation(at: Ground) -> Table:
    """Effort and value of each group, another allocation, and what would be expected of it."""
    at, _, starts = at.whole_periods()
    (key,) = at.grouped()
    efforts = _efforts(at, key, starts)
    won = _won(at, key, starts)
    values, counts = _values(at, won)
    groups = sorted({group for group, _ in (*efforts, *values)}, key=lambda one: (one is None, str(one)))
    b, fitted, cells = _returns(at, efforts, values)
    effort = {one: sum(n for (group, _), n in efforts.items() if group == one) for one in groups}
    value = {one: sum(n for (group, _), n in values.items() if group == one) for one in groups}
    moved = scores.settled(at.catalog, at.report.id, at.report.document.get("move", MOVE))
    proposed = None if b is None else allocated(effort, value, b, float(moved) / 100)
    whole_effort, whole_value = sum(effort.values()), sum(value.values())
    path = at.report.measure[1]
    rows, expected_of_all = [], 0.0
    for one in groups:
        expected = None
        if proposed is not None and b is not None:
            expected = value[one] * (proposed[one] / effort[one]) ** b if effort[one] else value[one]
            expected_of_all += expected
        figured = {
            "effort": figures.rounded(effort[one]),
            "share_effort": _share(effort[one], whole_effort),
            "value": figures.rounded(value[one]),
            "share_value": _share(value[one], whole_value),
            "per_effort": figures.rounded(value[one] / effort[one]) if effort[one] else None,
            "proposed": None if proposed is None else figures.rounded(proposed[one]),
            "expected": None if expected is None else figures.rounded(expected),
            "gain": None if expected is None else figures.rounded(expected - value[one]),
            "won": counts.get(one, 0),
        }
        rows.append(Row((one,), figured))
    rows.sort(key=lambda row: -row.figures["value"])
    stated: dict[str, Any] = {"returns": None if b is None else str(figures.rounded(b)), "fitted": fitted}
    stated |= {"cells": cells, "move": str(moved.normalize() if moved % 1 else int(moved))}
    if proposed is not None:
        stated["gain"] = str(_share(expected_of_all - whole_value, whole_value) or 0)
    return Table(
        (key.head,),
        (
            Column("effort", "number"),
            Column("share_effort", "percent"),
            Column("value", "value", path=path),
            Column("share_value", "percent"),
            Column("per_effort", "number"),
            Column("proposed", "number"),
            Column("expected", "value", path=path),
            Column("gain", "value", path=path),
            Column("won", "count", counted=True),
        ),
        rows,
        lambda row, _: ground.chosen(won, ["k0"], row.key),
        notes=[("what-if", stated)],
    )


def _share(part: float, whole: float) -> Decimal | None:
    return figures.share(Decimal(repr(part)), Decimal(repr(whole))) if whole else None


def _efforts(at: Ground, key: Key, starts: Sequence[date]) -> _Cells:
    """Return the effort of each group and period."""
    told, by = touches.table(at), at.report.by or "activity"
    joined = told.join(at.table, touches.about(at) == at.table.c.id)
    group, bucket = key.value.label("k0"), at.bucket(told.c.at, starts).label("bucket")
    spent = sa.select(group, bucket, told.c.owner, told.c.at, told.c.ended_at).select_from(joined)
    acts = spent.where(*at.criteria, *touches.seen(at), *at.within(told.c.at)).subquery("acts")
    amounts: Mapping[str, sa.ColumnElement[Any]] = {
        "activity": sa.func.count(),
        "minutes": total(_spent(acts)),
        "people": sa.func.count(sa.distinct(acts.c.owner)),
    }
    statement = sa.select(acts.c.k0, acts.c.bucket, amounts[by]).group_by(acts.c.k0, acts.c.bucket)
    unit = 60.0 if by == "minutes" else 1.0
    return {(row[0], row[1]): row[2] / unit for row in at.rows(statement.order_by(acts.c.k0, acts.c.bucket)) if row[2]}


def _spent(acts: Any) -> sa.ColumnElement[Any]:
    ended = acts.c.ended_at > acts.c.at
    return sa.case((ended, seconds(acts.c.ended_at) - seconds(acts.c.at)), else_=0)


def _won(at: Ground, key: Key, starts: Sequence[date]) -> sa.Subquery:
    """Return the records that were won in the time, each with its group, its period and its value."""
    when, path = at.value(timed(at)), at.report.measure[1]
    columns = [key.value.label("k0"), at.bucket(when, starts).label("bucket")]
    columns.append(sa.literal_column("1", sa.Integer()).label("v") if path is None else at.value(path).label("v"))
    where = *at.criteria, *at.within(when), at.table.c.status == "won"
    return sa.select(at.table.c.id.label("record"), *columns).where(*where).subquery("won")


def _values(at: Ground, won: sa.Subquery) -> tuple[_Cells, dict[Any, int]]:
    values: _Cells = {}
    counts: dict[Any, int] = defaultdict(int)
    by = won.c.k0, won.c.bucket
    for row in at.rows(sa.select(*by, sa.func.sum(won.c.v), sa.func.count()).group_by(*by).order_by(*by)):
        values[row[0], row[1]] = float(row[2] or 0)
        counts[row[0]] += row[3]
    return values, counts


def _returns(at: Ground, efforts: _Cells, values: _Cells) -> tuple[float | None, str, int]:
    """Return b, whether it is ``stated`` or ``fitted``, and from how many cells."""
    written = at.report.document.get("returns")
    if written is not None:
        stated = min(float(scores.settled(at.catalog, at.report.id, written)), 1.0)
        return (stated if stated > 0 else None), "stated", 0
    cells = {key: (log(n), log(values[key])) for key, n in efforts.items() if n > 0 and values.get(key, 0) > 0}
    b = elasticity(cells)
    return (min(b, 1.0) if b is not None and len(cells) >= CELLS and b > 0 else None), "fitted", len(cells)


def elasticity(cells: Mapping[tuple[Any, int], tuple[float, float]]) -> float | None:
    """Return the slope of the second over the first number within groups; None where nothing varies.

    Args:
        cells: Group and period to log effort and log value.
    """
    parts: dict[Any, list[tuple[float, float]]] = defaultdict(list)
    for (group, _), pair in cells.items():
        parts[group].append(pair)
    cross = squares = 0.0
    for pairs in parts.values():
        x, y = (sum(one[i] for one in pairs) / len(pairs) for i in (0, 1))
        cross += sum((one[0] - x) * (one[1] - y) for one in pairs)
        squares += sum((one[0] - x) ** 2 for one in pairs)
    return cross / squares if squares > 1e-12 else None


def allocated(effort: Mapping[Any, float], value: Mapping[Any, float], b: float, move: float) -> dict[Any, float]:
    """Return the effort of each group after moving the share ``move`` of the whole towards the best allocation.

    The whole stays what it is. Groups without effort stay without; those without value are the first to give.
    """
    whole = sum(effort.values())
    known = {one: value[one] / effort[one] ** b for one, n in effort.items() if n > 0 and value[one] > 0}
    if not known or not whole:
        return dict(effort)
    if b >= 1 - 1e-9:  # the straight line has no best but everything at the one with most
        best = max(known, key=lambda one: known[one])
        shares = {best: 1.0}
    else:
        logs = {one: log(a) / (1 - b) for one, a in known.items()}
        top = max(logs.values())
        weights = {one: exp(n - top) for one, n in logs.items()}
        shares = {one: n / sum(weights.values()) for one, n in weights.items()}
    ideal = {one: shares.get(one, 0.0) * whole for one in effort}
    away = sum(abs(ideal[one] - n) for one, n in effort.items()) / 2
    part = min(1.0, move * whole / away) if away > 0 else 0.0
    return {one: n + part * (ideal[one] - n) for one, n in effort.items()}
