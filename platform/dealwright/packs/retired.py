"""Fields of the admins' own that were in force once and are no more: their columns and values are still there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import NotFoundError
from dealwright.metadata.patches import OVERLAY
from dealwright.packs.stored import OVERLAY_DOCUMENT
from dealwright.storage import revisions

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from dealwright.storage import Connection

#: Revisions that are looked at, the newest first.
_MOST: Final = 100


def fields(connection: Connection, entity: str, present: Collection[str]) -> list[dict[str, Any]]:
    """Return the retired fields of an entity, the one retired last first.

    Args:
        connection: The transaction.
        entity: Its id.
        present: Fields that it has; they are not retired.

    Returns:
        ``{"id", "spec", "at"}`` of each: the field as it was last, and when the last revision with it was put in force.
    """
    found: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    head = f"entity:{entity}#"
    for one in revisions.history(connection, limit=_MOST):
        if one["revision"] in seen:
            continue
        seen.add(one["revision"])
        try:
            stored = revisions.documents(connection, one["revision"], only=OVERLAY_DOCUMENT)
        except NotFoundError:
            continue
        for patch in stored.get(OVERLAY_DOCUMENT, ()):
            for name, spec in _added(patch, head, entity):
                if name not in present:
                    found.setdefault(name, _told(name, spec, one["at"]))
    return list(found.values())


def _added(patch: dict[str, Any], head: str, entity: str) -> list[tuple[str, Any]]:
    """Return the fields of an entity that a patch adds."""
    where, value = str(patch.get("path", "")), patch.get("value")
    if patch.get("op") != "add" or not where.startswith(head) or not isinstance(value, dict):
        return []
    at = where.removeprefix(head).split("/")[1:]
    if not at and entity.startswith(f"{OVERLAY}."):
        return list(value.get("properties", {}).items())
    return [(at[1], value)] if len(at) == 2 and at[0] == "properties" else []


def _told(name: str, spec: Any, at: datetime) -> dict[str, Any]:
    return {"id": name, "spec": spec, "at": at}
