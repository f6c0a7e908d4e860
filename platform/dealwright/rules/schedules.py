"""Times at which rules look at many records: ``schedule`` of a rule's ``on``, and the end of each period of a ``trend``.

    {"schedule": {"every": "month", "on": "last", "at": "23:00", "filter": "status == 'open'"}}
    {"schedule": {"every": "week", "on": "friday", "at": "16:00"}}
    {"schedule": {"every": "quarter", "month": 3, "on": 15}}
    {"schedule": {"cron": "30 8 1-7 * 1"}}

All times are those that clocks show in the workspace's zone. A day that a month does not have is its last. A time that
clocks pass over when they go forward is reached an hour later; one that they show twice when they go back, the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

from dealwright import conditions
from dealwright.errors import Problem
from dealwright.metadata import names
from dealwright.rules.spans import months_later

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Rule

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Months in a period that is made of months.
MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
#: Two runs lie at least so far apart.
SPACING: Final = timedelta(minutes=5)
#: Runs that are looked at to find whether any two lie too near: more than a year of months, a day of the nearest.
_LOOKED_AT: Final = 400
#: Runs that were missed, beyond which the last of them is not looked for.
_MISSED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule looks at records, and at which.

    Attributes:
        every: ``day``, ``week``, ``month``, ``quarter`` or ``year``; empty with ``cron``.
        on: Name of a weekday, number of a day of the month, or ``last``; None for the first.
        month: Which month of the quarter or year, from 1.
        at: Time of the day.
        cron: Five fields; empty otherwise.
        zone: The workspace's.
        filter: What a record must meet; None for all.
    """

    every: str
    on: str | int | None
    month: int
    at: time
    cron: str
    zone: ZoneInfo
    filter: Condition | None = None

    def after(self, moment: datetime) -> datetime:
        """Return the first run after a moment, in UTC.

        Raises:
            ValueError: If there is none any more.
        """
        return next(self.runs(moment))

    def latest(self, first: datetime, now: datetime) -> datetime:
        """Return the last run from ``first``, which is one, up to ``now``: of those that were missed it is made up for."""
        found = first
        for moment in islice(self.runs(first), _MISSED):
            if moment > now:
                break
            found = moment
        return found

    def runs(self, moment: datetime) -> Iterator[datetime]:
        """Yield the runs after a moment, in UTC, each later than the one before."""
        last = moment
        for local in self._on_the_clock(moment.astimezone(self.zone).replace(tzinfo=None)):
            found = local.replace(tzinfo=self.zone).astimezone(UTC)
            if found > last:
                last = found
                yield found

    def _on_the_clock(self, start: datetime) -> Iterator[datetime]:
        """Yield the times that clocks show, beginning some way before ``start``."""
        if self.cron:
            try:
                # A day before: what lies around a change of clocks is sorted out by the moments themselves.
                dates = croniter(self.cron, start - timedelta(days=1), max_years_between_matches=8)
                while True:
                    yield dates.get_next(datetime)
            except CroniterError as error:
                raise ValueError(f"“{self.cron}” has no further time: {error}") from error
        day = start.date() - timedelta(days=1)
        if self.every in ("day", "week"):
            wanted = WEEKDAYS.index(str(self.on)) if self.on in WEEKDAYS else 0
            step = 7 if self.every == "week" else 1
            if self.every == "week":
                day += timedelta(days=(wanted - day.weekday()) % 7)
            while True:
                yield datetime.combine(day, self.at)
                day += timedelta(days=step)
        length = MONTHS[self.every]
        first = date(day.year, (day.month - 1) // length * length + 1, 1)
        while True:
            yield datetime.combine(self._of_month(months_later(first, self.month - 1)), self.at)
            first = months_later(first, length)

    def _of_month(self, first: date) -> date:
        last = months_later(first, 1) - timedelta(days=1)
        if self.on == "last":
            return last
        return first.replace(day=min(self.on if isinstance(self.on, int) else 1, last.day))


def read(catalog: Catalog, rule: Rule) -> Schedule | None:
    """Return when ``rule`` looks at records; None if it has no schedule, or :func:`problems` says why not."""
    spec = rule.trigger.spec
    zone = ZoneInfo(catalog.settings.get("zone", "UTC"))
    if rule.trigger.kind == "trend":
        return Schedule(str(spec.get("per")), None, 1, _time(spec.get("at")), "", zone)
    if rule.trigger.kind != "schedule":
        return None
    cron = str(spec.get("cron", ""))
    if cron and _cron_problem(cron) is not None:
        return None
    where = spec.get("filter")
    condition = None
    if where:
        condition = conditions.of(catalog, rule.entity, where, "filter", namespace=names.namespace_of(rule.id))
    return Schedule(
        every=str(spec.get("every", "")),
        on=spec.get("on"),
        month=int(spec.get("month", 1)),
        at=_time(spec.get("at")),
        cron=cron,
        zone=zone,
        filter=condition,
    )


def _time(written: Any) -> time:
    return time.fromisoformat(written) if isinstance(written, str) else time()


def problems(catalog: Catalog, rule: Rule) -> list[Problem]:
    """Return what is wrong with a ``schedule``; that its filter is valid is looked at with all conditions."""
    spec = rule.trigger.spec
    if "cron" in spec:
        text = _cron_problem(str(spec["cron"]))
        return [Problem("/on/schedule/cron", "bad-cron", text)] if text is not None else []
    every, on = spec.get("every"), spec.get("on")
    found = []
    if every == "day" and on is not None:
        found.append(Problem("/on/schedule/on", "no-such-day", "every day is a day; leave “on” out"))
    if every == "week" and on is not None and on not in WEEKDAYS:
        text = f"a week has no day “{on}”; write one of {', '.join(WEEKDAYS)}"
        found.append(Problem("/on/schedule/on", "no-such-day", text))
    if every in MONTHS and on in WEEKDAYS:
        text = f"a {every} has no one {on}; write a number from 1 to 31 or last, or use cron"
        found.append(Problem("/on/schedule/on", "no-such-day", text))
    if "month" in spec and not 1 <= int(spec["month"]) <= (MONTHS.get(str(every), 0) if every != "month" else 0):
        text = "“month” chooses a month of a quarter (1 to 3) or of a year (1 to 12)"
        found.append(Problem("/on/schedule/month", "no-such-month", text))
    return found


def _cron_problem(cron: str) -> str | None:
    if len(cron.split()) != 5 or not croniter.is_valid(cron):
        return f"“{cron}” is no schedule; write five fields: minute, hour, day of month, month, day of week"
    plan = Schedule("", None, 1, time(), cron, ZoneInfo("UTC"))
    try:
        found = list(islice(plan.runs(datetime(2026, 1, 1, tzinfo=UTC)), _LOOKED_AT))
    except ValueError:
        return f"“{cron}” names a day that never comes"
    if any(later - earlier < SPACING for earlier, later in pairwise(found)):
        return f"“{cron}” runs more often than every five minutes; a rule about a single record is woken by events"
    return None
