"""Background work: deliveries, timers, jobs, schedules; by any number of workers.

Start with ``worker``. What a transaction leaves behind it leaves through ``storage.outbox``, ``storage.timers`` and
``storage.queue``; nothing below this floor knows who does it.
"""

from dealwright.jobs.pace import Pace
from dealwright.jobs.runner import Schedule
from dealwright.jobs.worker import NIGHTLY, Worker

__all__ = ["NIGHTLY", "Pace", "Schedule", "Worker"]
