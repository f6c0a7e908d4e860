"""A calendar: when people work, and how much working time lies between two moments.

Working time is a set of half-open spans ``[from, to)`` on the line of UTC moments, laid out a year at a time when it is
first asked for, each year with the sum of all before. So a question takes a search in one year and a step for each year
between, whatever the number of days. Everything is exact in milliseconds.

Hours are local times of the calendar's zone. When clocks jump over a time, it stands for the moment of the jump; a time
that occurs twice stands for its first occurrence. A span that ends past midnight belongs to the day on which it starts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from dealwright.errors import ConflictError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

#: Minutes from local midnight: from (included) to (excluded); more than 1440 lies on the next day.
Span = tuple[int, int]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLI: Final = timedelta(milliseconds=1)
#: Years that a search may cross before it is said that there is no working time.
_FAR: Final = 400
_MIDNIGHT: Final = time()


class MissingYearError(ConflictError):
    """A calendar that refuses to guess was asked for a year whose holidays it does not know."""

    code = "calendar-year-missing"


@dataclass(frozen=True, slots=True)
class _Year:
    """One year of working time: spans in order, milliseconds before each of them, and the days that have any."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    total: int
    days: list[int]


class Calendar:
    """Working time in one zone.

    Args:
        zone: In which the hours are written and days begin.
        week: The spans of each weekday, Monday first; seven of them.
        days: Days that differ from their weekday: holidays without spans, make-up workdays and short days with some.
        known: Years whose holidays are known; None where no year need be.
        refuses: Whether a year that is not known is refused; else its days are those of the week.
        name: What errors call it.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        week: Sequence[Sequence[Span]],
        *,
        days: Mapping[date, Sequence[Span]] | None = None,
        known: frozenset[int] | None = None,
        refuses: bool = False,
        name: str = "calendar",
    ) -> None:
        self.zone = zone
        self.name = name
        self._week = tuple(tuple(spans) for spans in week)
        self._days = {day: tuple(spans) for day, spans in (days or {}).items()}
        self._known, self._refuses = known, refuses
        self._years: dict[int, _Year] = {}

    # Time -------------------------------------------------------------------------------------------------------

    def add(self, moment: datetime, amount: timedelta) -> datetime:
        """Return the moment that lies ``amount`` of working time later; earlier if it is negative.

        Of several such moments (a night lies between the end of one day and the start of the next) the one nearest to
        ``moment`` is returned: a day's end when counting forwards, a day's start when counting backwards. Nothing
        added is the moment itself.

        Raises:
            MissingYearError: If it leads through a year that is not known, and the calendar refuses that.
            ValueError: If there is not so much working time within 400 years, or ``moment`` has no zone.
        """
        millis = amount // _MILLI
        if millis == 0:
            return moment
        at = _millis(moment)
        year = self._year_of(moment)
        left = self._inside(year, at) + millis
        if millis > 0:
            while left > (one := self._year(year)).total:
                left -= one.total
                year = self._step(year, 1, moment)
            place = bisect_left(one.before, left) - 1
        else:
            while left < 0:
                year = self._step(year, -1, moment)
                left += self._year(year).total
            one = self._year(year)
            place = bisect_right(one.before, left) - 1
        return _moment(one.starts[place] + left - one.before[place])

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from ``start`` to ``end``; negative if ``end`` comes first.

        Raises:
            MissingYearError, ValueError: As :meth:`add`.
        """
        first, last = self._year_of(start), self._year_of(end)
        millis = self._inside(last, _millis(end)) - self._inside(first, _millis(start))
        if last >= first:
            millis += sum(self._year(year).total for year in range(first, last))
        else:
            millis -= sum(self._year(year).total for year in range(last, first))
        return millis * _MILLI

    def is_working(self, moment: datetime) -> bool:
        """Tell whether ``moment`` lies in working time."""
        return self.next(moment) == moment

    def next(self, moment: datetime) -> datetime:
        """Return the first moment of working time from ``moment`` on, itself if it is one."""
        at, year = _millis(moment), self._year_of(moment)
        while True:
            one = self._year(year)
            place = bisect_right(one.ends, at)
            if place < len(one.ends):
                return moment if one.starts[place] <= at else _moment(one.starts[place])
            year = self._step(year, 1, moment)

    def previous(self, moment: datetime) -> datetime:
        """Return the last moment up to which work was done by ``moment``: itself within a span or at its end."""
        at, year = _millis(moment), self._year_of(moment)
        while True:
            one = self._year(year)
            place = bisect_left(one.starts, at) - 1
            if place >= 0:
                return moment if at <= one.ends[place] else _moment(one.ends[place])
            year = self._step(year, -1, moment)

    def shift(self, moment: datetime, days: int) -> datetime:
        """Return the same time of day ``days`` working days later, or earlier.

        A moment on a day without work counts as the beginning of the next working day, forwards and backwards.
        """
        local = moment.astimezone(self.zone)
        day, clock = local.date(), local.time()
        if days == 0:
            return moment
        if not self.is_workday(day):
            day, clock = self.add_days(day, 0), _MIDNIGHT
        millis = (datetime.combine(day, clock) - datetime.combine(day, _MIDNIGHT)) // _MILLI
        return _moment(self._instant(self.add_days(day, days), millis))

    # Days -------------------------------------------------------------------------------------------------------

    def hours(self, day: date) -> tuple[Span, ...]:
        """Return the spans that start on a day."""
        found = self._days.get(day)
        return self._week[day.weekday()] if found is None else found

    def weekday(self, day: date) -> tuple[Span, ...]:
        """Return the spans that its weekday has, whatever the year says of the day."""
        return self._week[day.weekday()]

    def is_workday(self, day: date) -> bool:
        """Tell whether there is work on a day."""
        return bool(self.hours(day))

    def add_days(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after ``day``, or before it if negative.

        ``day`` itself is not counted; with 0 it is the day itself, or the next working day if there is no work on it.

        Raises:
            MissingYearError, ValueError: As :meth:`add`.
        """
        year, ordinal = day.year, day.toordinal()
        days = self._year(year).days
        if count >= 0:
            # With 0 the day itself counts, so it is the first one from it on.
            place = (bisect_right(days, ordinal) if count else bisect_left(days, ordinal)) + max(count - 1, 0)
            while place >= len(days):
                place -= len(days)
                year = self._step(year, 1, day)
                days = self._year(year).days
        else:
            place = bisect_left(days, ordinal) + count
            while place < 0:
                year = self._step(year, -1, day)
                days = self._year(year).days
                place += len(days)
        return date.fromordinal(days[place])

    def count(self, first: date, last: date) -> int:
        """Return how many working days lie from ``first``, included, to ``last``, excluded; negative if it is before."""
        if last < first:
            return -self.count(last, first)
        found = bisect_left(self._year(last.year).days, last.toordinal())
        found -= bisect_left(self._year(first.year).days, first.toordinal())
        return found + sum(len(self._year(year).days) for year in range(first.year, last.year))

    def missing(self, first: date, last: date) -> tuple[int, ...]:
        """Return the years from ``first`` to ``last`` whose holidays are not known, though those of others are."""
        if self._known is None:
            return ()
        return tuple(year for year in range(first.year, last.year + 1) if year not in self._known)

    def at(self, day: date, clock: time) -> datetime:
        """Return the moment at which clocks show a time on a day; of a time that they jump over, the jump."""
        return _moment(self._instant(day, (datetime.combine(day, clock) - datetime.combine(day, _MIDNIGHT)) // _MILLI))

    def end_of(self, day: date) -> datetime:
        """Return the moment at which a day ends: local midnight, with or without work."""
        return _moment(self._instant(day + timedelta(days=1), 0))

    # Years ------------------------------------------------------------------------------------------------------

    def _year_of(self, moment: datetime) -> int:
        return moment.astimezone(self.zone).year

    def _step(self, year: int, by: int, start: date) -> int:
        if abs(year + by - start.year) > _FAR or not 1 < year + by < 9999:
            raise ValueError(f"{self.name} has no such working time within {_FAR} years of {start.year}")
        return year + by

    def _inside(self, year: int, at: int) -> int:
        """Return the milliseconds of working time from the beginning of the year to ``at``."""
        one = self._year(year)
        place = bisect_right(one.starts, at) - 1
        if place < 0:
            return 0
        return one.before[place] + min(at, one.ends[place]) - one.starts[place]

    def _year(self, year: int) -> _Year:
        found = self._years.get(year)
        if found is None:
            if self._refuses and self._known is not None and year not in self._known:
                known = ", ".join(map(str, sorted(self._known))) or "none"
                raise MissingYearError(
                    f"{self.name} knows no holidays of {year} (it knows {known}) and does not guess; "
                    "add the year to the calendar"
                )
            found = self._years[year] = self._laid_out(year)
        return found

    def _laid_out(self, year: int) -> _Year:
        """Return the spans of a year: joined where they touch or overlap, cut at its first and last midnight."""
        begin, end = self._instant(date(year, 1, 1), 0), self._instant(date(year + 1, 1, 1), 0)
        spans: list[tuple[int, int]] = []
        days = []
        day = date(year - 1, 12, 31)  # it may end on New Year's Day
        while day.year <= year:
            hours = self.hours(day)
            if hours and day.year == year:
                days.append(day.toordinal())
            spans += [(self._instant(day, a * 60_000), self._instant(day, b * 60_000)) for a, b in hours]
            day += timedelta(days=1)
        starts: list[int] = []
        ends: list[int] = []
        for first, last in sorted(spans):
            first, last = max(first, begin), min(last, end)
            if last <= first:
                continue
            if ends and first <= ends[-1]:
                ends[-1] = max(ends[-1], last)
            else:
                starts.append(first)
                ends.append(last)
        lengths = [b - a for a, b in zip(starts, ends, strict=True)]
        *before, total = accumulate(lengths, initial=0)
        return _Year(starts, ends, before, total, days)

    def _instant(self, day: date, millis: int) -> int:
        """Return the UTC milliseconds at which the clocks show a local time; of a time jumped over, the jump."""
        naive = datetime.combine(day, _MIDNIGHT) + millis * _MILLI
        moment = naive.replace(tzinfo=self.zone).astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) == naive:
            return _millis(moment)
        low, high = _millis(naive.replace(tzinfo=self.zone, fold=1)), _millis(moment)
        after = moment.astimezone(self.zone).utcoffset()
        while high - low > 1:
            middle = (low + high) // 2
            if _moment(middle).astimezone(self.zone).utcoffset() == after:
                high = middle
            else:
                low = middle
        return high


def _millis(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("working time needs moments with a zone")
    return (moment - _EPOCH) // _MILLI


def _moment(millis: int) -> datetime:
    return _EPOCH + millis * _MILLI
