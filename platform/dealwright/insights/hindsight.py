"""How good forecasts were: what the snapshots of a forecast expected, beside what came of the same records.

For each snapshot of the reader that has had its time: ``forecast`` is what it expected, ``actual`` the measure of those
records that were open when it was taken and were won by its end. Its end is the last day that the forecast was about,
or else ``horizon`` days later. What was begun after the snapshot is in neither: it tells how good the forecast was, not
how good the quarter.

``error``     forecast − actual, summed up over the snapshots; above 0 too much was promised.
``bias``      that in percent of the actual.
``wape``      Σ|forecast − actual| / Σ actual in percent, snapshot by snapshot and stage by stage: errors of both signs do not
              make up for each other, and a small group does not weigh like a large one (S. Kolassa and W. Schütz,
              "Advantages of the MAD/Mean Ratio over the MAPE", Foresight 6 (2007) 40-43).

One statement for the snapshots and two for what came.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright import fields
from dealwright.insights import figures, ground, periods
from dealwright.insights.stages import STAGE, ways
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.metadata import reports
from dealwright.storage.system import snapshot, visit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.insights.ground import Ground

#: Snapshots that are looked back on, the latest: half a year of weeks.
MOST: Final = 26

#: When a snapshot was taken, key of the group as the API has it, stage: what was expected, and what came.
Sums = dict[tuple[datetime, Any, str], list[Decimal]]


def accuracy(at: Ground) -> Table:
    """The error of a forecast by its group, by stage, or by snapshot, with the number of records that came."""
    other = reports.of(at.catalog)[at.report.forecast or ""]
    by = at.report.by or ("group" if other.group else "stage")
    runs = _runs(at)
    ended = {run: (end, body) for run, (end, body) in runs.items() if end <= at.now}
    order = sorted(ended)
    sums: Sums = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for run, (_, body) in ended.items():
        for key, expected in _expected(body):
            sums[run, key[0] if len(key) > 1 else None, key[-1]][0] += expected
    told = _told(at, other, {run: end for run, (end, _) in ended.items()}) if ended else None
    found = _Came(at, other, by, order, told)
    for key, came in found.sums():
        sums[key][1] += came
    path = other.measure[1]
    heads = {
        "group": Head(other.group[0].text, "field", other.group[0].path) if other.group else STAGE,
        "stage": STAGE,
        "run": Head("run:day", "period", None, "day"),
    }
    return Table(
        (heads[by],),
        (
            Column("runs", "number"),
            Column("forecast", "value", path=path),
            Column("actual", "value", path=path),
            Column("error", "value", path=path),
            Column("bias", "percent"),
            Column("wape", "percent"),
            Column("won", "count", counted=True),
        ),
        _rows(at, sums, by, order, found.numbers()),
        found.records,
        {"run:day": [run.astimezone(at.zone).date() for run in order]} if by == "run" else {},
        _judged(sums, len(ended)),
        notes=[("snapshots", {"count": len(ended), "waiting": len(runs) - len(ended)})],
    )


class _Came:
    """What came of the records that were open at the snapshots, added up and counted from the same cases."""

    def __init__(
        self, at: Ground, other: reports.Report, by: str, order: Sequence[datetime], told: sa.Subquery | None
    ) -> None:
        self._at, self._other, self._order, self._told = at, other, order, told
        self._name = {"group": "k0", "stage": "stage", "run": "run"}[by]
        self._keys: dict[Any, Any] = {}

    def sums(self) -> Iterator[tuple[tuple[datetime, Any, str], Decimal]]:
        """Yield the measure for each snapshot, group and stage."""
        if self._told is None:
            return
        keys = [self._told.c[name] for name in ("run", "k0", "stage")]
        for i, key, stage, came in self._at.rows(sa.select(*keys, sa.func.sum(self._told.c.v)).group_by(*keys)):
            yield (self._order[i], self._shown(key), stage), Decimal(came or 0)

    def numbers(self) -> dict[Any, int]:
        """Return the number of records for each key of a row."""
        if self._told is None:
            return {}
        key = self._told.c[self._name]
        found = self._at.rows(sa.select(key, sa.func.count(sa.distinct(self._told.c.record))).group_by(key))
        self._keys = {self._shown(one) if self._name == "k0" else one: one for one, _ in found}
        return {self._shown(one) if self._name == "k0" else one: number for one, number in found}

    def records(self, row: Row, _: str) -> sa.Select[tuple[str]]:
        """Return the ids of the records that a row counts."""
        assert self._told is not None  # noqa: S101 - without a snapshot there is no row
        if row.key[0] not in self._keys:
            return sa.select(self._told.c.record).where(sa.false())
        return ground.chosen(self._told, [self._name], [self._keys[row.key[0]]])

    def _shown(self, key: Any) -> Any:
        path = self._other.group[0].path if self._other.group else None
        return fields.shown_path(self._at.catalog, self._other.entity, path, key) if path is not None else None


def _runs(at: Ground) -> dict[datetime, tuple[datetime, Mapping[str, Any]]]:
    """Return the reader's snapshots: when each was taken to when it has had its time, and the report as it was."""
    user = at.env.get("user.id")
    if user is None:
        return {}
    where = snapshot.c.user == user, snapshot.c.report == at.report.forecast
    statement = sa.select(snapshot.c.at, snapshot.c.body).where(*where)
    found = {}
    for taken, body in at.found(statement.order_by(snapshot.c.run.desc()).limit(MOST)):
        last = body.get("until")
        end = at.moment(periods.later(date.fromisoformat(last), "day", 1)) if last else None
        found[taken] = (end or taken + timedelta(days=at.report.horizon), body)
    return found


