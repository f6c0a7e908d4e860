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
from dealwright.records import breaker, counted, look, needs, pipelines, rule_moves, scored
from dealwright.rules import guard
from dealwright.storage import firings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.rules import Decision

#: Rounds on one record, and levels of records made by rules, before the save is refused (design §5 step 6).
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """An effect that a decision asked for, still to be carried out.

    ``key`` is the decision's id and the index of the action: what is sent under it is sent once. ``outcomes`` is where
    what the decision asked for and could not have is noted; it is stored with it.
    """

    effect: actions.Effect
    decision: Decision
    index: int
    number: int
    depth: int
    outcomes: list[dict[str, Any]]

    @property
    def key(self) -> str:
        """The decision, the place of the action in its rule, and the number of the effect."""
        return f"{self.decision.id}:{self.index}:{self.number}"


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
        looked_at = [draft for draft in pending if draft.error is None]
        _settle_again(work, entity, [draft for draft in looked_at if draft.since], rule)
        rule_moves.carry_out(work, entity, looked_at, rule)
        pending = [draft for draft in looked_at if draft.since]
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
    made: dict[str, list[Decision]] = {}
    for decision in decisions:
        draft = by_event[decision.event]
        if decision.rule in draft.fired:
            continue  # it fired in an earlier round of this save
        made.setdefault(decision.event, []).append(decision)
        if decision.fired:
            draft.fired.add(decision.rule)
            fired.append(decision)
    for event, some in made.items():
        # One that was asked before and did not fire: what it says of the record as it is now stands.
        draft, again = by_event[event], {one.rule for one in some}
        draft.decisions = [*(one for one in draft.decisions if one.rule not in again), *some]
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
            elif isinstance(effect, actions.MoveStage):
                draft.moves.append((effect, decision, index))
            else:
                noted = draft.outcomes.setdefault(decision.id, [])
                asked.append(Asked(effect, decision, index, number, draft.depth + 1, noted))
    return asked


def _set(work: Work, draft: Draft, effect: actions.SetField, rule: str) -> None:
    values, problems = fields.read(work.catalog, draft.entity.id, {effect.field: effect.value}, new=False)
    if problems:
        raise broken(work, rule, draft.entity, problems)
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
            raise broken(work, rule.get(draft.id) or "?", entity, draft.problems[known:])
    pipelines.vary(work, entity, drafts)


def broken(work: Work, rule: str, entity: Entity, problems: Iterable[Problem]) -> RecordError:
    """Return the error of a save in which a rule made a record invalid, and count it against the rule."""
    breaker.failed(work, [rule])
    return RecordError(
        f"rule {rule} made the {entity.title} invalid; nothing was saved. Ask whoever keeps the rule to mend it",
        problems,
    )
