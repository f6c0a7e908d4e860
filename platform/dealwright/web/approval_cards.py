"""Approvals in words: what a page shows of one, on the inbox and on the page of its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from dealwright import access, records
from dealwright.actions.plain import moment as plain
from dealwright.fields.messages import sized
from dealwright.metadata import approvals as definitions
from dealwright.records import approval_views
from dealwright.web import i18n
from dealwright.web.display import Display, Reader, display, moment
from dealwright.web.forms import linked
from dealwright.web.i18n import gettext
from dealwright.web.links import links

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.records import Work

#: Colours of what an approval, a step or a person has come to.
_HUES: Final = {
    "open": "blue", "asked": "blue", "approved": "green", "rejected": "red", "blocked": "amber", "returned": "amber",
}  # fmt: skip
#: People that are offered to be asked.
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is or was asked, in words."""

    name: str
    behalf: str
    why: str
    state: str
    hue: str
    at: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an approval, in words."""

    title: str
    state: str
    hue: str
    place: str
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody has said or shown beside a decision, in words; ``file`` has name, size and address."""

    name: str
    at: str
    text: str
    file: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Card:
    """An approval as a page shows it.

    Attributes:
        raw: What the API says of it.
        whys: Why it came to the reader, if it did.
        values: Field and value of what it is about, unless it has changed or is empty.
        changes: Field, value when it was asked for, value now.
        earlier: (id, title) of the steps that it can be sent back to.
        notes: Comments and files beside the decisions, the oldest first.
        chairs: (value, label) of those in whose stead an administrator can name somebody; nobody for a step without.
    """

    raw: Mapping[str, Any]
    state: str
    hue: str
    at: str
    whys: tuple[str, ...]
    steps: tuple[Step, ...]
    values: tuple[tuple[str, Display], ...]
    changes: tuple[tuple[str, Display, Display], ...]
    earlier: tuple[tuple[str, str], ...]
    notes: tuple[Note, ...]
    chairs: tuple[tuple[str, str], ...]


def panel(work: Work, entity_id: str, record_id: str) -> dict[str, Any] | None:
    """Return what the page of a record says of its approvals; None where its entity has none: no statement then."""
    if not any(one.entity == entity_id for one in definitions.of(work.catalog).values()):
        return None
    cards = [card(work, one) for one in approval_views.of_record(work, entity_id, record_id)]
    decides = any(card.raw["asks_me"] for card in cards)
    appoints = any(card.chairs for card in cards)
    current = [card for card in cards if card.raw["state"] == "open"] or cards[:1]
    return {
        "cards": current,
        "earlier": [card for card in cards if card not in current],
        "askable": approval_views.askable(work, entity_id, record_id),
        "people": people(work, himself=appoints) if decides or appoints else (),
    }


def people(work: Work, *, himself: bool = False) -> Sequence[tuple[str, str]]:
    """Return (id, name) of the people that the reader can name: nobody, if he may not see users.

    With ``himself`` the reader is one of them.
    """
    if not access.rights(work.catalog, work.user, "base.user").allows("read"):
        return ()
    found = records.page(work, "base.user", sort="name", only=["name"], size=_MOST)
    return [
        (one["id"], str(one.get("name") or one["id"])) for one in found.items if himself or one["id"] != work.user.id
    ]


def card(work: Work, one: Mapping[str, Any]) -> Card:
    """Return an approval, as the API tells of it, in the reader's words."""
    entity = work.catalog.entity(one["entity"])
    then = {change["field"]: change["then"] for change in one["changed"]}
    now = {change["field"]: change["now"] for change in one["changed"]}
    reader = Reader(work.catalog, entity, links(work, [linked(entity, then), linked(entity, one["values"])]))
    fields = entity.all_fields()
    live = [step for step in one["steps"] if not step["past"]]
    mine = {asked["step"] for asked in one["asks_me"]}
    before = live[: next((i for i, step in enumerate(live) if step["step"] in mine), 0)]
    return Card(
        raw=one,
        state=_state(one["state"]),
        hue=_HUES.get(one["state"], "gray"),
        at=moment(plain(one["asked_at"])),
        whys=tuple(why(work.catalog, asked["why"]) for asked in one["asks_me"]),
        steps=tuple(_step(work.catalog, step) for step in live),
        values=tuple(
            (i18n.field_text(work.catalog, entity, fields[name]), display(reader, fields[name], value))
            for name, value in one["values"].items()
            if name not in now and value is not None
        ),
        changes=tuple(
            (
                i18n.field_text(work.catalog, entity, fields[name]),
                display(reader, fields[name], then[name]),
                display(reader, fields[name], now[name]),
            )
            for name in now
        ),
        earlier=tuple((step["step"], step["title"]) for step in before if step["state"] == "approved"),
        notes=tuple(_note(note) for note in one["notes"]),
        chairs=tuple(_chairs(live)) if one["may_appoint"] else (),
    )


