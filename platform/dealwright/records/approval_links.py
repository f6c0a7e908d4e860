"""Deciding from a mail: a link of one's own that is good once and for a week, and does nothing until one confirms.

The secret of a link is made when the mail goes out and stands in the mail alone; the database holds its digest. A link
stands for one seat of an approval: it is good as long as that very person is asked there. Programs that open links in
mails decide nothing: opening one only shows what it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dealwright import access, clock
from dealwright.approvals import kept
from dealwright.records import approval_course, approval_views, approving
from dealwright.records.work import Work
from dealwright.storage import approval_links as stored
from dealwright.storage import approvals as rows
from dealwright.storage import people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.records.workspace import Workspace
    from dealwright.storage import Connection, Database
    from dealwright.storage.approval_links import Link
    from dealwright.storage.approvals import Stored

#: How long a link is good.
LIFE: Final = timedelta(days=7)
#: How the key of a message begins that may ask for a link: those of the platform itself.
KEYS: Final = "approval:"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link leads to.

    Attributes:
        state: ``open``: the person may decide now. Else why not: ``unknown``, ``used``, ``expired``, ``disabled`` (the
            person may not sign in), ``ended`` (the approval), ``decided`` (by this person), ``elsewhere`` (another has
            decided, or was asked instead), ``restarted``, ``waiting`` (somebody is asked before), ``unseen`` (the
            person may not see the record).
        link: What is known of it; None if it is unknown.
        work: The transaction in the name of that person; None where there is nobody.
        view: The approval as that person sees it, where it is open.
        step: Id of the step that it decides, where it is open.
    """

    state: str
    link: Link | None = None
    work: Work | None = None
    view: Mapping[str, Any] | None = None
    step: str = ""


def minted(database: Database, key: str, payload: Any) -> Any:
    """Return what a message says, with a link of its own where it asks for one; the secret is made here and now.

    Each attempt to send a mail makes another link; the first one that is used is the only one, as there is one decision.
    """
    if not key.startswith(KEYS) or "decide" not in payload:
        return payload
    asked = payload["decide"]
    secret, now = clock.secret(), clock.now()
    link = stored.Link(access.digest(secret), asked["approval"], asked["seat"], asked["user"], now, now + LIFE)
    with database.write() as connection:
        stored.add(connection, link)
    address = f"{asked['address']}/approvals/mail/{secret}"
    return {
        **{name: value for name, value in payload.items() if name != "decide"},
        "text": f"{payload['text']}\n\n{asked['label']}: {address}\n{asked['note']}",
        "markdown": f"{payload['markdown']}\n\n[{asked['label']}]({address})\n\n{asked['note']}",
    }


def opened(workspace: Workspace, connection: Connection, secret: str, *, address: str = "") -> Opened:
    """Return what a link leads to; nothing is changed, whoever opens it.

    Args:
        workspace: The workspace.
        connection: A transaction.
        secret: The secret of the link.
        address: Where the request comes from.
    """
    link = stored.get(connection, access.digest(secret))
    if link is None:
        return Opened("unknown")
    if link.used_at is not None:
        return Opened("used", link)
    if link.expires_at <= clock.now():
        return Opened("expired", link)
    catalog = workspace.catalog(connection)
    person = people.of_ids(connection, catalog, [link.user]).get(link.user)
    if person is None:
        return Opened("disabled", link)
    name = str(person.facts.get("name") or person.email)
    user = access.User(person.id, person.email, name, person.roles, MappingProxyType(dict(person.facts)), "link")
    work = Work(workspace, connection, user, catalog=catalog, address=address)
    row = rows.get(connection, [link.approval]).get(link.approval)
    if row is None:
        return Opened("ended", link, work)
    state = _state(row, link.seat)
    if state != "open":
        return Opened(state, link, work)
    approval = approval_course.definition_of(work, row)
    env = approval_course.env_of(work, row, approval)
    if not approval_course.people_of(work, row, approval, env).may(person.id):
        return Opened("unseen", link, work)
    course = kept.course(row)
    step = course.place(course.seats[link.seat].place).step
    return Opened("open", link, work, approval_views.one(work, row.id), step)


def decide(
    workspace: Workspace, connection: Connection, secret: str, verdict: str, *, comment: str | None, address: str = ""
) -> Opened:
    """Decide by a link, once, with every check of a decision; return what it leads to, ``open`` if that was done.

    Raises:
        RecordError: If the step wants a comment and there is none; the link stays good.
    """
    link = stored.get(connection, access.digest(secret))
    if link is not None and rows.get(connection, [link.approval]):
        # The record and the approval first, as everybody locks them: what is seen below is so until the end.
        approval_course.locked(Work(workspace, connection, access.platform_itself()), link.approval)
    found = opened(workspace, connection, secret, address=address)
    if found.state != "open" or found.work is None or found.link is None:
        return found
    if not stored.use(connection, found.link.digest, verdict, clock.now()):
        return opened(workspace, connection, secret, address=address)
    approving.decide(found.work, found.link.approval, verdict, step=found.step, comment=comment)
    return found


def _state(row: Stored, number: int) -> str:
    """Return whether the person of a seat may decide now, or why not."""
    course = kept.course(row)
    seat = course.seats[number]
    place = course.place(seat.place)
    if seat.state in ("approved", "rejected"):
        return "decided"
    if row.state != "open":
        return "ended"
    if place.past:
        return "restarted"
    if seat.state == "left":
        return "elsewhere"
    return "open" if place.state == "open" else "waiting"
