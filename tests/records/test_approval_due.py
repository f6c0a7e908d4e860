"""When steps are due: in time that passes, or in the working time of the calendar that the approval names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dealwright import clock
from dealwright.records import Change, Work, approving, save_one
from dealwright.storage import timers
from worlds import opened, person

if TYPE_CHECKING:
    from dealwright.storage import Database

#: A Monday, an hour before lunch.
ELEVEN = datetime(2026, 11, 23, 11, tzinfo=UTC)
HOURS = {
    "kind": "calendar", "id": "t.hours", "lang": 1, "title": "Hours", "zone": "UTC",
    "week": {day: ["09:00-12:00", "13:00-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
}  # fmt: skip
REPLY = {"kind": "parameter", "id": "t.reply", "type": "integer", "title": "Reply within", "default": 6}


def flow(name: str, **more: Any) -> dict[str, Any]:
    step = {"id": "office", "title": "Office", "approvers": [{"role": "base.admin"}], **more.pop("step")}
    return {
        "kind": "approval",
        "id": f"t.{name}",
        "lang": 1,
        "title": name,
        "entity": "t.deal",
        "steps": [step],
        **more,
    }


FLOWS = (
    flow("passing", step={"due": "PT6H"}),
    flow("working", step={"due": "PT6H", "remind": "PT30M"}, calendar="t.hours"),
    flow("counted", step={"due": {"param": "reply", "unit": "hour"}}, calendar="t.hours"),
    flow("minutes", step={"due": {"param": "reply", "unit": "minute"}}, calendar="t.hours"),
    flow("days", step={"due": "P1WDT4H"}, calendar="t.hours"),
    flow("week", step={"due": {"param": "reply", "unit": "working_day"}}),
)


def test_hours_are_working_hours_where_a_calendar_is_named_whether_they_are_written_or_a_parameter(
    database: Database, tmp_path: Any
) -> None:
    workspace = opened(database, HOURS, REPLY, *FLOWS, folder=tmp_path)
    person(workspace, "Mia", ["base.admin"])
    ann = person(workspace, "Ann", ["t.rep"])
    due: dict[str, dict[str, datetime]] = {}
    with clock.frozen(ELEVEN), database.write() as connection:
        work = Work(workspace, connection, ann)
        deal = save_one(work, "t.deal", Change({"name": "Lift"})).id
        asked = {approving.request(work, one["id"], "t.deal", deal): one["id"] for one in FLOWS}
        for one in timers.pending(connection, [deal])[deal]:
            _, identifier, _, what = one.name.split(":")
            due.setdefault(asked[identifier], {})[what] = one.due_at
    monday, tuesday = ELEVEN.replace(hour=0), ELEVEN.replace(hour=0) + timedelta(days=1)
    assert due["t.passing"] == {"due": monday + timedelta(hours=17)}
    # One hour till lunch, four after it, and one on the next day.
    assert due["t.working"] == {"due": tuesday + timedelta(hours=10), "remind": monday + timedelta(hours=11.5)}
    assert due["t.counted"] == {"due": tuesday + timedelta(hours=10)}
    assert due["t.minutes"] == {"due": monday + timedelta(hours=11, minutes=6)}
    assert due["t.days"] == {"due": tuesday + timedelta(hours=16)}  # Tuesday 11:00, an hour till lunch, three after it
    assert due["t.week"] == {"due": monday + timedelta(days=8, hours=11)}  # the workspace's own working days
