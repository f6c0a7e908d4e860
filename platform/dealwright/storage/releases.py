"""Releases of packs that have been in force here, and the keys of publishers whom the administrators trust."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.system import publisher_key, release

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.storage.database import Connection

Origin = Literal["archive", "folder", "distribution", "shipped"]


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a pack.

    Attributes:
        digest: SHA-256 of the list of its files (``packs.archive``).
        origin: A file that anybody may have made (archive), a folder that somebody works on, the folder of an installed
            distribution, or one that came with the platform (shipped).
        publisher: Who signed it; empty if nobody did.
        key: The public key by which it is signed; empty if it is not.
    """

    pack: str
    namespace: str
    version: str
    digest: str
    origin: Origin
    publisher: str = ""
    key: str = ""


def all_of(connection: Connection) -> list[Release]:
    """Return every release that was put in force, in the order of the last time."""
    names = [release.c[name] for name in Release.__slots__]
    statement = sa.select(*names).order_by(release.c.at, release.c.pack)
    return [Release(**row) for row in connection.execute(statement).mappings()]


def put(connection: Connection, one: Release, *, by: str | None, at: datetime) -> None:
    """Remember that a release was put in force; of one that was before, when it was last."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(release).values(**asdict(one), at=at, by=by)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["pack", "version", "digest", "origin"],
            set_={name: statement.excluded[name] for name in ("publisher", "key", "at", "by")},
        )
    )


def keys(connection: Connection) -> dict[str, list[str]]:
    """Return the keys that are trusted, by publisher."""
    found: dict[str, list[str]] = {}
    columns = publisher_key.c
    for row in connection.execute(sa.select(columns.publisher, columns.key).order_by(columns.publisher, columns.at)):
        found.setdefault(row.publisher, []).append(row.key)
    return found


def trust(connection: Connection, publisher: str, key: str, *, by: str | None, at: datetime) -> bool:
    """Trust a key of a publisher; tell whether that is new."""
    if key in keys(connection).get(publisher, ()):
        return False
    connection.execute(sa.insert(publisher_key).values(publisher=publisher, key=key, at=at, by=by).inline())
    return True


def distrust(connection: Connection, publisher: str, key: str) -> bool:
    """Trust a key no more; tell whether it was trusted."""
    columns = publisher_key.c
    gone = connection.execute(sa.delete(publisher_key).where(columns.publisher == publisher, columns.key == key))
    return bool(gone.rowcount)
