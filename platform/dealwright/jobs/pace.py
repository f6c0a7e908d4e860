"""How fast a worker looks, how long it waits, and when it gives up: every such number in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """The numbers of one worker. All times are in seconds.

    Attributes:
        poll: Pause after a look that found nothing. An idle look is one small read.
        deliveries: Messages on their way at once, each in a thread of its own.
        per_target: A target to which so many are on their way gets no more: a slow receiver must not hold up the
            others. One look takes as many, so there can be up to twice as many less one.
        lease: How long a message belongs to the worker that took it. Longer than any delivery takes; a dead worker's
            messages go out again after it.
        attempts: Tries of one message before it is dead.
        first_wait: Pause after the first failure; each later one is four times the one before.
        longest_wait: At most this long between two tries.
        timers: Due timers taken in one look.
        patience: How long due timers wait for a record that somebody changes; then they are tried again.
        jobs: Jobs at once.
        job_attempts: Tries of one job before it is dead, within the same run.
        job_wait: Pause after a job's first failure; each later one is three times the one before.
        beat: Between two signs of life.
        lost_after: A worker silent for so long is lost, and its jobs are taken over.
        drain: At the end, how long work in progress may take to finish.
    """

    poll: float = 0.1
    deliveries: int = 8
    per_target: int = 2
    lease: float = 120.0
    attempts: int = 8
    first_wait: float = 10.0
    longest_wait: float = 6 * 3600.0
    timers: int = 100
    patience: float = 0.3
    jobs: int = 8
    job_attempts: int = 4
    job_wait: float = 1.0
    beat: float = 5.0
    lost_after: float = 30.0
    drain: float = 20.0
