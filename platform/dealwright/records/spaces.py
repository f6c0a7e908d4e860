"""The space of a record's team: who is in it, what they share about the record, how far it is.

An entity names with ``space`` the fields that hold the team: users, and at most one of rows with a person and a role each.
Whether a member may read or change the record is said where all rights are, in the row rules of grants
(``solution_expert == user.id || members.exists(m, m.person == user.id)``).
Being in the team, or being allowed to change the record, opens one thing more: comments, files and tasks *about this record*
are shown as far as the reader's roles show fields of such records at all, whoever wrote them
(``docs/decisions/052-team-spaces.md``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealwright import access
from dealwright.errors import ForbiddenError, NotFoundError, RecordError
from dealwright.records import attached, read, road
from dealwright.records.work import Change, Saved, Work

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Entity
    from dealwright.storage import files

COMMENT, FILE, TASK = "base.comment", "base.attachment", "base.task"
#: What is read of each kind; the newest first.
_MOST: Final = 100
_FIELDS: Final[Mapping[str, Sequence[str]]] = {
    COMMENT: ("text", "created_at", "created_by"),
    FILE: ("title", "file", "document_type", "created_at", "created_by"),
    TASK: ("title", "status", "due", "assignee"),
}


@dataclass(frozen=True, slots=True)
class Space:
    """What a team shares about a record; all as API JSON, as far as the reader's roles show the fields.

    Attributes:
        record: The record itself.
        field: The field with rows of the team; empty where there is none.
        members: Its rows: ``id``, ``person``, ``role``.
        named: Users in fields of their own, by field, such as the owner.
        may_invite: Whether the reader may change the rows.
    """

    entity: Entity
    field: str
    record: Mapping[str, Any]
    members: Sequence[Mapping[str, Any]]
    named: Mapping[str, str]
    comments: Sequence[Mapping[str, Any]]
    files: Sequence[Mapping[str, Any]]
    tasks: Sequence[Mapping[str, Any]]
    may_invite: bool

    def as_json(self) -> dict[str, Any]:
        """Return what the interface answers."""
        told = {"members": self.members, "comments": self.comments, "files": self.files, "tasks": self.tasks}
        open_, done = (sum(one.get("status") == state for one in self.tasks) for state in ("open", "done"))
        stage = {name: self.record[name] for name in ("stage", "status") if name in self.record}
        return {
            "named": dict(self.named),
            **{name: list(some) for name, some in told.items()},
            "progress": {**stage, "open": open_, "done": done},
        }


def team(entity: Entity, record: Mapping[str, Any]) -> tuple[str, Mapping[str, str]] | None:
    """Return the rows field of a record's team and the users in fields of their own, as far as shown; None without any."""
    names = [name for name in entity.document.get("space", ()) if name in record]
    fields = entity.all_fields()
    rows = next((name for name in names if fields[name].items is not None), "")
    named = {name: str(record[name]) for name in names if fields[name].items is None and record[name]}
    return (rows, named) if names else None


def is_in(work: Work, entity: Entity, record: Mapping[str, Any]) -> bool:
    """Tell whether the user is in the team of a record."""
    found = team(entity, record)
    if found is None or work.user.id is None:
        return False
    people = {str(one.get("person")) for one in record.get(found[0]) or ()} | set(found[1].values())
    return work.user.id in people


def space(work: Work, entity_id: str, record_id: str) -> Space:
    """Return the space of a record.

    Raises:
        NotFoundError: If there is no such record, the user may not read it, or its entity has no spaces.
        ForbiddenError: If the user may read the record, but is neither in its team nor may change it.
    """
    record = read.fetch(work, entity_id, record_id)
    entity = work.catalog.entity(entity_id)
    found = team(entity, record)
    held = access.rights(work.catalog, work.user, entity_id)
    if found is None:
        raise NotFoundError(f"records of “{entity_id}” have no space for a team")
    name, named = found
    members = record.get(name) or []
    changes = _may_change(work, entity, record)
    if not changes and not is_in(work, entity, record):
        raise ForbiddenError("only the team of this record sees its space; ask somebody of the team to add you")
    shared = {kind: _about(work, kind, entity_id, record_id) for kind in _FIELDS}
    may_invite = changes and bool(name) and name in held.edited("update") and record.get("archived_at") is None
    return Space(entity, name, record, members, named, shared[COMMENT], shared[FILE], shared[TASK], may_invite)


