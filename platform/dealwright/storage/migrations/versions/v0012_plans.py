"""What admins propose, and the plans that would put it in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dw_proposal",
        sa.Column("path", sa.Text(), nullable=False, comment="what it changes: entity:sales.deal#/title"),
        sa.Column("op", sa.Text(), nullable=False, comment="set, add, resolve, translate or disable"),
        sa.Column(
            "patch",
            sa.Text(),
            nullable=True,
            comment="JSON, keys in their order; empty: the one in force is taken back",
        ),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", Id(), nullable=True),
        sa.PrimaryKeyConstraint("path", "op"),
    )
    op.create_table(
        "dw_plan",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True, comment="the revision in force when it was made"),
        sa.Column("revision", sa.Text(), nullable=True, comment="what it puts in force; empty if it never can"),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("body", Json(), nullable=False, comment="the plan as it was shown"),
        sa.Column("proposals", Json(), nullable=False, comment="[path, op, at] of the proposals that it takes up"),
        sa.Column("releases", Json(), nullable=False, comment="those that come in, and whether one may be lower"),
        sa.Column("applied_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
