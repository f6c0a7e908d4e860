"""Telling people: who that is, in which language, and by which channel; worked out in the transaction of the decision.

A notification is a record; what leaves the database is an outbox row. Somebody who is not active is told nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import actions
from dealwright.metadata.names import EVERYBODY
from dealwright.records.follow import Asked
from dealwright.storage import recipients

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealwright.records.work import Work
    from dealwright.storage.recipients import Recipient

#: Characters of a notification's title; what is longer is cut, so that a long name stops no save.
LONGEST_TITLE = 200
IN_APP = "in_app"
EMAIL = "email"


def told(work: Work, asked: Sequence[Asked]) -> list[Asked]:
    """Return the notifications and deliveries that messages come to; one statement for the people of all.

    Who has no address for a channel is left out, and an outcome of the decision says so.
    """
    wanted = sorted({one for each in asked for one in _tell(each).to})
    people = recipients.of(work.connection, work.catalog, wanted) if wanted else []
    found: list[Asked] = []
    for one in asked:
        tell = _tell(one)
        effects = [
            *(effect for who in people if _is_meant(who, tell) for effect in _to(work, one, who)),
            *(_mail(work, one, address, "", None) for address in tell.addresses if EMAIL in tell.channels),
        ]
        found += [
            Asked(effect, one.decision, one.index, number, one.depth, one.outcomes)
            for number, effect in enumerate(effects, 1)
        ]
    return found


def _tell(one: Asked) -> actions.Tell:
    assert isinstance(one.effect, actions.Tell)  # noqa: S101 - narrows the type; callers pass nothing else
    return one.effect


def _is_meant(who: Recipient, tell: actions.Tell) -> bool:
    return who.id in tell.to or who.team in tell.to or EVERYBODY in tell.to


def _to(work: Work, one: Asked, who: Recipient) -> Iterator[actions.Effect]:
    for channel in _tell(one).channels:
        if channel == IN_APP:
            yield _notification(work, one, who)
        elif who.email is None:
            said = {"action": one.index, "do": "send_message", "code": "no-address", "to": who.id, "channel": channel}
            one.outcomes.append(said)
        elif channel == EMAIL:
            yield _mail(work, one, who.email, who.id, who.locale)
        else:
            yield actions.Deliver(channel, who.email, _said(work, one, who.locale))


def _notification(work: Work, one: Asked, who: Recipient) -> actions.Effect:
    title, body = (_text(work, one, part, who.locale) for part in ("title", "body"))
    data: dict[str, Any] = {
        "user": who.id,
        "owner": who.id,
        "title": " ".join(title.split())[:LONGEST_TITLE] or one.decision.rule,
        "about": {"entity": one.decision.entity, "id": one.decision.record},
    }
    return actions.CreateRecord("base.notification", {**data, "body": body} if body else data)


def _mail(work: Work, one: Asked, address: str, user: str, locale: str | None) -> actions.Effect:
    return actions.Deliver(EMAIL, address, {**_said(work, one, locale), **({"user": user} if user else {})})


def _said(work: Work, one: Asked, locale: str | None) -> dict[str, Any]:
    """Return a message as channels get it: subject, plain text, and Markdown in which values are escaped."""
    body = _text(work, one, "body", locale)
    markdown = _text(work, one, "body", locale, markdown=True)
    said = {"subject": _text(work, one, "title", locale), "text": body, "markdown": markdown}
    spoken = locale or work.catalog.settings.get("locale", "en")
    return {**said, "locale": spoken, "entity": one.decision.entity, "record": one.decision.record}


def _text(work: Work, one: Asked, part: str, locale: str | None, *, markdown: bool = False) -> str:
    tell = _tell(one)
    own = tell.title if part == "title" else tell.body
    text = actions.message(work.catalog, tell.message, part, locale) if tell.message else own
    return actions.filled(text, tell.values or {}, markdown=markdown)
