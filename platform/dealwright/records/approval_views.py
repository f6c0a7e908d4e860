"""Approvals as people see them: the inbox, those of a record, one with all its steps; under the rights of who asks.

Who asked for an approval or is, or was, asked in it sees it; so does whoever may read the record. What it shows of the
record's values is what that person may see of them. Comments may speak of any value that an approval is about: they are
shown to who may see all of these, and to those who have to do with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, approvals, fields
from dealwright.approvals import kept
from dealwright.errors import NotFoundError
from dealwright.fields import messages
from dealwright.records import approving, read
from dealwright.storage import approval_notes as stored_notes
from dealwright.storage import approvals as stored
from dealwright.storage import files, records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.approvals import Approval, Course, Place
    from dealwright.records.work import Work
    from dealwright.storage.approvals import Stored
    from dealwright.storage.files import StoredFile


def inbox(work: Work) -> list[dict[str, Any]]:
    """Return the approvals that wait for the user, the oldest first."""
    if work.user.id is None:
        return []
    found = [
        row
        for row in stored.asked(work.connection, work.user.id).values()
        if any(
            one.user == work.user.id and kept.course(row).place(one.place).state == "open"
            for one in kept.course(row).asked()
        )
    ]
    return _shown(work, found)


def mine(work: Work) -> list[dict[str, Any]]:
    """Return the approvals that the user has asked for, the newest first."""
    if work.user.id is None:
        return []
    return _shown(work, list(stored.requested(work.connection, work.user.id).values()))


def of_record(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the approvals of a record, the newest first.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    read.fetch(work, entity_id, record_id)
    ids = [row.id for row in stored.rows(work.connection, [record_id]) if row.entity == entity_id]
    found = stored.get(work.connection, ids)
    return _shown(work, [found[one] for one in reversed(ids)])


def one(work: Work, identifier: str) -> dict[str, Any]:
    """Return one approval.

    Raises:
        NotFoundError: If there is none, or the user has nothing to do with it and may not read its record.
    """
    row = stored.get(work.connection, [identifier]).get(identifier)
    shown = _shown(work, [row]) if row is not None else []
    if not shown:
        raise NotFoundError(f"there is no approval with the id “{identifier[:80]}”")
    return shown[0]


def askable(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the approvals that the user may ask for on a record now: ``{"approval", "title"}``."""
    held = access.rights(work.catalog, work.user, entity_id)
    definitions = [one for one in approvals.of(work.catalog).values() if one.entity == entity_id and one.by_hand]
    if not definitions or not held.allows("update"):
        return []
    return [
        {"approval": one.id, "title": _title(work, one)}
        for one in definitions
        if approving.may_request(work, one, record_id)
    ]


def _shown(work: Work, rows: Sequence[Stored]) -> list[dict[str, Any]]:
    """Return those of the rows that the user may see, with records and people by name."""
    by_entity: dict[str, list[str]] = {}
    for row in rows:
        if row.entity in work.catalog.entities:
            by_entity.setdefault(row.entity, []).append(row.record)
    envs, seen = {}, {}
    for entity_id, ids in by_entity.items():
        held = access.rights(work.catalog, work.user, entity_id)
        found = [{**one, **work.env} for one in records.get(work.connection, work.catalog, entity_id, ids).values()]
        read.complete(work, work.catalog.entity(entity_id), held, found)
        for env in found:
            envs[env["id"]], seen[env["id"]] = env, held.seen_on(env)
    visible = [row for row in rows if row.record in envs and (seen[row.record] or has_to_do(work, row))]
    users = {
        u
        for row in visible
        for u in (row.requester, *(s["user"] for s in row.seats), *(s["behalf"] for s in row.seats))
        if u
    }
    notes = stored_notes.of(work.connection, [row.id for row in visible]) if visible else {}
    users.update(one["user"] for some in notes.values() for one in some)
    names = read.titles(work, {"base.user": users})
    shown = files.many(work.connection, {one["file"] for some in notes.values() for one in some if one["file"]})
    return [
        {
            **_view(work, row, envs[row.record], seen[row.record], names),
            "notes": _notes(notes.get(row.id, ()), names, shown) if _heard(work, row, seen[row.record]) else [],
        }
        for row in visible
    ]


