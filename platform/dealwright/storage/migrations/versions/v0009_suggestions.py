"""Next best actions that rules suggest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dw_suggestion",
        sa.Column("id", Id(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("action", sa.Integer(), nullable=False, comment="place of the action in its rule"),
        sa.Column("decision", Id(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column(
            "message", sa.Text(), nullable=False, comment="id of the document with the texts; empty: they are here"
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed", Json(), nullable=False, comment="what stands for each placeholder of the texts"),
        sa.Column(
            "reads", Json(), nullable=False, comment="names that it tells of; who may not see one does not see it"
        ),
        sa.Column("does", Json(), nullable=True, comment="what accepting does; empty for nothing"),
        sa.Column("until", UtcDateTime(), nullable=True, comment="how long it stands"),
        sa.Column("state", sa.Text(), nullable=False, comment="open, accepted, dismissed or expired"),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", Id(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True, comment="why it was dismissed"),
        sa.Column("made", Id(), nullable=True, comment="the record that accepting created"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_suggestion_record", "dw_suggestion", ["record", "made_at"])
    opened = sa.text("state = 'open'")
    op.create_index(
        "ux_dw_suggestion_open",
        "dw_suggestion",
        ["record", "rule", "action"],
        unique=True,
        sqlite_where=opened,
        postgresql_where=opened,
    )
