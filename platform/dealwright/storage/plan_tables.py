"""The tables of what admins propose and of plans; a part of ``system``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import Id, Json, UtcDateTime


def within(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """Return ``dw_proposal`` and ``dw_plan`` as tables of ``metadata``."""
    proposal = sa.Table(
        "dw_proposal",
        metadata,
        Column("path", Text, primary_key=True, comment="what it changes: entity:sales.deal#/title"),
        Column("op", Text, primary_key=True, comment="set, add, resolve, translate or disable"),
        Column(
            "patch", Text, nullable=True, comment="JSON, keys in their order; empty: the one in force is taken back"
        ),
        Column("at", UtcDateTime, nullable=False),
        Column("by", Id, nullable=True),
    )
    plan = sa.Table(
        "dw_plan",
        metadata,
        Column("id", Text, primary_key=True),
        Column("made_at", UtcDateTime, nullable=False),
        Column("made_by", Id, nullable=True),
        Column("before", Text, nullable=True, comment="the revision in force when it was made"),
        Column("revision", Text, nullable=True, comment="what it puts in force; empty if it never can"),
        Column("fingerprint", Text, nullable=False),
        Column("body", Json, nullable=False, comment="the plan as it was shown"),
        Column("proposals", Json, nullable=False, comment="[path, op, at] of the proposals that it takes up"),
        Column("releases", Json, nullable=False, comment="those that come in, and whether one may be lower"),
        Column("applied_at", UtcDateTime, nullable=True),
    )
    return proposal, plan
