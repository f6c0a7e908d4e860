"""Reports as they were worked out at certain times."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dw_snapshot",
        sa.Column("id", Id(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("user", Id(), nullable=False, comment="under whose rights it was worked out, and who may read it"),
        sa.Column("run", UtcDateTime(), nullable=False, comment="when it was due"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="when it was worked out"),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("body", Json(), nullable=False, comment="the report, API JSON"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ux_dw_snapshot_run", "dw_snapshot", ["user", "report", "run"], unique=True)
