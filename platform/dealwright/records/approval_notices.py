"""Notices and moments of an approval: whoever is newly asked is told, and what is due is looked at in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dealwright import access, calendars, clock
from dealwright.metadata.names import namespace_of
from dealwright.metadata.parse import parameter_id
from dealwright.records import approval_facts, approval_mail, road
from dealwright.records.draft import Draft
from dealwright.storage import people, timers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from dealwright.approvals import Approval, Course, Place, Seat
    from dealwright.records.work import Work
    from dealwright.storage.approvals import Stored

#: Family of the timers: ``approval:<id>:<place>:due`` and ``…:remind``.
FAMILY = "approval"

#: What a notice says, in English and in Chinese.
TEXTS: Mapping[str, tuple[str, str]] = {
    "asked": ("Please decide: {approval} for {record}", "请审批：{record}的{approval}"),
    "reminder": ("Still waiting for you: {approval} for {record}", "仍待您审批：{record}的{approval}"),
    "approved": ("Approved: {approval} for {record}", "已批准：{record}的{approval}"),
    "rejected": ("Rejected: {approval} for {record}", "已驳回：{record}的{approval}"),
    "recalled": ("Taken back: {approval} for {record}", "已撤回：{record}的{approval}"),
    "noted": ("New comment: {approval} for {record}", "新的说明：{record}的{approval}"),
    "returned": ("Sent back to you: {approval} for {record}", "已退回给您：{record}的{approval}"),
}


def tell(work: Work, approval: Approval, row: Stored, before: Course | None, after: Course) -> None:
    """Tell who is asked now and was not before, and who asked how it ended; set and cancel the moments of its steps."""
    was = {(one.number, one.state) for one in before.seats} if before else set()
    waits = {one.number for one in before.live() if one.state == "waiting"} if before else set()
    asked = [
        one
        for one in after.asked()
        if after.place(one.place).state == "open" and ((one.number, "asked") not in was or one.place in waits)
    ]
    _notify(work, approval, row, after, "asked", [(one.user, one) for one in asked])
    if after.state != "open" and row.requester is not None:
        _notify(work, approval, row, after, after.state, [(row.requester, None)])
    _moments(work, approval, row, before, after)


def remind(work: Work, approval: Approval, row: Stored, course: Course, place: int) -> None:
    """Remind those who have not decided at a place."""
    _notify(work, approval, row, course, "reminder", [(one.user, one) for one in course.asked() if one.place == place])


def noted(work: Work, approval: Approval, row: Stored, course: Course, users: Sequence[str]) -> None:
    """Tell of a comment or file, without a mail."""
    _notify(work, approval, row, course, "noted", [(user, None) for user in users], mail=False)


def again(work: Work, approval: Approval, row: Stored, place: Place) -> None:
    """Set the moment of the next reminder of a place."""
    at = _after(work, approval, row, approval.steps[place.step].remind)
    if at is not None:
        name = f"{FAMILY}:{row.id}:{place.number}:remind"
        timers.put(work.connection, [timers.Timer(row.entity, row.record, name, at)])


def _notify(
    work: Work,
    approval: Approval,
    row: Stored,
    course: Course,
    code: str,
    told_of: Sequence[tuple[str, Seat | None]],
    *,
    mail: bool = True,
) -> None:
    """Tell users, each with the seat that it is about; None for the end. One notification each, a mail for each seat."""
    told = list(dict.fromkeys(user for user, _ in told_of))
    if not told:
        return
    known = people.of_ids(work.connection, work.catalog, told)
    entity, names = work.catalog.entity("base.notification"), _names(work, approval, row, known)
    drafts, said = [], {}
    for user in told:
        own = known[user].facts.get("locale") if user in known else None
        locale = own or work.catalog.settings.get("locale", "en")
        title = work.catalog.text("approval", approval.id, "/title", locale) or approval.title
        text = TEXTS[code][locale.startswith("zh")].format(approval=title, record=names(user, locale))
        data = {"user": user, "owner": user, "title": text[:200], "about": {"entity": row.entity, "id": row.record}}
        drafts.append(Draft(entity, clock.new_id(), True, data, rule=approval.id))
        said[user] = (locale, text)
    road.run(work, entity, drafts)
    letters = ((user, known[user].email, *said[user], seat) for user, seat in told_of if user in known)
    if mail:
        approval_mail.send(work, approval, row, course, code, letters)


def _names(
    work: Work, approval: Approval, row: Stored, known: Mapping[str, people.Person]
) -> Callable[[str, str], str]:
    """Return what a record is called to a user in a language: its name, or its kind for who may not see the name."""
    entity = work.catalog.entity(row.entity)
    catalog = work.workspace.catalog_of(work.connection, row.revision)
    env = approval_facts.env(work, catalog, approval, row.record) or {}

    def name(user: str, locale: str) -> str:
        kind = work.catalog.text("entity", entity.id, "/title", locale) or entity.title
        person = known.get(user)
        if person is None or not env:
            return kind
        rights = access.rights_of(work.catalog, person.roles, entity.id)
        own = {f"user.{field}": value for field, value in person.facts.items()}
        seen = rights.seen_on({**env, **own, "user.id": user, "user.roles": list(person.roles)})
        return str(env.get(entity.display or "") or kind) if entity.display in seen else kind

    return name


def _moments(work: Work, approval: Approval, row: Stored, before: Course | None, after: Course) -> None:
    was = {one.number: one.state for one in before.places} if before else {}
    new, gone = [], []
    for place in after.places:
        is_open = place.state == "open" and not place.past and after.state == "open"
        if is_open == (was.get(place.number) == "open"):
            continue
        step = approval.steps[place.step]
        for what, given in (("due", step.due), ("remind", step.remind)):
            name = f"{FAMILY}:{row.id}:{place.number}:{what}"
            if given is None:
                continue
            if not is_open:
                gone.append(name)
            elif (at := _after(work, approval, row, given)) is not None:
                new.append(timers.Timer(row.entity, row.record, name, at))
    timers.put(work.connection, new)
    if after.state != "open":
        gone += [f"{FAMILY}:{row.id}:{one.number}:{what}" for one in after.places for what in ("due", "remind")]
    if gone:
        timers.cancel(work.connection, row.record, gone)


def _after(work: Work, approval: Approval, row: Stored, given: Any) -> datetime | None:
    """Return when a duration of a step is over: ``P2D``, ``P3WD``, a parameter with its unit. None if it has no value.

    Hours and minutes are working time where the approval names a calendar, as in an SLA.
    """
    catalog = work.workspace.catalog_of(work.connection, row.revision)
    if isinstance(given, Mapping) and catalog.parameters[parameter_id(approval.id, given["param"])].value is None:
        return None
    period = calendars.said(catalog, given, namespace_of(approval.id))
    return calendars.later(catalog, work.now, period, approval.calendar, working=approval.calendar is not None)
