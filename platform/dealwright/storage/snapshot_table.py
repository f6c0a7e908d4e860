"""The table of snapshots: reports as they were worked out at certain times."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import Id, Json, UtcDateTime


def within(metadata: sa.MetaData) -> sa.Table:
    """Return the table, made within the metadata of the platform's own tables."""
    snapshot = sa.Table(
        "dw_snapshot",
        metadata,
        Column("id", Id, primary_key=True),
        Column("report", Text, nullable=False),
        Column("user", Id, nullable=False, comment="under whose rights it was worked out, and who may read it"),
        Column("run", UtcDateTime, nullable=False, comment="when it was due"),
        Column("at", UtcDateTime, nullable=False, comment="when it was worked out"),
        Column("revision", Text, nullable=False),
        Column("body", Json, nullable=False, comment="the report, API JSON"),
    )
    sa.Index("ux_dw_snapshot_run", snapshot.c.user, snapshot.c.report, snapshot.c.run, unique=True)
    return snapshot
