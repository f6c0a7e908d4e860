"""Clocks of SLA policies and deadlines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dw_clock",
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="sla or deadline"),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False, comment="whose calendar it runs by"),
        sa.Column("calendar", sa.Text(), nullable=True, comment="empty: time that passes"),
        sa.Column("state", sa.Text(), nullable=False, comment="running, paused, met or cancelled"),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False, comment="milliseconds"),
        sa.Column("spent", sa.BigInteger(), nullable=False, comment="milliseconds passed at since"),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("steps", Json(), nullable=False, comment="still to come: [step, moment]"),
        sa.Column("pauses", Json(), nullable=False, comment="[from, to]"),
        sa.Column("base", sa.Text(), nullable=False, comment="what a deadline was counted from"),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("breached_at", UtcDateTime(), nullable=True),
        sa.Column("late", sa.BigInteger(), nullable=True, comment="milliseconds by which it was met too late"),
        sa.Column("assumed", Json(), nullable=False, comment="years counted through without known holidays"),
        sa.PrimaryKeyConstraint("id"),
    )
    still_open = sa.text("ended_at IS NULL")
    op.create_index(
        "ux_dw_clock_open",
        "dw_clock",
        ["record", "policy"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("ix_dw_clock_record", "dw_clock", ["record", "started_at"])
    op.create_index(
        "ix_dw_clock_policy", "dw_clock", ["policy", "id"], sqlite_where=still_open, postgresql_where=still_open
    )
