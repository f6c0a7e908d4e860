"""Who follows which record, and how far followers were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dw_follow",
        sa.Column("record", Id(), nullable=False),
        sa.Column("user", Id(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("fields", Json(), nullable=True, comment="whose changes are news; empty: all that are looked at"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("record", "user"),
    )
    op.create_index("ix_dw_follow_user", "dw_follow", ["user"])
    op.create_table(
        "dw_told",
        sa.Column("who", sa.Text(), nullable=False, comment="followers"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="of the last event that they were told of"),
        sa.Column(
            "tx", sa.BigInteger(), nullable=False, comment="PostgreSQL: the first transaction that was open then"
        ),
        sa.PrimaryKeyConstraint("who"),
    )
