"""Stored values that new definitions have made wrong: which ones, the jobs that mend them, and the writing.

A formula has a column. When a revision adds or changes one, the records that are there hold the value of before (a new
formula: nothing). :func:`leave` leaves a job behind for each entity, in the transaction that puts the revision in
force; ``records.recompute`` does it, batch by batch. A save of a record meanwhile stores the right value by itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.fields.plan import Computed, plan
from dealwright.storage import interactions, queue, tables
from dealwright.storage.records import stored_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.storage.database import Connection, Database

#: Kind of the job.
JOB: Final = "recompute"
#: Stands among the fields where which interactions count has changed.
LAST: Final = "last_activity_at"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Values of an entity that are still to be worked out anew.

    Attributes:
        fields: Ids of the fields; of a row ``lines.total``.
        left: Records that were not looked at yet.
    """

    entity: str
    fields: tuple[str, ...]
    left: int


def stale(old: Catalog | None, new: Catalog) -> dict[str, tuple[str, ...]]:
    """Return what has to be worked out anew when ``new`` follows ``old``: entity to fields, in order of their ids.

    That is each stored formula that is new or says something else, by its own text, a parameter, or another computed
    field of its entity that it reads; and the last activity where other interactions count than before. A formula
    that asks who saves (``user.``) is left as each save left it.
    """
    if old is None:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    same_parameters = old.parameters == new.parameters
    for entity in new.entities.values():
        # Its own text and the parameters are all that a formula says; most revisions leave most entities as they are.
        same = same_parameters and old.entities.get(entity.id) == entity
        names = set() if same else set(_formulas(old, new, entity))
        if _counted(old, entity.id) != _counted(new, entity.id):
            names.add(LAST)
        if names:
            found[entity.id] = tuple(sorted(names))
    return found


def _formulas(old: Catalog, new: Catalog, entity: Entity) -> Iterator[str]:
    before = _said(old, entity.id) if entity.id in old.entities else {}
    after = _said(new, entity.id)
    changed = {name for name, said in after.items() if before.get(name) != said}
    formulas = dict(_stored(new, entity.id))
    while more := {
        name
        for name, one in formulas.items()
        if name not in changed and any(of == entity.id and read in changed for of, read in one.condition.reads)
    }:
        changed |= more
    for name in changed & formulas.keys():
        if not any(read.startswith("user.") for read in formulas[name].condition.names):
            yield name


def _said(catalog: Catalog, entity_id: str) -> dict[str, str]:
    """Return what each computed field says, in a form that is equal where it means the same."""
    said = {
        name: json.dumps([one.condition.json(), one.result.type, one.result.spec.get("scale")], default=str)
        for name, one in _stored(catalog, entity_id)
    }
    for one in catalog.entity(entity_id).fields.values():
        if one.type in ("rollup", "lookup"):
            said[one.id] = repr(sorted((key, repr(value)) for key, value in one.spec.items()))
    return said


def _stored(catalog: Catalog, entity_id: str) -> Iterator[tuple[str, Computed]]:
    """Yield the formulas of an entity that have a column, those of rows as ``lines.total``."""
    here = plan(catalog, entity_id)
    yield from ((one.id, one) for one in here.order if isinstance(one, Computed) and one.stored)
    for name, part in here.parts.items():
        yield from ((f"{name}.{one.id}", one) for one in part.order if isinstance(one, Computed))


def _counted(catalog: Catalog, entity_id: str) -> list[tuple[str, str | None]]:
    """Return which interactions count about records of an entity."""
    return sorted(
        (one.id, one.interaction.when)
        for one in interactions.sources(catalog, entity_id)
        if one.interaction is not None
    )


def leave(connection: Connection, old: Catalog | None, new: Catalog) -> list[str]:
    """Leave a job behind for each entity with records whose stored values are wrong now; return them in words."""
    said = []
    for entity_id, names in stale(old, new).items():
        table = tables.layout(new, entity_id).table
        if connection.execute(sa.select(table.c.id).limit(1)).first() is not None:
            again(connection, new.revision, entity_id, names, "")
            said.append(f"work out {', '.join(names)} of the stored {new.entity(entity_id).plural} anew, by a worker")
    return said


def again(connection: Connection, revision: str, entity_id: str, names: Sequence[str], after: str) -> None:
    """Leave the job behind that goes on after a record. The same once more is no second job."""
    arguments = {"entity": entity_id, "fields": list(names), "after": after, "revision": revision}
    queue.enqueue(connection, JOB, arguments, lane=f"{JOB}:{entity_id}", key=f"{JOB}:{revision}:{entity_id}:{after}")


def ids(connection: Connection, catalog: Catalog, entity_id: str, after: str, limit: int) -> list[str]:
    """Return the ids of the next records, archived ones among them."""
    table = tables.layout(catalog, entity_id).table
    return list(connection.scalars(sa.select(table.c.id).where(table.c.id > after).order_by(table.c.id).limit(limit)))


def put(
    connection: Connection,
    catalog: Catalog,
    entity_id: str,
    names: Iterable[str],
    found: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> int:
    """Write computed values of records, and nothing else of them: their versions stay. Return how many had others.

    Args:
        connection: The transaction; the records are locked.
        catalog: The definitions in force.
        entity_id: Their entity.
        names: Formulas with a column; of a row ``lines.total``.
        found: For each record the typed record as it is stored, and values by field id, rows as whole lists.
    """
    layout = tables.layout(catalog, entity_id)
    own = [name for name in names if "." not in name]
    changed = {before["id"] for before, after in found if any(before.get(one) != after.get(one) for one in own)}
    if changed:
        values = [
            {**stored_columns(layout, own, after), "id__": before["id"]}
            for before, after in found
            if before["id"] in changed
        ]
        connection.execute(sa.update(layout.table).where(layout.table.c.id == sa.bindparam("id__")), values)
    for part_name in sorted({name.partition(".")[0] for name in names if "." in name}):
        inner = [name.partition(".")[2] for name in names if name.startswith(f"{part_name}.")]
        part = layout.parts[part_name]
        rows = []
        for before, after in found:
            for was, now in zip(before.get(part_name) or (), after.get(part_name) or (), strict=True):
                if any(was.get(one) != now.get(one) for one in inner):
                    rows.append({**{one: now.get(one) for one in inner}, "id__": was["id"]})
                    changed.add(before["id"])
        if rows:
            connection.execute(sa.update(part.table).where(part.table.c.id == sa.bindparam("id__")), rows)
    return len(changed)


def waiting(database: Database, catalog: Catalog) -> list[Waiting]:
    """Return what is still to be worked out anew, by entity: what ``dealwright doctor`` says."""
    found = []
    for job in queue.jobs(database, ("waiting", "running", "dead"), limit=1000):
        entity_id = str(job.arguments.get("entity"))
        if job.kind == JOB and entity_id in catalog.entities:
            table = tables.layout(catalog, entity_id).table
            with database.read() as connection:
                statement = sa.select(sa.func.count()).where(table.c.id > job.arguments["after"])
                left = connection.execute(statement).scalar_one()
            found.append(Waiting(entity_id, tuple(job.arguments["fields"]), left))
    return found
