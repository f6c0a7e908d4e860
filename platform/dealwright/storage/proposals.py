"""What admins propose to change: patches that are not in force until a plan that takes them up is applied."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage.database import to_json
from dealwright.storage.system import proposal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed change; there is at most one for an operation on a path.

    Attributes:
        patch: The patch as JSON, keys in their order; None to take back the one in force.
        at: When it was proposed last: who takes it up names it, so that a later word is never lost.
    """

    path: str
    op: str
    patch: Mapping[str, Any] | None
    at: datetime
    by: str | None


def put(connection: Connection, one: Proposal) -> None:
    """Write a proposal in the place of the one before."""
    remove(connection, [(one.path, one.op)])
    text = to_json(one.patch) if one.patch is not None else None
    connection.execute(sa.insert(proposal).values(path=one.path, op=one.op, patch=text, at=one.at, by=one.by).inline())


def add(
    connection: Connection, those: Iterable[tuple[str, str, Mapping[str, Any]]], *, at: datetime, by: str | None
) -> None:
    """Write proposals by path, operation and patch where there is none yet."""
    given = list(those)
    known = {(one.path, one.op) for one in listed(connection)} if given else set()
    for path, op, patch in given:
        if (path, op) not in known:
            put(connection, Proposal(path, op, patch, at, by))


def remove(connection: Connection, those: Iterable[tuple[str, str]]) -> int:
    """Withdraw proposals by path and operation; return how many there were."""
    gone = 0
    for path, op in those:
        gone += connection.execute(sa.delete(proposal).where(proposal.c.path == path, proposal.c.op == op)).rowcount
    return gone


def take(connection: Connection, those: Iterable[tuple[str, str, datetime]]) -> bool:
    """Remove proposals that come in force, by path, operation and moment; tell whether all of them were there still."""
    whole = True
    for path, op, at in those:
        where = proposal.c.path == path, proposal.c.op == op, proposal.c.at == at
        whole &= connection.execute(sa.delete(proposal).where(*where)).rowcount == 1
    return whole


def listed(connection: Connection) -> list[Proposal]:
    """Return all proposals, the oldest first."""
    rows = connection.execute(sa.select(proposal).order_by(proposal.c.at, proposal.c.path, proposal.c.op))
    return [
        Proposal(row.path, row.op, json.loads(row.patch) if row.patch is not None else None, row.at, row.by)
        for row in rows
    ]
