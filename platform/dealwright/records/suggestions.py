"""Suggestions: a next best action that a rule offers with its reason, and a person accepts or dismisses.

Accepting does what was suggested by the one save, in the name and with the rights of who accepts; dismissing says why.
Both are events of the record (``suggestion.accepted``, ``suggestion.dismissed``). A rule offers one thing once as long as
nobody has decided on it. Who may not see what a suggestion was made from, or what it would set, does not see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import access, actions, clock, events, rules
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, Problem, RecordError
from dealwright.fields import messages
from dealwright.records import happenings, moves, past, road
from dealwright.records.work import Change
from dealwright.rules import guard
from dealwright.storage import decisions
from dealwright.storage import events as log
from dealwright.storage import suggestions as stored
from dealwright.storage.suggestions import Suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.follow import Asked
    from dealwright.records.work import Work

#: Types of the events.
MADE: Final = "suggestion.made"
ACCEPTED: Final = "suggestion.accepted"
DISMISSED: Final = "suggestion.dismissed"
#: Characters of the reason of a dismissal.
LONGEST_REASON: Final = 1000


def follow_up(work: Work, entity: Entity, drafts: Sequence[Draft], effects: Sequence[Asked]) -> None:
    """Write down what decisions suggest, unless the same waits for somebody already; a few statements for any number."""
    asked = [one for one in effects if isinstance(one.effect, actions.Suggest) and one.decision.record is not None]
    if not asked:
        return
    there = stored.open_of(work.connection, sorted({str(one.decision.record) for one in asked}))
    stored.expire(work.connection, [one.id for one in there if not one.stands(work.now)], work.now)
    known = {(one.record, one.rule, one.action) for one in there if one.stands(work.now)}
    made: list[Suggestion] = []
    told: list[events.Event] = []
    for one in asked:
        key = (str(one.decision.record), one.decision.rule, one.index)
        if key in known:
            one.outcomes.append({"action": one.index, "do": "suggest", "code": "open"})
            continue
        known.add(key)
        new = _suggestion(work, one)
        made.append(new)
        told.append(_event(work, new, MADE, cause=one.decision.event, depth=one.depth))
    stored.put(work.connection, made)
    decisions.note(work.connection, {one.decision.id: {"outcomes": one.outcomes} for one in asked if one.outcomes})
    if not told:
        return
    if work.rules and rules.of(work.catalog).group(entity.id, MADE):
        road.bring_up(entity, drafts, road.tell(work, entity, told))
    else:
        log.append(work.connection, told)


def _suggestion(work: Work, one: Asked) -> Suggestion:
    effect, decision = one.effect, one.decision
    assert isinstance(effect, actions.Suggest)  # noqa: S101 - narrows the type; callers pass nothing else
    rule = rules.of(work.catalog).rule(decision.rule)
    reads = sorted({*map(guard.shown, rule.reads), *rule.actions[one.index].names()})
    return Suggestion(
        id=clock.new_id(), entity=decision.entity, record=str(decision.record), rule=decision.rule, action=one.index,
        decision=decision.id, made_at=work.now, message=effect.message, title=effect.title, reason=effect.reason,
        placed=dict(effect.values), reads=reads, does=effect.does, until=effect.until,
    )  # fmt: skip


def _event(work: Work, one: Suggestion, kind: str, **more: Any) -> events.Event:
    said = {"suggestion": one.id, "rule": one.rule, **more.pop("said", {})}
    return events.Event(clock.new_id(), kind, one.entity, one.record, None, work.now, data=said, **more)


def suggestions(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the suggestions about a record that the user may see: those that stand first, then the latest.

    Each has ``id``, ``title``, ``reason``, ``rule``, ``made_at``, ``until``, ``state`` (``open``, ``accepted``,
    ``dismissed``, ``expired``), ``does`` (what accepting does, None for nothing), and ``decided_at``, ``decided_by``,
    ``because``, ``made`` of those that were decided.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    may_see = past.seen(work, entity_id, record_id)
    found = stored.about(work.connection, entity_id, record_id)
    return [_shown(work, one) for one in found if _seen(work, one, may_see)]


def suggested(work: Work, identifier: str) -> tuple[str, str]:
    """Return the entity and id of the record that a suggestion is about.

    Raises:
        NotFoundError: If there is none, or the user may not see it.
    """
    one = stored.get(work.connection, identifier)
    if one is None or one.entity not in work.catalog.entities:
        raise NotFoundError(f"there is no suggestion with the id “{identifier[:80]}”")
    if not _seen(work, one, past.seen(work, one.entity, one.record)):
        raise NotFoundError(f"there is no suggestion with the id “{identifier[:80]}”")
    return one.entity, one.record


def _seen(work: Work, one: Suggestion, may_see: frozenset[str]) -> bool:
    """Tell whether the user may see all that a suggestion tells of: what it was made from, and what it sets."""
    if not past.shows(work, one.entity, one.reads, may_see):
        return False
    does = one.does or {}
    if does.get("do") == "create":
        return set(does["data"]) <= access.rights(work.catalog, work.user, does["entity"]).seen()
    return set(does.get("data", ())) <= may_see and ("to" not in does or "stage" in may_see)


def _shown(work: Work, one: Suggestion) -> dict[str, Any]:
    state = one.state if one.state != "open" or one.stands(work.now) else "expired"
    return {
        "id": one.id,
        "title": _text(work, one, "title", one.title),
        "reason": _text(work, one, "body", one.reason),
        "rule": one.rule,
        "decision": one.decision,
        "made_at": one.made_at,
        "until": one.until,
        "state": state,
        "does": one.does,
        "decided_at": one.decided_at,
        "decided_by": one.decided_by,
        "because": one.because,
        "made": one.made,
    }


def _text(work: Work, one: Suggestion, part: str, own: str) -> str:
    text = actions.message(work.catalog, one.message, part, messages.locale()) if one.message else own
    return actions.filled(text, one.placed)


def accept(work: Work, identifier: str) -> dict[str, Any]:
    """Accept a suggestion: do what it says, in the user's name; return it as it is then.

    Raises:
        NotFoundError: If there is none, or the user may not see it.
        ForbiddenError: If he may not update the record, or not do what is suggested.
        ConflictError: If it was decided before, or its time is over.
        DealwrightError: As the save, the move or the new record is refused; then nothing is done.
    """
    one = _taken(work, identifier)
    stored.decide(work.connection, one.id, "accepted", work.now, work.user.id)
    does = one.does or {}
    if does.get("do") == "update":
        road.save_one(work, one.entity, Change(does["data"], one.record))
    elif does.get("do") == "create":
        stored.note_made(work.connection, one.id, road.save_one(work, does["entity"], Change(does["data"])).id)
    elif does.get("do") == "move":
        moves.move_one(work, one.entity, one.record, does["to"], reason=_text(work, one, "title", one.title))
    happenings.happen(work, [_event(work, one, ACCEPTED, actor=work.user.id)])
    return _after(work, one)


def dismiss(work: Work, identifier: str, because: str) -> dict[str, Any]:
    """Dismiss a suggestion and say why; return it as it is then.

    Raises:
        RecordError: If no reason is given, or a very long one.
        NotFoundError, ForbiddenError, ConflictError: As :func:`accept`.
    """
    because = because.strip()
    if not because or len(because) > LONGEST_REASON:
        text = f"say in up to {LONGEST_REASON} characters why it does not fit"
        raise RecordError("the suggestion was not dismissed", [Problem("/reason", "required", text)])
    one = _taken(work, identifier)
    stored.decide(work.connection, one.id, "dismissed", work.now, work.user.id, because=because)
    happenings.happen(work, [_event(work, one, DISMISSED, actor=work.user.id, said={"reason": because})])
    return _after(work, one)


def _after(work: Work, one: Suggestion) -> dict[str, Any]:
    now = stored.get(work.connection, one.id)
    assert now is not None  # noqa: S101 - it was changed in this transaction
    return _shown(work, now)


def _taken(work: Work, identifier: str) -> Suggestion:
    """Return a suggestion that stands and that the user may decide on; its record is locked."""
    refused = NotFoundError(f"there is no suggestion with the id “{identifier[:80]}”")
    one = stored.get(work.connection, identifier)
    if one is None or one.entity not in work.catalog.entities:
        raise refused
    entity = work.catalog.entity(one.entity)
    held = access.rights(work.catalog, work.user, entity.id)
    draft = road.taken(work, entity, [one.record]).get(one.record)
    if draft is None or not _seen(work, one, held.seen_on(draft.env)) or not held.seen_on(draft.env):
        raise refused
    if not held.matching("update", draft.env):
        raise ForbiddenError(
            f"you may not update this {entity.title}, so you cannot decide on what is suggested for it"
        )
    if draft.env["archived_at"] is not None:
        raise ConflictError(f"the {entity.title} is archived; restore it before you change it")
    # Whoever decides has locked the record first, so this is how it stands.
    now = stored.get(work.connection, identifier)
    if now is None or not now.stands(work.now):
        state = now.state if now is not None and now.state != "open" else "expired"
        raise ConflictError(f"the suggestion is {state} already; read the record again")
    return now
