"""Interactions and how many of them reached somebody, by quarter of an hour: what is known about when to call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright import conditions
from dealwright.conditions import sql
from dealwright.metadata import names
from dealwright.storage import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.storage.database import Connection

#: Seconds of a bucket: every zone's hours begin at one.
_QUARTER: Final = 900


def counted(
    connection: Connection,
    catalog: Catalog,
    source: Entity,
    about: str,
    *,
    record: str | None = None,
    segment: tuple[str, Any] | None = None,
    since: datetime,
    env: Mapping[str, Any],
    where: Sequence[sa.ColumnElement[bool]] = (),
    whose: Sequence[sa.ColumnElement[bool]] = (),
) -> list[tuple[datetime, int, int]]:
    """Return (begin of a quarter of an hour, interactions, successes) of the interactions about records; one statement.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        source: An entity whose interactions say what success is.
        about: Entity of the records that they are about.
        record: Only those about this one.
        segment: Only those about records whose field has this value.
        since: Only those from then on, and not later than now.
        env: ``user.…``, ``now()`` and ``today()``.
        where: Criteria that the interactions must meet, such as the rights of who asks.
        whose: Criteria that the records of the segment must meet.
    """
    assert source.interaction is not None and source.interaction.success is not None  # noqa: S101 - callers have asked
    metadata = tables.of(catalog)
    told = metadata.tables[names.table_name(source.id)]
    field = source.fields[source.interaction.about]
    at = told.c[source.interaction.at]
    asked = [*where, told.c.archived_at.is_(None), at >= since, at <= env["now()"]]
    if source.interaction.when:
        asked.append(_criteria(catalog, source, source.interaction.when, told, env))
    # An interaction whose outcome nobody has told says nothing.
    read = conditions.of(catalog, source.id, source.interaction.success, "filter").fields
    asked.append(sa.or_(*(told.c[name].is_not(None) for name in sorted(read))))
    contacts = metadata.tables[names.table_name(about)]
    if field.type == "any_reference":
        link: sa.ColumnElement[Any] = told.c[f"{field.id}__linked"]
        key: sa.ColumnElement[Any] = sa.literal(f"{about}:") + contacts.c.id
    else:
        link, key = told.c[field.id], contacts.c.id
    if record is not None:
        asked.append(link == (f"{about}:{record}" if field.type == "any_reference" else record))
    elif segment is not None:
        asked.append(link.in_(sa.select(key).where(contacts.c[segment[0]] == segment[1], *whose)))
    elif field.type == "any_reference":
        asked.append(link.like(f"{about}:%"))
    reached = sa.case((_criteria(catalog, source, source.interaction.success, told, env), 1), else_=0)
    bucket = sa.cast(sa.func.floor(sa.extract("epoch", at)), sa.BigInteger)
    if connection.dialect.name == "sqlite":
        bucket = sa.cast(sa.extract("epoch", at), sa.BigInteger)
    quarter = (bucket - bucket % _QUARTER).label("quarter")
    statement = sa.select(quarter, sa.func.count(), sa.func.sum(reached)).where(*asked).group_by(quarter)
    return [
        (datetime.fromtimestamp(begin, UTC), int(count), int(successes))
        for begin, count, successes in connection.execute(statement)
    ]


def _criteria(
    catalog: Catalog, source: Entity, condition: str, table: sa.Table, env: Mapping[str, Any]
) -> sa.ColumnElement[bool]:
    found = conditions.of(catalog, source.id, condition, "filter")
    return sql.criteria(found, tables.of(catalog), table, catalog, env)
