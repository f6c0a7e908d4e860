"""What the statements of dear reports found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dw_result",
        sa.Column(
            "key",
            sa.Text(),
            nullable=False,
            comment="digest of the report, what was asked, and the rights of who asked",
        ),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column(
            "user", Id(), nullable=True, comment="under whose rights it is worked out anew; empty for the operator"
        ),
        sa.Column("asked", Json(), nullable=False, comment="what was asked beside the report"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="when it was worked out"),
        sa.Column("asked_at", UtcDateTime(), nullable=False, comment="when somebody last looked, to a few minutes"),
        sa.Column("seconds", sa.Float(), nullable=False, comment="how long its statements took"),
        sa.Column("found", Json(), nullable=False, comment="rows of each statement in turn"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_dw_result_asked", "dw_result", ["asked_at"])
