"""Keys by which the platform knows again what it gave to strangers: the same in every process of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright import clock
from dealwright.storage.system import key

if TYPE_CHECKING:
    from dealwright.storage.database import Connection, Database


def of(connection: Connection, name: str) -> str | None:
    """Return the key of this name; None before :func:`made`."""
    return connection.scalar(sa.select(key.c.secret).where(key.c.name == name))


def made(database: Database, name: str) -> str:
    """Return the key of this name, having made it if there was none; whoever comes first makes it for all."""
    with database.write() as connection:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        values = {"name": name, "secret": clock.secret(), "made_at": clock.now()}
        connection.execute(insert(key).values(values).on_conflict_do_nothing())
        return str(connection.scalar(sa.select(key.c.secret).where(key.c.name == name)))
