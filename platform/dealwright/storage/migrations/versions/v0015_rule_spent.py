"""How many actions rules have asked for within an hour, in all processes together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright.conditions.sql.types import Id, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dw_rule_spent",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False, comment="when it began"),
        sa.Column("process", Id(), nullable=False),
        sa.Column(
            "actions", sa.BigInteger(), nullable=False, comment="asked for in this hour, as far as it was written"
        ),
        sa.PrimaryKeyConstraint("rule", "hour", "process"),
    )
