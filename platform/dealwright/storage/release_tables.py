"""The tables of releases of packs and of the keys of their publishers; a part of ``system``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import UtcDateTime


def within(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """Return ``dw_pack_release`` and ``dw_publisher_key`` as tables of ``metadata``."""
    release = sa.Table(
        "dw_pack_release",
        metadata,
        Column("pack", Text, primary_key=True),
        Column("version", Text, primary_key=True),
        Column("digest", Text, primary_key=True, comment="SHA-256 of the list of its files"),
        Column("origin", Text, primary_key=True, comment="archive, folder, distribution or shipped"),
        Column("namespace", Text, nullable=False, comment="belongs to the pack and the key that brought it first"),
        Column("publisher", Text, nullable=False, comment="who signed it; empty if nobody did"),
        Column("key", Text, nullable=False, comment="public key by which it is signed; empty if it is not"),
        Column("at", UtcDateTime, nullable=False, comment="when it was last put in force"),
        Column("by", Text, nullable=True, comment="id of the user; empty for the operator"),
    )

    publisher_key = sa.Table(
        "dw_publisher_key",
        metadata,
        Column("publisher", Text, primary_key=True, comment="short name"),
        Column("key", Text, primary_key=True, comment="public key: ed25519: and base64"),
        Column("at", UtcDateTime, nullable=False, comment="when it was trusted"),
        Column("by", Text, nullable=True, comment="id of the user; empty for the operator"),
    )
    return release, publisher_key
