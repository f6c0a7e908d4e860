"""Moments that rules waited for have come: everything is asked anew, then the rule decides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dealwright import rules
from dealwright.records import armed, happenings
from dealwright.rules.plain import plain
from dealwright.storage import timers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dealwright.events import Event
    from dealwright.records.work import Work


def due(work: Work, told: Sequence[Event]) -> None:
    """Let the rules of due timers decide on an event ``timer.due`` about the record.

    The record may have gone on meanwhile: an archived one wakes nothing, and where the moment lies ahead by now the
    timer is set for it and that is all. ``event.since`` is what the rule counted from.
    """
    later: list[timers.Timer] = []
    known = rules.of(work.catalog).by_id

    def still(event: Event, row: Mapping[str, Any]) -> Event | None:
        one = known.get(str(event.data["name"]).partition(":")[2])
        if one is None or one.timed is None or one.rule.entity != event.entity or row["archived_at"] is not None:
            return None
        moment = one.timed.due(row)
        if moment is None:
            return None
        if moment > work.now:
            later.append(timers.Timer(event.entity, row["id"], armed.name_of(one), moment, {"rule": one.rule.id}))
            return None
        data = {**event.data, "rule": one.rule.id, "since": plain(one.timed.since(row))}
        return replace(event, data=data, at=moment)

    happenings.happen(work, [event for event in told if event.entity in work.catalog.entities], still)
    timers.put(work.connection, later)
