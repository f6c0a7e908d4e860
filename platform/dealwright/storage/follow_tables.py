"""The tables of followers: who wants to hear of a record, and how far they were told; a part of ``system``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import Id, Json, UtcDateTime


def within(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """Return ``dw_follow`` and ``dw_told`` as tables of ``metadata``."""
    follow = sa.Table(
        "dw_follow",
        metadata,
        Column("record", Id, primary_key=True),
        Column("user", Id, primary_key=True),
        Column("entity", Text, nullable=False),
        Column("fields", Json, nullable=True, comment="whose changes are news; empty: all that are looked at"),
        Column("at", UtcDateTime, nullable=False),
    )
    sa.Index("ix_dw_follow_user", follow.c.user)
    told = sa.Table(
        "dw_told",
        metadata,
        Column("who", Text, primary_key=True, comment="followers"),
        Column("seq", sa.BigInteger, nullable=False, comment="of the last event that they were told of"),
        Column("tx", sa.BigInteger, nullable=False, comment="PostgreSQL: the first transaction that was open then"),
    )
    return follow, told
