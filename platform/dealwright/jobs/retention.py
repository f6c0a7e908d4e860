"""What nobody needs any more is removed at night, a thousand rows a transaction: no long lock, no growth without end.

What is dead stays until a person has replayed or skipped it. Records and their history are never touched here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.storage import accounts, approval_links, attempts, idempotency, outbox, queue, results, spent, timers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dealwright.storage import Database

#: Kind of the job.
JOB: Final = "retention"

#: How long things are kept after they are done with.
JOBS: Final = timedelta(days=7)
MESSAGES: Final = timedelta(days=30)
TIMERS: Final = timedelta(days=30)
#: Links of mails that have run out: as long as somebody may still open an old mail and be told what became of it.
LINKS: Final = timedelta(days=90)
REQUESTS: Final = timedelta(days=1)
#: How long a browser stays known after somebody last signed in from it; its cookie lasts as long.
DEVICES: Final = timedelta(days=365)

_BATCH: Final = 1000


def remove(database: Database, arguments: Mapping[str, Any]) -> None:
    """Remove what is old. Safe to do twice, at once, and to break off anywhere."""
    now = clock.now()
    while queue.prune(database, now - JOBS, batch=_BATCH) == _BATCH:
        pass
    _all(database, outbox.prune, now - MESSAGES)
    _all(database, timers.prune, now - TIMERS)
    _all(database, approval_links.prune, now - LINKS)
    with database.write() as connection:
        idempotency.prune(connection, now - REQUESTS)
        spent.prune(connection, now - REQUESTS)
        results.prune(connection, now - REQUESTS)
        accounts.prune_sessions(connection, now)
        attempts.prune(connection, now, now - DEVICES)


def _all(database: Database, prune: Callable[..., int], before: datetime) -> None:
    count = _BATCH
    while count == _BATCH:
        with database.write() as connection:
            count = prune(connection, before, batch=_BATCH)
