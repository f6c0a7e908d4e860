"""Rules that count events, and rules that are switched off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add an index over events that are no save, and what a workspace says of rules."""
    without = sa.text("version IS NULL")
    op.create_index(
        "ix_dw_event_sent",
        "dw_event",
        ["record", "type", "at"],
        sqlite_where=without,
        postgresql_where=without,
    )
    op.add_column(
        "dw_workspace",
        sa.Column("rules_off", Json(), nullable=True, comment="rule to when, why and by whom it was switched off"),
        schema=op.get_context().version_table_schema,
    )
