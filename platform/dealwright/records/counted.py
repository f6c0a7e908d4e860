"""Numbers of events, brought to the rules that ask for them before they decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import rules
from dealwright.storage import counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.events import Event
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work


def fill(work: Work, entity: Entity, happened: Sequence[Event], by_event: Mapping[str, Draft]) -> None:
    """Put the numbers that the events' rules ask for into the envs of their drafts: a statement for each such rule.

    The event that is looked at is not in the log yet; it counts if it lies within the time like the others. The time
    ends now, not with the event: an event that is reported late completes a number like any other.
    """
    for kind in {event.type for event in happened}:
        for one in rules.of(work.catalog).group(entity.id, kind):
            if (counted := one.counted) is None:
                continue
            since = {}
            told = [event for event in happened if event.type == kind and one.trigger.is_woken_by(event)]
            for event in told:
                draft = by_event[event.id]
                start = counted.start(draft.env, work.now)
                draft.env[counted.key] = 0 if start is None else int(start <= event.at <= work.now)
                if start is not None:
                    since[draft.id] = start
            takes = counted.takes if counted.where is not None else None
            found = counts.of(work.connection, kind, since, work.now, takes)
            for event in told:
                draft = by_event[event.id]
                draft.env[counted.key] += found.get(draft.id, 0)
