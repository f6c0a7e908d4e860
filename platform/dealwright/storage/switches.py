"""Rules that are switched off: by the breaker, or by an administrator. Kept with the workspace's one row.

That row is read at the beginning of every transaction anyway, for the revision in force (``revisions.active``), so to
know what is off costs nothing.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.storage.system import workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.storage.database import Connection

_KEY: Final = "dealwright.rules_off"
_NONE: Mapping[str, Any] = MappingProxyType({})


def note(connection: Connection, found: Mapping[str, Any] | None) -> None:
    """Remember what was read of the workspace's row for the transaction of this connection."""
    connection.info[_KEY] = found or _NONE


def off(connection: Connection) -> Mapping[str, Mapping[str, Any]]:
    """Return the rules that are off as far as this transaction has read: id to ``at``, ``why``, ``by``, ``version``."""
    found: Mapping[str, Mapping[str, Any]] = connection.info.get(_KEY, _NONE)
    return found


def read(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return the rules that are off, read now."""
    found: dict[str, dict[str, Any]] = connection.execute(sa.select(workspace.c.rules_off)).scalar_one() or {}
    note(connection, found)
    return found


def put(connection: Connection, rule: str, entry: Mapping[str, Any] | None) -> bool:
    """Switch a rule off, with what is to be known of it, or on again (None); tell whether that changed anything."""
    locked = sa.select(workspace.c.rules_off).with_for_update()
    found: dict[str, Any] = dict(connection.execute(locked).scalar_one() or {})
    if (rule in found) == (entry is not None):
        note(connection, found)
        return False
    if entry is None:
        del found[rule]
    else:
        found[rule] = dict(entry)
    connection.execute(sa.update(workspace).values(rules_off=found))
    note(connection, found)
    return True
