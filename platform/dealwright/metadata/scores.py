"""Scores as frozen objects, their numbers settled: a parameter is the value that is in force.

    Score ── Input ── Scale        each input's value becomes 0 to 100 points by its scale
          ├─ Segment               other weights for some records
          └─ Tier                  ranges of the score

:func:`of` gives them once per catalog; :func:`filled` says which fields of an entity receive a score or a tier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dealwright.metadata.definitions import EMPTY, title_of
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document

#: Places of a score whose document says nothing.
DECIMALS = 2
#: What a parameter counts in a half-life, in days.
_DAYS = {"day": 1, "week": 7, "D": 1, "W": 7}


@dataclass(frozen=True, slots=True)
class Scale:
    """How a value becomes points.

    Attributes:
        kind: ``truth`` (a condition: 0 or 100), ``steps``, ``linear``, ``map``, ``half_life`` or ``age`` (steps by age).
        steps: For ``steps`` and ``age``: (from, points), rising in ``from``.
        ends: For ``linear``: the value of 0 points and that of 100.
        points: For ``map``: option to points.
        half_life: In days.
    """

    kind: str
    steps: tuple[tuple[Decimal, Decimal], ...] = ()
    ends: tuple[Decimal, Decimal] = (Decimal(0), Decimal(100))
    points: Mapping[str, Decimal] = field(default_factory=lambda: EMPTY)
    half_life: int = 0


@dataclass(frozen=True, slots=True)
class Input:
    """One factor. ``value`` is the source of an expression; ``weight`` counts relative to the other weights."""

    id: str
    title: str
    value: str
    scale: Scale
    weight: Decimal


@dataclass(frozen=True, slots=True)
class Segment:
    """Records for which some inputs weigh otherwise: ``weights`` by input, ``when`` is the source of a condition."""

    id: str
    title: str
    when: str
    weights: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Tier:
    """A range of a score: from ``start``, which belongs to it, to the start of the next."""

    id: str
    title: str
    start: Decimal
    hue: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Points worked out from a record.

    Attributes:
        segments: Other weights for some records: the first whose condition a record meets.
        low, high: The lowest and highest score.
        min_coverage: Share of the weight, 0 to 1, whose inputs must have a value.
        tiers: The highest first.
        hysteresis: Points by which a bound must be passed before a record changes its tier.
        decimals: Places to which the score is rounded, once, half up.
        when: Source of a condition; a record that does not meet it keeps what it has. None for every record.
        into, tier_into: Fields that receive the score and the tier; None for none.
        publish: Whether score and tier may be seen by who may not see every input.
        todo: What it is to the to-do page: ``first``, ``last``, ``never``, or empty.
    """

    id: str
    title: str
    entity: str
    inputs: tuple[Input, ...]
    segments: tuple[Segment, ...]
    low: Decimal
    high: Decimal
    min_coverage: Decimal
    tiers: tuple[Tier, ...]
    hysteresis: Decimal
    decimals: int
    when: str | None
    into: str | None
    tier_into: str | None
    publish: bool
    todo: str
    document: Document


def of(catalog: Catalog) -> Mapping[str, Score]:
    """Return the scores of a catalog by id, in the order of their ids; read once.

    A parameter that does not exist, or has no value, is 0: that is told of where references are checked.
    """
    return catalog.once("metadata.scores", lambda: _read(catalog))


def on(catalog: Catalog, entity_id: str) -> tuple[Score, ...]:
    """Return the scores of an entity's records."""
    return catalog.once(
        ("metadata.scores", entity_id), lambda: tuple(s for s in of(catalog).values() if s.entity == entity_id)
    )


def ordering(catalog: Catalog, entity_id: str) -> tuple[Score, ...]:
    """Return the scores by which the to-do page orders an entity's records, the one to be asked first before the others."""

    def find() -> tuple[Score, ...]:
        places = {"first": 0, "": 1, "last": 2}
        some = [one for one in on(catalog, entity_id) if one.into is not None and one.todo in places]
        return tuple(sorted(some, key=lambda one: places[one.todo]))

    return catalog.once(("metadata.scores.ordering", entity_id), find)


