"""Places at which a process may die, and a process that dies there.

A point is every statement, the moment before and the moment after every COMMIT, and what a scenario names itself
(before and after a message is sent). ``in_a_child`` runs an act in a forked process that kills itself with SIGKILL at
point n: no handler runs, no buffer is written, no connection is closed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable

from dealwright.storage import Database

#: Seconds after which a child that hangs is ended.
LONGEST = 120
#: Of what is chosen by chance; set the variable to try the same points again.
SEED = int(os.environ.get("DEALWRIGHT_TEST_SEED", "20270128"))


class Points:
    """Counts points; calls ``strike`` with the name of the point that is number ``at``.

    Attributes:
        seen: How many points were passed so far.
    """

    def __init__(self, at: int, strike: Callable[[str], None]) -> None:
        self.seen, self._at, self._strike, self._lock = 0, at, strike, threading.Lock()

    def pass_by(self, name: str) -> None:
        with self._lock:
            self.seen += 1
            if self.seen != self._at:
                return
        self._strike(name)

    def watch(self, database: Database) -> None:
        """Make points of every statement of a database, and of the moments around its commits.

        For a database of this process alone: there is no way back.
        """
        dialect = database.engine.dialect
        commit = dialect.do_commit

        def commit_between_points(connection: Any) -> None:
            self.pass_by("before COMMIT")
            commit(connection)
            self.pass_by("after COMMIT")

        dialect.do_commit = commit_between_points  # type: ignore[method-assign]

        @sa.event.listens_for(database.engine, "before_cursor_execute")
        def statement(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
            self.pass_by(" ".join(text.split())[:60])


def die(name: str) -> None:
    """End this process as ``kill -9`` does."""
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # the signal may take a moment to arrive in a thread


def in_a_child(act: Callable[[Callable[[Any], None]], None]) -> tuple[bool, list[Any]]:
    """Run ``act`` in a forked process.

    The caller must have closed its connections: a forked process must not share them.

    Args:
        act: Given a function by which it tells its parent what it knows for certain, as JSON.

    Returns:
        Whether it lived to its end, and what it told before that.

    Raises:
        AssertionError: If it failed, or hung, instead of dying at its point.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(LONGEST)
            os.close(reading)
            act(lambda told: os.write(writing, json.dumps(told).encode() + b"\n") and None)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    lived = os.WIFEXITED(status)
    assert os.WEXITSTATUS(status) == 0 if lived else os.WTERMSIG(status) == signal.SIGKILL, "the child failed"
    return lived, told


def dies_at(at: int, database: Callable[[], Database], act: Callable[[Database], None]) -> tuple[bool, int]:
    """Act on a database in a process that dies at a point, or counts its points if that is 0.

    Returns:
        Whether it lived to its end, and how many points there were then.
    """

    def inside(tell: Callable[[Any], None]) -> None:
        opened = database()
        points = Points(at, die)
        points.watch(opened)
        act(opened)
        tell(points.seen)

    lived, told = in_a_child(inside)
    return lived, told[0] if told else 0


def some(total: int, count: int) -> list[int]:
    """Return ``count`` of so many points, chosen by chance."""
    print(f"{count} of {total} points, DEALWRIGHT_TEST_SEED={SEED}")
    return sorted(random.Random(SEED).sample(range(1, total + 1), count))


#: For tests that go from point to point until the work lives: each in the night, one of four otherwise.
STRIDES = [pytest.param(1, marks=pytest.mark.nightly, id="each"), pytest.param(4, id="some")]


def stride(step: int, most: int) -> range:
    """Return every ``step``-th point up to ``most``, beginning by chance within the first step."""
    print(f"DEALWRIGHT_TEST_SEED={SEED}")
    return range(random.Random(SEED).randint(1, step), most, step)
