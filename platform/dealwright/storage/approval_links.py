"""Links by which approvals are decided from a mail. The database holds the digest of each, never the link itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dealwright.storage.system import approval_link

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.storage.database import Connection

_T = approval_link


@dataclass(frozen=True, slots=True)
class Link:
    """A row of ``dw_approval_link``: whose decision a link makes, and what became of it."""

    digest: str
    approval: str
    seat: int
    user: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    verdict: str | None = None


_COLUMNS = [_T.c[name] for name in Link.__slots__]


def add(connection: Connection, link: Link) -> None:
    """Write a link that was just made."""
    connection.execute(sa.insert(_T).values({name: getattr(link, name) for name in Link.__slots__}))


def get(connection: Connection, digest: str) -> Link | None:
    """Return a link by the digest of its secret; None if there is none."""
    row = connection.execute(sa.select(*_COLUMNS).where(_T.c.digest == digest)).first()
    return None if row is None else Link(*row)


def use(connection: Connection, digest: str, verdict: str, now: datetime) -> bool:
    """Use a link up; tell whether that was done now, rather than before by somebody else."""
    where = _T.c.digest == digest, _T.c.used_at.is_(None), _T.c.expires_at > now
    return bool(connection.execute(sa.update(_T).where(*where).values(used_at=now, verdict=verdict)).rowcount)


def prune(connection: Connection, before: datetime, *, batch: int = 1000) -> int:
    """Remove up to ``batch`` links that had run out before a moment; return how many."""
    old = sa.select(_T.c.digest).where(_T.c.expires_at < before).limit(batch)
    return connection.execute(sa.delete(_T).where(_T.c.digest.in_(old))).rowcount
