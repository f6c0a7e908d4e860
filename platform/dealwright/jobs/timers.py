"""Due timers become events: taken and carried out in one transaction, so each fires once and never after a cancel.

The event is ``timer.due``; its data is the timer's, with ``name`` and ``due_at``. An event that cannot be carried out
must not hold up the others or be lost: its timer is handed over to a job, which is tried again and, at last, dead and in
sight.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.errors import UnavailableError
from dealwright.events import DUE, Event
from dealwright.storage import events, queue, timers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealwright.jobs.pace import Pace
    from dealwright.storage import Connection, Database

    Happen = Callable[[Connection, Sequence[Event]], object]

_log = logging.getLogger(__name__)

#: Kind of the job that carries out what could not be carried out at once.
JOB: Final = "timer"


class Timers:
    """Fires the timers of one workspace. Several workers may do so at once.

    Args:
        database: Where.
        happen: Carries out what follows from events, in the transaction it is given; asks anew whether the reason for
            each still holds.
        pace: How many at once.
    """

    def __init__(self, database: Database, happen: Happen, pace: Pace) -> None:
        self._database, self._happen, self._pace = database, happen, pace

    def look(self) -> bool:
        """Fire what is due, up to ``Pace.timers``; return whether there was anything.

        Raises:
            UnavailableError: If the database cannot be asked now; nothing was fired.
        """
        with self._database.read() as connection:
            if not timers.due(connection, clock.now()):
                return False
        try:
            return self._fire(self._pace.timers)
        except UnavailableError:
            raise
        except Exception:
            _log.warning("a batch of timers could not be carried out; one by one now", exc_info=True)
        return self._fire_or_hand_over()

    def _fire(self, limit: int) -> bool:
        # Its timers are locked before their records, a save locks the other way round: the worker gives way.
        with self._database.write(patience=self._pace.patience) as connection:
            taken = timers.claim(connection, clock.now(), limit=limit)
            if taken:
                self._happen(connection, [timers.event_of(timer) for timer in taken])
        return bool(taken)

    def _fire_or_hand_over(self) -> bool:
        """Fire the timer that is due longest; if that fails, leave it to a job."""
        try:
            return self._fire(1)
        except UnavailableError:
            raise
        except Exception:
            _log.exception("a timer could not be carried out; it is left to a job")
        with self._database.write() as connection:
            for timer in timers.claim(connection, clock.now(), limit=1):
                told = {
                    "id": clock.new_id(),
                    "entity": timer.entity,
                    "record": timer.record,
                    "at": timer.due_at.isoformat(),
                    "data": timers.data_of(timer),
                }
                key = f"timer-{timer.id}-{timer.generation}"
                queue.enqueue(connection, JOB, told, lane=timer.record, key=key)
        return True

    def carry_out(self, database: Database, told: Mapping[str, Any]) -> None:
        """Do the job of one timer; a second run after the first was committed does nothing."""
        event = Event(
            told["id"], DUE, told["entity"], told["record"], None, datetime.fromisoformat(told["at"]), data=told["data"]
        )
        with database.write() as connection:
            if events.get(connection, event.id) is None:
                self._happen(connection, [event])
