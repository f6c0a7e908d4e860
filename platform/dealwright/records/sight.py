"""What a person can see and do, and why: each answer with the grants that give it, by the functions that decide it.

entities(work)                 of every entity: the grants, and how many records may be read now
writable(entity)               what of it anybody can fill at all
of_record(work, entity, id)    of one record: each operation, with the grants that match it and those that do not

``work`` is a transaction of the person who is asked about (``access.acting``); nothing is worked out here a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import access
from dealwright.access.rights import OPERATIONS
from dealwright.metadata.findings import COMPUTED
from dealwright.records import judge, read
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work


@dataclass(frozen=True, slots=True)
class EntitySight:
    """What a person may do with an entity.

    Attributes:
        rights: With each grant, and the role that gives it.
        records: How many records the person may read now, up to 10,000; None if none can be.
        exact: Whether these are all.
    """

    entity: Entity
    rights: access.Rights
    records: int | None
    exact: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A grant, asked about one record.

    Attributes:
        holds: Whether it covers the record.
        leaves: Each comparison of its condition: ``text``, ``value``, ``truth``; nothing where it is for all records.
    """

    grant: access.EntityGrant
    holds: bool
    leaves: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RecordSight:
    """What a person may do with a record.

    Attributes:
        ops: Operation to the grants to it, those that cover the record and those that do not.
        seen: Fields that the person sees on it.
        edited: Fields that the person may change on it.
    """

    entity: Entity
    id: str
    ops: dict[str, tuple[Asked, ...]]
    seen: frozenset[str]
    edited: frozenset[str]

    def allows(self, op: str) -> bool:
        """Tell whether the person may do this with the record."""
        return any(one.holds for one in self.ops[op])


def entities(work: Work) -> Iterator[EntitySight]:
    """Yield every entity with which the person may do anything; one statement for each that may be read."""
    for entity in work.catalog.entities.values():
        held = access.rights(work.catalog, work.user, entity.id)
        if held.grants:
            yield of_entity(work, entity)


def of_entity(work: Work, entity: Entity) -> EntitySight:
    """Return what the person may do with an entity, also if that is nothing."""
    held = access.rights(work.catalog, work.user, entity.id)
    if not held.allows("read"):
        return EntitySight(entity, held, None, True)
    found = read.page(work, entity.id, size=1, count=True, only=["id"])
    return EntitySight(entity, held, found.count, found.count_is_exact)


def of_record(work: Work, entity_id: str, record_id: str) -> RecordSight:
    """Return what the person may do with a record, archived or not.

    Raises:
        NotFoundError: If there is none, whoever asks.
    """
    entity = work.catalog.entity(entity_id)
    held = access.rights(work.catalog, work.user, entity_id)
    row = stored.get(work.connection, work.catalog, entity_id, [record_id]).get(record_id)
    if row is None:
        raise read.missing(work, entity_id, record_id)
    env = {**row, **work.env}
    read.complete(work, entity, held, [env])
    ops: dict[str, tuple[Asked, ...]] = {}
    for op in OPERATIONS:
        matching = held.matching(op, env)
        ops[op] = tuple(
            Asked(one, one in matching, one.rows.explained(env)[1] if one.rows is not None else ())
            for one in held.grants
            if op in one.ops
        )
    allowed = frozenset().union(*(one.edit for one in held.matching("update", env)))
    edited = allowed & writable(entity, new=False)
    return RecordSight(entity, record_id, ops, held.seen_on(env), edited)


def writable(entity: Entity, *, new: bool) -> frozenset[str]:
    """Return the fields that somebody can fill at all, whatever is granted: none that is worked out or kept by the platform."""
    return frozenset(
        name
        for name, field in entity.all_fields().items()
        if (judge.settable(name, new=new) if field.system else field.type not in COMPUTED)
    )
