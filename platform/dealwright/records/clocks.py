"""Clocks of SLA policies and deadlines start, pause, go on and end with a change of their record, in its transaction.

Each save and each event of a record comes here after it is written. What no policy of the entity asks for costs nothing;
what cannot touch a clock costs no statement; everything else takes the same few statements for any number of records.
That a clock is over is found by a timer (``clock_timers``), not by a save; a save after the end finds it too.

**What is pinned.** A clock keeps its target, its steps and the revision whose calendar it counts by until it ends. When
it stops or pauses, and what is done at a step, is as the definitions in force say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dealwright import calendars, clock, events, rules, sla
from dealwright.errors import NotFoundError, RuleLoopError
from dealwright.metadata import ladders
from dealwright.rules.plain import plain
from dealwright.sla.clock import MILLI, PAUSED, RUNNING, started
from dealwright.storage import clocks as stored
from dealwright.storage import events as log
from dealwright.storage import timers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.calendars import Calendar
    from dealwright.events import Event
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.sla import Clock, Deadline, Policy

#: Events in a row that clocks and rules may cause by one another before the save is refused.
DEEPEST = 16


@dataclass
class Turn:
    """What one transaction does with clocks, collected, so that many records take as few statements as one."""

    work: Work
    begun: list[Clock] = field(default_factory=list)
    moved: dict[str, Clock] = field(default_factory=dict)
    timers: list[timers.Timer] = field(default_factory=list)
    cancelled: set[tuple[str, str]] = field(default_factory=set)
    told: list[Event] = field(default_factory=list)

    def calendar(self, one: Clock) -> Calendar | None:
        """Return the calendar by which a clock counts."""
        return calendar_of(self.work, one)

    def tell(self, kind: str, one: Clock, cause: Draft | None = None, at: datetime | None = None, **more: Any) -> None:
        """Note an event about a clock, to be logged and looked at by rules."""
        before = cause.events[-1] if cause is not None and cause.events else None
        depth, led = (0, None) if cause is None else (cause.depth, cause.cause)
        if before is not None:
            depth, led = before.depth + 1, before.id
        if depth > DEEPEST:
            raise RuleLoopError([one.policy], DEEPEST)
        data = {ladders.NAMED[one.kind]: one.policy, "clock": one.id, "due_at": plain(one.due_at), **more}
        self.told.append(
            events.Event(
                clock.new_id(), kind, one.entity, one.record, None, at or self.work.now, data=data,
                cause=led, depth=depth,
            )
        )  # fmt: skip

    def write(self) -> list[Event]:
        """Write everything; return the events if some rule listens to one of them, still to be told, else log them."""
        connection = self.work.connection
        begun = {one.id for one in self.begun}
        stored.change(connection, [one for one in self.moved.values() if one.id not in begun])
        stored.put(connection, self.begun)
        timers.cancel_each(connection, self.cancelled)
        timers.put(connection, self.timers)
        known = rules.of(self.work.catalog)
        if self.work.rules and any(known.group(one.entity, one.type) for one in self.told):
            return self.told  # all of them, so that they stand in the log in their order
        if self.told:
            log.append(connection, self.told)
        return []

    # An SLA ------------------------------------------------------------------------------------------------------

    def start(self, policy: Policy, draft: Draft) -> Clock:
        """Start a clock of a policy on a record."""
        calendar = calendars.of(self.work.catalog, policy.calendar) if policy.calendar is not None else None
        one = started(
            policy, calendar, self.work.now, id=clock.new_id(), record=draft.id, revision=self.work.catalog.revision
        )
        self.begun.append(one)
        self.set_timers(one)
        self.tell("sla.started", one, draft)
        return one

    def pause(self, one: Clock, draft: Draft) -> None:
        """Let a running clock stand."""
        one.pause(self.work.now, self.calendar(one))
        self.cancel_timers(one)
        self._put(one)
        self.tell("sla.paused", one, draft)

    def resume(self, one: Clock, draft: Draft) -> None:
        """Let a paused clock go on, to another due moment."""
        one.resume(self.work.now, self.calendar(one))
        self.set_timers(one)
        self._put(one)
        self.tell("sla.resumed", one, draft)

    def stop(self, one: Clock, draft: Draft, at: datetime | None = None) -> None:
        """End a clock that has reached its end, in time or late; that it is late is said even if no timer came first."""
        self.cancel_timers(one)
        found = one.stop(at or self.work.now, self.calendar(one) if one.kind == "sla" else None)
        self._put(one)
        missed, done = ("sla.breached", "sla.stopped") if one.kind == "sla" else ("deadline.missed", "deadline.met")
        if found:
            self.tell(missed, one, draft, one.breached_at)
        late = {} if one.late is None else {"late": plain(one.late * MILLI)}
        self.tell(done, one, draft, breached=one.breached_at is not None, **late)

    def cancel(self, one: Clock) -> None:
        """End a clock without an outcome."""
        self.cancel_timers(one)
        one.cancel(self.work.now)
        self._put(one)

    def set_timers(self, one: Clock) -> None:
        """Set a timer for each step that is still to come, and for the end."""
        if one.kind == "sla":
            calendar = self.calendar(one)
            self.timers += [_timer(one, step, one.moment(int(step), calendar)) for step, _ in one.steps]
            if one.breached_at is None:
                self.timers.append(_timer(one, "100", one.due_at))
        else:
            self.timers += [_timer(one, step, _moment(at)) for step, at in one.steps]
            if one.breached_at is None:
                self.timers.append(_timer(one, sla.DUE, one.due_at))

    def cancel_timers(self, one: Clock) -> None:
        """Cancel every timer that a clock may have, those also that this turn was about to set."""
        last = "100" if one.kind == "sla" else sla.DUE
        gone = {(one.record, _name(one, step)) for step in [*(step for step, _ in one.steps), last]}
        self.timers = [timer for timer in self.timers if (timer.record, timer.name) not in gone]
        self.cancelled |= gone

    def _put(self, one: Clock) -> None:
        self.moved[one.id] = one


def calendar_of(work: Work, one: Clock) -> Calendar | None:
    """Return the calendar by which a clock counts, of the revision that it started with; None for time that passes."""
    if one.calendar is None:
        return None
    if one.revision != work.catalog.revision:
        try:
            return calendars.of(work.workspace.catalog_of(work.connection, one.revision), one.calendar)
        except NotFoundError:
            pass  # that revision is gone; the calendar of today is the nearest
    return calendars.of(work.catalog, one.calendar)


def follow(work: Work, entity: Entity, drafts: Sequence[Draft]) -> list[Event]:
    """Move the clocks of drafts that were written; return the events that rules are still to be told.

    Where rules were told not to look (an import without rules) no clock starts.
    """
    standing = sla.of(work.catalog)
    policies, legal = standing.policies.get(entity.id, ()), standing.deadlines.get(entity.id, ())
    if not (policies or legal) or not work.rules:
        return []
    every: tuple[Policy | Deadline, ...] = (*policies, *legal)
    touched = [draft for draft in drafts if draft.error is None and any(_touches(one, draft) for one in every)]
    if not touched:
        return []
    known: dict[tuple[str, str], list[Clock]] = {}
    ended = {one.id for one in policies if one.restart == "never"} | {one.id for one in legal}
    there = [draft.id for draft in touched if not draft.new]
    for one in stored.of(work.connection, there, ended) if there else ():
        known.setdefault((one.record, one.policy), []).append(one)
    turn = Turn(work)
    for draft in touched:
        for policy in policies:
            moved(turn, policy, draft, known.get((draft.id, policy.id), []))
        for deadline in legal:
            set_anew(turn, deadline, draft, known.get((draft.id, deadline.id), []))
    return turn.write()


def _touches(one: Policy | Deadline, draft: Draft) -> bool:
    """Tell whether what happened to a draft can move a clock of this policy."""
    if draft.new or one.elsewhere or "archived_at" in draft.changed or not one.reads.isdisjoint(draft.changed):
        return True
    return isinstance(one, sla.Policy) and any(event.type in one.events for event in draft.events)


def moved(turn: Turn, policy: Policy, draft: Draft, known: Sequence[Clock], *, due: datetime | None = None) -> None:
    """Do with the clock of one policy and record what the change asks for.

    Args:
        turn: Collects it.
        policy: The policy in force.
        draft: The record as it is now, with the events that happened to it.
        known: Its open clock, if any, and before it those that have ended where that matters.
        due: The moment of a timer, which asks only what holds now; then no clock starts.
    """
    one = next((found for found in known if found.is_open), None)
    if draft.env.get("archived_at") is not None:
        if one is not None:
            turn.cancel(one)
        return
    env, happened = draft.env, draft.events if due is None else []
    begins = due is None and policy.start is not None and policy.start.begins(env, _before(draft), happened)
    if one is not None and policy.stop is not None and policy.stop.happens(env, happened):
        turn.stop(one, draft, due)
        return
    if begins and one is not None and policy.restart == "always":
        turn.cancel(one)
        one = None
    if one is None:
        if not begins or is_over(policy, env) or (known and policy.restart == "never"):
            return
        one = turn.start(policy, draft)
    if policy.pause is None:
        return
    if one.state == RUNNING and policy.pause.happens(env, happened):
        turn.pause(one, draft)
    elif one.state == PAUSED and (
        policy.resume.happens(env, happened) if policy.resume is not None else not policy.pause.holds(env)
    ):
        turn.resume(one, draft)


def is_over(policy: Policy, env: Mapping[str, Any]) -> bool:
    """Tell whether what stops a clock of the policy holds already, so that none starts."""
    return policy.stop is not None and policy.stop.event is None and policy.stop.holds(env)


def _before(draft: Draft) -> Mapping[str, Any] | None:
    """Return the environment as it was before the change; None for a new record."""
    if draft.before is None:
        return None
    return {**draft.env, **{name: draft.before[name] for name in draft.changed if name in draft.before}}


def set_anew(
    turn: Turn,
    deadline: Deadline,
    draft: Draft,
    known: Sequence[Clock],
    *,
    due: datetime | None = None,
    ahead: bool = False,
) -> None:
    """Set, move, meet or cancel the deadline of one record as it is now.

    Args:
        turn: Collects it.
        deadline: The deadline in force.
        draft: The record.
        known: Its clocks of this deadline.
        due: The moment of a timer that asks.
        ahead: Whether one whose time is over already is not set: a new deadline does not say that all of the past was
            missed.
    """
    one = next((found for found in known if found.is_open), None)
    env, now = draft.env, turn.work.now
    if env.get("archived_at") is not None or not deadline.runs(env):
        if one is not None:
            turn.cancel(one)
        return
    base = str(plain(env[deadline.base]))
    if deadline.met.evaluate(env) is True:
        if one is not None:
            turn.stop(one, draft, due)
        return
    if one is not None and one.base == base:
        return
    if one is None and any(found.base == base and found.state == "met" for found in known):
        return  # met already, and counted from the same day
    if one is not None:
        turn.cancel(one)
    found = deadline.moments(turn.work.catalog, env[deadline.base])
    if ahead and found.due <= now:
        return
    # Of reminders whose time has passed only the last is given, and none once it is too late for all.
    passed = [step for step, at in found.steps if at <= now and step != sla.OPENED]
    skipped = set(passed if found.due <= now else passed[:-1])
    new = sla.Clock(
        id=clock.new_id(), kind="deadline", policy=deadline.id, entity=deadline.entity, record=draft.id,
        revision=turn.work.catalog.revision, calendar=None, state=RUNNING, started_at=found.start, due_at=found.due,
        total=(found.due - found.start) // MILLI, spent=0, since=found.start,
        steps=[[step, plain(at)] for step, at in found.steps if step not in skipped],
        base=base, assumed=list(found.assumed),
    )  # fmt: skip
    turn.begun.append(new)
    turn.set_timers(new)
    turn.tell("deadline.set", new, draft)


def _timer(one: Clock, step: str, at: datetime) -> timers.Timer:
    return timers.Timer(one.entity, one.record, _name(one, step), at, {"clock": one.id, "step": step})


def _name(one: Clock, step: str) -> str:
    return f"{one.kind}:{one.policy}:{step}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
