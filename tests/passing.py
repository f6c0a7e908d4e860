"""Time that passes in a test: the clock goes from one due timer to the next, and each is carried out at its moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from dealwright import access, clock, records
from dealwright.jobs import Pace
from dealwright.jobs.timers import Timers
from dealwright.storage.system import timer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dealwright.events import Event
    from dealwright.records import Workspace
    from dealwright.storage import Connection

#: Steps after which a test that never comes to rest is ended.
MOST = 100_000


def pass_until(workspace: Workspace, end: datetime) -> int:
    """Let time pass up to and including ``end``; return how many looks at due timers it took.

    Call it outside ``clock.frozen``: what the test does next happens at the moment that it freezes itself.
    """

    def happen(connection: Connection, told: Sequence[Event]) -> None:
        records.due(records.Work(workspace, connection, access.platform_itself()), told)

    pace = Pace()
    timers = Timers(workspace.database, happen, pace)
    for step in range(MOST):
        with workspace.database.read() as connection:
            moment = connection.scalar(sa.select(sa.func.min(timer.c.due_at)).where(timer.c.state == "pending"))
        if moment is None or moment > end:
            return step
        with clock.frozen(moment):
            timers._fire(pace.timers)  # not look(): a test is to see what fails, not a job
    raise AssertionError(f"timers were still due after {MOST} looks")
