"""A small help desk for tests of clocks: tickets with an SLA in working hours, and the people who are told.

Hours are 9 to 18 on weekdays in UTC, so that figures can be read off. Monday is 2026-11-23.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dealwright import access, clock, records
from dealwright.records import Work
from dealwright.storage import clocks as stored
from dealwright.storage import events
from worlds import made, opened, rows_of

if TYPE_CHECKING:
    from dealwright.records import Workspace
    from dealwright.sla import Clock

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

TICKET = {
    "kind": "entity", "id": "t.ticket", "lang": 1, "title": "Ticket", "display": "subject",
    "properties": {
        "subject": {"field": "text", "title": "Subject"},
        "status": {"field": "select", "title": "Status", "options": [
            {"id": "open", "title": "Open"}, {"id": "waiting", "title": "Waiting"}, {"id": "done", "title": "Done"}]},
        "deal": {"field": "reference", "to": "t.deal", "title": "Deal"},
        "escalated": {"field": "boolean", "title": "Escalated"},
        "level": {"field": "integer", "title": "Level"},
        "secret": {"field": "text", "title": "Secret"},
        "known_at": {"field": "datetime", "title": "Known"},
        "outcome": {"field": "select", "title": "Outcome", "options": [
            {"id": "death", "title": "Death"}, {"id": "serious", "title": "Serious"}, {"id": "group", "title": "Group"}]},
        "reported_at": {"field": "datetime", "title": "Reported"},
        "expires_on": {"field": "date", "title": "Expires"},
        "renewed": {"field": "boolean", "title": "Renewed"},
    },
}  # fmt: skip
HOURS = {
    "kind": "calendar", "id": "t.hours", "lang": 1, "title": "Hours", "zone": "UTC",
    "week": {day: ["09:00-18:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
}  # fmt: skip
SOLVE = {
    "kind": "sla", "id": "t.solve", "lang": 1, "title": "Solve", "entity": "t.ticket",
    "start": "status == \"open\"", "stop": "status == \"done\"", "pause": "status == \"waiting\"",
    "target": "PT10H", "calendar": "t.hours",
    "escalate": [
        {"id": "half", "at": "50%", "to": "owner"},
        {"id": "soon", "at": "80%", "then": [{"do": "set_field", "field": "level", "value": 1}]},
        {"id": "over", "at": "100%", "then": [
            {"do": "set_field", "field": "escalated", "value": True},
            {"do": "create_task", "title": "{subject} is over", "assignee": "owner", "due": "P1WD", "calendar": "t.hours"}]},
        {"id": "twice", "at": "200%", "then": [{"do": "assign", "to": "created_by"}]}],
}  # fmt: skip


def desk(database: Any, *more: dict[str, Any], policy: dict[str, Any] | None = SOLVE) -> Workspace:
    """Return a workspace with tickets and this policy in force."""
    return opened(database, TICKET, HOURS, *([policy] if policy else []), *more)


def ticket(workspace: Workspace, at: datetime, **data: Any) -> str:
    """Return the id of a new ticket, open unless ``data`` says otherwise, made at a moment."""
    with clock.frozen(at):
        return made(workspace, "t.ticket", **{"subject": "Pump", "status": "open", **data})


def change(workspace: Workspace, at: datetime, record: str, **data: Any) -> records.Saved:
    """Change a ticket at a moment."""
    with clock.frozen(at):
        return records.save(workspace, access.operator(), "t.ticket", data, id=record)


def clocks(workspace: Workspace, record: str) -> list[Clock]:
    """Return the clocks of a ticket, the oldest first."""
    with workspace.database.read() as connection:
        return sorted(stored.about(connection, "t.ticket", record), key=lambda one: one.started_at)


def told(workspace: Workspace, record: str, *families: str) -> list[tuple[str, datetime]]:
    """Return type and moment of the events of a ticket of these families, in the order of the log."""
    with workspace.database.read() as connection:
        found = [one for one in events.since(connection, 0, limit=10_000) if one["record"] == record]
    return [(one["type"], one["at"]) for one in found if one["type"].partition(".")[0] in (families or ("sla",))]


def fetched(workspace: Workspace, record: str) -> dict[str, Any]:
    """Return a ticket as the operator sees it."""
    with workspace.database.read() as connection:
        return dict(records.fetch(Work(workspace, connection, access.operator()), "t.ticket", record))


def tasks(workspace: Workspace) -> list[dict[str, Any]]:
    """Return every task."""
    return rows_of(workspace.database, "base__task")
