"""REST for reports: ``/api/v1/reports`` and ``/api/v1/dashboards``."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response

from dealwright.api import answers
from dealwright.errors import QueryError
from dealwright.records import report_runs, unusual
from dealwright.records import reports as road
from dealwright.records.reports import Asked

reports = Blueprint("reports", __name__)
_ASKED = ("filter", "since", "until", "compare", "fresh")


@reports.get("/reports")
def listed() -> Response:
    """List the reports that the caller may read."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer({"items": road.listed(work)})


@reports.get("/reports/unusual")
def found() -> Response:
    """List what is out of the ordinary in all reports that the caller may read, the newest first."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer({"items": [one.written() for one in unusual.gathered(work)]})


@reports.get("/reports/<identifier>")
def report(identifier: str) -> Response:
    """Work a report out: ``filter``, ``since``, ``until`` (days, both included), ``compare``, ``fresh``."""
    answers.only_known(*_ASKED)
    with answers.reading() as work:
        return answers.answer(road.shown(work, road.make(work, identifier, _asked())))


@reports.get("/reports/<identifier>/records")
def behind(identifier: str) -> Response:
    """List the records that a figure counts: ``key`` of the row (a JSON list), ``figure``, ``page_size``, ``cursor``."""
    answers.only_known(*_ASKED, "key", "figure", "page_size", "cursor")
    with answers.reading() as work:
        made = road.make(work, identifier, _asked())
        found = road.behind(
            work,
            made,
            answers.single("key") or "[]",
            answers.single("figure") or "count",
            cursor=answers.single("cursor"),
            size=answers.number("page_size", 50, 1, 200),
        )
    return answers.answer(found)


@reports.get("/reports/<identifier>/export")
def exported(identifier: str) -> Response:
    """Return the rows of a report as csv or xlsx."""
    answers.only_known(*_ASKED, "format")
    kind = answers.single("format") or "csv"
    with answers.reading() as work:
        made = road.export(work, road.make(work, identifier, _asked()), kind)
    response = Response(made.chunks, mimetype=made.type)
    response.headers["Content-Disposition"] = f'attachment; filename="{identifier}.{kind}"'
    return response


@reports.get("/reports/<identifier>/snapshots")
def snapshots(identifier: str) -> Response:
    """List the caller's snapshots of a report, the latest first: ``id``, ``run``, ``at``."""
    answers.only_known("limit")
    with answers.reading() as work:
        return answers.answer({"items": report_runs.listed(work, identifier, answers.number("limit", 50, 1, 200))})


@reports.get("/snapshots/<identifier>")
def snapshot(identifier: str) -> Response:
    """Return a snapshot of the caller: the report as it was."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer(report_runs.one(work, identifier))


@reports.get("/dashboards")
def dashboards() -> Response:
    """List the dashboards with a report that the caller may read."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer({"items": road.dashboards(work)})


@reports.get("/dashboards/<identifier>")
def dashboard(identifier: str) -> Response:
    """Work the reports of a dashboard out, in order; what is asked holds for each of them."""
    answers.only_known(*_ASKED)
    with answers.reading() as work:
        found = road.dashboard(work, identifier)
        return answers.answer({**found, "reports": road.readable(work, found["reports"], _asked())})


def _asked() -> Asked:
    return Asked(
        filter=answers.single("filter"),
        since=_day("since"),
        until=_day("until"),
        compare=answers.single("compare"),
        fresh=answers.single("fresh") == "1",
    )


def _day(name: str) -> date | None:
    text = answers.single(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QueryError(f"{name} is “{text[:20]}”; expected a day such as 2026-11-23") from None
