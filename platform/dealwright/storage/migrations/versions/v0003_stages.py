"""Visits of stages, filled from the log of events for records that are there, and checklists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright import clock
from dealwright.conditions.sql.types import Id, UtcDateTime
from dealwright.storage.system import timer, workspace

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; a workspace with definitions is left a timer that fills in what happened before."""
    op.create_table(
        "dw_visit",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="order of writing",
        ),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("pipeline_version", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("came_from", sa.Text(), nullable=True, comment="stage before; empty for the first"),
        sa.Column("went_to", sa.Text(), nullable=True, comment="stage after; empty while it lasts"),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True, comment="empty while it lasts"),
        sa.Column("entered_by", Id(), nullable=True),
        sa.Column("left_by", Id(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was entered, in the words of who moved it"),
        sa.Column("seconds", sa.BigInteger(), nullable=True, comment="how long it lasted; empty while it lasts"),
        sa.PrimaryKeyConstraint("seq"),
    )
    lasting = sa.text("left_at IS NULL")
    op.create_index(
        "ux_dw_visit_open",
        "dw_visit",
        ["record", "entity"],
        unique=True,
        sqlite_where=lasting,
        postgresql_where=lasting,
    )
    op.create_index("ix_dw_visit_record", "dw_visit", ["record", "seq"])
    op.create_index("ix_dw_visit_stage", "dw_visit", ["entity", "stage", "entered_at"])
    op.create_table(
        "dw_checklist",
        sa.Column("record", Id(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True, comment="empty for one that is not done, or no more"),
        sa.Column("done_by", Id(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("file", Id(), nullable=True, comment="the dw_file that shows it"),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", Id(), nullable=True),
        sa.PrimaryKeyConstraint("record", "entity", "pipeline", "stage", "item"),
    )
    there = sa.select(workspace.c.revision).where(workspace.c.revision.is_not(None))
    if op.get_bind().execute(there).first() is not None:
        row = {"id": clock.new_id(), "entity": "", "record": "", "name": "visits:fill", "due_at": clock.now()}
        op.get_bind().execute(sa.insert(timer), [{**row, "state": "pending", "generation": 1, "data": {}}])
