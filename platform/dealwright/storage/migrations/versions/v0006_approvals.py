"""Approvals on their way, the people who are asked, and who stands in for whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dw_approval",
        sa.Column("id", Id(), nullable=False),
        sa.Column("approval", sa.Text(), nullable=False, comment="id of the definition"),
        sa.Column("revision", sa.Text(), nullable=False, comment="whose definition it finishes on"),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("requester", Id(), nullable=True, comment="empty: the platform itself"),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True, comment="of who asked"),
        sa.Column("state", sa.Text(), nullable=False, comment="open, approved, rejected, recalled or returned"),
        sa.Column("turn", sa.Integer(), nullable=False, comment="counts up each time it begins anew"),
        sa.Column("places", Json(), nullable=False, comment="the steps on their way"),
        sa.Column("facts", Json(), nullable=False, comment="what the record was when it was asked for, API JSON"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the values that it is about"),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("event", Id(), nullable=True, comment="what asked for it, if a rule or a trigger did"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_approval_record", "dw_approval", ["record", "approval"])
    op.create_index("ix_dw_approval_requester", "dw_approval", ["requester", "asked_at"])
    opened = sa.text("state = 'open'")
    op.create_index(
        "ux_dw_approval_open",
        "dw_approval",
        ["record", "approval"],
        unique=True,
        sqlite_where=opened,
        postgresql_where=opened,
    )
    op.create_table(
        "dw_approval_seat",
        sa.Column("approval", Id(), nullable=False, comment="id of the row in dw_approval"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("chair", sa.Integer(), nullable=False, comment="seats of one chair stand for each other"),
        sa.Column("user", Id(), nullable=False),
        sa.Column("behalf", Id(), nullable=True, comment="who should have decided"),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="asked, approved, rejected or left"),
        sa.Column(
            "counted", sa.Boolean(), nullable=False, comment="an approval of an earlier step that counts here too"
        ),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True, comment="where the decision came from"),
        sa.Column("digest", sa.Text(), nullable=True, comment="SHA-256 of the record as it was decided on"),
        sa.PrimaryKeyConstraint("approval", "number"),
    )
    asked = sa.text("state = 'asked'")
    op.create_index(
        "ix_dw_approval_seat_asked",
        "dw_approval_seat",
        ["user", "approval"],
        sqlite_where=asked,
        postgresql_where=asked,
    )
    op.create_table(
        "dw_absence",
        sa.Column("id", Id(), nullable=False),
        sa.Column("user", Id(), nullable=False, comment="who is away"),
        sa.Column("delegate", Id(), nullable=False, comment="who decides meanwhile"),
        sa.Column("entity", sa.Text(), nullable=True, comment="for records of this one only; empty for all"),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False, comment="no longer then"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_absence_user", "dw_absence", ["user", "until"])
