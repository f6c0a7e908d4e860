"""Indexes over some rows of a table only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa


def where(condition: sa.ColumnElement[bool]) -> dict[str, Any]:
    """Return the arguments that make an index one of the rows that meet ``condition``, on both databases."""
    return {"sqlite_where": condition, "postgresql_where": condition}
