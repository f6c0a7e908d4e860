"""The table of saved views; a part of ``system``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import Id, Json, UtcDateTime


def within(metadata: sa.MetaData) -> sa.Table:
    """Return ``dw_list_view`` as a table of ``metadata``."""
    list_view = sa.Table(
        "dw_list_view",
        metadata,
        Column("id", Id, primary_key=True),
        Column("entity", Text, nullable=False),
        Column("owner", Id, nullable=False, comment="who saved it, and may change it"),
        Column("title", Text, nullable=False),
        Column("audience", Text, nullable=False, comment="private or everyone"),
        Column("query", Json, nullable=False, comment="what it shows: names and texts, as in the address of a list"),
        Column("updated_at", UtcDateTime, nullable=False),
    )
    sa.Index("ix_dw_list_view_entity", list_view.c.entity, list_view.c.owner)
    return list_view