def _chairs(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    hidden = gettext("not visible to you")
    for step in steps:
        if step["state"] == "blocked":
            yield f"{step['step']}:", f"{step['title']}: {gettext('nobody to ask')}"
        if step["state"] == "open":
            for who in step["people"]:
                if who["state"] == "asked":
                    yield f"{step['step']}:{who['user']}", f"{step['title']}: {who['name'] or hidden}"


def _note(one: Mapping[str, Any]) -> Note:
    file = one["file"]
    shown = None
    if file is not None:
        shown = {
            "name": file["name"],
            "size": sized(file["size"]),
            "href": url_for("web.file", identifier=file["id"]),
        }
    name = one["name"] or gettext("not visible to you")
    return Note(name, moment(plain(one["at"])), one["text"] or "", shown)


def result(done: Mapping[str, Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what became of one of several decisions, in words.

    Args:
        done: As :func:`dealwright.records.approving.decide_each` tells it.
        known: The approval as the reader saw it before; None if it did not wait for the reader.
    """
    title = gettext("An approval that does not wait for you")
    if known is not None:
        title = f"{known['record_title']} · {known['title']}" if known["record_title"] else known["title"]
    if "state" in done:
        says = _state(done["state"]) if done["state"] != "open" else gettext("Decided; the next step waits")
        return {"title": title, "good": True, "says": says}
    said = " ".join(error["message"] for error in done["errors"]) or done["detail"]
    return {"title": title, "good": False, "says": said}


def foreseen(catalog: Catalog, one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step of :func:`dealwright.records.approval_trial.simulated` in words: who would be asked, and why."""
    nobody = {
        "block": gettext("The approval would wait until an administrator names somebody."),
        "skip": gettext("The step would be passed over."),
        "escalate": gettext("Managers would be asked."),
    }
    left_out = {
        "cannot sign in": gettext("cannot sign in"),
        "may not read the record": gettext("may not see the record"),
        "who asks cannot decide": gettext("who asks cannot decide"),
    }
    hidden = gettext("not visible to you")
    return {
        "title": one["title"],
        "needed": one["needed"],
        "need": gettext("%(n)s of %(of)s must approve", n=one["need"], of=len(one["people"])) if one["people"] else "",
        "nobody": nobody.get(one["nobody"] or "", ""),
        "people": [
            {"name": who["name"] or hidden, "why": why(catalog, who["why"]), "stands_in": who["behalf"] is not None}
            for who in one["people"]
        ],
        "left_out": [
            {"name": who["name"] or hidden, "why": left_out.get(who["why"], who["why"])} for who in one["left_out"]
        ],
    }


def _step(catalog: Catalog, step: Mapping[str, Any]) -> Step:
    place = {"open": "now", "approved": "done", "skipped": "done"}.get(step["state"], "later")
    return Step(
        title=step["title"],
        state=_skipped(step["reason"]) if step["state"] == "skipped" else _state(step["state"]),
        hue=_HUES.get(step["state"], "gray"),
        place=place,
        people=tuple(
            Person(
                name=one["name"] or gettext("not visible to you"),
                behalf=one["behalf_name"],
                why=why(catalog, one["why"]),
                state=gettext("counts from an earlier step") if one["counted"] else _state(one["state"]),
                hue=_HUES.get(one["state"], "gray"),
                at=moment(plain(one["decided_at"])) if one["decided_at"] else "",
                comment=one["comment"],
            )
            for one in step["people"]
            if one["state"] != "left"
        ),
    )


def _state(state: str) -> str:
    texts = {
        "open": gettext("waits for a decision"),
        "asked": gettext("is asked"),
        "approved": gettext("Approved"),
        "rejected": gettext("Rejected"),
        "recalled": gettext("Withdrawn"),
        "returned": gettext("Sent back"),
        "waiting": gettext("comes next"),
        "blocked": gettext("nobody can decide; ask an administrator"),
    }
    return texts.get(state, state)


def _skipped(reason: str) -> str:
    return gettext("passed over: nobody to ask") if reason == "nobody" else gettext("not needed")


def why(catalog: Catalog, said: str) -> str:
    """Return why somebody is asked, in the reader's language."""
    kind, _, rest = said.partition(" ")
    if said.startswith(("handed over by ", "added by ", "named by ")):
        return gettext("By %(name)s", name=said.partition(" by ")[2])
    if kind == "role":
        role = rest.partition(" ")[0]
        title = catalog.text("role", role, "/title", i18n.tag()) or role
        return gettext("Has the role %(role)s", role=title)
    texts = {
        "manager_of": {
            "owner": gettext("Manager of the owner"),
            "requester": gettext("Manager of who asked"),
            "previous": gettext("Manager of who decided before"),
        }.get(rest, rest),
        "manager": gettext("Manager, asked in the stead of others"),
        "escalated": gettext("Asked because nobody decided in time"),
        "field": gettext("Named by the record"),
        "where": gettext("Meets the condition for those who decide"),
        "user": gettext("Named by the approval"),
    }
    return texts.get(kind, said)