def _expected(body: Mapping[str, Any]) -> Iterator[tuple[Sequence[Any], Decimal]]:
    for row in body["rows"]:
        weighted = row["figures"].get("weighted")
        if isinstance(weighted, dict):
            weighted = weighted.get("amount")
        yield row["key"], Decimal(str(weighted or 0))


def _told(at: Ground, other: reports.Report, ends: Mapping[datetime, datetime]) -> sa.Subquery:
    """Return a case for each snapshot and record that was open then and was won by its end."""
    opened, _, _ = ways(at.pipeline)
    path = other.measure[1]
    value: sa.ColumnElement[Any] = at.value(path) if path is not None else sa.literal_column("1", sa.Integer())
    group = at.value(other.group[0].path) if other.group else sa.null()
    looks = []
    for i, run in enumerate(sorted(ends)):
        joined, criteria = at.visits(
            visit.c.entered_at <= run,
            visit.c.left_at > run,
            at.table.c.status == "won",
            at.table.c.stage_entered_at > run,
            at.table.c.stage_entered_at < ends[run],
            stages=opened,
        )
        looks.append(
            sa.select(
                visit.c.record.label("record"),
                sa.literal_column(str(i), sa.Integer()).label("run"),
                group.label("k0"),
                visit.c.stage.label("stage"),
                value.label("v"),
            )
            .select_from(joined)
            .where(*criteria)
        )
    return sa.union_all(*looks).subquery("told")


def _rows(at: Ground, sums: Sums, by: str, order: Sequence[datetime], numbers: Mapping[Any, int]) -> list[Row]:
    parts: dict[Any, Sums] = defaultdict(dict)
    for (run, group, stage), pair in sums.items():
        key = {"group": group, "stage": stage, "run": order.index(run)}[by]
        parts[key][run, group, stage] = pair
    rows = [
        Row((key,), {**_judged(own, len({run for run, _, _ in own})), "won": numbers.get(key, 0)})
        for key, own in parts.items()
    ]
    if by == "group":
        rows.sort(key=lambda row: -abs(row.figures["error"]))
    elif by == "stage":
        place = {stage: i for i, stage in enumerate(ways(at.pipeline)[0])}
        rows.sort(key=lambda row: place.get(row.key[0], len(place)))
    else:
        rows.sort(key=lambda row: row.key[0])
    return rows


def _judged(sums: Sums, runs: int) -> dict[str, Any]:
    forecast = sum((one[0] for one in sums.values()), Decimal(0))
    actual = sum((one[1] for one in sums.values()), Decimal(0))
    missed = sum((abs(one[0] - one[1]) for one in sums.values()), Decimal(0))
    return {
        "runs": runs,
        "forecast": figures.rounded(forecast),
        "actual": figures.rounded(actual),
        "error": figures.rounded(forecast - actual),
        "bias": figures.share(forecast - actual, actual),
        "wape": figures.share(missed, actual),
    }
