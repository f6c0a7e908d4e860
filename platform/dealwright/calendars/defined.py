"""Calendars as documents define them, and what is wrong with those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, available_timezones

from dealwright.calendars.calendar import Calendar, Span
from dealwright.errors import NotFoundError, Problem

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document

#: The calendar of a document that names none: the workspace's own working hours.
DEFAULT: Final = "base.working_hours"
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY: Final = 24 * 60
#: Calendars that take over one another's holidays, in a row.
_DEEPEST: Final = 5


def of(catalog: Catalog, identifier: str | None = None) -> Calendar:
    """Return a calendar of a catalog, made at the first call.

    Raises:
        NotFoundError: If the catalog has none with this id.
    """
    name = identifier or DEFAULT
    document = catalog.documents.get(("calendar", name))
    if document is None:
        raise NotFoundError(f"there is no calendar “{name}”")
    return catalog.once(("calendar", name), lambda: _made(catalog, name, document))


def _made(catalog: Catalog, name: str, document: Document) -> Calendar:
    week = [[span(one) for one in document["week"].get(day, ())] for day in WEEKDAYS]
    extra = document.get("workday_hours")
    makeup = [span(one) for one in extra] if extra is not None else next((spans for spans in week if spans), [])
    days: dict[date, list[Span]] = {}
    known: set[int] = set()
    for one in reversed([document, *_sources(catalog, document)]):
        for year, said in one.get("years", {}).items():
            known.add(int(year))
            days.update({date.fromisoformat(day): [] for day in said.get("holidays", ())})
            days.update({date.fromisoformat(day): makeup for day in said.get("workdays", ())})
            for day, spans in said.get("hours", {}).items():
                days[date.fromisoformat(day)] = [span(text) for text in spans]
    return Calendar(
        ZoneInfo(document.get("zone") or catalog.settings.get("zone", "UTC")),
        week,
        days=days,
        known=frozenset(known) if known else None,
        refuses=document.get("on_missing_year") == "refuse",
        name=f"the calendar “{document['title']}”",
    )


def _sources(catalog: Catalog, document: Document) -> Iterator[Document]:
    """Yield the calendars whose holidays a document takes over, the nearest first."""
    for _ in range(_DEEPEST):
        found = catalog.documents.get(("calendar", document.get("holidays_from", "")))
        if found is None:
            return
        document = found
        yield document


def taken_over(catalog: Catalog, document: Document) -> list[Document]:
    """Return a calendar and those whose holidays it takes over, the nearest first."""
    return [document, *_sources(catalog, document)]


def span(text: str) -> Span:
    """Return the minutes of ``09:00-12:30``; one that ends at or before its start ends on the next day."""
    first, _, last = text.partition("-")
    a, b = (int(one[:2]) * 60 + int(one[3:]) for one in (first, last))
    return (a, b) if b > a else (a, b + _DAY)


def problems(catalog: Catalog) -> list[Problem]:
    """Return what is wrong with each calendar: pointers into the document, ``source`` ``calendar:<id>``."""
    found = []
    for (kind, identifier), document in catalog.documents.items():
        if kind == "calendar":
            for pointer, code, message in _faults(catalog, identifier, document):
                found.append(Problem(pointer, code, message, f"calendar:{identifier}"))
    return found


def _faults(catalog: Catalog, identifier: str, document: Document) -> Iterator[tuple[str, str, str]]:
    zone = document.get("zone")
    if zone is not None and zone not in available_timezones():
        yield "/zone", "unknown-zone", f"there is no time zone “{zone}”; write one such as Asia/Shanghai"
    week = document["week"]
    if not any(week.values()):
        yield "/week", "no-hours", "no day of the week has hours; give at least one of them"
    for place, spans in [
        *((f"/week/{day}", spans) for day, spans in week.items()),
        ("/workday_hours", document.get("workday_hours", ())),
    ]:
        yield from _overlaps(place, spans)
    chain = [identifier]
    source = document.get("holidays_from")
    if source is not None and ("calendar", source) not in catalog.documents:
        yield "/holidays_from", "unknown-name", f"there is no calendar “{source}”"
    while source is not None:
        if source in chain or len(chain) > _DEEPEST:
            way = " → ".join([*chain, source])
            yield "/holidays_from", "circular", f"holidays are taken from calendar to calendar without an end: {way}"
            break
        chain.append(source)
        source = catalog.documents.get(("calendar", source), {}).get("holidays_from")
    for year, said in document.get("years", {}).items():
        yield from _of_year(f"/years/{year}", year, said)


def _of_year(at: str, year: str, said: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in ("holidays", "workdays", "hours"):
        for index, day in enumerate(said.get(key, ())):
            place = f"{at}/{key}/{day if key == 'hours' else index}"
            if not _is_day(day):
                yield place, "no-such-day", f"there is no day {day}"
            elif not day.startswith(f"{year}-"):
                yield place, "other-year", f"{day} stands under {year}; move it to its own year"
    for index, day in enumerate(said.get("workdays", ())):
        if day in said.get("holidays", ()):
            yield f"{at}/workdays/{index}", "twice", f"{day} is a holiday and a make-up workday; keep one of them"
    for day, spans in said.get("hours", {}).items():
        yield from _overlaps(f"{at}/hours/{day}", spans)


def _overlaps(place: str, spans: Any) -> Iterator[tuple[str, str, str]]:
    ordered = sorted(span(one) for one in spans)
    for first, second in pairwise(ordered):
        if second[0] < first[1]:
            yield place, "overlap", "two spans of hours overlap; join them or move one"
            return
    if ordered and ordered[-1][1] > ordered[0][0] + _DAY:
        yield place, "overlap", "the hours of one day last longer than 24 hours"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
