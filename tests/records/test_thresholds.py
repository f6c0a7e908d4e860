"""Each kind of trigger just below, at and just above its threshold, on both databases, under a frozen clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright.records import Workspace
from dealwright.rules import trigger
from passing import pass_until
from triggers import AT_ONCE, BY_TIME, CASES, KINDS, MONTH, RUN, TICK, AtOnce, fired, make_by_time, people_of, world

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kind_of_trigger_is_looked_at() -> None:
    assert sorted(KINDS) == sorted(trigger.KINDS)


def test_what_happens_at_once_wakes_a_rule_at_its_threshold_and_not_below(database: Any, tmp_path: Path) -> None:
    tokens = world(database, tmp_path)
    workspace = Workspace(database, tmp_path)
    AtOnce(workspace, people_of(workspace, tokens)).play()
    found = fired(database)
    assert {kind: found[kind] for kind in AT_ONCE} == {key: ["above", "at"] for key in AT_ONCE}


def test_what_time_brings_wakes_a_rule_at_its_moment_and_not_a_moment_before(database: Any, tmp_path: Path) -> None:
    world(database, tmp_path)
    workspace = Workspace(database, tmp_path)
    make_by_time(workspace)
    pass_until(workspace, RUN - TICK)
    # What has waited a moment longer is due a moment before the others.
    moments = [kind for kind in BY_TIME if kind not in ("schedule", "trend")]
    assert fired(database) == {kind: ["above"] if kind in moments else [] for kind in KINDS}
    pass_until(workspace, RUN)
    assert fired(database) == {kind: [] if kind == "trend" or kind in AT_ONCE else ["above", "at"] for kind in KINDS}
    pass_until(workspace, MONTH - TICK)
    everything = {kind: sorted(CASES) if kind in moments else [] for kind in KINDS}
    assert fired(database) == {**everything, "schedule": ["above", "at"]}
    pass_until(workspace, MONTH)
    assert fired(database) == {**everything, "schedule": ["above", "at"], "trend": ["above", "at"]}
    pass_until(workspace, MONTH + 20 * (MONTH - RUN))
    assert fired(database) == {**everything, "schedule": ["above", "at"], "trend": ["above", "at"]}  # each once
