"""Which changes elsewhere move a score: the way back from a field to the records whose score reads it.

``account.credit`` of a deal is watched at the account; from an account the way back to its deals is ``account``. A roll-up
is watched at what it adds up: the order that changes leads over its ``via`` to the account, and from there back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dealwright import conditions
from dealwright.conditions.syntax import ROOTS
from dealwright.errors import ConditionError
from dealwright.fields.plan import namespace
from dealwright.metadata import scores
from dealwright.scoring.compiled import of

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field


@dataclass(frozen=True, slots=True)
class Watch:
    """What to look out for at one entity.

    Attributes:
        fields: A change of one of these moves scores.
        scored: The entity whose scores read them.
        way: References from a scored record to the one that is meant: empty for the record itself.
        via: For what a roll-up adds up: its reference to the record that is meant; None if that is the one that changed.
    """

    fields: frozenset[str]
    scored: str
    way: tuple[str, ...]
    via: str | None = None


def watches(catalog: Catalog, entity_id: str) -> tuple[Watch, ...]:
    """Return what changes of an entity's records are looked out for; mostly nothing. Made once per catalog."""
    return catalog.once("scoring.reach", lambda: _index(catalog)).get(entity_id, ())


def _index(catalog: Catalog) -> Mapping[str, tuple[Watch, ...]]:
    found: dict[tuple[str, str, tuple[str, ...], str | None], set[str]] = {}
    for entity_id in sorted({score.entity for score in scores.of(catalog).values()}):
        entity = catalog.entity(entity_id)
        for compiled in of(catalog, entity_id):
            for name in compiled.names | compiled.fields:
                if name.partition(".")[0] not in ROOTS and not name.endswith("()"):
                    for at, way, via, fields in _of_name(catalog, entity, tuple(name.split("."))):
                        found.setdefault((at, entity_id, way, via), set()).update(fields)
    index: dict[str, list[Watch]] = {}
    for (at, scored, way, via), names in sorted(found.items(), key=str):
        index.setdefault(at, []).append(Watch(frozenset(names), scored, way, via))
    return MappingProxyType({at: tuple(some) for at, some in index.items()})


def _of_name(
    catalog: Catalog, entity: Entity, path: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...], str | None, frozenset[str]]]:
    """Yield (entity to watch, way, via, fields) for each step of a path from a scored record."""
    here: Entity | None = entity
    for place, step in enumerate(path):
        field = here.field(step) if here is not None else None
        if here is None or field is None:
            return
        yield here.id, path[:place], None, frozenset({step})
        if field.type == "rollup" and field.spec["of"] in catalog.entities:
            yield field.spec["of"], path[:place], field.spec["via"], _added_up(catalog, here, field)
        here = catalog.entities.get(field.to) if field.to else None


def _added_up(catalog: Catalog, entity: Entity, field: Field) -> frozenset[str]:
    """Return the fields of the records that a roll-up adds up on which it depends."""
    spec: Mapping[str, Any] = field.spec
    read = {spec["via"], "archived_at", *([spec["value"]] if spec.get("value") else [])}
    if spec.get("filter"):
        try:
            condition = conditions.of(
                catalog, spec["of"], spec["filter"], "filter", namespace=namespace(field.id, entity.id)
            )
        except ConditionError:  # told of when it is published
            return frozenset(read)
        read |= condition.fields
    return frozenset(read)
