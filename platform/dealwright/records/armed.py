"""Timers of rules that wait for a moment of a record: set, moved and cancelled with the record, in its transaction.

A timer only says when to look. What was true when it was set may be so no longer when it is due; then everything is
asked anew (``timed``). A rule that is new, or waits for another moment since a parameter was changed, has its timers set
for the records that are there already: some hundred in a transaction, each such step a timer that sets the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import rules
from dealwright.records import interactions
from dealwright.storage import records as stored
from dealwright.storage import sweeps, timers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.rules import Prepared

#: Family of the timers of rules; the name goes on with the rule's id.
FAMILY: Final = "rule"
#: Family of the steps by which a rule's timers are set for records that are there already.
STEPS: Final = "arm"
#: Records in one step.
BATCH: Final = 500


def follow(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Set, move and cancel the timers of drafts that were written; a statement to set and one to cancel, if any.

    A moment that has passed is due at once: whoever enters a visit of last week is reminded now. Where rules were told
    not to look (an import without rules), only moments that lie ahead count.
    """
    waiting = rules.of(work.catalog).waiting(entity.id)
    if not waiting:
        return
    put: list[timers.Timer] = []
    cancelled: list[tuple[str, str]] = []
    for draft in drafts:
        for one in waiting:
            assert one.timed is not None  # noqa: S101 - narrows the type: waiting() returns no others
            if not draft.new and one.timed.watches.isdisjoint(draft.changed):
                continue
            due = None if draft.env.get("archived_at") is not None else one.timed.due(draft.env)
            if due is not None and (work.rules or due > work.now):
                put.append(_timer(work, entity.id, draft.id, one, due))
            elif not draft.new:
                cancelled.append((draft.id, name_of(one)))
    timers.put(work.connection, put)
    timers.cancel_each(work.connection, cancelled)


def moved(work: Work, entity: Entity, changed: interactions.Moved) -> None:
    """Move the timers that count from the last activity of records, which has moved."""
    waiting = [one for one in rules.of(work.catalog).waiting(entity.id) if _counts_from_activity(one)]
    if not waiting:
        return
    without = [record for record, (_, after) in changed.items() if after is None]
    rows: Mapping[str, Mapping[str, Any]] = (
        stored.get(work.connection, work.catalog, entity.id, without) if without else {}
    )
    put = []
    for record, (_, after) in changed.items():
        for one in waiting:
            assert one.timed is not None  # noqa: S101 - narrows the type: waiting() returns no others
            due = one.timed.reached(after) if after is not None else one.timed.due(rows.get(record, {}))
            if due is not None and (work.rules or due > work.now):
                put.append(_timer(work, entity.id, record, one, due))
    timers.put(work.connection, put)


def went_live(work: Work, before: Catalog | None) -> None:
    """Begin to set the timers of each rule that is new or waits for another moment than in the catalog before."""
    known = rules.of(before).by_id if before is not None else {}
    steps = []
    for identifier, one in rules.of(work.catalog).by_id.items():
        old = known.get(identifier)
        if one.timed is not None and (old is None or old.timed != one.timed or old.version != one.version):
            steps.append(_step(work, one, None))
    timers.put(work.connection, steps)


def arm_some(work: Work, told: Sequence[Event]) -> None:
    """Set the timers of a rule for the next records, and leave the rest to the next step.

    Records that are idle already are due at once. A moment ``after`` a date that has passed is not made up for: a rule
    that is new today does not remind of all that was due in the years before it.
    """
    for event in told:
        one = rules.of(work.catalog).by_id.get(str(event.data["name"]).partition(":")[2])
        if one is None or one.timed is None:
            continue
        entity = one.rule.entity
        fields = {one.timed.field, "created_at"}
        rows = sweeps.page(
            work.connection, work.catalog, entity, fields, after=event.data.get("after"), limit=BATCH, lock=True
        )
        put = []
        for row in rows:
            due = one.timed.due(row)
            if due is not None and (one.timed.idle or due > work.now):
                put.append(_timer(work, entity, row["id"], one, due))
        if len(rows) == BATCH:
            put.append(_step(work, one, rows[-1]["id"]))
        timers.put(work.connection, put)


def name_of(one: Prepared) -> str:
    """Return the name of the timer of a rule."""
    return f"{FAMILY}:{one.rule.id}"


def _timer(work: Work, entity: str, record: str, one: Prepared, due: datetime) -> timers.Timer:
    """Return a timer for a moment; of one that has passed it is due from now on, so that it is not late from the start."""
    return timers.Timer(entity, record, name_of(one), max(due, work.now), {"rule": one.rule.id})


def _step(work: Work, one: Prepared, after: str | None) -> timers.Timer:
    name = f"{STEPS}:{one.rule.id}"
    return timers.Timer(one.rule.entity, one.rule.id, name, work.now, {"after": after})


def _counts_from_activity(one: Prepared) -> bool:
    return one.timed is not None and one.timed.field == "last_activity_at"


interactions.FOLLOWING.append(moved)
