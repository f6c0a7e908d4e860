"""What goes with a record that is archived, and comes back with it: its parts, and what ``on_delete`` says.

The way of writing is handed in (``road.write_and_follow``): what a rule archives is written by the road that asked it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import events
from dealwright.errors import ConflictError
from dealwright.fields import messages
from dealwright.records import follow, locks, needs
from dealwright.records.draft import Draft
from dealwright.records.texts import called, say
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records.work import Work

    Write = Callable[[Work, Entity, Sequence[Draft], Sequence[follow.Asked]], None]


def put(work: Work, entity: Entity, draft: Draft, kind: str, write: Write) -> None:
    """Write the change of ``archived_at`` with its event, and let the rules look at it."""
    draft.put("archived_at", work.now if kind == events.DELETED else None)
    follow.tell(work, draft, draft.rule, kind)
    effects = follow.decide(work, entity, [draft], told=True)
    write(work, entity, [draft], effects)


def let_go(work: Work, entity: Entity, ids: list[str], write: Write) -> None:
    """Archive what goes with the records.

    Raises:
        ConflictError: If something active holds them; the caller rolls back.
    """
    for other, field, rule in references(work, entity):
        found = stored.referring(work.connection, work.catalog, other.id, field.id, ids)
        if found and rule == "restrict":
            others, record = called(work.catalog, other, several=True), called(work.catalog, entity)
            by = (
                work.catalog.text("entity", other.id, f"/properties/{field.id}/title", messages.locale()) or field.title
            )
            raise ConflictError(say("referred-to", count=len(found), others=others, record=record, field=by))
        for record_id in found:
            let_go(work, other, [record_id], write)
            put(work, other, draft_of(work, other, record_id), events.DELETED, write)


def references(work: Work, entity: Entity) -> Iterator[tuple[Entity, Field, str]]:
    """Yield the references that have a say when a record of this entity goes, with what they say."""
    for other in work.catalog.entities.values():
        for field in other.fields.values():
            if (
                field.type == "reference"
                and field.to == entity.id
                and (rule := stored.goes(other, field)) != "set_null"
            ):
                yield other, field, rule


def draft_of(work: Work, entity: Entity, record_id: str) -> Draft:
    """Return the draft of a record that goes or comes with another: the right to the whole is the right to its parts."""
    row = stored.get(work.connection, work.catalog, entity.id, [record_id], lock=True)[record_id]
    draft = Draft(entity, record_id, False, {}, before=row)
    draft.env = {**row, **work.env, "is_new": False}
    wanted = needs.needs(work.catalog, entity, work.user.roles)
    needs.load(work, entity, wanted, [draft.env])
    locks.load(work, entity, [draft])
    needs.remember(wanted, draft.env, row)
    needs.derive(wanted, draft.env)
    return draft
