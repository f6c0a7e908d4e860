"""Due when? A length of time counted from a moment by a calendar, with the working time of each day: what clocks count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from flask_babel import format_date

from dealwright import calendars
from dealwright.sla import Policy, started
from dealwright.web import display, i18n
from dealwright.web.i18n import gettext
from dealwright_admin.calendar_picture import lasting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from dealwright.calendars import Calendar, Period
    from dealwright.metadata.catalog import Catalog

#: Days that are told one by one; what lies between is summed.
_TOLD: Final = 14
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a trial found.

    Attributes:
        due: The moment in words, in the reader's zone; ``exact`` in RFC 3339.
        total: How much time was counted, in words.
        days: Day, its hours, how much of them was counted; without work both are empty.
        left_out: Days that are not told one by one.
        zone: In which the hours are.
        assumed: Years whose holidays are not known.
        steps: Percent and moment of each step of a ladder.
    """

    start: str
    due: str
    exact: str
    total: str
    days: Sequence[tuple[str, str, str]]
    left_out: int
    zone: str
    assumed: Sequence[int]
    steps: Sequence[tuple[int, str]]


def counted(
    catalog: Catalog, calendar_id: str | None, start: datetime, target: Period, percents: Sequence[int] = ()
) -> Counted:
    """Return when a clock is due that starts at a moment, just as the clocks of records are worked out.

    Raises:
        ConflictError: If it leads through a year that is not known, and the calendar refuses that.
        NotFoundError: If there is no such calendar.
        ValueError: If there is not so much working time.
    """
    name = calendar_id or (calendars.DEFAULT if target.working_days else None)
    calendar = calendars.of(catalog, name) if name else None
    policy = Policy(
        id="", title="", entity="", start=None, stop=None, pause=None, resume=None, target=target, calendar=name,
        restart="never", percents=tuple(sorted({*percents} - {100})), reads=frozenset(), elsewhere=False,
    )  # fmt: skip
    clock = started(policy, calendar, start, id="", record="", revision="")
    days = _days(calendar, start, clock.due_at) if calendar is not None else []
    shown = days if len(days) <= _TOLD else [*days[: _TOLD - 3], *days[-3:]]
    moments = {one: clock.moment(one, calendar) for one in sorted({*percents, 100})}
    return Counted(
        start=display.moment(start.isoformat()),
        due=_moment(clock.due_at),
        exact=clock.due_at.isoformat(),
        total=lasting(clock.total // 60_000),
        days=shown,
        left_out=len(days) - len(shown),
        zone=str(calendar.zone) if calendar is not None else "",
        assumed=clock.assumed,
        steps=[(one, _moment(moment)) for one, moment in moments.items()],
    )


def _days(calendar: Calendar, start: datetime, due: datetime) -> list[tuple[str, str, str]]:
    """Return the days from the start to the due moment, with the working time of each that was counted."""
    found = []
    day, last = (one.astimezone(calendar.zone).date() for one in (start, due))
    while day <= last:
        begin, end = calendar.end_of(day - timedelta(days=1)), calendar.end_of(day)
        minutes = calendar.between(max(begin, start), min(end, due)) // _MINUTE
        found.append((_day(day), _hours(calendar, day), lasting(minutes)))
        day += timedelta(days=1)
    return found


def _hours(calendar: Calendar, day: date) -> str:
    return ", ".join(f"{a // 60:02d}:{a % 60:02d}–{b // 60 % 24:02d}:{b % 60:02d}" for a, b in calendar.hours(day))


def _day(day: date) -> str:
    return str(format_date(day, "EEE d MMM"))


def _moment(moment: datetime) -> str:
    local = moment.astimezone(i18n.zone())
    return f"{format_date(local.date(), 'EEE')} {display.moment(moment.isoformat())}"


def start_of(text: str, now: datetime) -> datetime:
    """Return the moment that a form names in the reader's zone; now where it names none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return now
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=i18n.zone())


def period_of(amount: str, unit: str) -> Period | None:
    """Return the length of time of a form; None where it is none."""
    forms: Mapping[str, str] = {"WD": "P{}WD", "D": "P{}D", "H": "PT{}H", "M": "PT{}M"}
    plain = amount.strip()
    if not plain.isdigit() or not 0 < int(plain) <= 10_000 or unit not in forms:
        return None
    return calendars.period(forms[unit].format(int(plain)))


def units() -> list[tuple[str, str]]:
    """Return the units of such a form."""
    return [
        ("H", gettext("hours")), ("M", gettext("minutes")), ("WD", gettext("working days")), ("D", gettext("days")),
    ]  # fmt: skip
