"""The sequences of a record, as far as somebody may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright.fields import messages
from dealwright.metadata import ladders
from dealwright.records import past
from dealwright.rules import sequences
from dealwright.storage import enrolments as stored

if TYPE_CHECKING:
    from dealwright.records.work import Work
    from dealwright.storage.enrolments import Enrolment


def sequences_of(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the sequences that run for a record, then those that have ended, the latest first.

    Each has ``id``, ``sequence``, ``title``, ``state`` (``running``, ``finished``, ``stopped``), ``why`` it stopped,
    ``started_at``, ``ended_at``, ``rule``, and ``steps``: ``id``, ``title``, ``at``, ``done``. One that tells of a field
    which the user may not see (what started it, what ends it) is left out, and one that is not defined any more.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    may_see = past.seen(work, entity_id, record_id)
    known = sequences.of(work.catalog)
    return [
        _shown(work, one)
        for one in stored.about(work.connection, entity_id, record_id)
        if one.sequence in known and past.shows(work, entity_id, {*one.reads, *known[one.sequence].reads}, may_see)
    ]


def _shown(work: Work, one: Enrolment) -> dict[str, Any]:
    locale = messages.locale()
    named = {
        step.rule.id.removeprefix(f"{one.sequence}."): step.pointer
        for step in ladders.steps(work.catalog)
        if step.kind == "sequence" and step.id == one.sequence
    }
    document = work.catalog.documents["sequence", one.sequence]

    def title(step: str) -> str:
        has = any(each["id"] == step and "title" in each for each in document["steps"])
        at = f"/steps/{step}/title"
        return work.catalog.text("sequence", one.sequence, at, locale) if has and step in named else step

    return {
        "id": one.id,
        "sequence": one.sequence,
        "title": work.catalog.text("sequence", one.sequence, "/title", locale),
        "state": one.state,
        "why": one.why,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "rule": one.rule,
        "revision": one.revision,
        "steps": [
            {"id": step, "title": title(step), "at": at, "done": done}
            for some, done in ((one.done, True), (one.left if one.is_running else [], False))
            for step, at in some
        ],
    }