def _heard(work: Work, row: Stored, seen: frozenset[str]) -> bool:
    """Tell whether what people say of an approval is for the user: it may speak of any value that it is about."""
    return has_to_do(work, row) or seen >= frozenset(row.facts)


def _notes(
    notes: Sequence[Mapping[str, Any]], names: Mapping[Any, str], shown: Mapping[str, StoredFile]
) -> list[dict[str, Any]]:
    return [
        {
            "id": one["id"],
            "user": one["user"],
            "name": names.get(("base.user", one["user"]), ""),
            "at": one["at"],
            "text": one["text"],
            "file": files.value(shown[one["file"]]) if one["file"] in shown else None,
        }
        for one in notes
    ]


def has_to_do(work: Work, row: Stored) -> bool:
    """Tell whether the user has asked for an approval, or is or was asked in it."""
    return work.user.id is not None and (
        work.user.id == row.requester or any(one["user"] == work.user.id for one in row.seats)
    )


def _view(
    work: Work, row: Stored, env: Mapping[str, Any], seen: frozenset[str], names: Mapping[Any, str]
) -> dict[str, Any]:
    catalog = work.workspace.catalog_of(work.connection, row.revision)
    approval, course = approvals.of(catalog)[row.approval], kept.course(row)
    entity = work.catalog.entity(row.entity)
    heard = _heard(work, row, seen)
    display = entity.display if entity.display in seen else None
    asked = [one for one in course.asked() if one.user == work.user.id and course.place(one.place).state == "open"]
    now = fields.shown(work.catalog, row.entity, env, only=seen & frozenset(row.facts))
    return {
        "id": row.id,
        "approval": row.approval,
        "title": _title(work, approval),
        "entity": row.entity,
        "record": row.record,
        "record_title": str(env.get(display) or "") if display else "",
        "requester": row.requester,
        "requester_name": names.get(("base.user", row.requester), "") if row.requester else "",
        "asked_at": row.asked_at,
        "ended_at": row.ended_at,
        "comment": row.comment if heard else None,
        "state": row.state,
        "turn": row.turn,
        "asks_me": [{"step": course.place(one.place).step, "why": one.why, "behalf": one.behalf} for one in asked],
        "may_note": row.state == "open" and has_to_do(work, row),
        "may_appoint": row.state == "open" and access.capable(work.catalog, work.user, "admin"),
        "may_recall": row.requester is not None and row.requester == work.user.id and _recallable(approval, course),
        "values": dict(sorted(now.items())),
        "changed": [
            {"field": name, "then": row.facts[name], "now": value}
            for name, value in sorted(now.items())
            if value != row.facts[name]
        ],
        "steps": [_step(work, approval, place, row, names, heard=heard) for place in course.places],
    }


def _step(
    work: Work, approval: Approval, place: Place, row: Stored, names: Mapping[Any, str], *, heard: bool
) -> dict[str, Any]:
    step = approval.steps[place.step]
    title = work.catalog.text("approval", approval.id, f"/steps/{step.id}/title", messages.locale()) or step.title
    return {
        "step": step.id,
        "title": title,
        "state": place.state,
        "reason": place.reason,
        "past": place.past,
        "added": place.added_for is not None,
        "people": [
            {
                "user": seat["user"],
                "name": names.get(("base.user", seat["user"]), ""),
                "behalf": seat["behalf"],
                "behalf_name": names.get(("base.user", seat["behalf"]), "") if seat["behalf"] else "",
                "why": seat["why"],
                "state": seat["state"],
                "counted": seat["counted"],
                "decided_at": seat["decided_at"],
                "comment": seat["comment"] if heard else None,
            }
            for seat in row.seats
            if seat["place"] == place.number
        ],
    }


def _recallable(approval: Approval, course: Course) -> bool:
    if course.state != "open" or approval.rules.recall == "never":
        return False
    decided = any(one.state in ("approved", "rejected") for one in course.seats)
    return not (approval.rules.recall == "before_first" and decided)


def _title(work: Work, approval: Approval) -> str:
    return work.catalog.text("approval", approval.id, "/title", messages.locale()) or approval.title
