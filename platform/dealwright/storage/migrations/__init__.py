"""Migrations of the platform's own tables (``system``), by Alembic, each workspace by itself.

The tables of entities are not Alembic's: they follow from the catalog (``schema``).
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from dealwright.storage.database import Connection, Database

#: The newest revision under ``versions``. Compared first, so that an ordinary start does not load Alembic.
HEAD = "0021"
#: Where the migrations lie.
FOLDER = Path(__file__).parent
#: Where Alembic writes which revision a workspace has.
VERSION_TABLE = "dw_migration"
#: Any number of our own: PostgreSQL's advisory lock that keeps two processes from migrating at once.
_LOCK = 0x6465616C


def upgrade(database: Database) -> bool:
    """Bring the platform's tables to the newest revision, in one transaction; tell whether anything was to be done.

    On PostgreSQL the workspace's schema is created if it is missing. Two processes may call it at the same time.

    Raises:
        UnavailableError: If the database is locked or gone; nothing was changed.
    """
    with contextlib.suppress(sa.exc.DBAPIError), database.read() as connection:
        if current(connection, database.schema) == HEAD:
            return False
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            if database.schema is not None:
                connection.execute(sa.schema.CreateSchema(database.schema, if_not_exists=True))
        _run(connection, database.schema)
    return True


def current(connection: Connection, schema: str | None = None) -> str | None:
    """Return the revision the platform's tables have; None if there are none yet."""
    if not sa.inspect(connection).has_table(VERSION_TABLE, schema=schema):
        return None
    revision: str | None = connection.scalar(
        sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE, schema=schema))
    )
    return revision


def _run(connection: Connection, schema: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, schema=schema)
    command.upgrade(config, "head")
