"""Due timers go to whoever set them, at their moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright.records import timing
from dealwright.storage import events, timers
from passing import pass_until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def put(workspace, name: str, at: datetime, record: str = "r1") -> None:
    with workspace.database.write() as connection:
        timers.put(connection, [timers.Timer("sales.opportunity", record, name, at, {"step": 1})])


def test_a_timer_goes_to_its_family_and_to_no_other(workspace, monkeypatch):
    got = []
    families = {
        "one": lambda work, told: got.extend(("one", e.data["name"], work.now) for e in told),
        "two": pytest.fail,
    }
    monkeypatch.setattr(timing, "FAMILIES", families)
    put(workspace, "one:a", NOON)
    put(workspace, "one:b", NOON + timedelta(hours=1))
    pass_until(workspace, NOON + timedelta(hours=1))
    assert got == [("one", "one:a", NOON), ("one", "one:b", NOON + timedelta(hours=1))]


def test_a_timer_that_its_family_sets_anew_fires_again_later(workspace, monkeypatch):
    seen = []

    def again(work, told):
        seen.append(work.now)
        if len(seen) < 3:
            timers.put(work.connection, [timers.Timer("sales.opportunity", "r1", "x:y", work.now + timedelta(days=1))])

    monkeypatch.setattr(timing, "FAMILIES", {"x": again})
    put(workspace, "x:y", NOON)
    pass_until(workspace, NOON + timedelta(days=30))
    assert seen == [NOON, NOON + timedelta(days=1), NOON + timedelta(days=2)]


def test_what_its_family_writes_is_undone_if_it_fails_and_the_timer_stays(workspace, monkeypatch):
    def fails(work, told):
        events.append(work.connection, told)
        raise RuntimeError("no")

    monkeypatch.setattr(timing, "FAMILIES", {"x": fails})
    put(workspace, "x:y", NOON)
    with pytest.raises(RuntimeError):
        pass_until(workspace, NOON)
    with workspace.database.read() as connection:
        assert [e for e in events.since(connection, 0) if e["type"] == "timer.due"] == []
        assert [one.name for one in timers.pending(connection, ["r1"])["r1"]] == ["x:y"]