def add_member(work: Work, entity_id: str, record_id: str, person: str, role: str) -> Saved:
    """Take somebody into the team of a record, by the one save, and tell him; who is in it already gets the role.

    Raises:
        NotFoundError, ForbiddenError, RecordError: As :func:`space` and the save.
    """
    here = _changeable(work, entity_id, record_id)
    rows = [dict(one) for one in here.members]
    known = next((one for one in rows if one.get("person") == person), None)
    if known is not None:
        known["role"] = role
    else:
        rows.append({"person": person, "role": role})
    saved = road.save_one(work, entity_id, Change({here.field: rows}, record_id))
    if known is None and person != work.user.id:
        name = str(here.record.get(here.entity.display or "") or here.entity.title)
        about = {"entity": entity_id, "id": record_id}
        by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=work.catalog)
        title = f"{work.user.name or work.user.email}: + {name}"[:200]
        road.save_many(
            by, "base.notification", [Change({"user": person, "owner": person, "title": title, "about": about})]
        )
    return saved


def remove_member(work: Work, entity_id: str, record_id: str, row: str) -> Saved:
    """Take a row out of the team of a record, by the one save.

    Raises:
        NotFoundError, ForbiddenError, RecordError: As :func:`space` and the save.
    """
    here = _changeable(work, entity_id, record_id)
    rows = [one for one in here.members if one.get("id") != row]
    if len(rows) == len(here.members):
        raise RecordError("this member is not in the team any more; load the page again")
    return road.save_one(work, entity_id, Change({here.field: rows}, record_id))


def _changeable(work: Work, entity_id: str, record_id: str) -> Space:
    here = space(work, entity_id, record_id)
    if not here.may_invite:
        raise ForbiddenError("you may not change the team of this record; ask somebody who may change the record")
    return here


def share_file(work: Work, entity_id: str, record_id: str, file: Mapping[str, Any]) -> Saved:
    """Share an uploaded file with the team, as an attachment about the record.

    Raises:
        NotFoundError, ForbiddenError, RecordError: As :func:`space` and the save.
    """
    space(work, entity_id, record_id)
    about = {"entity": entity_id, "id": record_id}
    return road.save_one(work, FILE, Change({"about": about, "title": str(file["name"])[:200], "file": dict(file)}))


def _may_change(work: Work, entity: Entity, record: Mapping[str, Any]) -> bool:
    where = access.criteria(work.catalog, work.user, "update", entity.id, work.tables, work.env)
    return where is not None and bool(read.among(work, entity.id, [record["id"]], where))


def _about(work: Work, kind: str, entity_id: str, record_id: str) -> list[Mapping[str, Any]]:
    """Return what is about a record, with the fields that the user's roles show of such records; nothing without a grant."""
    held = access.rights(work.catalog, work.user, kind)
    shown = [name for name in _FIELDS[kind] if name in held.seen()]
    if not held.allows("read") or "about" not in held.seen() or not shown:
        return []
    by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=work.catalog)
    condition = f"about.entity == {json.dumps(entity_id)} && about.id == {json.dumps(record_id)}"
    return list(read.page(by, kind, filter=condition, only=shown, sort="-id", size=_MOST).items)


def _shows(work: Work, stored: files.StoredFile) -> bool:
    """Tell whether a file is one that a team of the user shares."""
    if stored.entity != FILE or "file" not in access.rights(work.catalog, work.user, FILE).seen():
        return False
    by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=work.catalog)
    try:
        attachment = read.fetch(by, FILE, str(stored.record), archived=False)
        about = attachment.get("about") or {}
        here = space(work, str(about.get("entity")), str(about.get("id")))
    except (NotFoundError, ForbiddenError):
        return False
    return any(one["id"] == attachment["id"] for one in here.files)


attached.SHOWN_IN.append(_shows)
