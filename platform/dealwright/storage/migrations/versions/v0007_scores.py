"""What scores of records come to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, Scaled, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dw_score",
        sa.Column("record", Id(), nullable=False),
        sa.Column("score", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="of the score that it was worked out by"),
        sa.Column("value", Scaled(4), nullable=True, comment="empty: it does not stand, and reason says why"),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("coverage", Scaled(2), nullable=False, comment="weight of the inputs with a value, in percent"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shares", Json(), nullable=False, comment="for each input its fact, points, weight and share"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="when it last changed"),
        sa.PrimaryKeyConstraint("record", "score"),
    )
