"""The tables of imports; a part of ``system``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import Id, Json, UtcDateTime


def within(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """Return ``dw_import`` and ``dw_import_reject`` as tables of ``metadata``."""
    imports = sa.Table(
        "dw_import",
        metadata,
        Column("id", Id, primary_key=True),
        Column("entity", Text, nullable=False),
        Column("digest", Text, nullable=False, comment="SHA-256 of the file and the mapping"),
        Column("name", Text, nullable=False),
        Column("state", Text, nullable=False, comment="draft, running, stopping, stopped, done or failed"),
        Column("position", sa.BigInteger, nullable=False, comment="rows of the file that are done with"),
        Column("counts", Json, nullable=False, comment="created, updated, unchanged, rejected"),
        Column("started_at", UtcDateTime, nullable=False),
        Column("started_by", Id, nullable=True),
        Column("updated_at", UtcDateTime, nullable=False),
        Column("file", Id, nullable=True, comment="the file, where a page took it in"),
        Column("header", Json, nullable=True, comment="its columns, in order"),
        Column("mapping", Json, nullable=True, comment="which column becomes which field"),
        Column("total", sa.BigInteger, nullable=True, comment="rows that it has"),
        Column("error", Text, nullable=True, comment="why it failed as a whole"),
    )
    sa.Index("ix_dw_import_digest", imports.c.digest)
    sa.Index("ix_dw_import_started_by", imports.c.started_by, imports.c.entity)
    import_reject = sa.Table(
        "dw_import_reject",
        metadata,
        Column("import", Id, primary_key=True),
        Column("row", sa.BigInteger, primary_key=True, comment="number of the row in the file; the header is row 1"),
        Column("cells", Json, nullable=False),
        Column("reason", Text, nullable=False),
    )
    return imports, import_reject
