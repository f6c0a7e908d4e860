"""Sequences of records: started, gone on with and stopped by rules and people, carried on by timers, ended by ``stop``.

Each enrolment has one timer, for its next step; when its moment comes everything is asked anew. A step is an event, and what
is done at it is a rule that listens to it: decided, stored and explained like every rule. A sequence keeps the delays and the
calendar of the revision that it started with; when it stops, and what is done at a step, is as the definitions in force say.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock, events, rules
from dealwright.errors import NotFoundError, RuleLoopError
from dealwright.metadata import ladders
from dealwright.records import road
from dealwright.rules import sequences
from dealwright.rules.plain import plain
from dealwright.storage import enrolments as stored
from dealwright.storage import events as log
from dealwright.storage import timers
from dealwright.storage.enrolments import Enrolment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.events import Event
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work

#: Family of the timers.
FAMILY: Final = "sequence"
#: Events in a row that sequences and rules may cause by one another before the save is refused.
DEEPEST: Final = 16


@dataclass
class Turn:
    """What one transaction does with sequences, collected, so that many records take as few statements as one."""

    work: Work
    #: The person who does it by hand; None for rules and time.
    actor: str | None = None
    begun: list[Enrolment] = field(default_factory=list)
    moved: dict[str, Enrolment] = field(default_factory=dict)
    timers: dict[str, timers.Timer] = field(default_factory=dict)
    cancelled: set[tuple[str, str]] = field(default_factory=set)
    told: list[Event] = field(default_factory=list)

    def tell(self, kind: str, one: Enrolment, draft: Draft, at: datetime | None = None, **more: Any) -> None:
        """Note an event about an enrolment, to be logged and looked at by rules."""
        before = draft.events[-1] if draft.events else None
        depth, led = (before.depth + 1, before.id) if before is not None else (draft.depth, draft.cause)
        if depth > DEEPEST:
            raise RuleLoopError([one.sequence], DEEPEST)
        data = {"sequence": one.sequence, "enrolment": one.id, **more}
        self.told.append(
            events.Event(
                clock.new_id(),
                kind,
                one.entity,
                one.record,
                None,
                at or self.work.now,
                actor=self.actor,
                data=data,
                cause=led,
                depth=depth,
            )
        )

    def write(self) -> list[Event]:
        """Write everything; return the events if some rule listens to one of them, still to be told, else log them."""
        connection = self.work.connection
        begun = {one.id for one in self.begun}
        stored.change(connection, [one for one in self.moved.values() if one.id not in begun])
        stored.put(connection, self.begun)
        timers.cancel_each(connection, self.cancelled)
        timers.put(connection, list(self.timers.values()))
        known = rules.of(self.work.catalog)
        if self.work.rules and any(known.group(one.entity, one.type) for one in self.told):
            return self.told  # all of them, so that they stand in the log in their order
        if self.told:
            log.append(connection, self.told)
        return []

    def start(self, sequence: sequences.Sequence, draft: Draft, rule: str | None, reads: Sequence[str]) -> Enrolment:
        """Let a sequence run for a record from now on."""
        now = self.work.now
        one = Enrolment(
            clock.new_id(), sequence.id, sequence.entity, draft.id, self.work.catalog.revision, "running", now,
            left=[[step, str(plain(at))] for step, at in sequence.plan(now)], reads=list(reads), rule=rule,
        )  # fmt: skip
        self.begun.append(one)
        self.tell(sequences.STARTED, one, draft)
        self._wait(one, draft)
        return one

    def step(self, one: Enrolment, draft: Draft, *, early: bool = False) -> None:
        """Do the next step of an enrolment; with ``early`` before its moment, and the delays behind it count from now."""
        name, moment = one.left[0]
        at = self.work.now if early else datetime.fromisoformat(moment)
        one.done = [*one.done, [name, str(plain(at))]]
        one.left = one.left[1:]
        pinned = pinned_to(self.work, one)
        if early and pinned is not None and pinned.from_previous:
            one.left = [[step, str(plain(when))] for step, when in pinned.onward([step for step, _ in one.left], at)]
        self.moved[one.id] = one
        self.tell(ladders.STEP, one, draft, at, step=name, number=len(one.done))
        self._wait(one, draft)

    def put_off(self, one: Enrolment) -> None:
        """Look at an enrolment again tomorrow: its pack is disabled, and it goes on when that is enabled."""
        step, _ = one.left[0]
        data = {"enrolment": one.id, "step": step}
        self.timers[one.id] = timers.Timer(one.entity, one.record, _name(one), self.work.now + timedelta(days=1), data)

    def stop(self, one: Enrolment, draft: Draft | None, why: str) -> None:
        """End an enrolment before its last step; of one whose record or sequence is gone nobody is told."""
        self._end(one, "stopped", why)
        if draft is not None:
            self.tell(sequences.STOPPED, one, draft, why=why)

    def _wait(self, one: Enrolment, draft: Draft) -> None:
        if not one.left:
            self._end(one, "finished", None)
            self.tell(sequences.FINISHED, one, draft)
            return
        step, moment = one.left[0]
        name = _name(one)
        data = {"enrolment": one.id, "step": step}
        self.timers[one.id] = timers.Timer(one.entity, one.record, name, datetime.fromisoformat(moment), data)
        self.cancelled.discard((one.record, name))

    def _end(self, one: Enrolment, state: str, why: str | None) -> None:
        one.state, one.why, one.ended_at = state, why, self.work.now
        self.timers.pop(one.id, None)
        self.cancelled.add((one.record, _name(one)))
        self.moved[one.id] = one


def _name(one: Enrolment) -> str:
    return f"{FAMILY}:{one.id}:{one.sequence}"


def pinned_to(work: Work, one: Enrolment) -> sequences.Sequence | None:
    """Return the sequence of an enrolment as of the revision that it started with; as of today where that is gone."""
    catalog = work.catalog
    if one.revision != catalog.revision:
        with suppress(NotFoundError):
            catalog = work.workspace.catalog_of(work.connection, one.revision)
    return sequences.of(catalog).get(one.sequence)


def follow(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """End the sequences of drafts that were written where ``stop`` holds now, its event came, or they are archived.

    No statement where the entity has no sequence, or nothing that it waits for has changed.
    """
    known = {one.id: one for one in sequences.about(work.catalog, entity.id)}
    if not known or not work.rules:
        return
    touched = {
        draft.id: draft
        for draft in drafts
        if draft.error is None and not draft.new and any(_touches(one, draft) for one in known.values())
    }
    if not touched:
        return
    turn = Turn(work)
    for one in stored.of(work.connection, list(touched)):
        draft, sequence = touched[one.record], known.get(one.sequence)
        if draft.env.get("archived_at") is not None:
            turn.stop(one, draft, "archived")
        elif sequence is not None and sequence.stop is not None and sequence.stop.happens(draft.env, draft.events):
            turn.stop(one, draft, "condition")
    hear(work, entity, drafts, turn)


def _touches(one: sequences.Sequence, draft: Draft) -> bool:
    if one.elsewhere or "archived_at" in draft.changed or not one.reads.isdisjoint(draft.changed):
        return True
    return one.stop is not None and any(event.type == one.stop.event for event in draft.events)


def hear(work: Work, entity: Entity, drafts: Sequence[Draft], turn: Turn) -> None:
    """Write a turn, let rules look at what it tells, and bring drafts up to what has become of their records."""
    told = turn.write()
    if told:
        road.bring_up(entity, drafts, road.tell(work, entity, told))


def due(work: Work, told: Sequence[Event]) -> None:
    """Carry out timers of the family ``sequence``: the next step of an enrolment, if it still runs and nothing ends it."""
    by_entity: dict[str, list[Event]] = {}
    for event in sorted(told, key=lambda one: (one.at, str(one.data["name"]))):
        if event.entity in work.catalog.entities:
            by_entity.setdefault(event.entity, []).append(event)
    for entity_id, some in by_entity.items():
        entity = work.catalog.entity(entity_id)
        drafts = road.taken(work, entity, [event.record for event in some if event.record is not None])
        found = stored.get(work.connection, {str(event.data["enrolment"]) for event in some})
        turn = Turn(work)
        for event in some:
            one, draft = found.get(str(event.data["enrolment"])), drafts.get(event.record or "")
            if one is not None and draft is not None and one.is_running and one.left[0][0] == event.data["step"]:
                _look(turn, one, draft)
        heard = turn.write()
        if heard:
            road.tell(work, entity, heard)


def _look(turn: Turn, one: Enrolment, draft: Draft) -> None:
    """Ask anew whether a sequence still runs; if it does, do the step whose moment has come."""
    current = sequences.of(turn.work.catalog).get(one.sequence)
    if current is None and turn.work.catalog.is_off(one.sequence):
        turn.put_off(one)
    elif current is None:
        turn.stop(one, None, "gone")
    elif draft.env.get("archived_at") is not None:
        turn.stop(one, draft, "archived")
    elif is_over(current, draft):
        turn.stop(one, draft, "condition")
    else:
        turn.step(one, draft)


def is_over(sequence: sequences.Sequence, draft: Draft) -> bool:
    """Tell whether what ends a sequence holds already; of one that an event ends, never."""
    return sequence.stop is not None and sequence.stop.event is None and sequence.stop.holds(draft.env)
