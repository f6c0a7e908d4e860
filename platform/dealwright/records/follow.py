"""What follows from a change: the rules are asked, and what they ask for is done, in the same transaction.

A rule that changes the record itself leads to another round on the same draft: settled and checked like a person's
change, told by an event of its own, and looked at by the rules again. A rule fires once a save, and there are at most
eight rounds. What a rule does elsewhere (a record, a task, a notice) goes down the whole road after the draft is
written, one level deeper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import actions, clock, events, fields, rules
from dealwright.errors import Problem, RecordError, RuleLoopError
from dealwright.records import breaker, counted, look, needs, pipelines, scored
from dealwright.records.draft import Draft
from dealwright.rules import guard
from dealwright.storage import firings, outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work
    from dealwright.rules import Decision

#: Rounds on one record, and levels of records made by rules, before the save is refused (design §5 step 6).
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """An effect that a decision asked for, still to be carried out.

    ``key`` is the decision's id and the index of the action: what is sent under it is sent once.
    """

    effect: actions.CreateRecord | actions.Deliver | actions.RequestApproval
    decision: Decision
    key: str
    depth: int


def decide(work: Work, entity: Entity, drafts: Sequence[Draft], *, told: bool = False) -> list[Asked]:
    """Let the rules look at each draft until they change it no more; return what they ask for elsewhere.

    Args:
        work: The transaction.
        entity: The entity of the drafts.
        drafts: Checked drafts.
        told: Whether each draft already carries the event that the rules are to look at first.

    Raises:
        RuleLoopError: If rules still change a draft after ``ROUNDS`` rounds.
    """
    asked: list[Asked] = []
    pending = [draft for draft in drafts if told or draft.new or draft.since]
    rule: dict[str, str | None] = {draft.id: draft.rule for draft in pending}
    for _ in range(ROUNDS):
        happened = [draft.events[-1] if told else tell(work, draft, rule.get(draft.id)) for draft in pending]
        told = False
        if not work.rules or not pending:
            return asked
        by_event = {draft.events[-1].id: draft for draft in pending}
        counted.fill(work, entity, happened, by_event)
        breaker.trip(work)
        told_of = [(event, by_event[event.id].env) for event in happened]
        claimed = list(_claimed(work, by_event, rules.decide(work.catalog, told_of, off=breaker.off(work))))
        breaker.count(work, claimed)
        for decision in claimed:
            draft = by_event[decision.event]
            asked += _act(work, draft, decision, rule)
        pending = [draft for draft in pending if draft.since and draft.error is None]
        _settle_again(work, entity, pending, rule)
        pending = [draft for draft in pending if draft.since]
    if pending:
        guilty = sorted({d.rule for draft in pending for d in draft.decisions if d.fired})
        breaker.failed(work, guilty)
        raise RuleLoopError(guilty, ROUNDS)
    return asked


def tell(work: Work, draft: Draft, rule: str | None = None, kind: str | None = None) -> events.Event:
    """Add the event of what has changed since the last one: created, updated or moved, or of the type ``kind``."""
    if kind is None:
        moved = events.MOVED if "stage" in draft.since else events.UPDATED
        kind = events.CREATED if draft.new and not draft.events else moved
    # The currency of an amount is a column of its own, and part of the amount for everybody else.
    since = {name.removesuffix("__currency") for name in draft.since}
    before: Mapping[str, Any] = {}  # of a new record: nothing
    if kind != events.CREATED:
        before = fields.shown(work.catalog, draft.entity.id, {**draft.env, **draft.started}, only=since)
    after = fields.shown(work.catalog, draft.entity.id, draft.env, only=since)
    event = events.Event(
        id=clock.new_id(),
        type=kind,
        entity=draft.entity.id,
        record=draft.id,
        version=draft.version,
        at=work.now,
        actor=work.user.id,
        data=_said(draft, kind, rule),
        changes={n: (before.get(n), value) for n, value in after.items() if before.get(n) != value},
        cause=draft.events[-1].id if draft.events else draft.cause,
        depth=draft.depth + len(draft.events),
    )
    draft.events.append(event)
    draft.since.clear()
    draft.started.clear()
    return event


def _said(draft: Draft, kind: str, rule: str | None) -> dict[str, Any]:
    """Return what an event says beside its changes: the rule that made them, the reason of a move."""
    said = {"rule": rule} if rule is not None else {}
    return {**said, "reason": draft.reason} if draft.reason and kind == events.MOVED else said


def _claimed(work: Work, by_event: Mapping[str, Draft], decisions: Iterable[Decision]) -> Iterable[Decision]:
    """Note the last decision of each rule; yield those to be acted on: fired, live, and the first in their window."""
    fired: list[Decision] = []
    for decision in decisions:
        draft = by_event[decision.event]
        if decision.rule in draft.fired:
            continue  # it fired in an earlier round of this save
        if any(one.rule == decision.rule for one in draft.decisions):
            # It was asked before and did not fire; what it says of the record as it is now stands.
            draft.decisions = [one for one in draft.decisions if one.rule != decision.rule]
        draft.decisions.append(decision)
        if decision.fired:
            draft.fired.add(decision.rule)
            fired.append(decision)
    # A rule that fires always has the event itself as its window: there is nothing to claim.
    windows = [(d.rule, d.rule_version, d.record, d.window, d.id, work.now) for d in fired if d.window != d.event]
    taken = firings.claim(work.connection, windows) if windows else set()
    for decision in fired:
        key = (decision.rule, decision.rule_version, decision.record, decision.window)
        if decision.mode == "live" and (decision.window == decision.event or key in taken):
            yield decision


def _act(work: Work, draft: Draft, decision: Decision, rule: dict[str, str | None]) -> list[Asked]:
    """Turn a decision into changes of the draft and effects elsewhere."""
    asked: list[Asked] = []
    env = draft.env
    if guard.SHOWN in decision.facts:  # its own number, for texts and values of this rule alone
        env = {**env, guard.SHOWN: decision.facts[guard.SHOWN]}
    subject = actions.Subject(work.catalog, draft.entity.id, draft.id, decision.rule, env)
    for index, action in enumerate(rules.of(work.catalog).actions(decision.rule)):
        for number, effect in enumerate(actions.apply(action, subject)):
            if isinstance(effect, actions.SetField):
                _set(work, draft, effect, decision.rule)
                rule[draft.id] = decision.rule
            else:
                asked.append(Asked(effect, decision, f"{decision.id}:{index}:{number}", draft.depth + 1))
    return asked


def _set(work: Work, draft: Draft, effect: actions.SetField, rule: str) -> None:
    values, problems = fields.read(work.catalog, draft.entity.id, {effect.field: effect.value}, new=False)
    if problems:
        raise _broken(work, rule, draft.entity, problems)
    for name, value in values.items():
        draft.put(name, value)


def _settle_again(work: Work, entity: Entity, drafts: Sequence[Draft], rule: Mapping[str, str | None]) -> None:
    """Check drafts that rules have changed, like a person's change; a broken one is the rule's fault and says so."""
    wanted = needs.needs(work.catalog, entity, work.user.roles)
    moved = [draft for draft in drafts if not wanted.hops.isdisjoint(draft.since)]
    needs.load(work, entity, wanted, [draft.env for draft in moved])
    for draft in drafts:
        needs.derive(wanted, draft.env)
        known = len(draft.problems)
        look.settle_one(work, entity, draft, draft.since, asked=())
        scored.follow(work, entity, [draft])
        if len(draft.problems) > known:
            raise _broken(work, rule.get(draft.id) or "?", entity, draft.problems[known:])
    pipelines.vary(work, entity, drafts)


def _broken(work: Work, rule: str, entity: Entity, problems: Iterable[Problem]) -> RecordError:
    breaker.failed(work, [rule])
    return RecordError(
        f"rule {rule} made the {entity.title} invalid; nothing was saved. Ask whoever keeps the rule to mend it",
        problems,
    )


def carry_out(work: Work, asked: Sequence[Asked], run: Callable[[Work, Entity, Sequence[Draft]], None]) -> None:
    """Put what leaves the database into the outbox, and take new records down the road (``run``), by entity.

    Raises:
        RuleLoopError: If records made by rules have led to more records, more than ``ROUNDS`` levels deep.
        RecordError: If a record that a rule asks for is not valid; it names the rule.
    """
    sent = [one for one in asked if isinstance(one.effect, actions.Deliver)]
    if sent:
        outbox.put(work.connection, [_delivery(work, one) for one in sent])
    by_entity: dict[str, list[Draft]] = {}
    for one in asked:
        if not isinstance(one.effect, actions.CreateRecord):
            continue
        if one.depth > ROUNDS:
            breaker.failed(work, [one.decision.rule])
            raise RuleLoopError([one.decision.rule], ROUNDS)
        entity = work.catalog.entity(one.effect.entity)
        draft = Draft(entity, clock.new_id(), True, one.effect.data, rule=one.decision.rule)
        draft.cause, draft.depth = one.decision.event, one.depth
        by_entity.setdefault(entity.id, []).append(draft)
    for entity_id, drafts in by_entity.items():
        run(work, work.catalog.entity(entity_id), drafts)
        for draft in drafts:
            if draft.error is not None:
                problems = draft.error.problems or [Problem("", draft.error.code, draft.error.detail)]
                raise _broken(work, draft.rule or "?", draft.entity, problems)


def _delivery(work: Work, one: Asked) -> dict[str, Any]:
    assert isinstance(one.effect, actions.Deliver)  # noqa: S101 - narrows the type; carry_out passes nothing else
    return {
        "id": clock.new_id(),
        "at": work.now,
        "channel": one.effect.channel,
        "target": one.effect.target,
        "payload": {**one.effect.payload, "key": one.key},
        "key": one.key,
        "event": one.decision.event,
        "rule": one.decision.rule,
    }
