"""Calendars of a draft: the working week, the days of each year that differ from it, and when something would be due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

from flask import redirect, request, url_for

from dealwright import calendars, clock
from dealwright.errors import DealwrightError
from dealwright.metadata.names import CUSTOM
from dealwright.packs import drafts, edits
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import calendar_form, calendar_picture, copying, due, entities, problems, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened

#: What a new calendar begins with.
_WEEK: Final = {day: ["09:00-12:00", "13:00-18:00"] for day in calendars.WEEKDAYS[:5]}


class Calendars(DraftPage):
    """Calendars of a draft."""

    part = "calendars"

    @exposed("/<draft>/calendars/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the calendars; make a new one, or an own copy of a pack's."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        return self.shown("calendars.html", found, rows=[_row(found, name) for name in found.ids("calendar")]), 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        with writing(draft) as (connection, found):
            taken = set(found.ids("calendar"))
            if original := form.get("copy"):
                document = copying.copied(found, "calendar", original, taken)
            elif title or chinese:
                name = f"{CUSTOM}.{entities.free(title, taken, 'calendar', f'{CUSTOM}.')}"
                document = {"kind": "calendar", "id": name, "lang": 1, "title": title or chinese, "week": dict(_WEEK)}
                source = form.get("holidays_from", "")
                document |= {"holidays_from": source} if source in taken else {}
            else:
                return redirect(url_for("admin_draft_calendars.index_view", draft=draft), 303)
            texts: Texts = {("title",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "calendar", document["id"], document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_calendars.calendar_view", draft=draft, calendar=document["id"]), 303)

    @exposed("/<draft>/calendars/<calendar>/", methods=("GET", "POST"))
    def calendar_view(self, draft: str, calendar: str) -> ResponseReturnValue:
        """Show a calendar, or let it be as the form says; a script posts it while somebody types."""
        if request.method == "GET":
            return self._page(opened(draft), calendar, "calendar.html"), 200
        own, doing = edits.is_own(calendar), request.form.get("do", "")
        with writing(draft) as (connection, found):
            document = calendar_form.read(request.form, found.document("calendar", calendar), own=own)
            if doing:
                calendar_form.done(document, doing)
            texts: Texts = {}
            if "title.zh-CN" in request.form and request.form.get("title", "").strip():
                texts[("title",)] = {LOCALE: request.form["title.zh-CN"].strip()}
            found = drafts.write(
                connection, found, "calendar", calendar, document, texts, by=visit.user().id, seen=seen()
            )
        if autosaved():
            return self._page(found, calendar, "calendar_part.html"), 200
        return redirect(url_for("admin_draft_calendars.calendar_view", draft=draft, calendar=calendar), 303)

    @exposed("/<draft>/calendars/<calendar>/days/", methods=("POST",))
    def days_view(self, draft: str, calendar: str) -> ResponseReturnValue:
        """Mark days of a year: one that was pressed, or those that a text names."""
        form = request.form
        with writing(draft) as (connection, found):
            document = found.document("calendar", calendar)
            below = dict(found.below.documents.get(("calendar", calendar), {}))
            pressed = calendar_form.days(form.get("day", ""))
            counting = _counting(found, calendar)
            usual = _usual(document)
            for one in pressed:
                works = counting is not None and counting.is_workday(one)
                how = calendar_form.other(document, below, one, works)
                calendar_form.mark(document, below, one, how, [], usual)
            named = [] if pressed else calendar_form.days(form.get("days", ""))
            spans = calendar_form.hours(form.get("hours", ""))
            how = form.get("how", "holiday")
            for one in named if how in ("holiday", "workday", "hours", "usual") else ():
                calendar_form.mark(document, below, one, how, spans, usual)
            year = _year(form.get("year", ""), named)
            if form.get("known") and edits.is_own(calendar):
                document.setdefault("years", {}).setdefault(str(year), {"holidays": []})
            if form.get("forget") and edits.is_own(calendar):
                document.get("years", {}).pop(str(year), None)
            if not document.get("years"):
                document.pop("years", None)
            found = drafts.write(connection, found, "calendar", calendar, document, by=visit.user().id)
        if autosaved():
            return self._page(found, calendar, "calendar_part.html", year), 200
        here = url_for("admin_draft_calendars.calendar_view", draft=draft, calendar=calendar, year=year, _anchor="year")
        return redirect(here, 303)

    @exposed("/<draft>/calendars/<calendar>/due/")
    def due_view(self, draft: str, calendar: str) -> ResponseReturnValue:
        """Show when something is due that starts at a moment, counted by the calendar as it is drafted."""
        found = opened(draft)
        args = request.args
        target = due.period_of(args.get("amount", ""), args.get("unit", "H"))
        told, refusal = None, None
        if _counting(found, calendar) is None:
            refusal = gettext("Mend the problems first.")
        elif target is None:
            refusal = gettext("Say how long, such as 2 days.")
        else:
            try:
                told = due.counted(found.catalog, calendar, due.start_of(args.get("from", ""), clock.now()), target)
            except (DealwrightError, ValueError) as error:
                refusal = str(error)
        return self.shown("due.html", found, told=told, refusal=refusal), 200

    @exposed("/<draft>/calendars/<calendar>/reset/", methods=("POST",))
    def reset_view(self, draft: str, calendar: str) -> ResponseReturnValue:
        """Let an attribute of a pack's calendar, or all of it, be as the pack says; one of the admins' own goes."""
        at = tuple(one for one in request.form.get("attribute", "").split("/") if one)
        with writing(draft) as (connection, found):
            found.document("calendar", calendar)
            drafts.take_back(connection, found, "calendar", calendar, at, by=visit.user().id)
        if edits.is_own(calendar) and not at:
            return redirect(url_for("admin_draft_calendars.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_calendars.calendar_view", draft=draft, calendar=calendar), 303)

    def _page(self, found: Opened, calendar: str, template: str, year: int | None = None) -> str:
        document = found.document("calendar", calendar)
        own = edits.is_own(calendar)
        below = found.below.documents.get(("calendar", calendar), {})
        wrong = problems.at(problems.told(found), "calendar", calendar)
        errors: dict[str, list[str]] = {}
        for one in wrong:
            errors.setdefault("/".join(one.at[:2]), []).append(one.message)
        counting = _counting(found, calendar)
        shown = year or _year(request.args.get("year", ""), [])
        known = calendar_picture.known(found.catalog, document)
        now = clock.now().astimezone(i18n.zone())
        theirs = below.get("years", {}).get(str(shown), {})
        said = document.get("years", {}).get(str(shown), {})
        return self.shown(
            template,
            found,
            calendar=calendar,
            document=document,
            own=own,
            owner=entities.owner(found, calendar, "calendar"),
            title_zh=found.text("calendar", calendar, ("title",), LOCALE),
            week=calendar_picture.week(document),
            year=shown,
            years=sorted({*known, now.year, now.year + 1, shown}),
            known=known,
            missing=[one for one in (now.year, now.year + 1) if known and one not in known],
            months=calendar_picture.year(counting, shown, document, below, now.date()) if counting is not None else [],
            kinds=calendar_picture.kinds(),
            sums={key: len(set(said.get(key, ()))) for key in ("holidays", "workdays", "hours")},
            own_year=bool(said) and not theirs,
            zones=sorted(available_timezones()),
            sources=[one for one in _choices(found) if one[0] != calendar],
            changed={"/".join(one.steps) for one in found.changed("calendar", calendar)},
            used=_users(found, calendar),
            words=words,
            units=due.units(),
            now=f"{now:%Y-%m-%dT%H:%M}",
            errors=errors,
            mine=wrong,
            seen=drafts.digest(found, "calendar", calendar),
        )


def _row(found: Opened, name: str) -> dict[str, Any]:
    document = found.document("calendar", name)
    known = calendar_picture.known(found.catalog, document)
    now = clock.now().astimezone(i18n.zone()).year
    return {
        "id": name,
        "title": str(document["title"]) if edits.is_own(name) else words.document(found.catalog, "calendar", name),
        "week": calendar_picture.week(document),
        "owner": entities.owner(found, name, "calendar"),
        "own": edits.is_own(name),
        "changed": f"calendar:{name}" in found.touched,
        "known": sorted(one for one in known if one >= now),
        "missing": [one for one in (now, now + 1) if known and one not in known],
        "used": len(_users(found, name)),
    }


def _counting(found: Opened, calendar: str) -> calendars.Calendar | None:
    """Return the calendar that counts, as it is drafted; None where it is wrong."""
    if ("calendar", calendar) not in found.catalog.documents:
        return None
    try:
        return calendars.of(found.catalog, calendar)
    except (ValueError, KeyError):
        return None  # such as a zone that nobody knows; the checks tell of it


def _usual(document: Mapping[str, Any]) -> list[str]:
    """Return the hours of a make-up day: as the calendar counts them."""
    week = document.get("week", {})
    first: list[str] = next((week[day] for day in calendars.WEEKDAYS if week.get(day)), [])
    return list(document.get("workday_hours", first))


def _year(text: str, named: list[date]) -> int:
    if text.isdigit() and 1900 <= int(text) <= 2199:
        return int(text)
    return named[0].year if named else clock.now().astimezone(i18n.zone()).year


def _choices(found: Opened) -> list[tuple[str, str]]:
    """Return the calendars that can be chosen."""
    return [(name, words.document(found.catalog, "calendar", name)) for name in found.ids("calendar")]


def _users(found: Opened, calendar: str) -> list[tuple[str, str, str, str]]:
    """Return kind, id, title and address of the documents that count by a calendar."""
    return [
        (kind, name, words.document(found.catalog, kind, name), words.href(found, kind, name))
        for (kind, name), document in sorted(found.catalog.documents.items())
        if calendar in (document.get("calendar"), document.get("holidays_from"))
    ]
