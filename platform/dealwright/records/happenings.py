"""Events that are no save: sent by people, plugins and timers. They are logged, and rules look at them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dealwright import access, clock, events
from dealwright.errors import ForbiddenError, Problem, RecordError, TooLargeError
from dealwright.records import road
from dealwright.records.read import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from dealwright.events import Event
    from dealwright.records.work import Work

#: Characters of an event's data as JSON text.
LARGEST_DATA = 16_000


def send(
    work: Work, kind: str, entity_id: str, record_id: str, data: Mapping[str, Any], at: datetime | None = None
) -> str:
    """Log an event that the user sends about a record, and let the rules look at it.

    The user must be allowed to update the record: an event can make rules change it. The platform's own types
    (``record.updated`` ...) cannot be sent.

    Args:
        work: The transaction.
        kind: Type, such as ``engagement.opened``.
        entity_id: Id of the entity.
        record_id: The record it is about.
        data: What the event says; ``event.<key>`` in conditions.
        at: When it happened; None for now. Not later than now.

    Returns:
        The event's id.

    Raises:
        RecordError: If the type cannot be sent, or the event is said to happen in the future.
        TooLargeError: If ``data`` is larger than ``LARGEST_DATA``.
        NotFoundError, ForbiddenError: If the record may not be seen, or not be updated.
    """
    held = access.demand(work.catalog, work.user, "update", entity_id)
    problems = []
    if not events.is_sendable(kind):
        problems.append(
            Problem(
                "/type", "not-an-event", f"“{kind[:80]}” cannot be sent; a type is two names, such as engagement.opened"
            )
        )
    if at is not None and at > work.now:
        problems.append(Problem("/at", "in-the-future", "an event cannot happen later than now; leave “at” out"))
    if problems:
        raise RecordError("the event was not taken", problems)
    if len(json.dumps(dict(data), ensure_ascii=False, default=str)) > LARGEST_DATA:
        raise TooLargeError(f"the data of the event has more than {LARGEST_DATA} characters; send less of it")
    entity = work.catalog.entity(entity_id)
    draft = road.taken(work, entity, [record_id]).get(record_id)
    if draft is None or not held.matching("update", draft.env):
        if draft is not None and held.seen_on(draft.env):
            raise ForbiddenError(f"you may not update this {entity.title}, so you cannot send events about it")
        raise missing(work, entity_id, record_id)
    event = events.Event(
        clock.new_id(), kind, entity_id, record_id, None, at or work.now, actor=work.user.id, data=dict(data)
    )
    road.hear(work, entity, [(draft, event)])
    return event.id


def happen(
    work: Work, happened: Sequence[Event], still: Callable[[Event, Mapping[str, Any]], Event | None] | None = None
) -> None:
    """Log events that the platform itself raises (a due timer, the outcome of an approval) and let rules look at them.

    Args:
        work: The transaction.
        happened: The events. Those about records that are gone wake nothing.
        still: Asked with each event and its record, locked: the event as it is to happen, or None if it is not to.
    """
    by_entity: dict[str, list[Event]] = {}
    for event in happened:
        by_entity.setdefault(event.entity, []).append(event)
    for entity_id, told in by_entity.items():
        entity = work.catalog.entity(entity_id)
        drafts = road.taken(work, entity, [event.record for event in told if event.record is not None])
        wanted = [(draft, e) for e in told if (draft := drafts.get(e.record or "")) is not None]
        if still is not None:
            wanted = [(draft, e) for draft, one in wanted if (e := still(one, draft.env)) is not None]
        road.hear(work, entity, wanted)
