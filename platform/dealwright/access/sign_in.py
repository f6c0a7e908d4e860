"""Who is it: passwords, sessions of the browser, API tokens.

A session and a token are secrets of 256 random bits, of which the database holds the SHA-256. Both end in the next
request after they are revoked, their user is disabled, or their time is over. Roles are read with them each time, so a
right that is lost is lost at once.
"""

from __future__ import annotations

import hashlib
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dealwright import clock
from dealwright.access import attempts
from dealwright.access.users import User
from dealwright.errors import Problem, RecordError, SignInRequiredError, UnavailableError
from dealwright.storage import accounts, audit
from dealwright.storage import attempts as stored

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Connection, Database

#: Longest life of a session, and how long it may lie idle (OWASP ASVS 5, 7.3).
SESSION_LIFE: Final = timedelta(days=30)
SESSION_IDLE: Final = timedelta(days=7)
#: Longest life of an API token.
TOKEN_LIFE: Final = timedelta(days=366)
#: What starts an API token, so that scanners for leaked secrets know it.
TOKEN_PREFIX: Final = "dw_"  # noqa: S105 - the prefix is no secret
#: Characters of a password (ASVS 6.2.1 and 6.2.9).
SHORTEST, LONGEST = 8, 200
#: How often the use of a session or token is noted.
_NOTED: Final = timedelta(minutes=1)
#: Argon2id with the parameters of argon2-cffi 25, the second recommended option of RFC 9106 §4.
_hasher = PasswordHasher()
#: Most tried first (they top every list of leaked passwords); compared in small letters.
_COMMON: Final = frozenset(
    [
        "12345678",
        "123456789",
        "1234567890",
        "11111111",
        "00000000",
        "88888888",
        "66666666",
        "password",
        "password1",
        "passw0rd",
        "qwertyui",
        "qwerty123",
        "1q2w3e4r",
        "1qaz2wsx",
        "abcd1234",
        "abc12345",
        "iloveyou",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "superman",
        "trustno1",
        "letmein1",
        "welcome1",
        "dealwright",
        "changeme",
        "admin123",
        "administrator",
        "woaini1314",
        "a1234567",
        "asdfghjk",
        "12344321",
        "87654321",
    ]
)


class Place(Protocol):
    """A workspace, as far as sign-in needs it."""

    database: Database

    def catalog(self, connection: Connection) -> Catalog:
        """Return the catalog in force."""

    def catalog_of(self, connection: Connection, revision: str) -> Catalog:
        """Return the catalog of a revision."""

    def latest(self) -> Catalog | None:
        """Return the catalog that was used last in this process; None before the first."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token stands for, and the catalog that was in force when it was looked up."""

    user: User
    catalog: Catalog


