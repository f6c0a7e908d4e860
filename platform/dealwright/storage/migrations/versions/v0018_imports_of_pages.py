"""Imports that pages begin: the file, its mapping, and the rows that were refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, Json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    # New tables go to the workspace's schema by themselves; for a change of one Alembic wants to be told.
    schema = op.get_context().version_table_schema
    for column in (
        sa.Column("file", Id(), nullable=True, comment="the file, where a page took it in"),
        sa.Column("header", Json(), nullable=True, comment="its columns, in order"),
        sa.Column("mapping", Json(), nullable=True, comment="which column becomes which field"),
        sa.Column("total", sa.BigInteger(), nullable=True, comment="rows that it has"),
        sa.Column("error", sa.Text(), nullable=True, comment="why it failed as a whole"),
    ):
        op.add_column("dw_import", column, schema=schema)
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        states = "draft, running, stopping, stopped, done or failed"
        op.alter_column("dw_import", "state", comment=states, existing_type=sa.Text(), schema=schema)
    op.create_index("ix_dw_import_started_by", "dw_import", ["started_by", "entity"], schema=schema)
    op.create_table(
        "dw_import_reject",
        sa.Column("import", Id(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False, comment="number of the row in the file; the header is row 1"),
        sa.Column("cells", Json(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import", "row"),
    )
