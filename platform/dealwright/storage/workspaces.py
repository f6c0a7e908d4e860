"""The one row of a workspace: its settings, and whether it is on hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage.system import workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.storage.database import Connection


def settings(connection: Connection) -> dict[str, Any]:
    """Return the settings: ``zone``, ``locale``, ``currency`` and the like; never a secret."""
    found: dict[str, Any] = connection.execute(sa.select(workspace.c.settings)).scalar_one()
    return found


def put_settings(connection: Connection, settings: Mapping[str, Any]) -> None:
    """Replace the settings."""
    connection.execute(sa.update(workspace).values(settings=dict(settings)))


def is_held(connection: Connection) -> bool:
    """Tell whether deliveries and timers stand still, as after a restore until an operator lets them go."""
    return bool(connection.execute(sa.select(workspace.c.held)).scalar_one())


def hold(connection: Connection, held: bool = True) -> None:
    """Let deliveries and timers stand still, or go on."""
    connection.execute(sa.update(workspace).values(held=held))
