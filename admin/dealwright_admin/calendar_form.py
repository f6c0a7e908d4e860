"""A calendar as the inputs of a form, and back: hours of weekdays, and days that differ from their weekday."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright.calendars import WEEKDAYS

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

_SPAN: Final = re.compile(
    r"\s*(\d{1,2})(?:[:：.](\d{2}))?\s*(?:-|–|—|~|～|至|到|to)\s*(\d{1,2})(?:[:：.](\d{2}))?\s*\Z"
)
_DAY: Final = re.compile(r"((?:19|20|21)\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_UNTIL: Final = re.compile(r"\s*(?:–|—|~|～|至|到|to|\.\.|…)\s*")
#: Most days that one line can name: a year.
_MOST: Final = 366


def hours(text: str) -> list[str]:
    """Return the spans that a person writes: ``9-12, 13:00–18:00`` are 09:00-12:00 and 13:00-18:00.

    What is no span stays as it is written, so that the checks tell of it.
    """
    found = []
    for part in filter(None, (one.strip() for one in re.split(r"[,，;；、\n]+", text))):
        match = _SPAN.match(part)
        a, b, c, d = match.groups() if match is not None else ("", "", "", "")
        found.append(f"{int(a):02d}:{b or '00'}-{int(c):02d}:{d or '00'}" if match is not None else part)
    return list(dict.fromkeys(found))


def days(text: str) -> list[date]:
    """Return the days that a text names, one by one or as ranges: ``2027-05-01 to 2027-05-05``, ``2027年5月1日``.

    A range over more than a year counts for its first year. What is no day is left out.
    """
    found: list[date] = []
    before, end = None, 0
    for match in _DAY.finditer(text):
        try:
            day = date(*(int(one) for one in match.groups()))
        except ValueError:
            continue
        if before is not None and _UNTIL.fullmatch(text[end : match.start()]):
            length = min(max((day - before).days, 0), _MOST)
            found += [before + timedelta(days=n) for n in range(1, length + 1)]
        else:
            found.append(day)
        before, end = day, match.end()
    return list(dict.fromkeys(found))


def read(form: MultiDict[str, str], document: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """Return a calendar as a form says it shall be; what the form does not show stays.

    What a pack says cannot be taken away from above: a day that it gives hours to gets none.
    """
    made = dict(document)
    if title := (form.get("title", "").strip() or form.get("title.zh-CN", "").strip()):
        made["title"] = title[:200]
    for key in ("description", "zone", "holidays_from"):
        if key in form:
            value = form[key].strip()
            made.pop(key, None)
            made |= {key: value} if value else {}
    if form.get("on_missing_year") and ("on_missing_year" in made or form["on_missing_year"] == "refuse"):
        made["on_missing_year"] = form["on_missing_year"]
    week = dict(made.get("week", {}))
    for name in WEEKDAYS:
        if name in form:
            _hours(week, name, form[name], own=own)
    made["week"] = week
    if "workday_hours" in form:
        _hours(made, "workday_hours", form["workday_hours"], own=own)
    return made


def _hours(within: dict[str, Any], key: str, text: str, *, own: bool) -> None:
    spans = hours(text)
    if spans or (not own and within.get(key)):
        within[key] = spans
    elif not within.get(key):
        return
    else:
        within.pop(key)


def done(document: dict[str, Any], doing: str) -> None:
    """Do to the week what a button asks for: ``weekdays:monday`` lets Monday to Friday have the hours of Monday."""
    what, _, which = doing.partition(":")
    week = document["week"]
    if what == "weekdays" and which in WEEKDAYS:
        for name in WEEKDAYS[:5]:
            week[name] = list(week.get(which, ()))


def mark(document: dict[str, Any], below: Mapping[str, Any], day: date, how: str, spans: list[str], usual: Any) -> None:
    """Let a day be a ``holiday``, a make-up ``workday``, have ``hours`` of its own, or be ``usual`` again.

    Args:
        document: Is changed.
        below: What the packs say of it, which stays; empty for an own calendar.
        day: Of whichever year.
        how: One of the four words.
        spans: The hours of its own.
        usual: Hours of a working day, for a day that a pack calls a holiday.
    """
    text, year = day.isoformat(), str(day.year)
    said = document.setdefault("years", {}).setdefault(year, {"holidays": []})
    theirs = below.get("years", {}).get(year, {})
    for key in ("holidays", "workdays"):
        said[key] = [one for one in said.get(key, ()) if one != text or text in theirs.get(key, ())]
    own_hours = dict(said.get("hours", {}))
    own_hours.pop(text, None)
    if how == "hours" and spans:
        own_hours[text] = spans
    elif how == "holiday":
        if text in said["workdays"]:
            own_hours[text] = []  # the pack calls it a make-up day
        else:
            said["holidays"] = sorted({*said["holidays"], text})
    elif how == "workday":
        if text in said["holidays"]:
            own_hours[text] = list(usual)
        else:
            said["workdays"] = sorted({*said["workdays"], text})
    elif text in theirs.get("hours", {}):
        own_hours[text] = list(theirs["hours"][text])
    for key, value in (("workdays", said["workdays"]), ("hours", own_hours)):
        said.pop(key, None)
        if value:
            said[key] = value


def other(document: Mapping[str, Any], below: Mapping[str, Any], day: date, works: bool) -> str:
    """Return how a day that is pressed becomes: usual where the admins have marked it, else the other of work and none."""
    text, year = day.isoformat(), str(day.year)
    said, theirs = (one.get("years", {}).get(year, {}) for one in (document, below))
    marked = any(text in said.get(key, ()) and text not in theirs.get(key, ()) for key in ("holidays", "workdays"))
    if marked or said.get("hours", {}).get(text) != theirs.get("hours", {}).get(text):
        return "usual"
    return "holiday" if works else "workday"
