"""What rules ask for elsewhere: other records, people, other systems. Done after the draft is written, one level deeper.

What cannot be done through nobody's fault (the record is archived or locked, nobody has an address) is an outcome, stored with
the decision; what a rule makes invalid refuses the whole save and names the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import actions, clock, events
from dealwright.errors import ConflictError, Problem, RuleLoopError
from dealwright.records import bounds, breaker, going, locks, telling
from dealwright.records.draft import Draft
from dealwright.records.follow import ROUNDS, Asked, broken
from dealwright.storage import decisions, outbox
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work


def carry_out(
    work: Work, asked: Sequence[Asked], run: Callable[[Work, Entity, Sequence[Draft]], None], write: going.Write
) -> dict[str, Draft]:
    """Do what decisions ask for elsewhere, set by set; return the drafts of the records that were archived.

    Args:
        work: The transaction in which the decisions were stored.
        asked: What they ask for.
        run: Takes drafts of one entity down the whole road.
        write: Writes decided drafts, and what follows from them.

    Raises:
        RuleLoopError: If records made by rules have led to more records, more than ``ROUNDS`` levels deep.
        RecordError: If a record that a rule asks for is not valid; it names the rule.
    """
    if not asked:
        return {}
    known = {one.decision.id: len(one.outcomes) for one in asked}
    whole = bounds.kept(work, asked)
    whole += telling.told(work, [one for one in asked if isinstance(one.effect, actions.Tell)])
    sent = [one for one in whole if isinstance(one.effect, actions.Deliver)]
    if sent:
        outbox.put(work.connection, [_delivery(work, one) for one in sent])
    for wave in _waves([one for one in whole if isinstance(one.effect, actions.CreateRecord | actions.UpdateRecord)]):
        _records(work, wave, run)
    archived = [_archive(work, one, write) for one in whole if isinstance(one.effect, actions.Archive)]
    grown = {one.decision.id: {"outcomes": one.outcomes} for one in asked if len(one.outcomes) > known[one.decision.id]}
    decisions.note(work.connection, grown)
    return {draft.id: draft for draft in archived if draft is not None}


def _waves(asked: Sequence[Asked]) -> Iterator[list[Asked]]:
    """Yield what can be done together: no record twice."""
    rest = list(asked)
    while rest:
        wave: list[Asked] = []
        taken: set[tuple[str, str]] = set()
        later: list[Asked] = []
        for one in rest:
            key = (one.effect.entity, one.effect.record) if isinstance(one.effect, actions.UpdateRecord) else None
            (later if key in taken else wave).append(one)
            if key is not None:
                taken.add(key)
        yield wave
        rest = later


def _records(work: Work, asked: Sequence[Asked], run: Callable[[Work, Entity, Sequence[Draft]], None]) -> None:
    by_entity: dict[str, list[Asked]] = {}
    for one in asked:
        assert isinstance(one.effect, actions.CreateRecord | actions.UpdateRecord)  # noqa: S101 - narrows the type
        _demand_depth(work, one)
        by_entity.setdefault(one.effect.entity, []).append(one)
    for entity_id, some in by_entity.items():
        entity = work.catalog.entity(entity_id)
        there = _there(work, entity, some)
        drafts = [_draft(entity, one) for one in there]
        run(work, entity, drafts)
        for one, draft in zip(there, drafts, strict=True):
            if draft.error is not None and {problem.code for problem in draft.error.problems} == {"locked"}:
                _note(one, "locked", entity=entity_id, record=draft.id)
            elif draft.error is not None:
                problems = draft.error.problems or [Problem("", draft.error.code, draft.error.detail)]
                raise broken(work, draft.rule or "?", draft.entity, problems)


def _there(work: Work, entity: Entity, asked: Sequence[Asked]) -> list[Asked]:
    """Return what can be asked of records that are there; the rest is an outcome."""
    wanted = [one.effect.record for one in asked if isinstance(one.effect, actions.UpdateRecord)]
    if not wanted:
        return list(asked)
    active = stored.active(work.connection, work.catalog, entity.id, wanted)
    found = []
    for one in asked:
        if isinstance(one.effect, actions.UpdateRecord) and one.effect.record not in active:
            _note(one, "gone", entity=entity.id, record=one.effect.record)
        else:
            found.append(one)
    return found


def _draft(entity: Entity, one: Asked) -> Draft:
    assert isinstance(one.effect, actions.CreateRecord | actions.UpdateRecord)  # noqa: S101 - narrows the type
    new = isinstance(one.effect, actions.CreateRecord)
    identifier = clock.new_id() if isinstance(one.effect, actions.CreateRecord) else one.effect.record
    draft = Draft(entity, identifier, new, one.effect.data, rule=one.decision.rule)
    draft.cause, draft.depth = one.decision.event, one.depth
    return draft


def _demand_depth(work: Work, one: Asked) -> None:
    if one.depth > ROUNDS:
        breaker.failed(work, [one.decision.rule])
        raise RuleLoopError([one.decision.rule], ROUNDS)


def _archive(work: Work, one: Asked, write: going.Write) -> Draft | None:
    """Archive the record that a decision is about and return its draft; it stays if active records hold it."""
    _demand_depth(work, one)
    entity = work.catalog.entity(one.decision.entity)
    draft = going.draft_of(work, entity, one.decision.record or "")
    if draft.env["archived_at"] is not None:
        return None
    if locks.holds(draft, "archived_at"):
        _note(one, "locked")
        return None
    draft.rule, draft.cause, draft.depth = one.decision.rule, one.decision.event, one.depth
    try:
        with work.connection.begin_nested():
            going.let_go(work, entity, [draft.id], write)
            going.put(work, entity, draft, events.DELETED, write)
    except ConflictError as error:
        _note(one, "held", message=error.detail)
        return None
    written = dict(draft.env)
    written["version"] = draft.version
    draft.before = written
    return draft


def _note(one: Asked, code: str, **said: Any) -> None:
    one.outcomes.append({"action": one.index, "do": _DO[type(one.effect)], "code": code, **said})


_DO = {actions.Archive: "archive", actions.UpdateRecord: "update_record"}


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
        "entity": one.decision.entity,
        "record": one.decision.record,
    }
