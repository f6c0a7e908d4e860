"""Reports for whoever asks: worked out under row and field rules, the records behind a figure, as a file.

A report that looks at a field that its reader may not see does not exist for that reader, like one that was never
defined: half a report would tell what is missing. Everything else is in the statement: row rules, and for each field the
records on which it may be seen (``records.read.allowed``), as in lists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dealwright import access, conditions, insights
from dealwright.actions.plain import plain
from dealwright.conditions import sql
from dealwright.errors import ConditionError, ForbiddenError, NotFoundError, QueryError, UnknownFieldError
from dealwright.insights import Between, Ground
from dealwright.metadata import names, reports
from dealwright.records import exports, goals, read, report_labels, results, standards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from dealwright.insights import Column, Row, Table
    from dealwright.metadata.reports import Report
    from dealwright.records.exports import Export
    from dealwright.records.results import Mark
    from dealwright.records.work import Work
    from dealwright.records.workspace import Workspace

#: What a reader may choose to compare with.
COMPARED = ("none", "previous", "year_before")
#: Rows of a report whose order a limit would tear.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asks of a report beside what stands in it.

    Attributes:
        filter: Condition that a record must meet, too.
        since: First day; None for that of the report.
        until: Last day, included.
        compare: One of :data:`COMPARED`; None for that of the report.
        fresh: Whether the database is to be asked although the result of an earlier look is kept.
    """

    filter: str | None = None
    since: date | None = None
    until: date | None = None
    compare: str | None = None
    fresh: bool = False

    def written(self) -> dict[str, Any]:
        """Return what is asked as JSON, without ``fresh``."""
        days = {"since": self.since and self.since.isoformat(), "until": self.until and self.until.isoformat()}
        return {"filter": self.filter, **days, "compare": self.compare}

    @classmethod
    def read(cls, written: Mapping[str, Any], *, fresh: bool) -> Asked:
        """Return what was :meth:`written`."""
        since, until = (date.fromisoformat(written[one]) if written[one] else None for one in ("since", "until"))
        return cls(written["filter"], since, until, written["compare"], fresh)


@dataclass(frozen=True, slots=True)
class Made:
    """A report worked out, and that of the time it is compared with.

    Attributes:
        ground: What it stands on; its ``now`` is the moment that the figures are of.
        digest: Key of its result (``records.results``).
    """

    report: Report
    ground: Ground
    table: Table
    other: Between | None = None
    before: Table | None = None
    digest: str = ""
    used: Mark | None = None


def listed(work: Work) -> list[dict[str, Any]]:
    """Return the reports that the user may read: ``id``, ``title``, ``description``, ``entity``, ``calculate``, ``chart``."""
    return [
        {
            "id": one.id,
            "title": report_labels.title(work, "report", one.id, one.title),
            "description": report_labels.description(work, "report", one.id),
            "entity": one.entity,
            "calculate": one.calculate,
            "chart": one.chart,
        }
        for one in reports.of(work.catalog).values()
        if _where(work, one) is not None
    ]


def dashboards(work: Work) -> list[dict[str, Any]]:
    """Return the dashboards with a report that the user may read: ``id``, ``title``, ``description``, ``reports``."""
    readable = {name for name, one in reports.of(work.catalog).items() if _where(work, one) is not None}
    found = []
    for one in reports.dashboards(work.catalog).values():
        tiles = [{"id": t.id, "report": t.report, "width": t.width} for t in one.tiles if t.report in readable]
        if tiles:
            found.append(
                {
                    "id": one.id,
                    "title": report_labels.title(work, "dashboard", one.id, one.title),
                    "description": report_labels.description(work, "dashboard", one.id),
                    "reports": tiles,
                }
            )
    return found


def dashboard(work: Work, identifier: str) -> dict[str, Any]:
    """Return one of :func:`dashboards`.

    Raises:
        NotFoundError: If there is none with this id, or none of its reports may be read.
    """
    for one in dashboards(work):
        if one["id"] == identifier:
            return one
    raise NotFoundError(f"there is no dashboard “{identifier[:80]}”")


def readable_by(work: Work, identifier: str) -> bool:
    """Tell whether there is such a report for the user."""
    report = reports.of(work.catalog).get(identifier)
    return report is not None and _where(work, report) is not None


def make(work: Work, identifier: str, asked: Asked) -> Made:
    """Work a report out.

    Raises:
        NotFoundError: If there is none, or the user may not see all that it looks at.
        QueryError, UnknownFieldError: If what is asked beside cannot be used.
    """
    report = reports.of(work.catalog).get(identifier)
    where = _where(work, report) if report is not None else None
    if report is None or where is None:
        raise NotFoundError(f"there is no report “{identifier[:80]}”")
    entity = work.catalog.entity(report.entity)
    condition = read.filter_condition(work, entity, asked.filter)
    if condition is not None:
        where += read.allowed(work, entity, condition.fields | condition.paths)
        where.append(_clause(work, report, condition))
    zone = ZoneInfo(work.catalog.settings.get("zone", "UTC"))
    at = Ground(work.connection, work.catalog, report, where, work.env, work.now, zone, _beside(work, report) or {})
    digest = results.key(work, at, asked.written())
    used = results.mark(work, digest, fresh=asked.fresh)
    at = replace(at, now=used.at or work.now, rows_of=used)
    at = at.moved(_between(at, asked))
    made = _calculated(at, asked)
    results.note(work, at, digest, asked.written(), used)
    return replace(made, digest=digest, used=used)


