"""What follows when a revision goes live: work on records that are there already.

An installation leaves a timer of the family ``revision`` behind, in the transaction that puts the revision in force.
When it is due, at once, each follower compares the definitions before and after and leaves behind what is to be done:
moments to arm, values to work out anew. A follower does little itself: work on many records goes in batches, each a
timer that sets the next one, so that it goes on after a crash where it stood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.errors import NotFoundError
from dealwright.records import approval_flight, armed, clocks_in_force, report_runs, rescoring, scheduled, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.records.work import Work

    Follower = Callable[[Work, Catalog | None], None]

#: Each is called with the transaction, whose ``catalog`` is in force, and the catalog before; None at the first one.
FOLLOWERS: Sequence[Follower] = (
    armed.went_live,
    scheduled.went_live,
    versions.went_live,
    approval_flight.went_live,
    clocks_in_force.went_live,
    rescoring.went_live,
    report_runs.went_live,
)


def went_live(work: Work, told: Sequence[Event]) -> None:
    """Let the followers look at each revision that went live; ``data`` has ``before``, the id of the one before it."""
    for event in told:
        before = _catalog(work, event.data.get("before"))
        for follower in FOLLOWERS:
            follower(work, before)


def _catalog(work: Work, revision: str | None) -> Catalog | None:
    if revision is None:
        return None
    try:
        return work.workspace.catalog_of(work.connection, revision)
    except NotFoundError:
        return None  # removed since; everything is looked at then
