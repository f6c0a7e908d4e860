"""Links by which approvals are decided from a mail, and what is said and shown beside decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dw_approval_link",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the secret, which stands in the mail alone"),
        sa.Column("approval", Id(), nullable=False, comment="id of the row in dw_approval"),
        sa.Column("seat", sa.Integer(), nullable=False, comment="whose decision it is: number of the seat"),
        sa.Column("user", Id(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True, comment="approved or rejected, by this link"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_dw_approval_link_expires", "dw_approval_link", ["expires_at"])
    op.create_table(
        "dw_approval_note",
        sa.Column("id", Id(), nullable=False),
        sa.Column("approval", Id(), nullable=False, comment="id of the row in dw_approval"),
        sa.Column("user", Id(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("file", Id(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_approval_note", "dw_approval_note", ["approval", "at"])