def _calculated(at: Ground, asked: Asked) -> Made:
    report = at.report
    compare = asked.compare or report.compare
    if compare not in COMPARED:
        raise QueryError(f"compare is “{compare[:20]}”; it may be {', '.join(COMPARED)}")
    if compare != "none" and "compare" not in reports.CALCULATIONS[report.calculate].takes:
        compare = "none"
    table = insights.calculated(at)
    if compare == "none" or at.between is None:
        return Made(report, at, table)
    other = insights.before(at.between, compare)
    return Made(report, at, table, other, insights.calculated(at.moved(other)))


def _between(at: Ground, asked: Asked) -> Between | None:
    own = insights.between(at)
    if asked.since is None and asked.until is None:
        return own
    since = asked.since or (own.since if own is not None else date(1970, 1, 1))
    until = date.fromordinal(asked.until.toordinal() + 1) if asked.until else own.until if own else at.today
    if since >= until:
        raise QueryError(f"since is {since}, which is not before the end of the time; choose an earlier day")
    return Between(since, until, own.unit if own is not None else None)


def _where(work: Work, report: Report) -> list[ColumnElement[bool]] | None:
    """Return what a record must meet to be counted for the user; None where the report is none for him."""
    if not access.rights(work.catalog, work.user, report.entity).allows("read"):
        return None
    if _beside(work, report) is None:
        return None
    entity = work.catalog.entity(report.entity)
    looked_at = set(insights.reads(work.catalog, report))
    filters = insights.filters(work.catalog, report)
    for condition in (*filters, *insights.asks(work.catalog, report)):
        if not access.all_seen(work.catalog, work.user, condition):
            return None
        looked_at |= condition.fields | condition.paths
    try:
        where = read.allowed(work, entity, looked_at)
    except (UnknownFieldError, NotFoundError, ForbiddenError, ConditionError):
        return None
    return [*where, *(_clause(work, report, one) for one in filters)]


def _beside(work: Work, report: Report) -> dict[str, list[ColumnElement[bool]]] | None:
    """Return what records of other entities must meet to be looked at; None where the user may see none of them."""
    found = {}
    for entity, looked_at in insights.beside(report).items():
        if not access.rights(work.catalog, work.user, entity).allows("read"):
            return None
        try:
            found[entity] = read.allowed(work, work.catalog.entity(entity), looked_at)
        except (UnknownFieldError, NotFoundError, ForbiddenError):
            return None
    return found


def _clause(work: Work, report: Report, condition: conditions.Condition) -> ColumnElement[bool]:
    table = work.tables.tables[names.table_name(report.entity)]
    return sql.criteria(condition, work.tables, table, work.catalog, work.env)


# What is answered -----------------------------------------------------------------------------------------------------


def shown(work: Work, made: Made) -> dict[str, Any]:
    """Return a report as API JSON.

    Returns:
        ``report``, ``title``, ``calculate``, ``chart``, ``as_of``, ``since`` and ``until`` (last day, included) or null,
        ``compared_with`` or null, ``heads``, ``columns``, ``rows`` (``key``, ``labels``, ``figures``, ``before`` where it is
        compared, ``benchmark`` and ``target`` where there is one), ``left_out`` (rows beyond the limit), ``total``,
        ``notes``.
    """
    report, table = made.report, made.table
    kept = table.rows[: _MOST if _ordered(table) else report.limit]
    said = report_labels.Labels(work, report, table)
    said.load(kept)
    if table.by_key:
        kept = sorted(kept, key=said.place)
    before = {tuple(row.key): row.figures for row in made.before.rows} if made.before is not None else {}
    held, targets = standards.of(work, report), goals.of(work, report)
    rows = []
    for row in kept:
        key = said.key(row)
        one: dict[str, Any] = {"key": key, "labels": said.labels(row), "figures": _figures(work, made, row.figures)}
        if made.before is not None:
            earlier = before.get(row.key)
            one["before"] = _figures(work, made, earlier) if earlier is not None else None
        standard = standards.fitting(work, report, held, table, row, one["labels"])
        if standard is not None:
            one["benchmark"] = standard
        goal = goals.fitting(work, report, targets, table, row, made.ground.between) if targets else None
        if goal is not None:
            one["target"] = plain(goal)
        rows.append(one)
    return {
        "report": report.id,
        "title": shown_title(work, made),
        "calculate": report.calculate,
        "chart": report.chart,
        "entity": report.entity,
        "as_of": made.ground.now,
        **_days(made.ground.between),
        "compared_with": _days(made.other) if made.other is not None else None,
        "heads": [{"id": head.id, "kind": head.kind} for head in table.heads],
        "columns": [{"id": one.id, "kind": one.kind, "counted": one.counted} for one in table.columns],
        "rows": rows,
        "left_out": len(table.rows) - len(kept),
        "total": _figures(work, made, table.total),
        "notes": [{"code": code, **values} for code, values in table.notes],
    }


