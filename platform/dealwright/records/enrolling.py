"""Sequences that people start, go on with and end by hand: from the page of a record, the API and the command line.

Who may update a record may put it into a sequence whose end he may see; what is then done at a step is done by the
sequence, as when a rule had started it. The events say who did it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError
from dealwright.fields import messages
from dealwright.records import past, road, sequences
from dealwright.records.sequences_shown import sequences_of
from dealwright.records.texts import called, say
from dealwright.rules import sequences as defined
from dealwright.storage import enrolments as stored

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.storage.enrolments import Enrolment


def sequences_offered(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the sequences that the user may start for a record now: ``sequence``, ``title``, ``steps`` (how many).

    One whose end holds already is among them; starting it is refused. No statement where the entity has none.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    known = defined.about(work.catalog, entity_id)
    if not known or not access.rights(work.catalog, work.user, entity_id).allows("update"):
        return []
    if not past.may_do(work, "update", entity_id, record_id):
        return []
    may_see = past.seen(work, entity_id, record_id)
    there = stored.about(work.connection, entity_id, record_id)
    return [
        {"sequence": one.id, "title": _title(work, one), "steps": len(one.steps)}
        for one in known
        if past.shows(work, entity_id, one.reads, may_see) and _refusal(one, there) is None
    ]


def start_sequence(work: Work, entity_id: str, record_id: str, sequence_id: str) -> dict[str, Any]:
    """Let a sequence run for a record from now on; return it as :func:`sequences_of` does.

    Raises:
        NotFoundError: If there is no such record or sequence of its entity, or the user may not see it or its end.
        ForbiddenError: If he may not update the record.
        ConflictError: If the record is archived, the sequence runs, has run and may not again, or would end at once.
    """
    entity, draft, sequence, there = _taken(work, entity_id, record_id, sequence_id)
    code = _refusal(sequence, there) or ("sequence-over" if sequences.is_over(sequence, draft) else None)
    if code is not None:
        raise ConflictError(say(code, record=called(work.catalog, entity), sequence=_title(work, sequence)))
    turn = sequences.Turn(work, actor=work.user.id)
    for running in _running(there, sequence):
        turn.stop(running, draft, "restart")
    started = turn.start(sequence, draft, None, ())
    return _done(work, entity, draft, turn, started)


def advance_sequence(work: Work, entity_id: str, record_id: str, sequence_id: str) -> dict[str, Any]:
    """Do the next step of a sequence now; with ``delays_from`` ``previous`` the rest counts from now. Return it.

    Raises:
        NotFoundError, ForbiddenError, ConflictError: As :func:`start_sequence`; or if the sequence does not run.
    """
    entity, draft, sequence, there = _taken(work, entity_id, record_id, sequence_id)
    running = _one_running(work, entity, sequence, there)
    turn = sequences.Turn(work, actor=work.user.id)
    turn.step(running, draft, early=True)
    return _done(work, entity, draft, turn, running)


def stop_sequence(work: Work, entity_id: str, record_id: str, sequence_id: str) -> dict[str, Any]:
    """End a sequence of a record; what is still to come does not come. Return it.

    Raises:
        NotFoundError, ForbiddenError, ConflictError: As :func:`advance_sequence`.
    """
    entity, draft, sequence, there = _taken(work, entity_id, record_id, sequence_id)
    running = _one_running(work, entity, sequence, there)
    turn = sequences.Turn(work, actor=work.user.id)
    turn.stop(running, draft, "person")
    return _done(work, entity, draft, turn, running)


def _taken(
    work: Work, entity_id: str, record_id: str, sequence_id: str
) -> tuple[Entity, Draft, defined.Sequence, list[Enrolment]]:
    """Return what a person is about to change, with the record locked, if he may."""
    may_see = past.seen(work, entity_id, record_id)
    entity = work.catalog.entity(entity_id)
    sequence = defined.of(work.catalog).get(sequence_id)
    if sequence is None or sequence.entity != entity_id or not past.shows(work, entity_id, sequence.reads, may_see):
        raise NotFoundError(f"there is no sequence “{sequence_id[:80]}” for a {entity.title}")
    draft = road.taken(work, entity, [record_id]).get(record_id)
    held = access.rights(work.catalog, work.user, entity_id)
    if draft is None or not held.matching("update", draft.env):
        raise ForbiddenError(f"you may not update this {entity.title}, so you cannot change what runs for it")
    if draft.env["archived_at"] is not None:
        raise ConflictError(say("archived", record=called(work.catalog, entity)))
    return entity, draft, sequence, stored.about(work.connection, entity_id, record_id)


def _running(there: list[Enrolment], sequence: defined.Sequence) -> list[Enrolment]:
    return [one for one in there if one.sequence == sequence.id and one.is_running]


def _one_running(work: Work, entity: Entity, sequence: defined.Sequence, there: list[Enrolment]) -> Enrolment:
    for one in _running(there, sequence):
        return one
    raise ConflictError(say("sequence-still", record=called(work.catalog, entity), sequence=_title(work, sequence)))


def _refusal(sequence: defined.Sequence, there: list[Enrolment]) -> str | None:
    """Return the code of why ``again`` does not let a sequence start, None if it does."""
    if sequence.again != "restart" and _running(there, sequence):
        return "sequence-runs"
    if sequence.again == "never" and any(one.sequence == sequence.id for one in there):
        return "sequence-once"
    return None


def _done(work: Work, entity: Entity, draft: Draft, turn: sequences.Turn, one: Enrolment) -> dict[str, Any]:
    sequences.hear(work, entity, [draft], turn)
    return next(shown for shown in sequences_of(work, entity.id, draft.id) if shown["id"] == one.id)


def _title(work: Work, sequence: defined.Sequence) -> str:
    return work.catalog.text("sequence", sequence.id, "/title", messages.locale()) or sequence.id