def filled(catalog: Catalog, entity_id: str) -> Mapping[str, Score]:
    """Return the fields of an entity that receive a score or a tier, each with its score: nobody else may set them."""
    return catalog.once(("metadata.scores.filled", entity_id), lambda: _filled(catalog, entity_id))


def _filled(catalog: Catalog, entity_id: str) -> Mapping[str, Score]:
    pairs = [(name, one) for one in on(catalog, entity_id) for name in (one.into, one.tier_into) if name is not None]
    return MappingProxyType(dict(pairs))


def _read(catalog: Catalog) -> Mapping[str, Score]:
    found = {}
    for (kind, identifier), document in sorted(catalog.documents.items()):
        if kind == "score":
            found[identifier] = _score(catalog, identifier, document)
    return MappingProxyType(found)


def _score(catalog: Catalog, identifier: str, document: Document) -> Score:
    def number(written: Any) -> Decimal:
        return settled(catalog, identifier, written)

    entity = catalog.entities.get(document["entity"])
    into = document.get("into")
    receiver = entity.fields.get(into) if entity is not None and into is not None else None
    places = 0 if receiver is not None and receiver.type == "integer" else DECIMALS
    low, high = document.get("range", (0, 100))
    tiers = (Tier(one["id"], one["title"], number(one["from"]), one.get("hue")) for one in document.get("tiers", ()))
    return Score(
        id=identifier,
        title=document["title"],
        entity=document["entity"],
        inputs=tuple(
            Input(
                one["id"],
                one.get("title") or title_of(one["id"]),
                one["value"],
                _scale(catalog, identifier, one.get("scale", EMPTY)),
                number(one["weight"]),
            )
            for one in document["inputs"]
        ),
        segments=tuple(
            Segment(
                one["id"],
                one.get("title") or title_of(one["id"]),
                one["when"],
                MappingProxyType({name: number(weight) for name, weight in one["weights"].items()}),
            )
            for one in document.get("segments", ())
        ),
        low=number(low),
        high=number(high),
        min_coverage=number(document.get("min_coverage", 0)),
        tiers=tuple(sorted(tiers, key=lambda one: one.start, reverse=True)),
        hysteresis=number(document.get("hysteresis", 0)),
        decimals=document.get("decimals", places),
        when=document.get("when"),
        into=into,
        tier_into=document.get("tier_into"),
        publish=document.get("publish", False),
        todo=document.get("todo", ""),
        document=document,
    )


def settled(catalog: Catalog, identifier: str, written: Any) -> Decimal:
    """Return a number of a document as it is in force; ``{"param": name}`` is the parameter's value, 0 if it has none."""
    if isinstance(written, Mapping):
        parameter = catalog.parameter(str(written["param"]), namespace_of(identifier))
        value = parameter.value if parameter is not None else None
        return Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)
    return Decimal(str(written)) if isinstance(written, float) else Decimal(written)


def _scale(catalog: Catalog, identifier: str, spec: Document) -> Scale:
    def number(written: Any) -> Decimal:
        return settled(catalog, identifier, written)

    def steps(pairs: Any) -> tuple[tuple[Decimal, Decimal], ...]:
        return tuple((number(start), number(points)) for start, points in pairs)

    if "steps" in spec:
        return Scale("steps", steps=steps(spec["steps"]))
    if "linear" in spec:
        return Scale("linear", ends=(number(spec["linear"]["from"]), number(spec["linear"]["to"])))
    if "map" in spec:
        return Scale("map", points=MappingProxyType({key: number(one) for key, one in spec["map"].items()}))
    if "recency" in spec:
        recency = spec["recency"]
        if "steps" in recency:
            return Scale("age", steps=steps(recency["steps"]))
        return Scale("half_life", half_life=_days(catalog, identifier, recency["half_life"]))
    return Scale("truth")


def _days(catalog: Catalog, identifier: str, written: Any) -> int:
    if isinstance(written, Mapping):
        return int(settled(catalog, identifier, written)) * _DAYS[written.get("unit", "day")]
    return int(written[1:-1]) * _DAYS[written[-1]]
