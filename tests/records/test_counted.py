"""Rules that count events: the log is asked, the event itself counts, and the number is kept with the decision."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, records
from dealwright.events import Event
from dealwright.records import Work
from dealwright.storage import counts, decisions
from worlds import made, opened, rows_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(name, **on):
    task = {"do": "create_task", "title": "Opened {event.count} times"}
    return {
        "kind": "rule", "id": f"t.{name}", "lang": 1, "title": name.title(), "entity": "t.deal", "on": {"count": on},
        "if": "status == \"open\"", "then": [task], "once_per": "record",
    }  # fmt: skip


DEMO = rule(
    "demo", event="engagement.opened", where="event.asset == \"demo_video\"", at_least={"param": "opens"}, within="P90D"
)  # fmt: skip
QUOTE = {**rule("quote", event="engagement.seen", at_least=3, since="stage"), "once_per": "stage_visit"}
OPENS = {"kind": "parameter", "id": "t.opens", "type": "integer", "title": "Opens", "default": 3}


@pytest.fixture
def counting(database, tmp_path):
    with clock.frozen(NOON):
        workspace = opened(database, DEMO, QUOTE, OPENS, folder=tmp_path)
        workspace.deal = made(
            workspace, "t.deal", name="Pumps", amount="1", account=made(workspace, "t.account", name="Kestrel")
        )
    return workspace


@contextmanager
def doing(workspace, at, user=None):
    with clock.frozen(at), workspace.database.write() as connection:
        yield Work(workspace, connection, user or access.operator())


def open_it(workspace, at=NOON, kind="engagement.opened", said=None, **data):
    with doing(workspace, at) as work:
        records.send(work, kind, "t.deal", workspace.deal, data, said)


def tasks(workspace):
    return [one["title"] for one in rows_of(workspace.database, "base__task")]


def test_the_third_demonstration_that_is_opened_is_followed_up_once(counting):
    seen = []
    for number in range(1, 6):
        open_it(counting, NOON + number * DAY, asset="demo_video")
        seen.append(len(tasks(counting)))
    assert seen == [0, 0, 1, 1, 1]
    assert tasks(counting) == ["Opened 3 times"]


def test_what_does_not_meet_the_condition_is_not_counted_and_wakes_nothing(counting):
    for asset in ("demo_video", "demo_video", "price_list", None, 5):
        open_it(counting, asset=asset)
    with counting.database.read() as connection:
        found = decisions.of(connection, "t.demo")
    assert tasks(counting) == []
    assert [one["facts"]["event.count"] for one in found] == [2, 1]


def test_events_count_as_far_back_as_the_rule_says_that_moment_included(counting):
    open_it(counting, NOON, asset="demo_video")
    open_it(counting, NOON + DAY, asset="demo_video")
    open_it(counting, NOON + 90 * DAY + timedelta(milliseconds=1), asset="demo_video")
    assert tasks(counting) == []  # the first is older than ninety days
    open_it(counting, NOON + 91 * DAY, asset="demo_video")  # the second just counts, with the third and this one
    assert tasks(counting) == ["Opened 3 times"]


def test_an_event_that_is_reported_late_completes_the_number(counting):
    open_it(counting, NOON, asset="demo_video")
    open_it(counting, NOON + 5 * DAY, asset="demo_video")
    open_it(counting, NOON + 6 * DAY, said=NOON + 2 * DAY, asset="demo_video")
    assert tasks(counting) == ["Opened 3 times"]


def test_three_quotes_opened_with_no_change_of_stage_between(counting):
    for _ in range(2):
        open_it(counting, NOON + DAY, "engagement.seen")
    with clock.frozen(NOON + 2 * DAY):
        records.move(counting, access.operator(), "t.deal", counting.deal, "offer")
    for hours in (1, 2):
        open_it(counting, NOON + 2 * DAY + timedelta(hours=hours), "engagement.seen")
    assert tasks(counting) == []  # four in all, two since the stage was entered
    open_it(counting, NOON + 3 * DAY, "engagement.seen")
    open_it(counting, NOON + 3 * DAY, "engagement.seen")
    assert tasks(counting) == ["Opened 3 times"]


def test_the_decision_says_how_many_there_were_and_how_many_are_enough(counting):
    open_it(counting, asset="demo_video")
    with doing(counting, NOON) as work:
        told = records.why(work, "t.demo", counting.deal)
    assert told["sentence"] == "did not fire, because event.count >= param.opens is false (event.count is 1)"


def test_events_of_other_records_are_not_counted_and_several_at_once_are_counted_one_by_one(counting):
    with clock.frozen(NOON):
        other = made(counting, "t.deal", name="Valves")
    told = [
        Event(clock.new_id(), "engagement.opened", "t.deal", record, None, NOON, data={"asset": "demo_video"})
        for record in (counting.deal, other, counting.deal, other, counting.deal)
    ]
    with doing(counting, NOON, access.platform_itself()) as work:
        records.happen(work, told)
    assert tasks(counting) == ["Opened 3 times"]
    with counting.database.read() as connection:
        found = decisions.of(connection, "t.demo")
    assert sorted((one["record"], one["facts"]["event.count"]) for one in found) == sorted(
        [(counting.deal, 1), (counting.deal, 2), (counting.deal, 3), (other, 1), (other, 2)]
    )


def test_a_record_with_very_many_events_is_counted_no_further_than_the_bound(counting, monkeypatch):
    monkeypatch.setattr(counts, "BOUND", 4)
    for number in range(6):
        open_it(counting, NOON + number * DAY, asset="demo_video")
        open_it(counting, NOON + number * DAY, "engagement.seen")
    with counting.database.read() as connection:
        facts = {one: decisions.of(connection, one)[0]["facts"]["event.count"] for one in ("t.demo", "t.quote")}
    assert facts == {"t.demo": 5, "t.quote": 5}
