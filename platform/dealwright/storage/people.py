"""Users as others need them who decide about work: what their record says, their roles, and whether they can sign in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.storage import tables
from dealwright.storage.several import chunks
from dealwright.storage.system import account, user_role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in.

    Attributes:
        facts: Typed fields of the ``base.user`` record, without its lists.
        roles: Ids, sorted.
    """

    id: str
    email: str
    facts: Mapping[str, Any]
    roles: tuple[str, ...]


def of_ids(connection: Connection, catalog: Catalog, ids: Collection[str]) -> dict[str, Person]:
    """Return those of these users who can sign in: the record is there, the account active. Two statements."""
    layout = tables.layout(catalog, "base.user")
    columns = [layout.table.c[name] for name in layout.names]
    found: dict[str, Person] = {}
    for some in chunks(sorted(ids)):
        roles = _roles(connection, some)
        statement = (
            sa.select(account.c.user, account.c.email, *columns)
            .select_from(layout.table.join(account, account.c.user == layout.table.c.id))
            .where(account.c.user.in_(some), account.c.state == "active", layout.table.c.archived_at.is_(None))
        )
        for row in connection.execute(statement):
            facts = dict(zip(layout.names, row[2:], strict=True))
            if facts.get("active") is not False:
                found[row[0]] = Person(row[0], row[1], facts, roles.get(row[0], ()))
    return found


def _roles(connection: Connection, users: Collection[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    statement = sa.select(user_role.c.user, user_role.c.role).where(user_role.c.user.in_(users))
    for user, role in connection.execute(statement.order_by(user_role.c.role)):
        found.setdefault(user, []).append(role)
    return {user: tuple(roles) for user, roles in found.items()}


def with_role(connection: Connection, role: str) -> list[str]:
    """Return the ids of all users who have a role, sorted."""
    statement = sa.select(user_role.c.user).where(user_role.c.role == role).order_by(user_role.c.user)
    return list(connection.execute(statement).scalars())


def in_team(connection: Connection, catalog: Catalog, team: str) -> list[str]:
    """Return the ids of the users of a team (not of teams below it), sorted."""
    table = tables.layout(catalog, "base.user").table
    statement = sa.select(table.c.id).where(table.c.team == team, table.c.archived_at.is_(None)).order_by(table.c.id)
    return list(connection.execute(statement).scalars())


def everybody(connection: Connection) -> list[str]:
    """Return the ids of all users with an active account, sorted."""
    return list(
        connection.execute(
            sa.select(account.c.user).where(account.c.state == "active").order_by(account.c.user)
        ).scalars()
    )


def managers(connection: Connection, catalog: Catalog, users: Collection[str]) -> dict[str, str]:
    """Return the manager of each user who has one."""
    table = tables.layout(catalog, "base.user").table
    found: dict[str, str] = {}
    for some in chunks(sorted(users)):
        statement = sa.select(table.c.id, table.c.manager).where(table.c.id.in_(some), table.c.manager.is_not(None))
        found.update((row.id, row.manager) for row in connection.execute(statement))
    return found
