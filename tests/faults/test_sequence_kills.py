"""A process killed at any point of a sequence: each step is done afterwards, once, in its order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import access, clock, records
from dealwright.records import Work, Workspace
from dealwright.storage import Database
from passing import pass_until
from worlds import made, opened, rows_of

from .kill_points import dies_at, some

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
#: More points than the sequence has.
MOST = 1000
CARE = {
    "kind": "sequence", "id": "t.care", "lang": 1, "title": "Care", "entity": "t.deal", "delays_from": "previous",
    "steps": [
        {"id": "hello", "after": "P1D", "then": [{"do": "create_task", "title": "Greet {name}"}]},
        {"id": "count", "after": "P1D", "then": [{"do": "set_field", "field": "opened", "value": "coalesce(opened, 0) + 1"}]},
        {"id": "tell", "after": "P0D", "then": [{"do": "call_webhook", "to": "erp"}]},
    ],
}  # fmt: skip
ENDED = {
    "kind": "rule", "id": "t.ended", "lang": 1, "title": "Ended", "entity": "t.deal",
    "on": {"event": {"type": "sequence.finished"}}, "then": [{"do": "create_task", "title": "Done with {name}"}],
}  # fmt: skip


def play(workspace: Workspace, deal: str) -> None:
    """Start the sequence by hand, let time pass, do its second step early, and let time pass to its end."""

    def by_hand(act: Any, at: datetime) -> None:
        with clock.frozen(at), workspace.database.write() as connection:
            act(Work(workspace, connection, access.operator()), "t.deal", deal, "t.care")

    with clock.frozen(NOON), workspace.database.read() as connection:
        there = records.sequences_of(Work(workspace, connection, access.operator()), "t.deal", deal)
    if not there:
        by_hand(records.start_sequence, NOON)
    pass_until(workspace, NOON + DAY)
    if not there or sum(step["done"] for step in there[0]["steps"]) < 2:
        by_hand(records.advance_sequence, NOON + 1.5 * DAY)
    pass_until(workspace, NOON + 9 * DAY)


def killed(database_url: str, folder: Path, at: int) -> tuple[bool, int]:
    """Let the process die at point ``at``, then play the rest; tell whether it lived to its end, and how many points it had."""
    with Database(database_url) as database, clock.frozen(NOON):
        deal = made(Workspace(database, folder), "t.deal", name=f"Deal {at}")

    lived, seen = dies_at(at, lambda: Database(database_url), lambda one: play(Workspace(one, folder), deal))
    with Database(database_url) as database:
        if not lived:
            play(Workspace(database, folder), deal)
        (row,) = [one for one in rows_of(database, "t__deal") if one["id"] == deal]
        assert (row["opened"], row["version"]) == (1, 2), at
        titles = [one["title"] for one in rows_of(database, "base__task")]
        assert [titles.count(f"{what} Deal {at}") for what in ("Greet", "Done with")] == [1, 1], at
        (ran,) = [one for one in rows_of(database, "dw_enrolment") if one["record"] == deal]
        assert ran["state"] == "finished"
        told = sorted(
            (one for one in rows_of(database, "dw_event") if one["record"] == deal), key=lambda one: one["seq"]
        )
        kinds = [one["type"].removeprefix("sequence.") for one in told if one["type"].startswith("sequence.")]
        assert kinds == ["started", "step", "step", "step", "finished"], at
        sent = [one["key"] for one in rows_of(database, "dw_outbox") if one["record"] == deal]
        assert len(sent) == len(set(sent)) == 1, at
        pending = [one for one in rows_of(database, "dw_timer") if one["record"] == deal and one["state"] == "pending"]
        assert pending == []
    return lived, seen


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Path:
    with Database(database_url) as database, clock.frozen(NOON):
        opened(database, CARE, ENDED, folder=tmp_path)
    return tmp_path


@pytest.mark.slow
def test_each_step_of_a_sequence_is_done_once_where_the_process_dies(database_url: str, world: Path) -> None:
    lived, total = killed(database_url, world, 0)
    assert lived and total > 50
    assert not any(killed(database_url, world, at)[0] for at in (*some(total - 10, 4), total - 10))


@pytest.mark.nightly
def test_each_step_of_a_sequence_is_done_once_wherever_the_process_dies(database_url: str, world: Path) -> None:
    died = 0
    for at in range(1, MOST):
        if killed(database_url, world, at)[0]:
            break
        died += 1
    assert 50 < died < MOST - 1