def shown_title(work: Work, made: Made) -> str:
    """Return the title of a report in the language of the request."""
    return report_labels.title(work, "report", made.report.id, made.report.title)


def _ordered(table: Table) -> bool:
    """Tell whether the rows have an order that a limit would tear: stages, time, two keys."""
    return len(table.heads) > 1 or any(head.kind in ("stage", "period", "month") for head in table.heads)


def _days(between: Between | None) -> dict[str, Any]:
    if between is None:
        return {"since": None, "until": None}
    last = date.fromordinal(between.until.toordinal() - 1)
    return {"since": between.since.isoformat(), "until": last.isoformat()}


def _figures(work: Work, made: Made, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _figure(work, made, made.table.column(name), value) for name, value in figures.items()}


def _figure(work: Work, made: Made, column: Column | None, value: Any) -> Any:
    operation, path = made.report.measure
    if value is None or column is None or column.kind != "value" or path is None:
        return plain(value)
    if column.id == f"{operation}:{path}" and operation != "avg":
        return report_labels.written(work, made.report.entity, path, value)
    return plain(value)


def behind(
    work: Work, made: Made, key: str, figure: str, *, cursor: str | None = None, size: int = 50
) -> dict[str, Any]:
    """Return a page of the records that a figure counts, as the user may see each.

    Args:
        work: The transaction.
        made: The report.
        key: Key of the row, as the answer had it: a JSON list.
        figure: Id of the column.
        cursor: ``next_cursor`` of the page before.
        size: Records on the page.

    Returns:
        ``items`` in the order of their ids, and ``next_cursor``, null at the end.

    Raises:
        NotFoundError: If there is no such row.
        QueryError: If the column counts no records, or the key is none.
    """
    column = made.table.column(figure)
    if column is None or not column.counted:
        known = ", ".join(one.id for one in made.table.columns if one.counted)
        raise QueryError(f"“{figure[:40]}” counts no records; expected one of {known}")
    row = _row(work, made, key)
    found = insights.behind(made.ground, made.table.records(row, figure), cursor, size + 1)
    wanted = found[:size]
    records = read.fetch_many(work, made.report.entity, wanted) if wanted else {}
    items = [records[one] for one in wanted if one in records]
    return {"items": items, "next_cursor": wanted[-1] if len(found) > size else None}


def _row(work: Work, made: Made, key: str) -> Row:
    try:
        wanted = json.loads(key)
    except (ValueError, RecursionError):
        wanted = None
    if not isinstance(wanted, list):
        raise QueryError('key is the key of a row, a JSON list such as ["won"]')
    said = report_labels.Labels(work, made.report, made.table)
    for row in made.table.rows:
        if [plain(one) for one in said.key(row)] == wanted:
            return row
    raise NotFoundError("the report has no row with this key")


def export(work: Work, made: Made, kind: str, titles: Callable[[Mapping[str, Any], str], str] | None = None) -> Export:
    """Return the rows of a report as a file, csv or xlsx, each key by its label.

    Args:
        work: Who asks, and where.
        made: The report.
        kind: Which of the two.
        titles: Gives a column its title from the report and its id, if it is not to be headed by that.

    Raises:
        ForbiddenError: If the user may not export the entity.
        QueryError: If ``kind`` is neither.
    """
    access.demand(work.catalog, work.user, "export", made.report.entity)
    told = shown(work, made)
    columns = [one["id"] for one in told["columns"]]
    compared = [f"before:{one}" for one in columns] if made.before is not None else []
    heads = [*(one["id"] for one in told["heads"]), *columns, *compared]
    rows = [
        [
            *row["labels"],
            *(_text(row["figures"].get(one)) for one in columns),
            *(_text((row.get("before") or {}).get(one)) for one in (columns if compared else ())),
        ]
        for row in told["rows"]
    ]
    return exports.sheet(kind, [titles(told, one) for one in heads] if titles else heads, rows)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def readable(work: Work, tiles: Sequence[Mapping[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """Return the reports of a dashboard's tiles, each worked out, with the width of its tile."""
    return [{**shown(work, make(work, tile["report"], asked)), "width": tile["width"]} for tile in tiles]


def renew(workspace: Workspace) -> int:
    """Work kept results anew that somebody has looked at since; return how many. For a worker, every few minutes."""

    def anew(work: Work, identifier: str, written: Mapping[str, Any]) -> tuple[str, Mark]:
        made = make(work, identifier, Asked.read(written, fresh=True))
        assert made.used is not None  # noqa: S101 - make always says what it used
        return made.digest, made.used

    return results.renew(workspace, anew)
