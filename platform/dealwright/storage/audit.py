"""The audit log: what people did that is no change of a record. Append-only, each entry sealed to the one before.

The digest of an entry covers the entry and the digest before it, so an entry that is changed, removed or put between
others breaks the chain from there on. That the *end* was cut off shows only against a digest kept elsewhere
(:func:`head`), such as the one a backup prints.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage.database import to_json
from dealwright.storage.system import audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dealwright.storage.database import Connection

#: Any number of our own: PostgreSQL's advisory lock under which entries get their place in the chain.
_LOCK = 0x64776175


def append(
    connection: Connection,
    *,
    action: str,
    actor: str | None,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    subject: str = "",
    address: str = "",
) -> str:
    """Write an entry and return its digest. Until the transaction ends, others that write one wait.

    Args:
        connection: The transaction.
        action: What was done, such as ``record.purged``.
        actor: Id of the user; None for the operator or the platform.
        at: When.
        data: JSON that says more; no secrets.
        subject: What it was done to, such as ``role:sales.rep``.
        address: Where the request came from.
    """
    if connection.dialect.name == "postgresql":
        # Locks belong to the whole database; each of its schemas is a workspace, and none waits for another.
        schema = (connection.get_execution_options().get("schema_translate_map") or {}).get(None) or ""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(schema))))
    last = connection.execute(sa.select(audit.c.seq, audit.c.digest).order_by(audit.c.seq.desc()).limit(1)).first()
    entry = {
        "seq": last.seq + 1 if last else 1,
        "at": at,
        "actor": actor,
        "address": address,
        "action": action,
        "subject": subject,
        "data": to_json(dict(data or {})),
        "previous": last.digest if last else "",
    }
    digest = _digest(entry)
    connection.execute(sa.insert(audit).values(**entry, digest=digest))
    return digest


def latest(connection: Connection, *, limit: int = 200, before: int | None = None) -> list[dict[str, Any]]:
    """Return entries, newest first, as dicts of their columns; only those with a smaller ``seq``, if it is said."""
    statement = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.seq < before)
    return [{**row, "data": json.loads(row["data"])} for row in connection.execute(statement).mappings()]


def head(connection: Connection) -> tuple[int, str]:
    """Return number and digest of the last entry; zero and empty if there is none."""
    row = connection.execute(sa.select(audit.c.seq, audit.c.digest).order_by(audit.c.seq.desc()).limit(1)).first()
    return (row.seq, row.digest) if row else (0, "")


def digest_of(connection: Connection, seq: int) -> str | None:
    """Return the digest of an entry, to compare with a :func:`head` that was kept elsewhere; None if it is not there."""
    digest: str | None = connection.scalar(sa.select(audit.c.digest).where(audit.c.seq == seq))
    return digest


def verify(connection: Connection) -> int | None:
    """Return the number of the first entry that is not as it was written, or None if the chain is whole."""
    expected, previous = 1, ""
    for row in connection.execute(sa.select(audit).order_by(audit.c.seq)).mappings():
        entry = dict(row)
        digest = entry.pop("digest")
        if entry["seq"] != expected or entry["previous"] != previous or _digest(entry) != digest:
            return expected
        expected, previous = expected + 1, digest
    return None


def _digest(entry: Mapping[str, Any]) -> str:
    plain = {**entry, "at": entry["at"].astimezone(UTC).isoformat(timespec="milliseconds")}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
