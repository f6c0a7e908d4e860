"""Sequences, compiled: timed steps that follow one another for a record, and what ends them early.

What is done at a step is a rule (:mod:`dealwright.metadata.ladders`), woken by the event that the moment of the step has
come. Here it is said when that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dealwright.errors import Problem
from dealwright.rules import spans
from dealwright.rules.timed import Timed
from dealwright.sla import check, when

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document
    from dealwright.sla.when import When

#: Types of the events of a sequence; that of a step is ``ladders.STEP``.
STARTED: Final = "sequence.started"
STOPPED: Final = "sequence.stopped"
FINISHED: Final = "sequence.finished"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``after`` says how long after the start, or the step before, its moment comes."""

    id: str
    after: Timed


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence of an entity.

    Attributes:
        steps: In the order of the document.
        from_previous: Whether delays count from the step before; else from the start.
        again: ``never``, ``after_end`` or ``restart``: what a second start for a record means.
        stop: What ends it early; None for rules alone.
        elsewhere: Whether ``stop`` reads other records, whose changes nobody tells of.
    """

    id: str
    entity: str
    steps: tuple[Step, ...]
    from_previous: bool
    again: str
    stop: When | None
    elsewhere: bool

    @property
    def reads(self) -> frozenset[str]:
        """The names of an environment that ``stop`` reads."""
        return self.stop.names if self.stop is not None else frozenset()

    def plan(self, start: datetime) -> list[tuple[str, datetime]]:
        """Return the steps with their moments, for a sequence that starts then, in the order of time.

        A moment that no calendar can tell (a year whose holidays it does not know) leaves its step out.
        """
        if self.from_previous:
            return self.follow(self.steps, start)
        found = [(one.id, moment) for one in self.steps if (moment := one.after.reached(start)) is not None]
        return sorted(found, key=lambda one: one[1])

    def onward(self, left: Listed[str], moment: datetime) -> list[tuple[str, datetime]]:
        """Return the steps that are left with their moments, where the one before them was done at ``moment``."""
        known = {one.id: one for one in self.steps}
        return self.follow([known[one] for one in left if one in known], moment)

    def follow(self, steps: Listed[Step], moment: datetime) -> list[tuple[str, datetime]]:
        """Return steps with their moments, each counted from the one before it."""
        found = []
        for one in steps:
            reached = one.after.reached(moment)
            if reached is not None:
                moment = reached
                found.append((one.id, moment))
        return found


def of(catalog: Catalog) -> Mapping[str, Sequence]:
    """Return the sequences of a catalog by id, compiled at the first call."""
    return catalog.once("rules.sequences", lambda: MappingProxyType(dict(_all(catalog))))


def about(catalog: Catalog, entity: str) -> tuple[Sequence, ...]:
    """Return the sequences of an entity."""
    return catalog.once(
        ("rules.sequences", entity), lambda: tuple(one for one in of(catalog).values() if one.entity == entity)
    )


def needs(catalog: Catalog, entity: str) -> frozenset[str]:
    """Return the names of an environment that the sequences of an entity read."""
    return frozenset[str]().union(*(one.reads for one in about(catalog, entity)))


def _all(catalog: Catalog) -> Any:
    for (kind, identifier), document in sorted(catalog.documents.items()):
        if kind == "sequence":
            yield identifier, _read(catalog, identifier, document)


def _read(catalog: Catalog, identifier: str, document: Document) -> Sequence:
    stop = when.read(catalog, identifier, document["entity"], document["stop"]) if "stop" in document else None
    steps = [(step["id"], _after(catalog, identifier, step)) for step in document["steps"]]
    return Sequence(
        id=identifier,
        entity=document["entity"],
        steps=tuple(Step(name, after) for name, after in steps if after is not None),
        from_previous=document.get("delays_from") == "previous",
        again=document.get("again", "after_end"),
        stop=stop,
        elsewhere=stop is not None and stop.condition is not None and when.looks_elsewhere(catalog, stop.condition),
    )


def _after(catalog: Catalog, identifier: str, step: Document) -> Timed | None:
    span = spans.read(catalog, identifier, step["after"])
    if span is None:
        return None
    at = step.get("at")
    return Timed(
        idle=False,
        field="",
        span=span,
        at=time.fromisoformat(at) if at is not None else None,
        zone=ZoneInfo(catalog.settings.get("zone", "UTC")),
        watches=frozenset(),
        days=spans.days_of(catalog, span),
        calendar=spans.calendar_of(catalog, span),
    )


def problems(catalog: Catalog) -> list[Problem]:
    """Return what is wrong with each sequence, beyond its names and conditions; ``source`` is ``sequence:<id>``."""
    found = []
    for (kind, identifier), document in catalog.documents.items():
        if kind != "sequence":
            continue
        faults = [Problem(*one) for one in check.common(catalog, identifier, document)]
        for index, step in enumerate(document["steps"]):
            faults += spans.problems(catalog, identifier, step["after"], f"/steps/{index}/after", forward=False)
        found += [Problem(one.pointer, one.code, one.message, f"sequence:{identifier}") for one in faults]
    return found
