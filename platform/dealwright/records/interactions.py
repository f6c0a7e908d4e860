"""Interactions: records such as activities whose latest one about a record is that record's last activity.

Which entities hold interactions, and which of their records count, is metadata (``interaction`` of an entity).
Whatever is done to one (saved, moved to another record or day, archived, restored, purged) comes here after it is
written, in the same transaction. ``last_activity_at`` is no change of the record that the interaction is about: its
version stays, and its history tells of the interaction by being asked for it.

**Whoever must know that the last activity of records has moved** (a rule that waits for silence) adds a function to
:data:`FOLLOWING`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from dealwright import conditions
from dealwright.storage import interactions, timers
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work

    Moved = Mapping[str, tuple[datetime | None, datetime | None]]
    Follow = Callable[[Work, Entity, Moved], None]

#: Family and name of the timer of an interaction that is planned: it counts when its time has come.
TIMER: Final = "interaction:due"

#: Called in the transaction in which the last activity of records of an entity moved: id to (before, after).
FOLLOWING: list[Follow] = []


def note(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Bring the last activity of the records that these interactions are, or were, about up to date.

    Does nothing for an entity whose records are no interactions, or where nothing that counts has changed.
    """
    if entity.interaction is None:
        return
    watched = watches(work.catalog, entity)
    touched = [draft for draft in drafts if draft.new or not watched.isdisjoint(draft.changed)]
    if not touched:
        return
    at = entity.interaction.at
    ahead = [draft for draft in touched if _is_ahead(work, draft.env.get(at))]
    timers.put(work.connection, [timers.Timer(entity.id, draft.id, TIMER, draft.env[at]) for draft in ahead])
    refresh(work, entity, [row for draft in touched for row in (draft.before, draft.env) if row is not None])


def due(work: Work, told: Sequence[Event]) -> None:
    """Let planned interactions count whose time has come: what a due timer of the family ``interaction`` asks for."""
    by_entity: dict[str, list[str]] = {}
    for event in told:
        if event.record is not None and event.entity in work.catalog.entities:
            by_entity.setdefault(event.entity, []).append(event.record)
    for entity_id, ids in by_entity.items():
        entity = work.catalog.entity(entity_id)
        if entity.interaction is not None:
            refresh(work, entity, stored.get(work.connection, work.catalog, entity_id, ids).values())


def refresh(work: Work, entity: Entity, rows: Iterable[Mapping[str, Any]]) -> None:
    """Bring the last activity of the records that these typed interactions are about up to date."""
    assert entity.interaction is not None  # noqa: S101 - narrows the type; callers have asked
    field = entity.fields[entity.interaction.about]
    by_entity: dict[str, set[str]] = {}
    for row in rows:
        about = row.get(field.id)
        if about is not None:
            to, identifier = (about["entity"], about["id"]) if isinstance(about, dict) else (field.to or "", about)
            by_entity.setdefault(to, set()).add(identifier)
    for to in sorted(by_entity.keys() & work.catalog.entities.keys()):
        refresh_records(work, work.catalog.entity(to), by_entity[to])


def refresh_records(work: Work, entity: Entity, ids: Collection[str]) -> None:
    """Bring the last activity of these records up to date, and tell those who follow which have moved."""
    moved = interactions.refresh(work.connection, work.catalog, entity.id, ids, work.env)
    if moved:
        for follow in FOLLOWING:
            follow(work, entity, moved)


def watches(catalog: Catalog, entity: Entity) -> frozenset[str]:
    """Return the fields of an interaction on which it depends whose last activity it is."""
    return catalog.once(("records.interactions", entity.id), lambda: _watches(catalog, entity))


def _watches(catalog: Catalog, entity: Entity) -> frozenset[str]:
    said = entity.interaction
    assert said is not None  # noqa: S101 - narrows the type; callers have asked
    read = conditions.of(catalog, entity.id, said.when, "filter").fields if said.when else frozenset()
    return frozenset({said.about, said.at, "archived_at"}) | read


def _is_ahead(work: Work, moment: Any) -> bool:
    return isinstance(moment, datetime) and moment > work.now
