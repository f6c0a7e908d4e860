"""The table of results: what the statements of dear reports found, so that they need not be asked at each look."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import Id, Json, UtcDateTime


def within(metadata: sa.MetaData) -> sa.Table:
    """Return the table, made within the metadata of the platform's own tables."""
    result = sa.Table(
        "dw_result",
        metadata,
        Column(
            "key", Text, primary_key=True, comment="digest of the report, what was asked, and the rights of who asked"
        ),
        Column("report", Text, nullable=False),
        Column("user", Id, nullable=True, comment="under whose rights it is worked out anew; empty for the operator"),
        Column("asked", Json, nullable=False, comment="what was asked beside the report"),
        Column("at", UtcDateTime, nullable=False, comment="when it was worked out"),
        Column("asked_at", UtcDateTime, nullable=False, comment="when somebody last looked, to a few minutes"),
        Column("seconds", sa.Float, nullable=False, comment="how long its statements took"),
        Column("found", Json, nullable=False, comment="rows of each statement in turn"),
    )
    sa.Index("ix_dw_result_asked", result.c.asked_at)
    return result
