"""What approvals of a record have come to, for conditions: ``approvals.discount.outcome``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import approvals
from dealwright.metadata.names import namespace_of
from dealwright.storage import approvals as stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work


def load(work: Work, entity: Entity, wanted: Iterable[str], envs: Sequence[dict[str, Any]]) -> None:
    """Fill ``approvals.<name>.outcome`` into the envs of records: one statement.

    The outcome is that of the latest approval of the record: ``open``, ``approved``, ``rejected``, ``recalled`` or
    ``returned``. One that was approved for other values than the record has now is empty: what was agreed to is no more.
    """
    by_id = {approval_id(name, entity): name for name in wanted}
    ids = [str(one["id"]) for one in envs if one.get("id") is not None and not one.get("is_new")]
    for one in envs:
        one.update(dict.fromkeys(by_id.values()))
    if not ids or not by_id:
        return
    definitions = approvals.of(work.catalog)
    latest = {(row.record, row.approval): row for row in stored.rows(work.connection, ids, by_id)}
    for one in envs:
        for identifier, name in by_id.items():
            row, approval = latest.get((str(one["id"]), identifier)), definitions.get(identifier)
            if row is None or approval is None:
                continue
            stale = row.state == "approved" and row.digest != approvals.digest(work.catalog, approval, one)
            one[name] = None if stale else row.state


def approval_id(name: str, entity: Entity) -> str:
    """Return the id that ``approvals.discount.outcome`` names; ``ns__name`` is another pack's."""
    local = name.split(".")[1]
    other, bar, rest = local.partition("__")
    return f"{other}.{rest}" if bar else f"{namespace_of(entity.id)}.{local}"
