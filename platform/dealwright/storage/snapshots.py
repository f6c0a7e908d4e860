"""Snapshots: reports as they were worked out for somebody at a certain time. Each belongs to one user alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage.system import snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One report of one user.

    Attributes:
        run: When it was due; a report, user and run have one snapshot at most.
        at: When it was worked out, later than ``run`` where nobody worked meanwhile.
        body: The report, API JSON.
    """

    id: str
    report: str
    user: str
    run: datetime
    at: datetime
    revision: str
    body: Any


_COLUMNS = [snapshot.c[name] for name in Snapshot.__slots__]


def there(connection: Connection, report: str, user: str, run: datetime) -> bool:
    """Tell whether the snapshot of a run is there already."""
    where = snapshot.c.user == user, snapshot.c.report == report, snapshot.c.run == run
    return connection.scalar(sa.select(snapshot.c.id).where(*where)) is not None


def put(connection: Connection, one: Snapshot) -> None:
    """Write a snapshot."""
    connection.execute(sa.insert(snapshot), [asdict(one)])


def latest(connection: Connection, report: str, user: str, limit: int) -> list[dict[str, Any]]:
    """Return ``id``, ``run`` and ``at`` of a user's snapshots of a report, the latest first."""
    statement = (
        sa.select(snapshot.c.id, snapshot.c.run, snapshot.c.at)
        .where(snapshot.c.user == user, snapshot.c.report == report)
        .order_by(snapshot.c.run.desc())
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def one(connection: Connection, identifier: str, user: str) -> Snapshot | None:
    """Return a user's snapshot; None if there is none, or it is another's."""
    where = snapshot.c.id == identifier, snapshot.c.user == user
    row = connection.execute(sa.select(*_COLUMNS).where(*where)).first()
    return Snapshot(*row) if row is not None else None
