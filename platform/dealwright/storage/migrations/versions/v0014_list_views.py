"""How people look at lists and boards: saved views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dw_list_view",
        sa.Column("id", Id(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("owner", Id(), nullable=False, comment="who saved it, and may change it"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False, comment="private or everyone"),
        sa.Column(
            "query", Json(), nullable=False, comment="what it shows: names and texts, as in the address of a list"
        ),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_list_view_entity", "dw_list_view", ["entity", "owner"])
