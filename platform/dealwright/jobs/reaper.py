"""Signs of life: a worker shows that it lives and takes over the jobs of those who no longer do.

DBOS gives a job back only to a process with the same name; who died elsewhere would keep it for ever. Each worker
therefore writes a heartbeat, by the clock of the database, and looks whose has stopped. The order matters: first the
jobs go back into their lanes, then the dead worker is struck out, and both may be done twice or by two workers at once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dealwright.storage import roll

if TYPE_CHECKING:
    from dealwright.jobs.pace import Pace
    from dealwright.jobs.runner import Runner
    from dealwright.storage import Database

_log = logging.getLogger(__name__)


class Reaper:
    """Keeps one worker on the roll, and strikes out the lost."""

    def __init__(self, database: Database, worker: str, runner: Runner, pace: Pace) -> None:
        self._database, self._worker, self._runner, self._pace = database, worker, runner, pace

    def look(self) -> bool:
        """Show that this worker lives, and take over from those that do not; return False: there is time till the next.

        Raises:
            UnavailableError: If the database cannot be asked now.
        """
        with self._database.write() as connection:
            roll.beat(connection, self._worker)
            lost = [worker for worker in roll.lost(connection, self._pace.lost_after) if worker != self._worker]
        if lost:
            self._runner.take_over(lost)
            with self._database.write() as connection:
                roll.forget(connection, lost, self._pace.lost_after)
            _log.warning("took over the jobs of %s, silent for %g s", ", ".join(lost), self._pace.lost_after)
        return False

    def leave(self) -> None:
        """Sign off: whoever looks next takes over what was left undone."""
        with self._database.write() as connection:
            roll.leave(connection, self._worker)
