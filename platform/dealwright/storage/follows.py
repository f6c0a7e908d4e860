"""Who follows which record, and what happened to followed records since followers were told last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.conditions import sql
from dealwright.storage import events, tables
from dealwright.storage.system import event, follow, told

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection
    from dealwright.storage.events import Mark

_WHO: Final = "followers"


@dataclass(frozen=True, slots=True)
class News:
    """Something happened to a record that somebody follows.

    Attributes:
        changes: Field → [before, after], API JSON; of a comment empty.
        text: What a comment says; empty otherwise.
        comment: Id of the comment.
    """

    entity: str
    record: str
    type: str
    actor: str | None
    changes: Mapping[str, Sequence[Any]]
    text: str = ""
    comment: str = ""


def put(
    connection: Connection, entity: str, record: str, user: str, fields: Sequence[str] | None, at: datetime
) -> None:
    """Let a user follow a record, or follow it otherwise."""
    remove(connection, record, user)
    values = {"entity": entity, "record": record, "user": user, "fields": list(fields) if fields else None, "at": at}
    connection.execute(sa.insert(follow).values(values))


def remove(connection: Connection, record: str, user: str) -> bool:
    """Let a user follow a record no longer; tell whether he did."""
    return bool(connection.execute(sa.delete(follow).where(follow.c.record == record, follow.c.user == user)).rowcount)


def of_record(connection: Connection, record: str) -> dict[str, list[str] | None]:
    """Return who follows a record, in the order in which they began, and the fields that each chose."""
    found = connection.execute(
        sa.select(follow.c.user, follow.c.fields).where(follow.c.record == record).order_by(follow.c.at, follow.c.user)
    )
    return {user: fields for user, fields in found}


def of_records(connection: Connection, records: Collection[str]) -> dict[str, dict[str, list[str] | None]]:
    """Return who follows records, by record."""
    found: dict[str, dict[str, list[str] | None]] = {}
    rows = connection.execute(
        sa.select(follow.c.record, follow.c.user, follow.c.fields).where(follow.c.record.in_(list(records)))
    )
    for record, user, fields in rows:
        found.setdefault(record, {})[user] = fields
    return found


def mark(connection: Connection) -> Mark | None:
    """Return how far followers were told, locked until the end of the transaction; None if nobody ever was."""
    row = connection.execute(sa.select(told.c.seq, told.c.tx).where(told.c.who == _WHO).with_for_update()).first()
    return events.Mark(row.seq, row.tx) if row is not None else None


def advance(connection: Connection, to: Mark) -> None:
    """Note how far followers were told."""
    values = {"seq": to.seq, "tx": to.tx}
    if not connection.execute(sa.update(told).where(told.c.who == _WHO).values(values)).rowcount:
        connection.execute(sa.insert(told).values(who=_WHO, **values))


def since(
    connection: Connection, catalog: Catalog, after: Mark, until: Mark, types: Collection[str], limit: int
) -> list[News]:
    """Return what happened to followed records between two marks, in the order of the log, and what was said about them.

    Two statements, which find nothing by an index where nobody follows anything. At most ``limit`` of each.
    """
    within = events.between(after, until, connection.dialect.name)
    columns = (event.c.entity, event.c.record, event.c.type, event.c.actor, event.c.changes)
    followed = sa.exists().where(follow.c.record == event.c.record)
    changed = sa.select(*columns).where(*within, event.c.type.in_(sorted(types)), followed)
    found = [News(*row) for row in connection.execute(changed.order_by(event.c.seq).limit(limit))]
    comment = tables.of(catalog).tables["base__comment"]
    entity, record = sql.member(comment.c.about, "entity"), sql.member(comment.c.about, "id")
    said = (
        sa.select(entity, record, event.c.type, event.c.actor, comment.c.text, comment.c.id)
        .join_from(event, comment, comment.c.id == event.c.record)
        .where(*within, event.c.entity == "base.comment", event.c.type == "record.created")
        .where(sa.exists().where(follow.c.record == record), comment.c.archived_at.is_(None))
        .order_by(event.c.seq)
        .limit(limit)
    )
    found += [News(row[0], row[1], "comment", row[3], {}, row[4] or "", row[5]) for row in connection.execute(said)]
    return found
