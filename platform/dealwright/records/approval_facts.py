"""The record of an approval, with all that its definition reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import approvals
from dealwright.access import rights_of
from dealwright.records import needs
from dealwright.storage import records as records

if TYPE_CHECKING:
    from dealwright.approvals import Approval
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work


def env(work: Work, catalog: Catalog, approval: Approval, record_id: str) -> dict[str, Any] | None:
    """Return a record as the conditions of an approval read it; None if there is none or it is archived."""
    row = records.get(work.connection, work.catalog, approval.entity, [record_id]).get(record_id)
    if row is None or row.get("archived_at") is not None:
        return None
    found = {**row, **work.env, "is_new": False}
    complete(work, catalog, approval, found)
    return found


def complete(work: Work, catalog: Catalog, approval: Approval, env: dict[str, Any]) -> None:
    """Load into the env of a record what an approval reads of it over references."""
    entity = work.catalog.entity(approval.entity)
    wanted = work.catalog.once(
        ("records.approval_facts", approval.id, catalog.revision),
        lambda: needs.sorted_out(entity, read_by(catalog, approval, entity, work.catalog)),
    )
    needs.load(work, entity, wanted, [env])
    needs.derive(wanted, env)


def read_by(catalog: Catalog, approval: Approval, entity: Entity, now: Catalog) -> frozenset[str]:
    """Return what the definition reads, and what decides which people may see the record."""
    rows = (rights_of(now, (role,), entity.id).needs for role in now.roles)
    return approvals.paths(catalog, approval).union(*rows)
