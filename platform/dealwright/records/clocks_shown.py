"""The clocks of a record, as far as somebody may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import sla
from dealwright.fields import messages
from dealwright.records import past
from dealwright.records.clocks import calendar_of
from dealwright.sla.clock import MILLI
from dealwright.storage import clocks as stored

if TYPE_CHECKING:
    from dealwright.records.work import Work
    from dealwright.sla import Clock


def clocks_of(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the SLA clocks and deadlines of a record: open ones first, then those that have ended, the latest first.

    Durations are in the time of the clock: working time where it runs by a calendar. ``remaining`` is None for a clock
    that has ended and negative for one that is over. A clock of a policy that looks at a field which the user
    may not see, or that is not defined any more, is left out.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    may_see = past.seen(work, entity_id, record_id)
    standing = sla.of(work.catalog)
    shown = []
    for one in stored.about(work.connection, entity_id, record_id):
        policy = standing.by_id.get((one.kind, one.policy))
        if policy is not None and past.shows(work, entity_id, policy.reads, may_see):
            shown.append(_shown(work, one))
    return shown


def _shown(work: Work, one: Clock) -> dict[str, Any]:
    elapsed = max(one.elapsed(work.now, calendar_of(work, one)), 0)
    title = work.catalog.text(one.kind, one.policy, "/title", messages.locale())
    return {
        "id": one.id,
        "kind": one.kind,
        "policy": one.policy,
        "title": title,
        "state": one.state,
        "breached": one.breached_at is not None,
        "started_at": one.started_at,
        "due_at": one.due_at,
        "ended_at": one.ended_at,
        "breached_at": one.breached_at,
        "working_time": one.calendar is not None,
        "target": one.total * MILLI,
        "elapsed": elapsed * MILLI,
        "remaining": (one.total - elapsed) * MILLI if one.is_open else None,
        "late": one.late * MILLI if one.late is not None else None,
        "pauses": one.pauses,
        "assumed_years": one.assumed,
        "revision": one.revision,
    }
