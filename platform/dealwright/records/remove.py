"""Archiving, restoring and purging records.

To delete is to archive: the row stays, out of lists, and can be restored. To purge is to remove it for good, with its
history; that needs the capability ``purge``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import access, events
from dealwright.errors import ConflictError, ForbiddenError, StaleVersionError
from dealwright.records import going, interactions, locks, needs, reach, road
from dealwright.records.draft import Draft
from dealwright.records.read import missing
from dealwright.records.texts import called, say
from dealwright.storage import audit, retention
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Saved, Work


def archive(work: Work, entity_id: str, record_id: str, *, version: int | None = None) -> Saved:
    """Archive a record with its parts, and what ``on_delete: cascade`` says goes with it.

    Raises:
        NotFoundError, ForbiddenError: If it is not there, may not be seen, or may not be deleted.
        ConflictError: If active records refer to it by a reference that says ``on_delete: restrict``.
        StaleVersionError: If it has another version.
    """
    entity = work.catalog.entity(entity_id)
    access.demand(work.catalog, work.user, "delete", entity_id)
    draft = _taken(work, entity, record_id, version)
    if draft.env["archived_at"] is not None:
        return road.saved(work, draft)
    going.let_go(work, entity, [record_id], road.write_and_follow)
    going.put(work, entity, draft, events.DELETED, road.write_and_follow)
    return road.saved(work, draft)


def restore(work: Work, entity_id: str, record_id: str) -> Saved:
    """Bring an archived record back to the lists, with its parts and whatever else was archived with it.

    Raises:
        NotFoundError, ForbiddenError: As :func:`archive`.
        ConflictError: If a record with the same unique values has taken its place.
    """
    entity = work.catalog.entity(entity_id)
    access.demand(work.catalog, work.user, "delete", entity_id)
    draft = _taken(work, entity, record_id, None)
    if draft.env["archived_at"] is None:
        return road.saved(work, draft)
    at = draft.env["archived_at"]
    _demand_place(work, entity, draft)
    going.put(work, entity, draft, events.RESTORED, road.write_and_follow)
    _back_with(work, entity, [record_id], at)
    return road.saved(work, draft)


def purge(work: Work, entity_id: str, record_id: str) -> None:
    """Remove a record and its parts for good. Its events and decisions go with it; the audit log says that it was.

    Raises:
        ForbiddenError: If no role of the user has the capability ``purge``.
        ConflictError: If any record, archived or not, still refers to it, or it must still be kept (``retention``).
    """
    entity = work.catalog.entity(entity_id)
    access.demand(work.catalog, work.user, "delete", entity_id)
    if not access.capable(work.catalog, work.user, "purge"):
        raise ForbiddenError("removing a record for good needs the capability “purge”; archive it instead")
    draft = _taken(work, entity, record_id, None)
    if retention.of_record(work.connection, work.catalog, entity_id, record_id, work.now):
        why = entity.document["retention"].get("reason") or entity.document["retention"]["keep"]
        raise ConflictError(say("must-be-kept", record=called(work.catalog, entity), why=why))
    draft.changed.add("archived_at")
    reach.note(work, entity, [draft])
    stored.purge(work.connection, work.catalog, entity_id, [record_id])
    if entity.interaction is not None:
        interactions.refresh(work, entity, [draft.env])
    audit.append(
        work.connection,
        action="record.purged",
        actor=work.user.id,
        at=work.now,
        subject=f"{entity_id}:{record_id}",
        data={"by": work.user.by},
        address=work.address,
    )


def _taken(work: Work, entity: Entity, record_id: str, version: int | None) -> Draft:
    """Return a draft of a stored record that the user may delete, locked."""
    row = stored.get(work.connection, work.catalog, entity.id, [record_id], lock=True).get(record_id)
    if row is None:
        raise missing(work, entity.id, record_id)
    draft = Draft(entity, record_id, False, {}, expected=version, before=row)
    draft.env = {**row, **work.env, "is_new": False}
    wanted = needs.needs(work.catalog, entity, work.user.roles)
    needs.load(work, entity, wanted, [draft.env])
    locks.load(work, entity, [draft])
    needs.remember(wanted, draft.env, row)
    needs.derive(wanted, draft.env)
    held = access.rights(work.catalog, work.user, entity.id)
    if not held.matching("delete", draft.env):
        if held.seen_on(draft.env):
            raise ForbiddenError(f"you may not delete this {entity.title}; ask an administrator for a role that can")
        raise missing(work, entity.id, record_id)
    if version is not None and version != row["version"]:
        raise StaleVersionError(f"the {entity.title} has version {row['version']} now, you have seen version {version}")
    return draft


def _demand_place(work: Work, entity: Entity, draft: Draft) -> None:
    """Refuse to restore a record whose unique values another has now."""
    clashes = stored.clashes(work.connection, work.catalog, entity.id, [{**draft.env, "archived_at": None}])
    if any(clash.kind == "unique" for clash in clashes):
        raise ConflictError(say("place-taken", record=called(work.catalog, entity)))


def _back_with(work: Work, entity: Entity, ids: list[str], at: datetime) -> None:
    """Restore what was archived with the records, which is what went at the same moment.

    Raises:
        ConflictError: If a record with the same unique values has taken the place of one of them.
    """
    for other, field, rule in going.references(work, entity):
        if rule != "cascade":
            continue
        for record_id in stored.referring(work.connection, work.catalog, other.id, field.id, ids, archived_at=at):
            draft = going.draft_of(work, other, record_id)
            _demand_place(work, other, draft)
            going.put(work, other, draft, events.RESTORED, road.write_and_follow)
            _back_with(work, other, [record_id], at)


__all__ = ["archive", "purge", "restore"]
