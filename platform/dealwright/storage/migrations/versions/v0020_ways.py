"""Each visit knows the way that its record took to it, so that ways are counted and need not be put together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and fill it for the visits that are there."""
    schema = op.get_context().version_table_schema
    column = sa.Column("way", sa.Text(), nullable=True, comment="stages up to this one, joined by >")
    op.add_column("dw_visit", column, schema=schema)
    op.execute(filled(op.get_bind().dialect.name, schema))


def filled(dialect: str, schema: str | None) -> sa.Update:
    """Return the statement that works out the way of every visit; it sorts them once."""
    visit = sa.table(
        "dw_visit", *(sa.column(name) for name in ("seq", "record", "entity", "stage", "way")), schema=schema
    )
    joined = sa.func.group_concat if dialect == "sqlite" else sa.func.string_agg
    way = joined(visit.c.stage, ">").over(partition_by=(visit.c.record, visit.c.entity), order_by=visit.c.seq)
    told = sa.select(visit.c.seq, way.label("way")).subquery("told")
    return sa.update(visit).where(visit.c.seq == told.c.seq).values(way=sa.func.substr(told.c.way, 1, 2000))
