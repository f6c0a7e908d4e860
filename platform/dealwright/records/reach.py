"""Changes that move scores of other records leave a timer behind, in their own transaction; ``rescoring`` does the work.

A change of an account's credit does not wait until its ten thousand deals are scored anew: it notes that they are to be,
and the worker goes through them, some hundred in a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import scoring
from dealwright.records import interactions
from dealwright.storage import timers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.scoring import Watch

#: Family of the timers by which scores are worked out anew.
FAMILY: Final = "score"


def note(work: Work, entity: Entity, drafts: Iterable[Draft]) -> None:
    """Note which scores of other records written drafts move; one statement, none if nobody looks out for them."""
    watches = [one for one in scoring.watches(work.catalog, entity.id) if one.way or one.via]
    if not watches:
        return
    # Nothing refers to a record that is new: only what adds it up is moved.
    adding = [one for one in watches if one.via]
    found: list[timers.Timer] = []
    for draft in drafts:
        some = adding if draft.new else watches
        found += _meant(work, entity, some, draft.id, draft.changed, (draft.before, draft.env))
    timers.put(work.connection, found)


def moved(work: Work, entity: Entity, ids: Iterable[str], fields: Collection[str]) -> None:
    """Note which scores are moved by a change of these fields that was no save, of the records themselves too."""
    if watches := scoring.watches(work.catalog, entity.id):
        found = (timer for one in ids for timer in _meant(work, entity, watches, one, fields, ()))
        timers.put(work.connection, list(found))


def _meant(
    work: Work,
    entity: Entity,
    watches: Sequence[Watch],
    record: str,
    changed: Collection[str],
    rows: Sequence[Mapping[str, Any] | None],
) -> Iterator[timers.Timer]:
    for watch in watches:
        if watch.fields.isdisjoint(changed):
            continue
        if watch.via is None:
            yield _timer(work, watch, entity.id, record)
            continue
        to = entity.fields[watch.via].to or ""
        for meant in {str(row[watch.via]) for row in rows if row is not None and row.get(watch.via) is not None}:
            yield _timer(work, watch, to, meant)


def _timer(work: Work, watch: Watch, entity: str, record: str) -> timers.Timer:
    data = {"scored": watch.scored, "way": list(watch.way)}
    return timers.Timer(entity, record, f"{FAMILY}:reach:{watch.scored}:{'.'.join(watch.way)}", work.now, data)


def _activity(work: Work, entity: Entity, changed: interactions.Moved) -> None:
    moved(work, entity, changed, {"last_activity_at"})


interactions.FOLLOWING.append(_activity)
