"""Timers that have become due: whose they are, and who is asked what follows.

The name of a timer begins with its family: ``rule:sales.stall``, ``sla:<clock>:80``. Each family has one function that
looks anew whether the reason of the timer still holds, and carries out what follows in the transaction in which the
timer was taken: a timer and its consequences commit together or not at all. A due timer of no family is an event that
is logged and wakes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.records import (
    approval_flight,
    approval_turns,
    armed,
    clock_timers,
    clocks_in_force,
    happenings,
    interactions,
    live,
    notices,
    report_runs,
    rescoring,
    road,
    rule_clocks,
    rule_sequences,
    scheduled,
    sequences,
    suggestions,
    timed,
    versions,
    visits,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealwright.events import Event
    from dealwright.records.work import Work

    Family = Callable[[Work, Sequence[Event]], None]

#: What the name of a timer begins with → who carries it out. Events are ``timer.due``; ``data`` has the timer's own
#: data and its ``name`` and ``due_at``.
FAMILIES: Mapping[str, Family] = {
    "approval": approval_turns.due,
    approval_flight.FAMILY: approval_flight.due,
    "interaction": interactions.due,
    "revision": live.went_live,
    "sla": clock_timers.due,
    "deadline": clock_timers.due,
    "clocks": clocks_in_force.some,
    "rule": timed.due,
    "arm": armed.arm_some,
    "schedule": scheduled.due,
    "sweep": scheduled.sweep_some,
    "look": scheduled.look_again,
    "notice": notices.due,
    visits.FAMILY: visits.due,
    versions.FAMILY: versions.due,
    "score": rescoring.due,
    sequences.FAMILY: sequences.due,
    report_runs.FAMILY: report_runs.due,
}

road.FOLLOWING.extend((rule_clocks.follow_up, rule_sequences.follow_up, suggestions.follow_up))


def due(work: Work, told: Sequence[Event]) -> None:
    """Carry out timers that have become due, those of one family together.

    Args:
        work: The transaction in which they were taken, in the name of the platform itself.
        told: A ``timer.due`` event for each.
    """
    by_family: dict[str, list[Event]] = {}
    for event in told:
        by_family.setdefault(str(event.data.get("name", "")).partition(":")[0], []).append(event)
    for family, some in by_family.items():
        FAMILIES.get(family, happenings.happen)(work, some)
