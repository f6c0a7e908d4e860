"""Drafts, in which admins change definitions before anybody meets them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dw_draft",
        sa.Column("id", Id(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="open, published or discarded"),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="goes up with every change of it"),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("begun_by", Id(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", Id(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True, comment="the plan that was made of it last"),
        sa.Column("planned", sa.BigInteger(), nullable=True, comment="the version of which that was made"),
        sa.Column("revision", sa.Text(), nullable=True, comment="what it has put in force"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dw_draft_change",
        sa.Column("draft", Id(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="what it changes: entity:sales.deal#/title"),
        sa.Column("op", sa.Text(), nullable=False, comment="set, add, resolve, translate or disable"),
        sa.Column(
            "patch",
            sa.Text(),
            nullable=True,
            comment="JSON, keys in their order; empty: the one in force is taken back",
        ),
        sa.Column("saw", sa.Text(), nullable=True, comment="JSON of what was in force there; empty: nothing was"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", Id(), nullable=True),
        sa.PrimaryKeyConstraint("draft", "path", "op"),
    )
