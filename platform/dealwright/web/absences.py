"""Who is away and who decides meanwhile: everybody for the own absences, administrators for all."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import format_date

from dealwright import access
from dealwright.actions.plain import moment as plain
from dealwright.errors import ConflictError, DealwrightError, ForbiddenError, Problem, RecordError
from dealwright.fields.messages import speaking
from dealwright.metadata import approvals as definitions
from dealwright.records import absences, read
from dealwright.web import approval_cards, i18n, notices, refusals, visit
from dealwright.web.display import moment
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue

    from dealwright.records import Work


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/absences", "absences", show)
    pages.add_url_rule("/absences/new", "go_away", go_away, methods=["POST"])
    pages.add_url_rule("/absences/<identifier>/end", "come_back", come_back, methods=["POST"])


def show() -> ResponseReturnValue:
    """Show when somebody is away (``user``: another person, for an administrator), and a form for the next time."""
    return _page(None, {}), 200


def go_away() -> ResponseReturnValue:
    """Note an absence, from the first day to the last, both in the reader's zone."""
    form = request.form
    whose = form.get("user") or None
    try:
        since, until = _day(form, "since"), _day(form, "until")
        with visit.writing() as work, speaking(i18n.tag()):
            absences.be_away(
                work,
                since,
                until + timedelta(days=1),
                form.get("delegate", ""),
                entity=form.get("entity") or None,
                user=whose,
            )
    except (ConflictError, ForbiddenError, RecordError) as error:
        return _page(error, form), error.status
    return redirect(url_for("web.absences", user=whose, notice="saved"), 303)


def come_back(identifier: str) -> ResponseReturnValue:
    """End an absence now."""
    with visit.writing() as work:
        absences.be_back(work, identifier)
    return redirect(url_for("web.absences", user=request.form.get("user") or None, notice="done"), 303)


def _day(form: Mapping[str, str], name: str) -> datetime:
    """Return the beginning of a day of the form.

    Raises:
        RecordError: If it is none.
    """
    try:
        day = date.fromisoformat(form.get(name, ""))
    except ValueError:
        problem = Problem(f"/{name}", "not-a-date", "this is no day; write one such as 2026-11-23")
        raise RecordError("the absence was not noted", [problem]) from None
    return datetime.combine(day, time(), i18n.zone())


def _page(refusal: DealwrightError | None, typed: Mapping[str, str]) -> str:
    with visit.reading() as work, speaking(i18n.tag()):
        admin = access.capable(work.catalog, work.user, "admin")
        known = approval_cards.people(work)
        whose = (request.values.get("user") or None) if admin else None
        if whose == work.user.id or whose not in {one for one, _ in known}:
            whose = None
        found = absences.absences(work, whose)
        return render_template(
            "approvals/absences.html",
            rows=_rows(work, found),
            people=[one for one in known if one[0] != whose],
            others=known if admin else (),
            me=whose is not None,
            whose=whose,
            entities=_entities(work),
            typed=typed,
            refusal=refusal,
            problems=_said(refusal) if refusal is not None else (),
            notice=notices.notice(),
        )


def _said(refusal: DealwrightError) -> list[str]:
    texts = {
        "out-of-order": gettext("The last day lies before the first."),
        "past": gettext("These days are over already."),
        "same-person": gettext("Somebody else decides meanwhile; choose another person."),
        "no-such-record": gettext("There is nobody like this who can sign in; choose somebody else."),
        "not-a-date": gettext("Choose the first and the last day."),
    }
    return [texts[one.code] for one in refusal.problems if one.code in texts] or [refusals.told(refusal)]


def _rows(work: Work, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = read.titles(work, {"base.user": {one["delegate"] for one in found}})
    titles = dict(_entities(work))
    return [
        {
            "id": one["id"],
            "since": _said_moment(one["since"]),
            "until": _said_moment(one["until"], end=True),
            "now": one["since"] <= work.now,
            "delegate": names.get(("base.user", one["delegate"])) or gettext("not visible to you"),
            "entity": titles.get(one["entity"], one["entity"]) if one["entity"] else "",
        }
        for one in found
    ]


def _said_moment(at: datetime, *, end: bool = False) -> str:
    """Return a moment in the reader's zone: a day alone where it is its beginning, or, at the end, that of the next."""
    local = at.astimezone(i18n.zone())
    if local.time() != time():
        return moment(plain(at))
    return str(format_date(local.date() - timedelta(days=end), "medium"))


def _entities(work: Work) -> list[tuple[str, str]]:
    """Return (id, title) of the entities whose approvals there are, as far as the reader may see any of them."""
    ids = {one.entity for one in definitions.of(work.catalog).values()}
    seen = [work.catalog.entity(one) for one in sorted(ids) if access.rights(work.catalog, work.user, one).grants]
    return [(one.id, i18n.entity_plural(work.catalog, one)) for one in seen]
