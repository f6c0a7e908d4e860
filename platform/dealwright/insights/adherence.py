"""Adherence to the process by what was to be done: required actions done of those that were due, before a stage was left.

What a stage asks for are the items of its checklist and its required fields. They are due on a record that left the
stage forwards, into a later stage or a win, the last time that it did; who drops out of a stage owes it nothing.

``item``   done if it was ticked before the record left.
``field``  done if it holds a value now: moves refuse without it, so one that is empty came in by another road, such as an
           import, or was emptied since. Only fields with one value of their own are looked at.

Rate = done / due (W. M. P. van der Aalst, *Process Mining*, 2nd ed. 2016, §8, on conformance as the share of what was
prescribed that happened). Gates are not looked at: nothing passes one that does not hold. A variant asks for what its own
stages say. ``by`` *action* (what is skipped most comes first), *stage*, *group*, or *record*. One statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.insights import figures, ground
from dealwright.insights.ground import flag, total
from dealwright.insights.stages import STAGE
from dealwright.insights.table import Column, Head, Row, Table
from dealwright.metadata import reports
from dealwright.storage.system import checklist, visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.insights.ground import Ground, Key
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Pipeline
    from dealwright.metadata.reports import Report

ACTION: Final = Head("action", "action")
RECORD: Final = Head("record", "record")


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that a stage of a pipeline asks for; ``kind`` is ``item`` or ``field``."""

    pipeline: str
    stage: str
    kind: str
    name: str

    @property
    def key(self) -> str:
        """As the key of a row has it."""
        return f"{self.kind}:{self.stage}:{self.name}"


def family(catalog: Catalog, report: Report) -> list[Pipeline]:
    """Return the pipeline of a report and its variants."""
    own = reports.pipeline_of(catalog, report)
    return [] if own is None else [one for one in catalog.pipelines.values() if one.family == own.family]


def due(catalog: Catalog, report: Report) -> list[Due]:
    """Return what the stages of the pipeline and its variants ask for, in their order."""
    entity = catalog.entity(report.entity)
    found = []
    for one in family(catalog, report):
        for stage in one.stages.values():
            if stage.leads_out:
                continue
            found += [Due(one.id, stage.id, "item", item.id) for item in stage.checklist]
            named = [entity.field(name) for name in stage.required]
            found += [Due(one.id, stage.id, "field", field.id) for field in named if field is not None]
    return found


def adherence(at: Ground) -> Table:
    """Due and done by action, stage, group or record."""
    by = at.report.by or "action"
    keys = at.grouped()
    told = _told(at, keys)
    own = {"action": [told.c.stage, told.c.action], "stage": [told.c.stage], "record": [told.c.record], "group": []}[by]
    groups = [*(told.c[f"k{i}"] for i in range(len(keys))), *own]
    # A record with all that was due, by the keys of its row.
    each = sa.select(told.c.record.label("record"), *(one.label(f"g{i}") for i, one in enumerate(groups)))
    whole = sa.func.count()
    done = total(told.c.done)
    each = each.add_columns(whole.label("due"), done.label("done")).group_by(told.c.record, *groups)
    cases = each.subquery("cases")
    at_keys = [cases.c[f"g{i}"] for i in range(len(groups))]
    skipped = total(flag(cases.c.done < cases.c.due))
    statement = sa.select(*at_keys, sa.func.count(), skipped, total(cases.c.due), total(cases.c.done))
    statement = statement.group_by(*at_keys).order_by(
        skipped.desc(), total(cases.c.due - cases.c.done).desc(), *at_keys
    )
    found = at.found(statement.limit(at.report.limit)) if by == "record" else at.rows(statement)
    rows = [Row(tuple(row[: len(groups)]), _figures(at, by, *row[len(groups) :])) for row in found]
    if by == "stage":
        place = {stage: i for i, stage in enumerate(_order(at))}
        rows.sort(key=lambda row: place.get(row.key[-1], len(place)))
    heads = {"action": [STAGE, ACTION], "stage": [STAGE], "record": [RECORD], "group": []}[by]
    sums = {name: sum(row.figures[name] for row in rows) for name in ("due", "done")}
    meets = {
        "records": [],
        "complete": [cases.c.done == cases.c.due],
        "skipped": [cases.c.done < cases.c.due],
    }
    return Table(
        (*(key.head for key in keys), *heads),
        (
            Column("rate", "percent"),
            Column("records", "count", counted=True),
            Column("complete", "count", counted=True),
            Column("skipped", "count", counted=True),
            Column("due", "number"),
            Column("done", "number"),
            Column("mark", "word"),
        ),
        rows,
        lambda row, name: ground.chosen(cases, [one.name for one in at_keys], row.key, *meets[name]),
        {key.head.id: key.starts for key in keys if key.starts},
        total={**sums, "rate": figures.share(sums["done"], sums["due"])} if by != "record" else {},
        notes=[("done-of-due", {"share": str(figures.share(sums["done"], sums["due"]) or 0)})]
        if by != "record"
        else (),
    )


