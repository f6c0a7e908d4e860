from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dealwright.events import Event
from dealwright.rules.windows import KINDS, needs, window

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENTERED = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)


def at(moment):
    return Event("e1", "record.updated", "sales.deal", "d1", 2, datetime.fromisoformat(moment))


@pytest.mark.parametrize(
    ("once_per", "moment", "expected"),
    [
        pytest.param("always", "2026-11-23T00:00:00Z", "e1", id="each event is its own"),
        pytest.param("record", "2026-11-23T00:00:00Z", "record", id="once for ever"),
        pytest.param("day", "2026-11-23T15:59:59Z", "day:2026-11-23", id="one second before midnight in Shanghai"),
        pytest.param("day", "2026-11-23T16:00:00Z", "day:2026-11-24", id="midnight in Shanghai"),
        pytest.param("week", "2026-11-22T15:59:59Z", "week:2026-W47", id="Sunday night in Shanghai"),
        pytest.param("week", "2026-11-22T16:00:00Z", "week:2026-W48", id="Monday in Shanghai"),
        pytest.param("week", "2027-01-01T00:00:00Z", "week:2026-W53", id="ISO year of New Year's Day"),
        pytest.param("month", "2026-11-30T16:00:00Z", "month:2026-12", id="first of December in Shanghai"),
    ],
)
def test_a_window_is_that_of_the_workspaces_zone(once_per, moment, expected):
    assert window(once_per, at(moment), {}, SHANGHAI, on_leaving=False) == expected


def test_a_visit_is_told_by_stage_and_moment_of_entering():
    env = {
        "stage": "won",
        "stage_entered_at": datetime(2026, 11, 23, tzinfo=UTC),
        "old.stage": "needs",
        "old.stage_entered_at": ENTERED,
    }
    event = at("2026-11-23T00:00:00Z")
    entering = window("stage_visit", event, env, SHANGHAI, on_leaving=False)
    leaving = window("stage_visit", event, env, SHANGHAI, on_leaving=True)
    assert entering == "stage:won:2026-11-23T00:00:00.000Z"
    assert leaving == "stage:needs:2026-11-20T01:02:03.000Z"


def test_every_window_reads_only_what_it_says():
    env = {"stage": "won", "stage_entered_at": ENTERED, "old.stage": "needs", "old.stage_entered_at": ENTERED}
    for once_per in KINDS:
        for leaving in (False, True):
            names = needs(once_per, on_leaving=leaving)
            known = {name: env[name] for name in names}
            event = at("2026-11-23T00:00:00Z")
            assert window(once_per, event, known, SHANGHAI, on_leaving=leaving) == window(
                once_per, event, env, SHANGHAI, on_leaving=leaving
            )
