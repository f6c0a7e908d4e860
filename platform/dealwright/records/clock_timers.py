"""Clocks whose moment has come: a step of the ladder, the end, the opening of a window.

Everything is asked anew first: a clock that should have stopped or paused meanwhile (a condition that looks at another
record, which nobody told of) does so, and one whose record is archived or whose policy is gone ends without an outcome.
What holds is an event, and the steps of the ladder are rules that listen to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dealwright import sla
from dealwright.records import clocks, road
from dealwright.sla.clock import RUNNING
from dealwright.storage import clocks as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.events import Event
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.sla import Clock


def due(work: Work, told: Sequence[Event]) -> None:
    """Carry out timers of the families ``sla`` and ``deadline``, the longest due first."""
    by_entity: dict[str, list[Event]] = {}
    for event in sorted(told, key=lambda one: (one.at, str(one.data["name"]))):
        if event.entity in work.catalog.entities:
            by_entity.setdefault(event.entity, []).append(event)
    for entity_id, some in by_entity.items():
        entity = work.catalog.entity(entity_id)
        drafts = road.taken(work, entity, [event.record for event in some if event.record is not None])
        found = stored.get(work.connection, {str(event.data["clock"]) for event in some})
        turn = clocks.Turn(work)
        for event in some:
            one, draft = found.get(str(event.data["clock"])), drafts.get(event.record or "")
            if one is not None and draft is not None and one.is_open:
                _look(turn, one, draft, event)
        heard = turn.write()
        if heard:
            road.tell(work, entity, heard)


def _look(turn: clocks.Turn, one: Clock, draft: Draft, event: Event) -> None:
    """Ask anew whether a clock still runs; if it does, say what it has reached."""
    current = sla.of(turn.work.catalog).by_id.get((one.kind, one.policy))
    if current is None:
        turn.cancel(one)
    elif isinstance(current, sla.Policy):
        clocks.moved(turn, current, draft, [one], due=event.at)
    else:
        clocks.set_anew(turn, current, draft, [one], due=event.at)
    if one.state == RUNNING:
        _reached(turn, one, str(event.data["step"]), event.at)


def _reached(turn: clocks.Turn, one: Clock, step: str, at: datetime) -> None:
    if step in ("100", sla.DUE):
        one.breached_at = one.due_at
        turn.tell("sla.breached" if one.kind == "sla" else "deadline.missed", one, at=one.due_at, percent=100)
    else:
        one.steps = [left for left in one.steps if left[0] != step]
        if one.kind == "sla":
            turn.tell("sla.reached", one, at=at, percent=int(step))
        elif step == sla.OPENED:
            turn.tell("deadline.opened", one, at=at)
        else:
            turn.tell("deadline.reached", one, at=at, step=step, **_percent(turn, one, step))
    turn.moved[one.id] = one


def _percent(turn: clocks.Turn, one: Clock, step: str) -> dict[str, Any]:
    """Return the share of a reminder at a share of the time, as the definitions in force say."""
    current = sla.of(turn.work.catalog).by_id.get((one.kind, one.policy))
    reminders = current.reminders if isinstance(current, sla.Deadline) else ()
    return next(({"percent": r.percent} for r in reminders if r.id == step and r.percent is not None), {})
