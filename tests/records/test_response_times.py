"""What the packs will ask of clocks: key information within 24 hours after a visit, first contact in working minutes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dealwright import access, clock, records
from dealwright.metadata import strict
from dealwright.resources import shipped
from passing import pass_until
from ticketing import desk
from worlds import made, person, rows_of

CHINA = strict.read(shipped("rule_packs") / "calendar_cn" / "calendars" / "workdays.json") | {"id": "t.china"}
MINUTE = timedelta(minutes=1)

#: Requirement: after each customer visit key information is uploaded within 24 hours, else reminders.
VISIT_NOTES = {
    "kind": "deadline", "id": "t.visit_notes", "lang": 1, "title": "Upload what you learned", "entity": "base.activity",
    "from": "ended_at", "when": "kind == \"visit\"", "met_when": "notes != null", "hours": 24,
    "remind": [
        {"id": "four_hours", "before": 4, "to": "owner"},
        {"id": "missed", "at": "100%", "then": [
            {"do": "create_task", "title": "Update the profile after {subject}", "assignee": "owner", "due": "P1WD"}]}],
}  # fmt: skip
LEAD = {
    "kind": "entity", "id": "t.lead", "lang": 1, "title": "Lead", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name"},
        "first_contact_at": {"field": "datetime", "title": "First contact"},
        "hot": {"field": "boolean", "title": "Hot"},
    },
}  # fmt: skip
MINUTES = {"kind": "parameter", "id": "t.lead_response_minutes", "type": "integer", "title": "Minutes", "default": 30}
LEAD_RESPONSE = {
    "kind": "sla", "id": "t.lead_response", "lang": 1, "title": "First contact", "entity": "t.lead",
    "start": {"event": "record.created"}, "stop": "first_contact_at != null", "restart": "never",
    "target": {"param": "lead_response_minutes", "unit": "minute"}, "calendar": "t.china",
    "escalate": [
        {"id": "soon", "at": "80%", "to": "owner"},
        {"id": "over", "at": "100%", "to": "owner.manager"},
        {"id": "twice", "at": "200%", "then": [{"do": "set_field", "field": "hot", "value": True}]}],
}  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+08:00")


def met(workspace, kind, ended, **data):
    """Return the id of a new interaction with a deal that has just ended."""
    about = {"entity": "t.deal", "id": made(workspace, "t.deal", name="Pumps")}
    values = {"kind": kind, "subject": "Acme", "about": about, "at": ended.isoformat(), "ended_at": ended.isoformat()}
    return made(workspace, "base.activity", **values, **data)


def notices(workspace):
    return [(row["user"], row["title"]) for row in rows_of(workspace.database, "base__notification")]


def test_who_uploads_nothing_within_24_hours_after_a_visit_is_reminded_and_gets_a_task(database):
    workspace = desk(database, VISIT_NOTES, policy=None)
    ada = person(workspace, "Ada", ["t.rep"])
    ended = at("2026-11-23T16:00")
    with clock.frozen(ended + 10 * MINUTE):
        met(workspace, "visit", ended, owner=ada.id)
    pass_until(workspace, ended + timedelta(hours=20) - MINUTE)
    assert notices(workspace) == []
    pass_until(workspace, ended + timedelta(hours=20))
    assert notices(workspace) == [(ada.id, "Upload what you learned")]
    pass_until(workspace, ended + timedelta(hours=24) - MINUTE)
    assert rows_of(database, "base__task") == []
    pass_until(workspace, ended + timedelta(days=9))
    assert [row["title"] for row in rows_of(database, "base__task")] == ["Update the profile after Acme"]


@pytest.mark.parametrize("kind", ["visit", "call"])
def test_who_uploads_in_time_or_only_called_hears_nothing(database, kind):
    workspace = desk(database, VISIT_NOTES, policy=None)
    ended = at("2026-11-23T16:00")
    with clock.frozen(ended):
        one = met(workspace, kind, ended)
    if kind == "visit":
        with clock.frozen(ended + timedelta(hours=23)):
            records.save(workspace, access.operator(), "base.activity", {"notes": "They need pumps"}, id=one)
    pass_until(workspace, ended + timedelta(days=9))
    assert notices(workspace) == [] or kind == "visit"
    assert rows_of(database, "base__task") == []


@pytest.mark.parametrize(
    ("came", "due"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:30"),
        ("2026-11-23T17:45", "2026-11-24T09:15"),  # over the night
        ("2026-09-30T17:50", "2026-10-08T09:20"),  # over the holiday of October
        ("2026-10-10T08:00", "2026-10-10T09:30"),  # a Saturday on which China works
    ],
)
def test_a_lead_is_answered_within_30_working_minutes_or_the_manager_hears_of_it(database, came, due):
    workspace = desk(database, LEAD, MINUTES, CHINA, LEAD_RESPONSE, policy=None)
    boss = person(workspace, "Boss", ["t.rep"])
    ada = person(workspace, "Ada", ["t.rep"], manager=boss.id)
    with clock.frozen(at(came)):
        lead = made(workspace, "t.lead", name="Acme", owner=ada.id)
    pass_until(workspace, at(due) - MINUTE)
    assert [user for user, _ in notices(workspace)] == [ada.id]
    pass_until(workspace, at(due))
    assert [user for user, _ in notices(workspace)] == [ada.id, boss.id]
    with clock.frozen(at(due) + 12 * MINUTE):
        records.save(workspace, access.operator(), "t.lead", {"first_contact_at": (at(due)).isoformat()}, id=lead)
    row = rows_of(database, "dw_clock")[0]
    assert (row["state"], row["late"]) == ("met", 12 * 60_000)
    pass_until(workspace, at(due) + timedelta(days=30))
    assert len(notices(workspace)) == 2
