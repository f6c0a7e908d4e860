"""Working time: calendars of hours, holidays and make-up workdays, and exact arithmetic with them.

    of(catalog, "base.working_hours")      the Calendar of a document: .add .between .next .previous .shift .add_days .count
    period("P3WD")                         a length of time as documents write it: .after(moment, calendar), .before(...)
    said(catalog, given, namespace)        the Period of a text or of {"param": name, "unit": unit} in a document
    later(catalog, moment, period)         the moment that lies so much later: what due times, idle times, offsets ask
    problems(catalog)                      what is wrong with the calendars of a catalog

Pure: nothing here reads a clock, a table or the network. It stands low in the house, so that rules, actions, clocks and
reports count working time in one and the same way. ``docs/calendars.md`` is the guide.
"""

from __future__ import annotations

from dealwright.calendars.calendar import Calendar, MissingYearError, Span
from dealwright.calendars.defined import DEFAULT, WEEKDAYS, of, problems, span, taken_over
from dealwright.calendars.period import UNITS, Period, earlier, later, period, said, written

__all__ = [
    "DEFAULT",
    "UNITS",
    "WEEKDAYS",
    "Calendar",
    "MissingYearError",
    "Period",
    "Span",
    "earlier",
    "later",
    "of",
    "period",
    "problems",
    "said",
    "span",
    "taken_over",
    "written",
]
