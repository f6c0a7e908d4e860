"""Records for which a sequence runs or has run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dw_enrolment",
        sa.Column("id", Id(), nullable=False),
        sa.Column("sequence", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False, comment="whose delays and calendar it runs by"),
        sa.Column("state", sa.Text(), nullable=False, comment="running, finished or stopped"),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("left", Json(), nullable=False, comment="steps still to come: [step, moment]"),
        sa.Column("done", Json(), nullable=False, comment="steps whose moment came: [step, moment]"),
        sa.Column("reads", Json(), nullable=False, comment="names that what started it looked at"),
        sa.Column("rule", sa.Text(), nullable=True, comment="what started it"),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column(
            "why", sa.Text(), nullable=True, comment="why it stopped: condition, rule, restart, archived or gone"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_enrolment_record", "dw_enrolment", ["record", "started_at"])
    running = sa.text("ended_at IS NULL")
    op.create_index(
        "ux_dw_enrolment_running",
        "dw_enrolment",
        ["record", "sequence"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
