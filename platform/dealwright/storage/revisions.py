"""Revisions: every state that the definitions of a workspace have had, and which one is in force.

A revision is a list of named documents. Each different document is stored once, as the text its author's order of keys
needs (a database that keeps JSON as values sorts them), so a small change costs the space of what it changed.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.errors import NotFoundError
from dealwright.storage import switches
from dealwright.storage.database import to_json
from dealwright.storage.several import chunks
from dealwright.storage.system import activation, document, revision, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dealwright.storage.database import Connection


def active(connection: Connection) -> str:
    """Return the id of the revision in force.

    Raises:
        NotFoundError: If the workspace has none yet.
    """
    row = connection.execute(_ACTIVE).one_or_none()
    if row is None or row.revision is None:
        raise NotFoundError("the workspace has no definitions yet; run dealwright init")
    switches.note(connection, row.rules_off)
    active: str = row.revision
    return active


_ACTIVE = sa.select(workspace.c.revision, workspace.c.rules_off)


def put(
    connection: Connection,
    identifier: str,
    documents: Mapping[str, Any],
    *,
    packs: Mapping[str, str],
    reason: str,
    by: str | None,
    at: datetime,
) -> None:
    """Store a revision; one that is stored already stays as it is. It is not in force before :func:`activate`.

    Args:
        connection: The transaction.
        identifier: Its id, which follows from its content.
        documents: Name to JSON, in order.
        packs: Pack id to version.
        reason: Why it was made, for people.
        by: Id of the user; None for the operator.
        at: When.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    digests: list[list[str]] = []
    texts: dict[str, str] = {}
    for name, body in documents.items():
        text = to_json(body)
        digest = hashlib.sha256(text.encode()).hexdigest()
        digests.append([name, digest])
        texts[digest] = text
    for some in chunks(list(texts)):
        for digest in connection.scalars(sa.select(document.c.digest).where(document.c.digest.in_(some))):
            del texts[digest]
    if texts:
        rows = [{"digest": digest, "body": text} for digest, text in texts.items()]
        connection.execute(insert(document).on_conflict_do_nothing(), rows)
    connection.execute(
        insert(revision)
        .values(id=identifier, created_at=at, created_by=by, reason=reason, packs=dict(packs), documents=digests)
        .on_conflict_do_nothing()
    )


def activate(connection: Connection, identifier: str, *, reason: str, by: str | None, at: datetime) -> None:
    """Put a stored revision in force: transactions that begin after the commit use it. Rolling back is the same call.

    Raises:
        NotFoundError: If no such revision is stored.
    """
    if connection.execute(sa.select(revision.c.id).where(revision.c.id == identifier)).first() is None:
        raise NotFoundError(f"there is no revision “{identifier}”")
    connection.execute(sa.update(workspace).values(revision=identifier))
    connection.execute(sa.insert(activation).values(revision=identifier, at=at, by=by, reason=reason).inline())


def forget_unused(connection: Connection, identifier: str) -> None:
    """Remove a stored revision that was never in force; its documents stay, as others may have the same."""
    used = sa.select(activation.c.revision).where(activation.c.revision == identifier)
    connection.execute(sa.delete(revision).where(revision.c.id == identifier, ~used.exists()))


def documents(connection: Connection, identifier: str, *, only: str | None = None) -> dict[str, Any]:
    """Return the documents of a revision, name to JSON, in order; only the one of this name if one is given.

    Raises:
        NotFoundError: If no such revision is stored.
    """
    digests = connection.execute(
        sa.select(revision.c.documents).where(revision.c.id == identifier)
    ).scalar_one_or_none()
    if digests is None:
        raise NotFoundError(f"there is no revision “{identifier}”")
    digests = [one for one in digests if only is None or one[0] == only]
    bodies: dict[str, str] = {}
    for some in chunks(list({digest for _, digest in digests})):
        statement = sa.select(document.c.digest, document.c.body).where(document.c.digest.in_(some))
        bodies.update((row.digest, row.body) for row in connection.execute(statement))
    return {name: json.loads(bodies[digest]) for name, digest in digests}


def active_at(connection: Connection, at: datetime) -> str | None:
    """Return the revision that was in force at a moment; None before the first."""
    last = sa.select(activation.c.revision).where(activation.c.at <= at).order_by(activation.c.seq.desc()).limit(1)
    found: str | None = connection.execute(last).scalar_one_or_none()
    return found


def history(connection: Connection, *, limit: int = 100) -> list[dict[str, Any]]:
    """Return what was put in force, newest first: ``revision``, ``at``, ``by``, ``reason``, ``packs``."""
    statement = (
        sa.select(activation.c.revision, activation.c.at, activation.c.by, activation.c.reason, revision.c.packs)
        .join(revision, revision.c.id == activation.c.revision)
        .order_by(activation.c.seq.desc())
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def activations(connection: Connection) -> list[tuple[str, datetime]]:
    """Return every revision that was put in force, and when, the first one first."""
    statement = sa.select(activation.c.revision, activation.c.at).order_by(activation.c.seq)
    return [(row.revision, row.at) for row in connection.execute(statement)]


def parts(connection: Connection, wanted: Callable[[str], bool]) -> dict[str, dict[str, Any]]:
    """Return of every stored revision those documents whose names are wanted; each different one is read once."""
    named = {row.id: row.documents for row in connection.execute(sa.select(revision.c.id, revision.c.documents))}
    chosen = {key: [(name, digest) for name, digest in those if wanted(name)] for key, those in named.items()}
    bodies: dict[str, Any] = {}
    for some in chunks(sorted({digest for those in chosen.values() for _, digest in those})):
        statement = sa.select(document.c.digest, document.c.body).where(document.c.digest.in_(some))
        bodies.update((row.digest, json.loads(row.body)) for row in connection.execute(statement))
    return {key: {name: bodies[digest] for name, digest in those} for key, those in chosen.items()}