def _figures(at: Ground, by: str, records: int, skipped: int, owed: int, done: int) -> dict[str, Any]:
    return {
        "rate": figures.share(done, owed),
        "records": records,
        "complete": records - skipped,
        "skipped": skipped,
        "due": owed,
        "done": done,
        "mark": "few" if by != "record" and records < at.report.least else None,
    }


def _order(at: Ground) -> list[str]:
    """Return the stages of the pipeline and its variants, each variant's own after those it shares."""
    return list(dict.fromkeys(stage for one in family(at.catalog, at.report) for stage in one.stages))


def _told(at: Ground, keys: Sequence[Key]) -> sa.Subquery:
    """Return a case for each thing that was due on a record: its stage, its key, and whether it was done."""
    asked = [one for one in due(at.catalog, at.report) if one.kind == "item" or one.name in at.layout.columns]
    left = _left(at, sorted({one.stage for one in asked}))
    owed = _owed(asked)
    ticked = sa.and_(
        checklist.c.record == left.c.record,
        checklist.c.entity == at.report.entity,
        checklist.c.pipeline == at.pipeline.family,
        checklist.c.stage == owed.c.stage,
        checklist.c.item == owed.c.name,
        owed.c.kind == "item",
        checklist.c.done_at <= left.c.left_at,
    )
    names = list(dict.fromkeys(one.name for one in asked if one.kind == "field"))
    filled = [
        (sa.and_(owed.c.kind == "field", owed.c.name == name), flag(at.value(name).is_not(None))) for name in names
    ]
    joined = left.join(at.table, at.table.c.id == left.c.record)
    joined = joined.join(owed, sa.and_(owed.c.pipeline == at.table.c.pipeline, owed.c.stage == left.c.stage))
    joined = joined.outerjoin(checklist, ticked)
    done = sa.case(*filled, else_=flag(checklist.c.item.is_not(None)))
    return (
        sa.select(
            at.table.c.id.label("record"),
            *(key.value.label(f"k{i}") for i, key in enumerate(keys)),
            owed.c.stage.label("stage"),
            owed.c.key.label("action"),
            done.label("done"),
        )
        .select_from(joined)
        .where(*at.criteria)
        .subquery("told")
    )


def _left(at: Ground, stages: Sequence[str]) -> sa.Subquery:
    """Return when each record left each stage forwards for the last time, within the time."""
    later: dict[str, set[str]] = {}
    for one in family(at.catalog, at.report):
        order = [stage.id for stage in one.stages.values() if not stage.leads_out]
        for i, stage in enumerate(order):
            later.setdefault(stage, set()).update(order[i + 1 :])
    onward = [
        sa.and_(visit.c.stage == stage, visit.c.went_to.in_(sorted(later[stage]))) for stage in stages if later[stage]
    ]
    return (
        sa.select(visit.c.record, visit.c.stage, sa.func.max(visit.c.left_at).label("left_at"))
        .where(*at.followed(), visit.c.left_at.is_not(None), *at.within(visit.c.left_at), sa.or_(sa.false(), *onward))
        .group_by(visit.c.record, visit.c.stage)
        .subquery("left_stages")
    )


def _owed(asked: Sequence[Due]) -> sa.Subquery:
    """Return what is asked for as rows of a statement."""

    def row(*values: str) -> sa.Select[Any]:
        names = ("pipeline", "stage", "kind", "name", "key")
        columns: list[sa.ColumnElement[Any]] = [
            sa.cast(sa.literal(value), sa.Text()).label(name) for name, value in zip(names, values, strict=True)
        ]
        return sa.select(*columns)

    rows = [row(one.pipeline, one.stage, one.kind, one.name, one.key) for one in asked]
    return sa.union_all(*rows).subquery("owed") if rows else row(*[""] * 5).where(sa.false()).subquery("owed")
