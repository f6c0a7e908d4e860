"""Time that passes at once: the clock goes from one due timer to the next, each carried out at its own moment.

For tests, of packs and of the platform. A worker waits for the real clock instead (``jobs.timers``); what follows from a
timer is the same.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dealwright import access, clock
from dealwright.records.timing import due
from dealwright.records.work import Work
from dealwright.storage import timers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dealwright.records.workspace import Workspace
    from dealwright.storage import Connection

#: Looks at due timers after which time is said never to come to rest.
MOST = 100_000
#: Timers that are carried out in one transaction, as by a worker.
TOGETHER = 100


def pass_until(
    workspace: Workspace, end: datetime, connection: Connection | None = None, *, since: datetime | None = None
) -> int:
    """Let time pass up to and including ``end``; return how many looks at due timers it took.

    Call it outside ``clock.frozen``: what is done next happens at the moment that the caller freezes itself. Errors are
    not handed to a job as a worker does: a test is to see them.

    Args:
        workspace: Where.
        end: Until when.
        connection: An open transaction to do everything in; None for one transaction for each look.
        since: From when: what was due before is late and carried out then, as by a worker that was down.

    Raises:
        RuntimeError: If timers are still due after ``MOST`` looks.
    """
    for step in range(MOST):
        with _transaction(workspace, connection) as inside:
            moment = timers.next_due(inside)
            if moment is None or moment > end:
                return step
            with clock.frozen(moment if since is None else max(moment, since)):
                taken = timers.claim(inside, clock.now(), limit=TOGETHER)
                if taken:
                    work = Work(workspace, inside, access.platform_itself())
                    due(work, [timers.event_of(one) for one in taken])
    raise RuntimeError(f"timers were still due after {MOST} looks")


@contextmanager
def _transaction(workspace: Workspace, connection: Connection | None) -> Iterator[Connection]:
    if connection is not None:
        yield connection
        return
    with workspace.database.write() as opened:
        yield opened
