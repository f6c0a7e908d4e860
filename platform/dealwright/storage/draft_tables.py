"""The tables of drafts, in which admins change definitions before anybody meets them; a part of ``system``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import Id, UtcDateTime


def within(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """Return ``dw_draft`` and ``dw_draft_change`` as tables of ``metadata``."""
    draft = sa.Table(
        "dw_draft",
        metadata,
        Column("id", Id, primary_key=True),
        Column("title", Text, nullable=False),
        Column("state", Text, nullable=False, comment="open, published or discarded"),
        Column("version", sa.BigInteger, nullable=False, comment="goes up with every change of it"),
        Column("begun_at", UtcDateTime, nullable=False),
        Column("begun_by", Id, nullable=True),
        Column("changed_at", UtcDateTime, nullable=False),
        Column("changed_by", Id, nullable=True),
        Column("plan", Text, nullable=True, comment="the plan that was made of it last"),
        Column("planned", sa.BigInteger, nullable=True, comment="the version of which that was made"),
        Column("revision", Text, nullable=True, comment="what it has put in force"),
    )
    draft_change = sa.Table(
        "dw_draft_change",
        metadata,
        Column("draft", Id, primary_key=True),
        Column("path", Text, primary_key=True, comment="what it changes: entity:sales.deal#/title"),
        Column("op", Text, primary_key=True, comment="set, add, resolve, translate or disable"),
        Column(
            "patch", Text, nullable=True, comment="JSON, keys in their order; empty: the one in force is taken back"
        ),
        Column("saw", Text, nullable=True, comment="JSON of what was in force there; empty: nothing was"),
        Column("at", UtcDateTime, nullable=False),
        Column("by", Id, nullable=True),
    )
    return draft, draft_change
