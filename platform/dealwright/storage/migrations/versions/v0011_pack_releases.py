"""Releases of packs that were in force, and whose word is trusted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dw_pack_release",
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the list of its files"),
        sa.Column("origin", sa.Text(), nullable=False, comment="archive, folder, distribution or shipped"),
        sa.Column(
            "namespace", sa.Text(), nullable=False, comment="belongs to the pack and the key that brought it first"
        ),
        sa.Column("publisher", sa.Text(), nullable=False, comment="who signed it; empty if nobody did"),
        sa.Column("key", sa.Text(), nullable=False, comment="public key by which it is signed; empty if it is not"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="when it was last put in force"),
        sa.Column("by", sa.Text(), nullable=True, comment="id of the user; empty for the operator"),
        sa.PrimaryKeyConstraint("pack", "version", "digest", "origin"),
    )
    op.create_table(
        "dw_publisher_key",
        sa.Column("publisher", sa.Text(), nullable=False, comment="short name"),
        sa.Column("key", sa.Text(), nullable=False, comment="public key: ed25519: and base64"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="when it was trusted"),
        sa.Column("by", sa.Text(), nullable=True, comment="id of the user; empty for the operator"),
        sa.PrimaryKeyConstraint("publisher", "key"),
    )
