"""Writing a comment or a task about a record on its page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request

from dealwright import records
from dealwright.errors import ConflictError, ForbiddenError, RecordError
from dealwright.fields.messages import speaking
from dealwright.web import i18n, record_pages, repeated, visit
from dealwright.web.about import ACTIVITY, TASK
from dealwright.web.i18n import gettext
from dealwright.web.posted import coordinate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue


def register(pages: Blueprint) -> None:
    """Add the forms to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/<record_id>/comments", "comment", comment, methods=["POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>/tasks", "add_task", add_task, methods=["POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>/checkin", "check_in", check_in, methods=["POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>/tasks/done", "task_done", task_done, methods=["POST"])


def comment(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Save a comment and show the record again."""
    try:
        with visit.writing() as work:
            records.comment(work, entity_id, record_id, request.form.get("text", ""))
    except (RecordError, ConflictError, ForbiddenError) as error:
        return record_pages.shown_again(entity_id, record_id, error)
    return record_pages.onward(entity_id, record_id)


def add_task(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Make a task of the reader's about the record, and show the record again."""
    form = request.form
    about = {"entity": entity_id, "id": record_id}
    with visit.reading() as work:
        records.fetch(work, entity_id, record_id)
        data: dict[str, Any] = {"title": form.get("title", "").strip(), "about": about, "assignee": work.user.id}
        zone = i18n.zone()
    if form.get("due"):
        data["due"] = _end_of(form["due"], zone)
    return _kept(entity_id, record_id, None, data)


def check_in(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Note a visit about the record, now or when it was made without a connection, where the browser told where."""
    with visit.reading() as work:
        records.fetch(work, entity_id, record_id)
        now = work.now
    form = request.form
    data: dict[str, Any] = {"kind": "visit", "about": {"entity": entity_id, "id": record_id}}
    data |= {"subject": gettext("Check-in"), "at": _made(form.get("at", ""), now)}
    place = {name: coordinate(form.get(name, "").strip()) for name in ("lat", "lon")}
    if "" not in place.values():
        data["position"] = place
    try:
        with speaking(i18n.tag()):
            repeated.save(ACTIVITY, data)
    except (RecordError, ConflictError, ForbiddenError) as error:
        return record_pages.shown_again(entity_id, record_id, error)
    return record_pages.onward(entity_id, record_id)


def _made(text: str, now: datetime) -> str:
    """Return when a visit was noted, if that was within the last day; else now."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = now
    if at.tzinfo is None or not now - timedelta(days=1) <= at <= now:
        at = now
    return at.isoformat()


def task_done(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Note that a task about the record is done, and show the record again."""
    task = request.form.get("id", "")
    with visit.reading() as work:
        records.fetch(work, entity_id, record_id)
        about = records.fetch(work, TASK, task).get("about")
    if about != {"entity": entity_id, "id": record_id}:
        raise ForbiddenError("this task is about another record; open that one")
    return _kept(entity_id, record_id, task, {"status": "done"})


def _kept(entity_id: str, record_id: str, task: str | None, data: Mapping[str, Any]) -> ResponseReturnValue:
    try:
        with speaking(i18n.tag()):
            records.save(visit.workspace(), visit.user(), TASK, data, id=task, address=visit.address())
    except (RecordError, ConflictError, ForbiddenError) as error:
        return record_pages.shown_again(entity_id, record_id, error)
    return record_pages.onward(entity_id, record_id)


def _end_of(day: str, zone: tzinfo) -> str:
    """Return the last minute of a day in the reader's zone; what is no day stays as it was, for the save to refuse."""
    try:
        return datetime.fromisoformat(f"{day}T23:59").replace(tzinfo=zone).astimezone(UTC).isoformat()
    except ValueError:
        return day
