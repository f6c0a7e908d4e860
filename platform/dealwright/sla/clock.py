"""One clock: a policy running on a record, or a deadline of a record. What it is, and how time passes on it.

A clock of an SLA runs in the working time of its calendar, or in time that passes where it has none. It knows how much
was spent before the present run, so that pausing and going on need no look at the past. A deadline has a due moment and
steps that are fixed when it is set; it never pauses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dealwright.calendars import Calendar
    from dealwright.sla.policies import Policy

MILLI: Final = timedelta(milliseconds=1)
RUNNING: Final = "running"
PAUSED: Final = "paused"
MET: Final = "met"
CANCELLED: Final = "cancelled"
#: States in which a clock has not ended.
OPEN: Final = frozenset({RUNNING, PAUSED})


@dataclass(slots=True)
class Clock:
    """A clock of a record, as it is stored.

    Attributes:
        kind: ``sla`` or ``deadline``.
        policy: Id of the document.
        revision: The catalog's when the clock started: its calendar counts to the end.
        calendar: Id of the calendar in whose working time it runs; None for time that passes.
        state: ``running``, ``paused``, ``met`` (stopped, in time or late) or ``cancelled``.
        started_at: When it started; of a window, when it opens.
        due_at: When it is over as things stand; of a paused clock as they stood.
        total: Milliseconds that there are.
        spent: Milliseconds that had passed on it at ``since``.
        since: Since when it runs, stands or has ended.
        steps: ``[step, moment]`` of reminders still to come; of an SLA ``[percent as text, None]``.
        pauses: ``[from, to]`` of each pause, ISO moments; ``to`` is None while it lasts.
        base: What a deadline was counted from, as JSON text; empty for an SLA.
        breached_at: When it was over without having been met.
        late: Milliseconds by which it was met too late, counted as the clock counts.
        assumed: Years without known holidays that were counted through.
    """

    id: str
    kind: str
    policy: str
    entity: str
    record: str
    revision: str
    calendar: str | None
    state: str
    started_at: datetime
    due_at: datetime
    total: int
    spent: int
    since: datetime
    steps: list[list[Any]] = field(default_factory=list)
    pauses: list[list[str | None]] = field(default_factory=list)
    base: str = ""
    ended_at: datetime | None = None
    breached_at: datetime | None = None
    late: int | None = None
    assumed: list[int] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    def elapsed(self, now: datetime, calendar: Calendar | None) -> int:
        """Return the milliseconds that have passed on it."""
        return self.spent + (measured(calendar, self.since, now) if self.state == RUNNING else 0)

    def moment(self, percent: int, calendar: Calendar | None) -> datetime:
        """Return when this share of the total will have passed on a running clock; its last start if it has already."""
        left = self.total * percent // 100 - self.spent
        return advanced(calendar, self.since, left) if left > 0 else self.since

    def pause(self, now: datetime, calendar: Calendar | None) -> None:
        """Let a running clock stand."""
        self.spent = self.elapsed(now, calendar)
        self.state, self.since = PAUSED, now
        self.pauses.append([_text(now), None])

    def resume(self, now: datetime, calendar: Calendar | None) -> None:
        """Let a paused clock go on; its due moment moves by what it stood."""
        self.state, self.since = RUNNING, now
        self.pauses[-1][1] = _text(now)
        if self.breached_at is None:
            self.due_at = self.moment(100, calendar)

    def stop(self, now: datetime, calendar: Calendar | None) -> bool:
        """End an open clock; tell whether that breaches it, which no timer had found yet."""
        found = self.state == RUNNING and self.breached_at is None and now > self.due_at
        if found:
            self.breached_at = self.due_at
        self.spent = max(self.elapsed(now, calendar), 0)  # a window may be met before it opens
        if self.breached_at is not None:
            self.late = max(self.spent - self.total, 0)
        self._end(MET, now)
        return found

    def cancel(self, now: datetime) -> None:
        """End an open clock without an outcome: it is archived, replaced, or does not apply any more."""
        self._end(CANCELLED, now)

    def _end(self, state: str, now: datetime) -> None:
        if self.state == PAUSED:
            self.pauses[-1][1] = _text(now)
        self.state, self.since, self.ended_at, self.steps = state, now, now, []


def started(policy: Policy, calendar: Calendar | None, now: datetime, **of: Any) -> Clock:
    """Return a clock of a policy that starts now; ``of`` are ``id``, ``record`` and ``revision``.

    A target in working days is as much working time as lies between the first working moment and the same time of day
    so many working days later.
    """
    total = policy.target.time // MILLI
    if calendar is not None and policy.target.working_days:
        total += measured(calendar, now, calendar.shift(calendar.next(now), policy.target.working_days))
    due = advanced(calendar, now, total)
    assumed: tuple[int, ...] = ()
    if calendar is not None:
        assumed = calendar.missing(*(one.astimezone(calendar.zone).date() for one in (now, due)))
    return Clock(
        kind="sla", policy=policy.id, entity=policy.entity, calendar=policy.calendar, state=RUNNING,
        started_at=now, due_at=due, total=total, spent=0, since=now,
        steps=[[str(one), None] for one in policy.percents], assumed=list(assumed), **of,
    )  # fmt: skip


def measured(calendar: Calendar | None, start: datetime, end: datetime) -> int:
    """Return the milliseconds between two moments as a clock counts them."""
    return (end - start if calendar is None else calendar.between(start, end)) // MILLI


def advanced(calendar: Calendar | None, moment: datetime, millis: int) -> datetime:
    """Return the moment at which so many milliseconds have passed as a clock counts them."""
    return moment + millis * MILLI if calendar is None else calendar.add(moment, millis * MILLI)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
