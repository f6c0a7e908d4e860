"""Reports at certain times: a snapshot for each recipient, under that recipient's own rights, and a notice of it.

    report:<id>          the next run of a report, as a timer; it sets the one after it, and one for each recipient
    report:<id>:<run>    one recipient of a run

A report that says so goes out as a mail, too, with its page attached (``report_mail``). A run that was missed while nobody
worked is made up for once, the last of them. A recipient has one snapshot of a run however often the timer is carried
out. Only whom a snapshot was made for may read it, and only while that user may still read the report; what rows it
counted stays as it was.
"""

from __future__ import annotations

import logging
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dealwright import access, clock
from dealwright.actions.plain import plain
from dealwright.errors import DealwrightError, NotFoundError, UnavailableError
from dealwright.fields import messages
from dealwright.metadata import reports as defined
from dealwright.records import report_labels, report_mail, reports, road
from dealwright.records.reports import Asked
from dealwright.records.work import Change, Work
from dealwright.rules.schedules import Schedule
from dealwright.storage import accounts, snapshots, timers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.reports import Report

_log = logging.getLogger(__name__)

FAMILY: Final = "report"
#: What a notice of a snapshot says, in English and in Chinese.
TEXTS: Final[Mapping[str, tuple[str, str]]] = {"new": ("New report: {title}", "新报表：{title}")}


def schedule(catalog: Catalog, report: Report) -> Schedule | None:
    """Return when a report is worked out by itself; None if never."""
    spec = report.document.get("schedule")
    if spec is None:
        return None
    at = time.fromisoformat(spec["at"]) if "at" in spec else time()
    zone = ZoneInfo(catalog.settings.get("zone", "UTC"))
    return Schedule(spec["every"], spec.get("on"), int(spec.get("month", 1)), at, "", zone)


def went_live(work: Work, before: Catalog | None) -> None:
    """Set the next run of each report whose times are new or others than before; cancel those that went."""
    now, then = _times(work.catalog), _times(before) if before is not None else {}
    known = defined.of(work.catalog)
    put = [_next(work.catalog, known[name], work.now) for name, one in now.items() if then.get(name) != one]
    timers.put(work.connection, put)
    timers.cancel_each(work.connection, [(name, f"{FAMILY}:{name}") for name in then if name not in now])


def _times(catalog: Catalog) -> dict[str, Any]:
    """Return for each report with a schedule what its times hang on."""
    found = {name: schedule(catalog, one) for name, one in defined.of(catalog).items()}
    return {name: (one, defined.of(catalog)[name].entity) for name, one in found.items() if one is not None}


def _next(catalog: Catalog, report: Report, moment: datetime) -> timers.Timer:
    times = schedule(catalog, report)
    assert times is not None  # noqa: S101 - callers have asked
    return timers.Timer(report.entity, report.id, f"{FAMILY}:{report.id}", times.after(moment))


def due(work: Work, told: Sequence[Event]) -> None:
    """Begin a run for each timer of a report, and work the report out for each timer of a recipient."""
    for event in told:
        report = defined.of(work.catalog).get(str(event.data["name"]).split(":")[1])
        times = schedule(work.catalog, report) if report is not None else None
        if report is None or times is None:
            continue
        if "user" in event.data:
            _for_one(work, report, str(event.data["user"]), datetime.fromisoformat(event.data["run"]))
            continue
        run = times.latest(event.at, work.now)
        users = {user for role in report.recipients for user in accounts.holders(work.connection, role)}
        name = f"{FAMILY}:{report.id}:{plain(run)}"
        each = [
            timers.Timer(report.entity, user, name, work.now, {"user": user, "run": plain(run)})
            for user in sorted(users)
        ]
        timers.put(work.connection, [*each, _next(work.catalog, report, work.now)])


def _for_one(work: Work, report: Report, user: str, run: datetime) -> None:
    """Work a report out for a recipient and tell of it; nothing for one who may not read it, or has it already."""
    if snapshots.there(work.connection, report.id, user, run):
        return
    reader = access.acting(work.connection, work.catalog, user)
    if reader is None:
        return
    own = Work(work.workspace, work.connection, reader, catalog=work.catalog)
    locale = reader.locale or work.catalog.settings.get("locale") or messages.ENGLISH
    try:
        with messages.speaking(locale):
            body = plain(reports.shown(own, reports.make(own, report.id, Asked())))
            title = report_labels.title(own, "report", report.id, report.title)
            if report.email == "page":
                report_mail.send(own, report, run, title, body, locale)
    except NotFoundError:
        return  # a recipient who may not read it
    except UnavailableError:
        raise  # of nobody's doing: the timer is to be repeated
    except DealwrightError as error:
        _log.warning("the report %s could not be worked out for the run of %s: %s", report.id, run, error)
        return
    one = snapshots.Snapshot(clock.new_id(), report.id, user, run, work.now, work.catalog.revision, body)
    snapshots.put(work.connection, one)
    text = TEXTS["new"][locale.startswith("zh")].format(title=title)
    by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=work.catalog)
    notice = {"user": user, "owner": user, "title": text[:200], "body": f"/snapshots/{one.id}"}
    road.save_many(by, "base.notification", [Change(notice)])


def listed(work: Work, report: str, limit: int) -> list[dict[str, Any]]:
    """Return ``id``, ``run`` and ``at`` of the user's own snapshots of a report, the latest first.

    Raises:
        NotFoundError: If there is no such report for the user.
    """
    if not reports.readable_by(work, report):
        raise NotFoundError(f"there is no report “{report[:80]}”")
    return snapshots.latest(work.connection, report, work.user.id, limit) if work.user.id is not None else []


def one(work: Work, identifier: str) -> dict[str, Any]:
    """Return a snapshot of the user: the report as it was, with ``snapshot`` and ``run``.

    Raises:
        NotFoundError: If there is none, it is another's, or the user may not read the report any more.
    """
    found = snapshots.one(work.connection, identifier, work.user.id) if work.user.id is not None else None
    if found is None or not reports.readable_by(work, found.report):
        raise NotFoundError(f"there is no snapshot “{identifier[:80]}”")
    return {**found.body, "snapshot": found.id, "run": found.run}
