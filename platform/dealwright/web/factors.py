"""The scores of a record for its page: what they come to, what each factor gives, what the next tier needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dealwright import records
from dealwright.metadata import scores as defined
from dealwright.web import i18n
from dealwright.web.display import Display, display, number
from dealwright.web.i18n import gettext
from dealwright.web.story import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.scores import Score
    from dealwright.records import Work
    from dealwright.web.display import Reader


@dataclass(frozen=True, slots=True)
class Factor:
    """One input.

    Attributes:
        fact: Its value as the page shows it.
        share: What it gives of the score.
        weight: Its weight, and the one that counted where others are missing.
        filled: Its points, 0 to 100: the length of its bar.
    """

    title: str
    fact: Display
    share: str
    weight: str
    filled: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A score of the record. ``notes`` say why there is none, what is hidden, and what the next tier needs."""

    title: str
    value: str
    tier: str
    hue: str
    notes: tuple[str, ...]
    factors: tuple[Factor, ...]


def panels(work: Work, reader: Reader, record_id: str) -> tuple[Panel, ...]:
    """Return the scores of a record that the user may see; none for an entity without scores."""
    if not defined.on(work.catalog, reader.entity.id):
        return ()
    return tuple(_panel(reader, one) for one in records.scores(work, reader.entity.id, record_id))


def _panel(reader: Reader, told: Mapping[str, Any]) -> Panel:
    score = defined.of(reader.catalog)[told["score"]]
    tier = next((one for one in score.tiers if one.id == told["tier"]), None)
    return Panel(
        title=told["title"],
        value=number(told["value"]) if told["value"] is not None else "",
        tier=told["tier_title"] or "",
        hue=(tier.hue if tier is not None else None) or "gray",
        notes=tuple(_notes(reader, score, told)),
        factors=tuple(_factor(reader, score, one) for one in told["shares"]),
    )


def _notes(reader: Reader, score: Score, told: Mapping[str, Any]) -> list[str]:
    notes = []
    if told["reason"] == "not-yet":
        notes.append(gettext("This record has not been scored yet."))
    elif told["reason"] == "no-inputs":
        notes.append(gettext("There is no score: none of the factors has a value."))
    elif told["reason"] == "coverage":
        text = gettext("There is no score: factors with %(least)s %% of the weight need a value.", least=_least(score))
        notes.append(text)
    following = told["next_tier"]
    if following is not None and Decimal(following["missing"]) > 0:
        title = reader.catalog.text("score", score.id, f"/tiers/{following['id']}/title", i18n.tag())
        text = gettext("%(points)s points more for %(tier)s", points=number(following["missing"]), tier=title)
        notes.append(text)
    if told["coverage"] is not None and told["missing"] and not told["reason"]:
        share = number(Decimal(told["coverage"]).normalize())
        notes.append(gettext("%(share)s %% of the weight has a value; it counts for the rest too.", share=share))
    if told["hidden"]:
        notes.append(gettext("%(n)s factors are not shown to you.", n=told["hidden"]))
    return notes


def fact(reader: Reader, source: str, value: Any) -> Display:
    """Return the value of an input as its field shows it; over references, the field where the path ends."""
    *way, last = source.split(".")
    entity = reader.entity
    for step in way:
        link = entity.field(step)
        target = reader.catalog.entities.get(link.to or "") if link is not None else None
        if target is None:
            return Display("text", plain(value))
        entity = target
    field = entity.field(last)
    if field is None:
        return Display("text", plain(value))
    return display(replace(reader, entity=entity), field, value)


def _least(score: Score) -> str:
    return number((score.min_coverage * 100).normalize())


def _factor(reader: Reader, score: Score, one: Mapping[str, Any]) -> Factor:
    source = next(given.value for given in score.inputs if given.id == one["id"])
    shown_fact = fact(reader, source, one["fact"])
    weight, counted = (number(Decimal(one[key]).normalize()) for key in ("weight", "counted"))
    missing = one["points"] is None
    shown = gettext("weight %(weight)s %%", weight=weight)
    if not missing and weight != counted:
        shown = gettext("weight %(weight)s %%, counts %(counted)s %%", weight=weight, counted=counted)
    if one.get("segment_title"):
        shown = f"{shown} · {one['segment_title']}"
    return Factor(one["title"], shown_fact, number(one["share"]), shown, one["points"] or "0", missing)
