"""Which of some conditions hold for a record as it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import fields
from dealwright.records import needs
from dealwright.records.read import missing
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.conditions import Condition
    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work


def holding(work: Work, entity: Entity, record_id: str, asked: Mapping[str, Condition]) -> dict[str, bool]:
    """Return for each condition whether it holds; no statement where none is asked.

    Whether the user may read the record is for the caller to know.

    Raises:
        NotFoundError: If there is no such record.
    """
    if not asked:
        return {}
    row = stored.get(work.connection, work.catalog, entity.id, [record_id]).get(record_id)
    if row is None:
        raise missing(work, entity.id, record_id)
    env = {**row, **work.env}
    fill(work, entity, env, asked)
    return {name: condition.evaluate(env) is True for name, condition in asked.items()}


def fill(work: Work, entity: Entity, env: dict[str, Any], asked: Mapping[str, Condition]) -> None:
    """Load into the env of a record what conditions read beyond its own columns."""
    names = {name for one in asked.values() for name in (*one.names, *one.paths)}
    wanted = needs.sorted_out(entity, names | fields.computed_on_read(work.catalog, entity.id))
    needs.load(work, entity, wanted, [env])
    needs.derive(wanted, env)
    fields.compute_on_read(work.catalog, entity.id, env)
