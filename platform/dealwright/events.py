"""Events: what has happened, once and for all.

    record.created   record.updated   record.moved   record.deleted   record.restored     the platform, on each save
    approval.*   sla.*   deadline.*   timer.*   score.*                                   the platform, as time passes
    checklist.done   checklist.undone                                                     the platform, on each tick
    suggestion.made   suggestion.accepted   suggestion.dismissed                          the platform
    sequence.started   sequence.step   sequence.stopped   sequence.finished                 the platform, as time passes
    engagement.opened   med.certificate_renewed   c.visit_booked                          sent by people, packs, plugins

A type is two names with a dot between: whose it is, and what happened, in the past tense. The families of the platform
are closed: nobody else may send a ``record.updated``. Every other family is open to whoever may send events about the
record (:func:`is_sendable`).

The log of events *is* the history of a record: ``changes`` of its ``record.*`` events, read in order, lead from nothing
to what it is now. A move between stages is ``record.moved`` and has ``stage`` among its changes; there is no second
event for entering or leaving.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import names

if TYPE_CHECKING:
    from datetime import datetime

CREATED: Final = "record.created"
UPDATED: Final = "record.updated"
MOVED: Final = "record.moved"
DELETED: Final = "record.deleted"
RESTORED: Final = "record.restored"
#: A moment that somebody waited for has come; ``data`` says whose it was.
DUE: Final = "timer.due"
#: Every type of the family ``record``.
RECORD_TYPES: Final = frozenset({CREATED, UPDATED, MOVED, DELETED, RESTORED})
#: Families that only the platform raises. A pack's namespace may not be one of them.
PLATFORM_FAMILIES: Final = frozenset(
    {"record", "approval", "sla", "deadline", "timer", "score", "checklist", "suggestion", "sequence"}
)

#: What the platform raises and rules may wait for by name, as for an event that was sent.
HEARD: Final = frozenset(
    {
        "checklist.done",
        "checklist.undone",
        "suggestion.made",
        "suggestion.accepted",
        "suggestion.dismissed",
        "sequence.started",
        "sequence.stopped",
        "sequence.finished",
    }
)

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@lru_cache(maxsize=4096)
def is_type(text: str) -> bool:
    """Tell whether ``text`` may be the type of an event: a known one of ``record``, or two names and a dot."""
    return text in RECORD_TYPES if text.startswith("record.") else names.is_id(text)


def is_sendable(text: str) -> bool:
    """Tell whether a person, pack or plugin may send an event of this type: it is one, and not the platform's own."""
    return is_type(text) and names.namespace_of(text) not in PLATFORM_FAMILIES


def is_heard(text: str) -> bool:
    """Tell whether a rule may wait for events of this type by name: those that are sent, and some of the platform's."""
    return text in HEARD or is_sendable(text)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, mostly to one record.

    Attributes:
        id: UUIDv7.
        type: Such as ``record.updated``; see the head of this module.
        entity: Id of the entity that ``record`` belongs to.
        record: Id of the record it is about; None for an event about no record in particular.
        version: Version of the record after the event; None where no record was written.
        at: When it happened: aware, UTC, milliseconds. For a sent event this may lie before it was received.
        actor: Id of the user in whose name it happened; None for the platform itself.
        data: What the event says, in API JSON; ``event.<key>`` in conditions. Empty for ``record.*``.
        changes: Field id to (before, after), both in API JSON, None for empty; only fields whose value changed.
        cause: Id of the event that led to this one through a rule; None for a first cause.
        depth: How many events lie between this one and its first cause; 0 for a first cause.

    Raises:
        ValueError: If ``type`` is not the type of an event, or ``at`` has no zone.
    """

    id: str
    type: str
    entity: str
    record: str | None
    version: int | None
    at: datetime
    actor: str | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=lambda: _NOTHING)
    cause: str | None = None
    depth: int = 0

    def __post_init__(self) -> None:
        if not is_type(self.type):
            raise ValueError(
                f"“{self.type}” is not the type of an event: expected {', '.join(sorted(RECORD_TYPES))}, "
                "or two names with a dot between, such as engagement.opened"
            )
        if self.at.tzinfo is None:
            raise ValueError("an event needs a moment with a zone")
