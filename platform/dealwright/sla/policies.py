"""An SLA policy: when its clocks run, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import calendars
from dealwright.metadata.names import namespace_of
from dealwright.sla import when

if TYPE_CHECKING:
    from dealwright.calendars import Period
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document
    from dealwright.sla.when import When


@dataclass(frozen=True, slots=True)
class Policy:
    """An SLA policy of an entity.

    Attributes:
        start, stop: When a clock starts and ends; None where only rules say so.
        pause: While this condition holds, or from this event on, the clock stands; None for never.
        resume: The event that lets a clock go on which an event has paused; None where a condition pauses.
        target: How much time there is.
        calendar: Id of the calendar in whose working time the clock runs; None for time that passes.
        restart: ``never`` (one clock of a record for ever), ``after_stop``, or ``always`` (a start also replaces a
            running clock).
        percents: Steps of the ladder, rising, 100 apart from them: that one every clock has.
        reads: The names of an environment that its conditions read.
        elsewhere: Whether a condition reads other records, whose changes nobody tells of: then each save is looked at.
    """

    id: str
    title: str
    entity: str
    start: When | None
    stop: When | None
    pause: When | None
    resume: When | None
    target: Period
    calendar: str | None
    restart: str
    percents: tuple[int, ...]
    reads: frozenset[str]
    elsewhere: bool

    @property
    def events(self) -> frozenset[str]:
        """Types of event that can move its clocks."""
        return frozenset(one.event for one in self._whens if one.event is not None)

    @property
    def _whens(self) -> tuple[When, ...]:
        return tuple(one for one in (self.start, self.stop, self.pause, self.resume) if one is not None)


def read(catalog: Catalog, identifier: str, document: Document) -> Policy:
    """Return a policy.

    Raises:
        ConditionError: If a condition is not valid.
        ValueError: If the target is no length of time.
    """
    entity = document["entity"]

    def one(key: str) -> Any:
        return when.read(catalog, identifier, entity, document[key]) if key in document else None

    target = calendars.said(catalog, document["target"], namespace_of(identifier))
    whens = {key: one(key) for key in ("start", "stop", "pause", "resume")}
    calendar = document.get("calendar")
    return Policy(
        id=identifier,
        title=document["title"],
        entity=entity,
        **whens,
        target=target,
        calendar=calendar or (calendars.DEFAULT if target.working_days else None),
        restart=document.get("restart", "after_stop"),
        percents=tuple(sorted({percent(step["at"]) for step in document.get("escalate", ())} - {100})),
        reads=frozenset[str]().union(*(found.names for found in whens.values() if found is not None)),
        elsewhere=any(
            found is not None and found.condition is not None and when.looks_elsewhere(catalog, found.condition)
            for found in whens.values()
        ),
    )


def percent(text: str) -> int:
    """Return the number of ``80%``."""
    return int(text.removesuffix("%"))
