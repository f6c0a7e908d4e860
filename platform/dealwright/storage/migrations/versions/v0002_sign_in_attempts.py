"""Limits of sign-in by address of e-mail and by origin, instead of a count at each account; known browsers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and drop what they replace."""
    op.create_table(
        "dw_attempt",
        sa.Column("key", sa.Text(), nullable=False, comment="whose attempts: kind and digest, or kind and network"),
        sa.Column("clear_at", UtcDateTime(), nullable=False, comment="when the last failure will be forgiven"),
        sa.Column("free_at", UtcDateTime(), nullable=False, comment="no attempt is looked at before"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_dw_attempt_clear_at", "dw_attempt", ["clear_at"])
    op.create_table(
        "dw_device",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the secret in the browser's cookie"),
        sa.Column("user", Id(), nullable=False, comment="who signed in from there"),
        sa.Column("seen_at", UtcDateTime(), nullable=False, comment="when last"),
        sa.PrimaryKeyConstraint("digest", "user"),
    )
    op.create_index("ix_dw_device_seen_at", "dw_device", ["seen_at"])
    # New tables go to the workspace's schema by themselves; for a change of one Alembic wants to be told.
    schema = op.get_context().version_table_schema
    op.drop_column("dw_account", "failures", schema=schema)
    op.drop_column("dw_account", "failed_at", schema=schema)
