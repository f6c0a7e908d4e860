"""What happened to a record and why: its history, and the decisions that rules made about it.

Facts and changes are filtered by what the user may see *now*, on the record as it is: history never shows a field that
the record itself would not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, rules
from dealwright.errors import NotFoundError
from dealwright.records import needs
from dealwright.records.read import missing
from dealwright.storage import decisions, events, records as stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.records.work import Work


def history(work: Work, entity_id: str, record_id: str, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the events of a record, newest first: ``type``, ``at``, ``actor``, ``rule``, ``version``, ``changes``.

    An event all of whose changes are hidden from the user is left out.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    seen = _seen(work, entity_id, record_id)
    told = []
    for event in events.history(work.connection, entity_id, record_id, limit=limit):
        changes = {name: change for name, change in (event["changes"] or {}).items() if name in seen}
        if changes or not event["changes"]:
            told.append({**{key: event[key] for key in ("id", "type", "at", "actor", "version", "cause")},
                         "rule": (event["data"] or {}).get("rule"), "changes": changes})
    return told


def decided(work: Work, entity_id: str, record_id: str, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the decisions about a record, newest first, each explained as far as the user may see its facts.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    seen = _seen(work, entity_id, record_id)
    found = decisions.about(work.connection, entity_id, record_id, limit=limit)
    return [_explained(work, row, seen) for row in found]


def explain(work: Work, decision_id: str) -> dict[str, Any]:
    """Return one stored decision, explained.

    Raises:
        NotFoundError: If there is none, or the user may not read the record it is about.
    """
    row = decisions.get(work.connection, decision_id)
    if row is None or row["entity"] not in work.catalog.entities:
        raise NotFoundError(f"there is no decision with the id “{decision_id[:80]}”")
    try:
        seen = _seen(work, row["entity"], row["record"])
    except NotFoundError:
        raise NotFoundError(f"there is no decision with the id “{decision_id[:80]}”") from None
    return _explained(work, row, seen)


def _explained(work: Work, row: Mapping[str, Any], seen: frozenset[str]) -> dict[str, Any]:
    """Explain a decision by the catalog it was made on; a condition that reads a hidden field is not shown."""
    catalog = work.workspace.catalog_of(work.connection, row["revision"])
    return rules.explain(catalog, row, seen)


def _seen(work: Work, entity_id: str, record_id: str) -> frozenset[str]:
    held = access.demand(work.catalog, work.user, "read", entity_id)
    row = stored.get(work.connection, work.catalog, entity_id, [record_id]).get(record_id)
    if row is None:
        raise missing(work, entity_id, record_id)
    env = {**row, **work.env}
    needs.load(work, work.catalog.entity(entity_id), needs.sorted_out(work.catalog.entity(entity_id), held.needs), [env])
    seen = held.seen_on(env)
    if not seen:
        raise missing(work, entity_id, record_id)
    return seen
