"""The worker: everything that runs beside the requests, in one object that starts and drains.

    deliveries   outbox ─▸ plugins           a thread that looks, and Pace.deliveries that send
    timers       due ─▸ events               a thread
    jobs         queue ─▸ kinds, schedules   the library's threads
    roll         heartbeat, taking over      a thread

Any number of workers may serve one workspace, on any number of machines; there is no leader. ``dealwright serve`` has
one inside. Start it after every fork: its threads would not come along.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import threading
from typing import TYPE_CHECKING, Self

from dealwright import clock, plugins
from dealwright.errors import UnavailableError
from dealwright.jobs import retention
from dealwright.jobs import timers as due
from dealwright.jobs.deliveries import Deliveries
from dealwright.jobs.pace import Pace
from dealwright.jobs.reaper import Reaper
from dealwright.jobs.runner import Runner, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealwright.jobs.runner import JobKind
    from dealwright.jobs.timers import Happen
    from dealwright.storage import Database

_log = logging.getLogger(__name__)

#: At night, when nobody waits for a page.
NIGHTLY = Schedule("retention", "20 3 * * *", retention.JOB)


class Worker:
    """Does the background work of one workspace in this process.

    Attributes:
        name: Of this run: host, process and chance. A restarted worker is another one.
    """

    def __init__(
        self,
        database: Database,
        happen: Happen,
        *,
        kinds: Mapping[str, JobKind] | None = None,
        schedules: Sequence[Schedule] = (NIGHTLY,),
        found: plugins.Plugins | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Describe a worker; :meth:`start` starts it.

        Args:
            database: The workspace.
            happen: Carries out events in the transaction it is given; due timers go there.
            kinds: What each kind of job does, beside the platform's own.
            schedules: Jobs to be left behind again and again.
            found: Plugins; those installed when None.
            pace: Its numbers.
        """
        pace = pace or Pace()
        self.name = f"{platform.node()}:{os.getpid()}:{clock.secret(6)}"
        self._pace = pace
        self._timers = due.Timers(database, happen, pace)
        own: dict[str, JobKind] = {due.JOB: self._timers.carry_out, retention.JOB: retention.remove}
        self._runner = Runner(database, self.name, {**(kinds or {}), **own}, schedules, pace)
        self._reaper = Reaper(database, self.name, self._runner, pace)
        self._deliveries = Deliveries(database, found or plugins.installed(), pace)
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the threads.

        Raises:
            RuntimeError: If another worker runs in this process.
            UnavailableError: If the database cannot be asked now.
        """
        self._runner.start()
        self._reaper.look()
        self._begin("roll", self._reaper.look, self._pace.beat)
        self._begin("timers", self._timers.look, self._pace.poll)
        self._begin("deliveries", self._deliveries.look, self._pace.poll)

    def stop(self) -> None:
        """Drain: take nothing new, let what is in progress end within ``Pace.drain``, then sign off."""
        end = clock.elapsed() + self._pace.drain
        self._ending.set()
        for thread in self._threads:
            thread.join(max(end - clock.elapsed(), 0.1))
        self._deliveries.stop(max(end - clock.elapsed(), 0))
        self._runner.stop(max(end - clock.elapsed(), 1))
        try:
            self._reaper.leave()
        except UnavailableError:
            _log.warning("could not sign off; others take over in %g s", self._pace.lost_after)

    def run(self, ready: Callable[[], object] = lambda: None) -> None:
        """Start, call ``ready``, work until SIGTERM or SIGINT, then drain. For the main thread of a worker process."""
        asked = threading.Event()
        before = {number: signal.signal(number, lambda *_: asked.set()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            with self:
                ready()
                asked.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _begin(self, name: str, look: Callable[[], bool], pause: float) -> None:
        thread = threading.Thread(target=self._go_on, args=(look, pause), name=f"worker-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _go_on(self, look: Callable[[], bool], pause: float) -> None:
        """Look again and again; rest after a look that found nothing. No error ends it: the next look may succeed."""
        while not self._ending.is_set():
            try:
                rest = 0.0 if look() else pause
            except UnavailableError as error:
                _log.warning("%s", error)
                rest = max(pause, 1.0)
            except Exception:
                _log.exception("a look of the worker failed; trying again")
                rest = max(pause, 5.0)
            if rest:
                self._ending.wait(rest)
