"""Pages of reports and dashboards: the chart, the table beside it, the filters, the records behind a figure."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for

from dealwright import access
from dealwright.errors import QueryError
from dealwright.fields.messages import speaking
from dealwright.records import report_runs
from dealwright.records import reports as road
from dealwright.records.reports import Asked
from dealwright.web import i18n, notices, report_views, unusual, visit
from dealwright.web.display import moment
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.records import Work

#: What a reader can ask for, as it stands in addresses.
_ASKED: Final = ("since", "until", "compare", "filter")
#: Records behind a figure on one page.
_SIZE: Final = 50
#: Snapshots that a report's page names.
_SNAPSHOTS: Final = 12


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/reports", "reports", listing)
    pages.add_url_rule("/reports/unusual", "unusual", unusual.listing)
    pages.add_url_rule("/reports/<identifier>", "report", report)
    pages.add_url_rule("/reports/<identifier>/export", "report_export", export)
    pages.add_url_rule("/reports/<identifier>/records", "report_records", behind)
    pages.add_url_rule("/snapshots/<identifier>", "snapshot", snapshot)
    pages.add_url_rule("/dashboards/<identifier>", "dashboard", dashboard)


def listing() -> ResponseReturnValue:
    """Show the dashboards and reports that the user may read."""
    with visit.reading() as work, speaking(i18n.tag()):
        return render_template(
            "reports/list.html",
            dashboards=road.dashboards(work),
            reports=road.listed(work),
            notice=notices.notice(),
        )


def report(identifier: str) -> ResponseReturnValue:
    """Show one report, with its filters."""
    given, wrong = _given(), None
    with visit.reading() as work, speaking(i18n.tag()):
        try:
            said = road.shown(work, road.make(work, identifier, _asked(given)))
        except QueryError as error:  # the report without what cannot be used, and why
            wrong = "; ".join(one.message for one in error.problems) or error.detail
            said = road.shown(work, road.make(work, identifier, Asked()))
        page = render_template(
            "reports/report.html",
            view=_view(work, said, given if wrong is None else {}),
            anew=_anew("web.report", identifier, given, work, said),
            files=_files(work, identifier, said, given if wrong is None else {}),
            given=given,
            wrong=wrong,
            compares=_compares(),
            snapshots=[
                (moment(one["run"].isoformat()), url_for("web.snapshot", identifier=one["id"]))
                for one in report_runs.listed(work, identifier, _SNAPSHOTS)
            ],
        )
    return page, 200 if wrong is None else 422


def export(identifier: str) -> ResponseReturnValue:
    """Give the rows of a report as a file, headed as on its page: ``format`` is csv or xlsx."""
    kind, given = request.args.get("format", "xlsx"), _given()
    with visit.reading() as work, speaking(i18n.tag()):

        def title(said: Mapping[str, Any], column: str) -> str:
            head = next((one for one in said["heads"] if one["id"] == column), None)
            if head is not None:
                return report_views.head(work.catalog, said["entity"], head)
            before, _, figure = column.rpartition("before:")
            named = report_views.figure_title(work.catalog, said, figure)
            return named if figure == column and not before else gettext("%(figure)s, before", figure=named)

        made = road.export(work, road.make(work, identifier, _asked(given)), kind, title)
        response = Response(made.chunks, mimetype=made.type)
    response.headers["Content-Disposition"] = f'attachment; filename="{identifier}.{kind}"'
    return response


def snapshot(identifier: str) -> ResponseReturnValue:
    """Show a report as it was for the reader at a certain time."""
    with visit.reading() as work, speaking(i18n.tag()):
        said = report_runs.one(work, identifier)
        said["as_of"] = datetime.fromisoformat(said["as_of"])
        address = url_for("web.report", identifier=said["report"])
        # What was counted then may be other records by now, so nothing leads to them.
        for column in said["columns"]:
            column["counted"] = False
        return render_template(
            "reports/snapshot.html", view=report_views.view(work, said, lambda key, figure: address, address)
        )


def dashboard(identifier: str) -> ResponseReturnValue:
    """Show the reports of a dashboard, all under the same time."""
    given, wrong = _given(), None
    with visit.reading() as work, speaking(i18n.tag()):
        found = road.dashboard(work, identifier)
        try:
            tiles = road.readable(work, found["reports"], _asked(given))
        except QueryError as error:
            wrong = "; ".join(one.message for one in error.problems) or error.detail
            tiles = road.readable(work, found["reports"], Asked())
        page = render_template(
            "reports/dashboard.html",
            dashboard=found,
            tiles=[(one["width"], _view(work, one, given if wrong is None else {})) for one in tiles],
            anew=_anew("web.dashboard", identifier, given, work, *tiles),
            given=given,
            wrong=wrong,
            compares=_compares(),
        )
    return page, 200 if wrong is None else 422


def behind(identifier: str) -> ResponseReturnValue:
    """Show the records that a figure counts."""
    given = _given()
    key, figure = request.args.get("key", "[]"), request.args.get("figure", "count")
    with visit.reading() as work, speaking(i18n.tag()):
        made = road.make(work, identifier, _asked(given))
        found = road.behind(work, made, key, figure, cursor=request.args.get("cursor") or None, size=_SIZE)
        entity = work.catalog.entity(made.report.entity)
        here = {**given, "key": key, "figure": figure}
        more = found["next_cursor"]
        return render_template(
            "reports/records.html",
            title=road.shown_title(work, made),
            figure=report_views.figure_title(
                work.catalog,
                {"report": identifier, "calculate": made.report.calculate, "entity": entity.id},
                figure,
            ),
            back=_address("web.report", identifier, given),
            rows=[
                (
                    str(one.get(entity.display or "id") or one["id"]),
                    url_for("web.record", entity_id=entity.id, record_id=one["id"]),
                )
                for one in found["items"]
            ],
            next_url=_address("web.report_records", identifier, {**here, "cursor": more}) if more else None,
        )


def _view(work: Work, said: dict[str, Any], given: dict[str, str]) -> report_views.View:
    def link(key: list[Any], figure: str) -> str:
        whole = {**given, "key": json.dumps(key, ensure_ascii=False, separators=(",", ":")), "figure": figure}
        return _address("web.report_records", said["report"], whole)

    return report_views.view(work, said, link, _address("web.report", said["report"], given))


def _address(endpoint: str, identifier: str, given: dict[str, str]) -> str:
    kept = {name: value for name, value in given.items() if value}
    address = url_for(endpoint, identifier=identifier)
    return f"{address}?{urlencode(kept)}" if kept else address


def _anew(endpoint: str, identifier: str, given: dict[str, str], work: Work, *said: dict[str, Any]) -> str | None:
    """Return the address that asks the database at once; None where every figure is of now."""
    if all(work.now == one["as_of"] for one in said):
        return None
    return _address(endpoint, identifier, {**given, "fresh": "1"})


def _files(work: Work, identifier: str, said: dict[str, Any], given: dict[str, str]) -> list[tuple[str, str]]:
    """Return what the report can be taken away as: title and address; nothing for who may not export."""
    if not access.rights(work.catalog, work.user, said["entity"]).allows("export"):
        return []
    kinds = (("xlsx", gettext("Export as a spreadsheet")), ("csv", gettext("Export as CSV")))
    return [(title, _address("web.report_export", identifier, {**given, "format": kind})) for kind, title in kinds]


def _given() -> dict[str, str]:
    return {name: request.args.get(name, "").strip()[:4000] for name in _ASKED}


def _asked(given: dict[str, str]) -> Asked:
    return Asked(
        filter=given["filter"] or None,
        since=_day(given["since"]),
        until=_day(given["until"]),
        compare=given["compare"] or None,
        fresh=request.args.get("fresh") == "1",
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise QueryError(gettext("“%(day)s” is no day; write one such as 2026-11-23", day=text[:20])) from None


def _compares() -> list[tuple[str, str]]:
    return [
        ("", gettext("As the report says")),
        ("none", gettext("With nothing")),
        ("previous", gettext("With the time before")),
        ("year_before", gettext("With a year before")),
    ]
