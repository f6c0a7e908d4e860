"""What Alembic runs: the migrations, on the connection and in the transaction that ``migrations.upgrade`` opened."""

from __future__ import annotations

from alembic import context

from dealwright.storage import system
from dealwright.storage.migrations import VERSION_TABLE

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=system.metadata,
    version_table=VERSION_TABLE,
    version_table_schema=given["schema"],
)
context.run_migrations()
