"""“Why not?”: each rule about a record, what it came to last and would come to now, condition by condition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, request, url_for

from dealwright import access, records
from dealwright.errors import NotFoundError
from dealwright.fields.messages import speaking
from dealwright.web import i18n, visit
from dealwright.web.display import Reader, moment
from dealwright.web.i18n import gettext
from dealwright.web.story import Judgement, Reason, judged, reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.records import Work


@dataclass(frozen=True, slots=True)
class Told:
    """A rule and why it did, or did not, act.

    Attributes:
        says: The outcome in a word or two, with its ``hue``.
        because: The outcome in a sentence.
        url: Opens it.
    """

    id: str
    title: str
    says: str
    hue: str
    because: str
    url: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The rule that is open: what its latest decision looked at, and what its condition comes to at the moment asked for."""

    rule: Told
    last: Judgement | None
    then: tuple[Reason, ...] | None
    holds: bool
    at: str
    as_now: bool


def register(pages: Blueprint) -> None:
    """Add the page to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/<record_id>/why", "why", why)


def why(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Show every rule about a record with its outcome; ``rule`` opens one, ``at`` asks as of a moment of the past."""
    with visit.reading() as work, speaking(i18n.tag()):
        access.demand(work.catalog, work.user, "read", entity_id)
        entity = work.catalog.entity(entity_id)
        record = records.fetch(work, entity_id, record_id)
        past = _moment()
        found = [_told(work, one, entity_id, record_id) for one in records.whys(work, entity_id, record_id, at=past)]
        chosen = request.args.get("rule", "")
        opened = None
        if chosen:
            if chosen not in {one.id for one in found}:
                raise NotFoundError(f"there is no rule “{chosen[:80]}”")
            reader = Reader(work.catalog, entity, {}, short=True)
            opened = _opened(work, reader, chosen, record_id, past or work.now)
        return render_template(
            "records/why.html",
            entity=entity,
            plural=i18n.entity_plural(work.catalog, entity),
            name=record.get(entity.display or "") or record_id,
            record_url=url_for("web.record", entity_id=entity_id, record_id=record_id),
            rules=found,
            opened=opened,
            at=past.astimezone(i18n.zone()).strftime("%Y-%m-%dT%H:%M") if past is not None else "",
        )


def _moment() -> datetime | None:
    """Return the moment of the past that is asked about, typed in the reader's zone; None for now."""
    try:
        typed = datetime.fromisoformat(request.args.get("at", ""))
    except ValueError:
        return None
    return typed if typed.tzinfo is not None else typed.replace(tzinfo=i18n.zone())


def _opened(work: Work, reader: Reader, rule: str, record_id: str, at: datetime) -> Opened:
    told = records.why(work, rule, record_id, at=at, entity_id=reader.entity.id)
    then = told["then"]
    return Opened(
        rule=_told(work, told, reader.entity.id, record_id),
        last=judged(reader, told["decision"]) if told["decision"] is not None else None,
        then=reasons(reader, then["tree"]) if then is not None else None,
        holds=bool(then["holds"]) if then is not None else False,
        at=moment(at.isoformat()),
        as_now=bool(then["read_as_now"]) if then is not None else False,
    )


def _told(work: Work, one: Mapping[str, Any], entity_id: str, record_id: str) -> Told:
    says, hue, because = _outcome(one)
    rule = work.catalog.rules.get(str(one["rule"]))
    title = i18n.text(work.catalog, "rule", rule.id, "/title", rule.title) if rule is not None else str(one["title"])
    url = url_for(
        "web.why", entity_id=entity_id, record_id=record_id, rule=one["rule"], at=request.args.get("at") or None
    )
    return Told(str(one["rule"]), title, says, hue, because, url)


def _outcome(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what became of a rule: in a word or two, its hue, in a sentence."""
    at = moment(str(one["decision"]["at"])) if one["decision"] is not None else ""
    held = moment(str(one["held_by"]["at"])) if one["held_by"] is not None else ""
    due = moment(str(one["next"])) if one["next"] is not None else ""
    waits = gettext("It will be looked at next on %(at)s.", at=due) if due else gettext("No event has woken it yet.")
    texts = {
        "fired": (gettext("fired"), "green", gettext("Its condition held on %(at)s.", at=at)),
        "shadow": (gettext("shadow"), "gray", gettext("Its condition held on %(at)s; it only watches.", at=at)),
        "held-back": (
            gettext("held back"),
            "amber",
            gettext("Its condition held, but it had fired on %(at)s and does not fire so soon again.", at=held),
        ),
        "condition-false": (gettext("did not fire"), "gray", gettext("Its condition did not hold on %(at)s.", at=at)),
        "never-woken": (gettext("never asked"), "gray", waits),
        "switched-off": (gettext("switched off"), "red", gettext("It was switched off, by itself or by somebody.")),
        "draft": (gettext("draft"), "gray", gettext("It is a draft: nothing wakes it.")),
        "not-in-force": (gettext("not in force"), "gray", gettext("It was not in force at that time.")),
    }
    return texts.get(str(one["reason"]), (str(one["reason"]), "gray", ""))
