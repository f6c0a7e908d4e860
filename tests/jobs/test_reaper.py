"""Signs of life: who has stopped is taken over first and struck out then; the living are left alone."""

from __future__ import annotations

import threading
from datetime import timedelta

import sqlalchemy as sa

from dealwright import clock
from dealwright.errors import UnavailableError
from dealwright.jobs import Pace, Worker
from dealwright.jobs.reaper import Reaper
from dealwright.storage import Database, roll, system

PACE = Pace(lost_after=30)


class Runner:
    """Notes whose jobs are taken over, and who stood on the roll at that moment."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.taken: list[tuple[list[str], list[str]]] = []

    def take_over(self, workers: list[str]) -> None:
        self.taken.append((list(workers), names(self.database)))


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(sa.select(system.worker.c.id)).scalars())


def seen(database: Database, worker: str, seconds_ago: float) -> None:
    with database.write() as connection:
        roll.beat(connection, worker)
        at = clock.now() - timedelta(seconds=seconds_ago)
        connection.execute(sa.update(system.worker).where(system.worker.c.id == worker).values(seen_at=at))


def test_a_worker_enters_the_roll_and_its_time_moves(database):
    seen(database, "me", 20)
    Reaper(database, "me", Runner(database), PACE).look()
    with database.read() as connection:
        at = connection.execute(sa.select(system.worker.c.seen_at)).scalar_one()
    assert abs(clock.now() - at) < timedelta(seconds=10)


def test_who_is_silent_too_long_is_taken_over_and_then_struck_out(database):
    runner = Runner(database)
    seen(database, "dead", 31)
    seen(database, "alive", 20)
    Reaper(database, "me", runner, PACE).look()
    assert runner.taken == [(["dead"], ["alive", "dead", "me"])]
    assert names(database) == ["alive", "me"]


def test_who_signs_off_is_lost_at_once(database):
    runner = Runner(database)
    seen(database, "leaving", 0)
    Reaper(database, "leaving", runner, PACE).leave()
    Reaper(database, "me", runner, PACE).look()
    assert runner.taken[0][0] == ["leaving"]


def test_who_comes_back_before_he_is_struck_out_stays(database):
    seen(database, "slow", 31)
    with database.write() as connection:
        assert roll.lost(connection, 30) == ["slow"]
        roll.beat(connection, "slow")
        roll.forget(connection, ["slow"], 30)
    assert names(database) == ["slow"]


def test_a_look_that_fails_does_not_end_the_worker(database):
    worker = Worker(database, lambda *_: None)
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        if len(looks) == 1:
            raise UnavailableError("busy")
        if len(looks) == 2:
            raise ValueError("a fault")
        worker._ending.set()
        return False

    waits: list[float] = []
    worker._ending.wait = lambda seconds: bool(waits.append(seconds))  # type: ignore[method-assign]
    thread = threading.Thread(target=worker._go_on, args=(look, 0.1))
    thread.start()
    thread.join(10)
    assert len(looks) == 3
    assert waits[:2] == [1.0, 5.0]
