"""Plans: what would be put in force, and what that would do, kept until somebody applies just that."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.errors import NotFoundError
from dealwright.storage.releases import Release
from dealwright.storage.system import plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.storage.database import Connection

#: A plan as (path, operation, moment) names the proposals that it takes up.
Taken = tuple[str, str, datetime]


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of ``dw_plan``.

    Attributes:
        before: The revision in force when it was made; None in a workspace that had none.
        revision: What it puts in force; None if it never can.
        fingerprint: SHA-256 of all that it was worked out from.
        body: The plan as it was shown.
        proposals: Those that it takes up.
        releases: Those that come in.
        downgrade: Whether one of them may be lower than what was in force.
    """

    id: str
    before: str | None
    revision: str | None
    fingerprint: str
    body: Mapping[str, Any]
    proposals: Sequence[Taken]
    releases: Sequence[Release] = ()
    downgrade: bool = False
    applied_at: datetime | None = None


def put(connection: Connection, one: Stored, *, by: str | None, at: datetime) -> None:
    """Write a plan; the same one, made anew, takes the place of the old."""
    connection.execute(sa.delete(plan).where(plan.c.id == one.id))
    values = {
        "id": one.id,
        "made_at": at,
        "made_by": by,
        "before": one.before,
        "revision": one.revision,
        "fingerprint": one.fingerprint,
        "body": dict(one.body),
        "proposals": [[path, op, moment.isoformat()] for path, op, moment in one.proposals],
        "releases": {"coming": [asdict(release) for release in one.releases], "downgrade": one.downgrade},
    }
    connection.execute(sa.insert(plan).values(**values).inline())


def get(connection: Connection, identifier: str) -> Stored:
    """Return a plan.

    Raises:
        NotFoundError: If there is none.
    """
    row = connection.execute(sa.select(plan).where(plan.c.id == identifier)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no plan “{identifier[:40]}”; make one with plan")
    taken = [(path, op, datetime.fromisoformat(moment)) for path, op, moment in row.proposals]
    coming = [Release(**one) for one in row.releases["coming"]]
    downgrade = row.releases["downgrade"]
    return Stored(row.id, row.before, row.revision, row.fingerprint, row.body, taken, coming, downgrade, row.applied_at)


def applied(connection: Connection, identifier: str, at: datetime) -> None:
    """Note when a plan was applied."""
    connection.execute(sa.update(plan).where(plan.c.id == identifier).values(applied_at=at))
