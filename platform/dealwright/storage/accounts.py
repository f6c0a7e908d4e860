"""Credentials: passwords, sessions, API tokens, and which roles a user has. No entity: no grant ever shows them.

Secrets are stored as SHA-256 digests: they are 256 random bits, which nobody guesses (OWASP ASVS 5, 11.4). Passwords
are Argon2id hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from dealwright.metadata import names
from dealwright.storage import attempts, switches, tables
from dealwright.storage.several import chunks
from dealwright.storage.system import account, session, token, user_role, workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Account:
    """How somebody may sign in. ``password`` is an Argon2id hash or None; ``state`` is active or disabled."""

    user: str
    email: str
    password: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a secret stands for.

    Attributes:
        user: Id of the user's record.
        email: Address of the account.
        roles: The user's roles, sorted.
        limit: Roles that an API token is limited to; None for all.
        token: Id of the API token; None for a session.
        stale: Whether it is time to note that it was used.
        revision: The revision in force.
        facts: The fields of the user's record, as :func:`facts` returns them; None if they are still to be read.
    """

    user: str
    email: str
    roles: tuple[str, ...]
    limit: tuple[str, ...] | None
    token: str | None
    stale: bool
    revision: str | None
    facts: Mapping[str, Any] | None = None


def _roles(user: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """Return the roles of a user as one text with blanks between: one column, so one statement and one row."""
    text = sa.func.aggregate_strings(user_role.c.role, " ")
    return sa.select(text).where(user_role.c.user == user).scalar_subquery()


_revision = sa.select(workspace.c.revision).scalar_subquery()
_rules_off = sa.select(workspace.c.rules_off).scalar_subquery()
_accounts = token.join(account, account.c.user == token.c.user)


def _token_from(whole: sa.FromClause, *more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return the statement that finds a valid token and whose it is, with ``more`` columns of the tables joined."""
    kept = token.c.id, token.c.user, token.c.roles, token.c.used_at, token.c.expires_at
    return (
        sa.select(*kept, account.c.email, _roles(token.c.user), _revision, _rules_off, *more)
        .select_from(whole)
        .where(token.c.digest == bindparam("digest"), token.c.revoked_at.is_(None), account.c.state == "active")
    )


_by_token = _token_from(_accounts)
_by_session = (
    sa.select(
        session.c.user, session.c.seen_at, session.c.expires_at, account.c.email, _roles(session.c.user), _revision
    )
    .select_from(session.join(account, account.c.user == session.c.user))
    .where(session.c.digest == bindparam("digest"), account.c.state == "active")
)


#: The same for many sessions at once, with the digest of each.
_by_sessions = (
    sa.select(
        session.c.digest,
        session.c.user,
        session.c.seen_at,
        session.c.expires_at,
        account.c.email,
        _roles(session.c.user),
    )
    .select_from(session.join(account, account.c.user == session.c.user))
    .where(session.c.digest.in_(bindparam("digests", expanding=True)), account.c.state == "active")
)


def by_token(
    connection: Connection, digest: str, now: datetime, stale_before: datetime, likely: Catalog | None = None
) -> Found | None:
    """Return whose API token has this digest, if it is valid; one statement, the active revision with it.

    Args:
        connection: The transaction.
        digest: The token's.
        now: The moment.
        stale_before: When a use is to be noted again.
        likely: The catalog that is in force, unless another has gone live since this process asked last. The user's
            record comes with the same statement, and is thrown away if it is another.
    """
    known = likely if likely is not None and likely.revision not in _unlike else None
    try:
        row = connection.execute(_by_token if known is None else _with_facts(known), {"digest": digest}).first()
    except sa.exc.DBAPIError:
        if known is not None:
            _unlike.add(
                known.revision
            )  # the users' table is another than this revision knew: never asked like this again
        raise
    if row is None or (row[4] is not None and row[4] <= now):
        return None
    switches.note(connection, row[8])
    limit = tuple(row[2]) if row[2] is not None else None
    read = None
    if known is not None and row[7] == known.revision and row[9] is not None:
        read = dict(zip(tables.layout(known, "base.user").names, row[9:], strict=True))
    stale = row[3] is None or row[3] < stale_before
    return Found(row[1], row[5], _sorted(row[6]), limit, row[0], stale, row[7], read)


#: Revisions whose users' table is not as they say, which no change of definitions brings about by itself.
_unlike: set[str] = set()


def _with_facts(catalog: Catalog) -> sa.Select[Any]:
    layout = tables.layout(catalog, "base.user")

    def make() -> sa.Select[Any]:
        person = layout.table
        there = sa.and_(person.c.id == token.c.user, person.c.archived_at.is_(None))
        return _token_from(_accounts.outerjoin(person, there), *(person.c[name] for name in layout.names))

    return catalog.once("storage.accounts.by_token", make)


def by_session(
    connection: Connection, digest: str, now: datetime, idle_since: datetime, stale_before: datetime
) -> Found | None:
    """Return whose session has this digest, if it is neither too old nor idle since before ``idle_since``."""
    row = connection.execute(_by_session, {"digest": digest}).first()
    if row is None or row[2] <= now or row[1] < idle_since:
        return None
    return Found(row[0], row[3], _sorted(row[4]), None, None, row[1] < stale_before, row[5])


def by_sessions(
    connection: Connection, catalog: Catalog, digests: Sequence[str], now: datetime, idle_since: datetime
) -> dict[str, Found]:
    """Return whose sessions these are, with the users' facts, by digest; those that are over are left out. Two statements."""
    rows = [
        row
        for some in chunks(digests)
        for row in connection.execute(_by_sessions, {"digests": list(some)})
        if row[3] > now and row[2] >= idle_since
    ]
    layout = tables.layout(catalog, "base.user")
    table, names_ = layout.table, layout.names
    known: dict[str, dict[str, Any]] = {}
    for some in chunks(sorted({row[1] for row in rows})):
        found = sa.select(*(table.c[name] for name in names_)).where(
            table.c.id.in_(some), table.c.archived_at.is_(None)
        )
        known.update({one.id: dict(zip(names_, one, strict=True)) for one in connection.execute(found)})
    return {
        row[0]: Found(row[1], row[4], _sorted(row[5]), None, None, False, None, known[row[1]])
        for row in rows
        if row[1] in known
    }


def _sorted(roles: str | None) -> tuple[str, ...]:
    return tuple(sorted(roles.split())) if roles else ()


def facts(connection: Connection, catalog: Catalog, user: str) -> dict[str, Any] | None:
    """Return the typed fields of a user's record, without its lists; None if it is gone or archived."""
    layout = tables.layout(catalog, "base.user")
    statement = catalog.once(
        "storage.accounts.facts",
        lambda: sa.select(*(layout.table.c[name] for name in layout.names)).where(
            layout.table.c.id == bindparam("id"), layout.table.c.archived_at.is_(None)
        ),
    )
    row = connection.execute(statement, {"id": user}).first()
    return dict(zip(layout.names, row, strict=True)) if row is not None else None


def team_named(connection: Connection, catalog: Catalog, name: str) -> str | None:
    """Return the id of the active team with this name; None if there is none."""
    table = tables.layout(catalog, "base.team").table
    return connection.scalar(sa.select(table.c.id).where(table.c.name == name, table.c.archived_at.is_(None)))


def by_email(connection: Connection, email: str) -> Account | None:
    """Return the account with this folded address."""
    columns = (account.c.user, account.c.email, account.c.password, account.c.state)
    row = connection.execute(sa.select(*columns).where(account.c.email == email)).first()
    return Account(*row) if row is not None else None


def put(connection: Connection, user: str, email: str, password: str | None, at: datetime) -> None:
    """Give a user record an account.

    Raises:
        ConflictError: If the address or the user has one already.
    """
    connection.execute(
        sa.insert(account).values(
            user=user, email=email, password=password, state="active", password_at=at if password else None
        )
    )


def set_password(connection: Connection, user: str, password: str, at: datetime) -> None:
    """Set the hash of a new password, end every session of the user, and forgive the wrong passwords so far."""
    statement = sa.update(account).where(account.c.user == user).values(password=password, password_at=at)
    email = connection.execute(statement.returning(account.c.email)).scalar()
    end_sessions(connection, user)
    if email is not None:
        attempts.forget(connection, [attempts.of_email(email)])


def rehash(connection: Connection, user: str, password: str) -> None:
    """Store the same password under stronger parameters; sessions go on."""
    connection.execute(sa.update(account).where(account.c.user == user).values(password=password))


def set_state(connection: Connection, user: str, state: str) -> None:
    """Make an account active or disabled; a disabled one's sessions end and its tokens stop at once."""
    connection.execute(sa.update(account).where(account.c.user == user).values(state=state))
    if state != "active":
        end_sessions(connection, user)


def signed_in(connection: Connection, user: str, at: datetime) -> None:
    """Note when somebody signed in."""
    connection.execute(sa.update(account).where(account.c.user == user).values(signed_in_at=at))


def begin_session(
    connection: Connection, digest: str, user: str, at: datetime, expires_at: datetime, address: str, agent: str
) -> None:
    """Write a new session."""
    values = {"digest": digest, "user": user, "created_at": at, "seen_at": at, "expires_at": expires_at}
    connection.execute(sa.insert(session).values(**values, address=address[:100], agent=agent[:200]))


def seen(connection: Connection, digest: str, at: datetime) -> None:
    """Note that a session is in use."""
    connection.execute(sa.update(session).where(session.c.digest == digest).values(seen_at=at))


def end_session(connection: Connection, digest: str) -> None:
    """End one session."""
    connection.execute(sa.delete(session).where(session.c.digest == digest))


def end_sessions(connection: Connection, user: str) -> None:
    """End every session of a user."""
    connection.execute(sa.delete(session).where(session.c.user == user))


def prune_sessions(connection: Connection, now: datetime) -> int:
    """Remove sessions that have run out; return how many."""
    return connection.execute(sa.delete(session).where(session.c.expires_at <= now)).rowcount


def put_token(
    connection: Connection,
    identifier: str,
    digest: str,
    user: str,
    title: str,
    roles: Sequence[str] | None,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Write a new API token."""
    connection.execute(
        sa.insert(token).values(
            id=identifier,
            digest=digest,
            user=user,
            title=title,
            roles=list(roles) if roles is not None else None,
            created_at=at,
            expires_at=expires_at,
        )
    )


def used(connection: Connection, identifier: str, at: datetime) -> None:
    """Note that an API token is in use."""
    connection.execute(sa.update(token).where(token.c.id == identifier).values(used_at=at))


def revoke_token(connection: Connection, identifier: str, at: datetime) -> bool:
    """Revoke an API token; return whether there was one that was valid."""
    statement = sa.update(token).where(token.c.id == identifier, token.c.revoked_at.is_(None)).values(revoked_at=at)
    return connection.execute(statement).rowcount == 1


def tokens(connection: Connection, user: str) -> list[dict[str, Any]]:
    """Return the API tokens of a user, newest first, without what they open."""
    columns = [token.c[name] for name in ("id", "title", "roles", "created_at", "expires_at", "used_at", "revoked_at")]
    statement = sa.select(*columns).where(token.c.user == user).order_by(token.c.created_at.desc())
    return [dict(row) for row in connection.execute(statement).mappings()]


def roles_of(connection: Connection, users: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the roles of users, sorted, by user."""
    found: dict[str, list[str]] = {user: [] for user in users}
    statement = sa.select(user_role.c.user, user_role.c.role).where(user_role.c.user.in_(list(found)))
    for user, role in connection.execute(statement):
        found[user].append(role)
    return {user: tuple(sorted(roles)) for user, roles in found.items()}


def holders(connection: Connection, role: str) -> list[str]:
    """Return the users who may sign in and have a role."""
    active = account.join(user_role, user_role.c.user == account.c.user)
    statement = (
        sa.select(account.c.user).select_from(active).where(user_role.c.role == role, account.c.state == "active")
    )
    return list(connection.scalars(statement.order_by(account.c.user)))


def set_roles(connection: Connection, user: str, roles: Iterable[str]) -> None:
    """Give a user exactly these roles."""
    connection.execute(sa.delete(user_role).where(user_role.c.user == user))
    rows = [{"user": user, "role": role} for role in sorted(set(roles))]
    if rows:
        connection.execute(sa.insert(user_role), rows)


def everybody(connection: Connection, catalog: Catalog, *, limit: int = 500) -> list[dict[str, Any]]:
    """Return accounts with the names of their users and their roles, by address."""
    users = tables.of(catalog).tables[names.table_name("base.user")]
    columns = (account.c.user, account.c.email, account.c.state, account.c.signed_in_at)
    statement = (
        sa.select(*columns, users.c.name, _roles(account.c.user).label("roles"))
        .select_from(account.outerjoin(users, users.c.id == account.c.user))
        .order_by(account.c.email)
        .limit(limit)
    )
    return [{**row, "roles": _sorted(row["roles"])} for row in connection.execute(statement).mappings()]
