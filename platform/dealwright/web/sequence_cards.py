"""The sequences of a record on its page: what was done, what comes next and when, and which may be started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import records
from dealwright.rules import sequences as defined
from dealwright.web.display import moment
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.records import Work

#: Sequences that have ended and are still shown.
_ENDED = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A step in words; ``exact`` is its moment for machines."""

    title: str
    at: str
    exact: str
    done: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A sequence as a page shows it. ``sequence`` is its id."""

    sequence: str
    title: str
    says: str
    hue: str
    running: bool
    steps: tuple[Step, ...]


def cards(work: Work, entity_id: str, record_id: str) -> tuple[Card, ...]:
    """Return the sequences of a record; no statement where its entity has none."""
    if not defined.about(work.catalog, entity_id):
        return ()
    found = records.sequences_of(work, entity_id, record_id)
    running = [one for one in found if one["state"] == "running"]
    ended = [one for one in found if one["state"] != "running"][:_ENDED]
    return tuple(_card(one) for one in (*running, *ended))


def startable(work: Work, entity_id: str, record_id: str, shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sequences that the reader may start for a record; no statement where its entity has none."""
    if shown.get("archived_at") is not None:
        return []
    return records.sequences_offered(work, entity_id, record_id)


def _card(one: Mapping[str, Any]) -> Card:
    running = one["state"] == "running"
    left = sum(not step["done"] for step in one["steps"])
    texts = {
        "running": gettext("%(n)s to come", n=left),
        "finished": gettext("Finished"),
        "stopped": gettext("Stopped early"),
    }
    return Card(
        sequence=one["sequence"],
        title=one["title"],
        says=texts[one["state"]],
        hue={"running": "blue", "finished": "green"}.get(one["state"], "gray"),
        running=running,
        steps=tuple(Step(step["title"], moment(step["at"]), step["at"], step["done"]) for step in one["steps"]),
    )
