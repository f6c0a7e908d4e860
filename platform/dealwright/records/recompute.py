"""Working stored formulas out anew after a change of definitions: the job that ``storage.recompute`` leaves behind.

Batch by batch in the order of the ids, each in a transaction of its own. A worker that dies loses its batch; the job
begins again where it began, finds what is right already and writes nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import access, fields
from dealwright.records import interactions, needs, reach
from dealwright.records.work import Work
from dealwright.storage import recompute as storage
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.workspace import Workspace

#: Records in one transaction: a save of one of them waits no longer than that.
BATCH: Final = 500
#: Batches of one job; then another goes on, so that a dead worker costs little.
BATCHES: Final = 20


def recompute(workspace: Workspace, arguments: Mapping[str, Any]) -> None:
    """Do the job: work the named fields out anew for the records after ``after``, and leave the next job behind.

    What the definitions in force no longer know, or no longer store, is passed over. Neither versions nor the history
    change: nobody has changed the records.
    """
    after: str = arguments["after"]
    for number in range(1, BATCHES + 1):
        with workspace.database.write() as connection:
            work = Work(workspace, connection, access.platform_itself())
            entity = work.catalog.entities.get(arguments["entity"])
            if entity is None:
                return
            ids = storage.ids(connection, work.catalog, entity.id, after, BATCH)
            if not ids:
                return
            _batch(work, entity, arguments["fields"], ids)
            after = ids[-1]
            if number == BATCHES:
                storage.again(connection, arguments["revision"], entity.id, arguments["fields"], after)


def _batch(work: Work, entity: Entity, names: Sequence[str], ids: Sequence[str]) -> None:
    if storage.LAST in names:
        interactions.refresh_records(work, entity, ids)
    wanted = [name for name in names if _is_stored(entity, name)]
    if not wanted:
        return
    rows = stored.get(work.connection, work.catalog, entity.id, ids, lock=True)
    envs = [{**row, **work.env, "is_new": False} for row in rows.values()]
    read = needs.sorted_out(entity, needs.for_formulas(work.catalog, entity))
    needs.load(work, entity, read, envs)
    for env in envs:
        needs.derive(read, env)
    found = [(row, fields.formulas(work.catalog, entity.id, env)) for row, env in zip(rows.values(), envs, strict=True)]
    storage.put(work.connection, work.catalog, entity.id, wanted, found)
    reach.moved(work, entity, ids, wanted)


def _is_stored(entity: Entity, name: str) -> bool:
    outer, _, inner = name.partition(".")
    field = entity.fields.get(outer)
    if field is not None and inner:
        field = (field.items or {}).get(inner)
    return field is not None and field.type == "formula" and bool(fields.columns(field))
