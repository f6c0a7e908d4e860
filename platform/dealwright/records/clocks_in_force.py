"""What a revision that goes live means for clocks, some hundred at a time, each batch a timer that sets the next one.

A clock that runs keeps its time: a changed target, ladder or calendar is for clocks that start later. A policy that is
gone ends its clocks without an outcome. A deadline that is new, or changed, is set for the records that are there: law
does not ask when it was entered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealwright import sla
from dealwright.records import clocks, road
from dealwright.storage import clocks as stored
from dealwright.storage import sweeps, timers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.records.work import Work

#: Family of the timers of batches.
FAMILY: Final = "clocks"
#: Records or clocks in one batch.
BATCH: Final = 500


def went_live(work: Work, before: Catalog | None) -> None:
    """Leave behind what is to be done: policies that are gone, deadlines that are new or changed."""
    standing = sla.of(work.catalog)
    steps = [
        _step(work, "end", kind, policy, entity, "")
        for kind, policy, entity in stored.policies(work.connection)
        if (kind, policy) not in standing.by_id
    ]
    for (kind, identifier), one in standing.by_id.items():
        old = before.documents.get((kind, identifier)) if before is not None else None
        if kind == "deadline" and old != work.catalog.documents[kind, identifier]:
            steps.append(_step(work, "set", kind, identifier, one.entity, ""))
    timers.put(work.connection, steps)


def some(work: Work, told: Sequence[Event]) -> None:
    """Do the next batch of each; a due timer of the family ``clocks``."""
    for event in told:
        data = event.data
        if data["do"] == "end":
            _end(work, data["kind"], data["policy"], event.entity, data["after"])
        else:
            _set(work, data["policy"], data["after"])


def _end(work: Work, kind: str, policy: str, entity: str, after: str) -> None:
    if (kind, policy) in sla.of(work.catalog).by_id:
        return  # it is back
    found = stored.open_of(work.connection, policy, after=after, limit=BATCH)
    turn = clocks.Turn(work)
    for one in found:
        turn.cancel(one)
    turn.write()
    if len(found) == BATCH:
        timers.put(work.connection, [_step(work, "end", kind, policy, entity, found[-1].id)])


def _set(work: Work, identifier: str, after: str) -> None:
    deadline = sla.of(work.catalog).by_id.get(("deadline", identifier))
    if not isinstance(deadline, sla.Deadline):
        return
    entity = work.catalog.entity(deadline.entity)
    rows = sweeps.page(work.connection, work.catalog, entity.id, after=after or None, limit=BATCH, lock=True)
    drafts = road.taken(work, entity, [row["id"] for row in rows])
    known: dict[str, list[sla.Clock]] = {}
    for one in stored.of(work.connection, list(drafts), {identifier}):
        if one.policy == identifier:
            known.setdefault(one.record, []).append(one)
    turn = clocks.Turn(work)
    for draft in drafts.values():
        clocks.set_anew(turn, deadline, draft, known.get(draft.id, []), ahead=True)
    heard = turn.write()
    if heard:
        road.tell(work, entity, heard)
    if len(rows) == BATCH:
        timers.put(work.connection, [_step(work, "set", "deadline", identifier, entity.id, rows[-1]["id"])])


def _step(work: Work, do: str, kind: str, policy: str, entity: str, after: str) -> timers.Timer:
    data = {"do": do, "kind": kind, "policy": policy, "after": after}
    return timers.Timer(entity, policy, f"{FAMILY}:{do}:{kind}", work.now, data)
