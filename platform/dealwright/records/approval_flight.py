"""Approvals that are open when another definition is put in force, and whose definition says that they migrate to it.

A follower of revisions (``live``) leaves a timer for each such definition; each carries one batch over and sets the next
one. What was decided stays decided; those who are newly asked are told. The others finish on their revision.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dealwright import approvals
from dealwright.approvals import carried, moves
from dealwright.metadata import canonical
from dealwright.records import approval_course, approval_facts
from dealwright.storage import approvals as stored
from dealwright.storage import timers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.records.work import Work

#: Family of the timers.
FAMILY: Final = "approvals"
#: Approvals in one transaction.
BATCH: Final = 100
#: After the last batch it is looked once more: one may have been asked for just before the revision.
ONCE_MORE: Final = timedelta(minutes=5)


def went_live(work: Work, before: Catalog | None) -> None:
    """Leave a timer for each definition that is other than before and takes along those that are open."""
    for one in approvals.of(work.catalog).values():
        old = approvals.of(before).get(one.id) if before is not None else None
        if one.in_flight == "migrate" and (old is None or old.document != one.document):
            _again(work, {"approval": one.id, "after": ""})


def _again(work: Work, data: Mapping[str, Any]) -> None:
    due = work.now + (ONCE_MORE if data.get("last") else timedelta(0))
    timers.put(work.connection, [timers.Timer("", "", f"{FAMILY}:{data['approval']}", due, data)])


def due(work: Work, told: Sequence[Event]) -> None:
    """Carry a batch of each over, and set the timer of the next one."""
    for event in told:
        data = {name: value for name, value in event.data.items() if name in ("approval", "after", "last")}
        ids = stored.behind(work.connection, data["approval"], work.catalog.revision, data["after"], BATCH)
        for identifier in ids:
            _carry(work, identifier)
        if ids:
            _again(work, {**data, "after": ids[-1], "last": False})
        elif not data.get("last"):
            _again(work, {**data, "after": "", "last": True})


def _carry(work: Work, identifier: str) -> None:
    """Take one approval along. One whose steps lead nowhere finishes on its revision."""
    row, old, before = approval_course.locked(work, identifier)
    new = approvals.of(work.catalog).get(row.approval)
    if row.state != "open" or new is None or new.document == old.document or new.unfit(row.places):
        return
    env = approval_facts.env(work, work.catalog, new, row.record)
    if env is None or not approval_course.holds(work, new, new.when, env):
        after = moves.end(before, "recalled")
        approval_course.write(work, row, before, after, {})
        approval_course.follow(work, old, row, before, after, "approval.dropped", {})
        return
    people = approvals.People(work.connection, work.catalog, new, env, row.requester, work.now, work.catalog)
    after = carried.carried(new, before, approval_course.needed(work, new, env), people.ask, people.managers)
    # What was asked for stays what it is about, as far as the new definition looks at it.
    facts = {name: row.facts.get(name, value) for name, value in approvals.facts(work.catalog, new, env).items()}
    moved = replace(row, revision=work.catalog.revision, facts=facts, digest=canonical.digest(facts))
    stored.rebase(work.connection, row.id, moved.revision)
    approval_course.write(work, moved, before, after, {})
    approval_course.follow(work, new, moved, before, after, "approval.migrated", {"from": row.revision})