def folded(email: str) -> str:
    """Return an address in the one form in which accounts hold it: NFKC, small letters, without blanks around."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def digest(secret: str) -> str:
    """Return what the database holds of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hashed(password: str, *context: str) -> str:
    """Return the Argon2id hash of a new password.

    Args:
        password: As it was typed; any characters.
        context: Words that it may not be, such as the address of its user.

    Raises:
        RecordError: If it is too short, too long, or one that everybody tries.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        text = f"the password has {len(password)} characters; use {SHORTEST} to {LONGEST}"
        raise RecordError("the password was not taken", [Problem("/password", "bad-length", text)])
    words = {word.casefold() for word in context if word} | {
        word.partition("@")[0].casefold() for word in context if word
    }
    if password.casefold() in _COMMON | words:
        text = "this password is among the first that are tried; choose another, such as four words"
        raise RecordError("the password was not taken", [Problem("/password", "too-common", text)])
    return _hasher.hash(password)


def sign_in(
    place: Place, email: str, password: str, address: str = "", agent: str = "", browser: str = ""
) -> tuple[str, User]:
    """Begin a session.

    Whether somebody has this address of e-mail shows in nothing: not in the answer, not in the pauses that wrong
    passwords bring, and not in the work, which is the same statements and one comparison of a hash either way.

    Args:
        place: The workspace.
        email: Address of the account.
        password: As it was typed.
        address: Where the request comes from.
        agent: The browser, for the list of sessions.
        browser: Secret of the browser's own cookie. It is known from now on; empty for what has none.

    Returns:
        The session's secret, for the cookie, and the user.

    Raises:
        SignInRequiredError: If address or password is wrong, or the account is disabled: the answer is the same.
        RateLimitedError: If there were too many wrong passwords; see :mod:`dealwright.access.attempts`.
    """
    now, email = clock.now(), folded(email)
    with place.database.read() as connection:
        account = accounts.by_email(connection, email)
        here = digest(browser) if browser else None
        # Asked of nobody too: a browser that sends a cookie must not learn from the time whether there is an account.
        if here is not None and not stored.known(connection, here, account.user if account is not None else ""):
            here = None
        keys = attempts.keys_of(email, address, here)
        attempts.refuse_early(connection, keys, now)
    with place.database.write() as connection:
        pause = attempts.count(connection, keys, now)
    right = _verified(account.password if account is not None else None, password)
    with place.database.write() as connection:
        catalog = place.catalog(connection)
        user = None
        if account is not None and right and account.state == "active":
            secret = clock.secret()
            accounts.begin_session(connection, digest(secret), account.user, now, now + SESSION_LIFE, address, agent)
            user = session_user(connection, catalog, secret)
        if account is None or user is None:
            audit.append(
                connection,
                action="session.refused",
                actor=None,
                at=now,
                subject=f"user:{account.user}" if account is not None else "",
                address=address,
                data={"pause": int(pause.total_seconds())},
            )
        else:
            attempts.give_back(connection, keys, now)
            accounts.signed_in(connection, account.user, now)
            if browser:
                stored.know(connection, digest(browser), account.user, now)
            if account.password is not None and _hasher.check_needs_rehash(account.password):
                accounts.rehash(connection, account.user, _hasher.hash(password))
            audit.append(connection, action="session.begun", actor=account.user, at=now, address=address)
    if user is None:
        raise SignInRequiredError("the address or the password is not right")
    return secret, user


@cache
def _nobody() -> str:
    """Return a hash that is checked when there is no such account, so that the answer takes as long."""
    return _hasher.hash("nobody has this password")


def _verified(hashed: str | None, password: str) -> bool:
    """Tell whether a password is right; takes as long when there is nothing to compare with."""
    nobody = _nobody()  # made here in any case: the first guess of a process would show by its time
    try:
        return _hasher.verify(hashed or nobody, password[:LONGEST]) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def sign_out(place: Place, secret: str) -> None:
    """End a session."""
    with place.database.write() as connection:
        accounts.end_session(connection, digest(secret))


def session_user(connection: Connection, catalog: Catalog, secret: str) -> User | None:
    """Return whose session it is, or None if it is over."""
    now = clock.now()
    found = accounts.by_session(connection, digest(secret), now, now - SESSION_IDLE, now - _NOTED)
    if found is None:
        return None
    return _user(connection, catalog, found, "session")


def session_users(connection: Connection, catalog: Catalog, secrets: Collection[str]) -> dict[str, User]:
    """Return whose sessions these are, by secret; those that are over are left out. Two statements, however many."""
    now = clock.now()
    by_digest = {digest(secret): secret for secret in secrets}
    found = accounts.by_sessions(connection, catalog, list(by_digest), now, now - SESSION_IDLE)
    users = {by_digest[one]: _user(connection, catalog, account, "session") for one, account in found.items()}
    return {secret: user for secret, user in users.items() if user is not None}


def touch(place: Place, secret: str) -> None:
    """Note that a session is in use; called now and then, not on each request."""
    with place.database.write() as connection:
        accounts.seen(connection, digest(secret), clock.now())


def bearer(connection: Connection, place: Place, token: str, address: str = "") -> Bearer:
    """Return who an API token stands for.

    Args:
        connection: The transaction.
        place: The workspace.
        token: What stood behind ``Bearer``; empty if nothing did.
        address: Where the request comes from.

    Raises:
        SignInRequiredError: If there is none, or it is unknown, expired or revoked: the answer is the same.
    """
    refused = SignInRequiredError(
        "send a valid API token as “Authorization: Bearer …”; make one with dealwright user token"
    )
    if not token.startswith(TOKEN_PREFIX) or len(token) > 200:
        raise refused
    now = clock.now()
    found = accounts.by_token(connection, digest(token), now, now - _NOTED, place.latest())
    if found is None or found.revision is None:
        raise refused
    catalog = place.catalog_of(connection, found.revision)
    user = _user(connection, catalog, found, "token")
    if user is None:
        raise refused
    return Bearer(user, catalog)


def note_use(place: Place, user: User) -> None:
    """Note that an API token is in use, once a minute; if the database is busy, the next request does it."""
    if user.stale and user.token is not None:
        with suppress(UnavailableError), place.database.write() as connection:
            accounts.used(connection, user.token, clock.now())


def _user(connection: Connection, catalog: Catalog, found: accounts.Found, by: str) -> User | None:
    facts = found.facts if found.facts is not None else accounts.facts(connection, catalog, found.user)
    if facts is None:
        return None
    roles = found.roles if found.limit is None else tuple(role for role in found.roles if role in found.limit)
    name = facts.get("name") or found.email
    return User(found.user, found.email, name, roles, MappingProxyType(facts), by, found.token, found.stale)


def acting(connection: Connection, catalog: Catalog, user: str) -> User | None:
    """Return a user in whose rights the platform works something out for that user; None if the record is gone."""
    roles = accounts.roles_of(connection, [user])[user]
    return _user(connection, catalog, accounts.Found(user, "", roles, None, None, False, None), "platform")


def new_token(
    connection: Connection,
    user: str,
    title: str,
    *,
    roles: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make an API token and return it; it is shown this once.

    Args:
        connection: The transaction.
        user: Id of the user in whose name it acts.
        title: What it is for.
        roles: Roles that it is limited to; it never has one that its user has not.
        expires_at: When it ends; at the latest, and unless said otherwise, in a year.
    """
    now = clock.now()
    token = TOKEN_PREFIX + clock.secret()
    latest = now + TOKEN_LIFE
    expires = min(expires_at or latest, latest)
    identifier = clock.new_id()
    accounts.put_token(connection, identifier, digest(token), user, title, roles, now, expires)
    audit.append(
        connection,
        action="token.made",
        actor=user,
        at=now,
        subject=f"token:{identifier}",
        data={"title": title, "roles": list(roles) if roles is not None else None, "expires_at": expires.isoformat()},
    )
    return token
