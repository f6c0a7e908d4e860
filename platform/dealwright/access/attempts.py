"""How often somebody may guess: growing pauses for an address of e-mail, for a browser, and for where requests come from.

    key                          failures without a pause     one failure is forgiven every
    address of e-mail            10                           hour
    known browser, per user      10                           hour
    origin (IPv4; IPv6 /64)      100                          5 minutes

The next failure brings a pause of a minute, and each one after it a pause twice as long, up to an hour. A thousand
guesses at one address of e-mail, as fast as one can, are ten that are looked at; a patient guesser has about one an hour
(OWASP ASVS 5, 6.3.1; NIST SP 800-63B §5.2.2 allows a hundred in a row).

An address of e-mail that nobody has is counted like any other, or a pause would tell which ones exist. Somebody who was
signed in from a browser before is counted by that browser, so strangers who guess cannot keep him out ("device cookie",
OWASP). A failure is counted before the password is compared and given back if it was right: guesses sent at the same
time are all counted.
"""

from __future__ import annotations

import ipaddress
import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dealwright.errors import RateLimitedError
from dealwright.storage import attempts
from dealwright.storage.attempts import Attempts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from dealwright.storage import Connection


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures bring the first pause, and how long it takes until one of them is forgiven."""

    most: int
    forgiven: timedelta


EMAIL: Final = Limit(10, timedelta(hours=1))
ORIGIN: Final = Limit(100, timedelta(minutes=5))
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)


def origin(address: str) -> str:
    """Return the network that an address counts for: an IPv4 address itself, the /64 of an IPv6 address.

    A customer gets at least a /64 (RFC 6177), so its single addresses tell nobody apart.
    """
    with suppress(ValueError):
        found = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(found, ipaddress.IPv6Address):
            if found.ipv4_mapped is None:
                return str(ipaddress.ip_network((found, 64), strict=False))
            found = found.ipv4_mapped
        return str(found)
    return address[:100]


def keys_of(email: str, address: str, browser: str | None) -> dict[str, Limit]:
    """Return the keys under which an attempt is counted, with their limits; the one of the person comes first.

    Args:
        email: The folded address of e-mail.
        address: Where the request comes from.
        browser: Digest of the secret of a browser that this person was signed in from before; None for any other.
    """
    person = attempts.of_email(email)
    return {person if browser is None else f"{person}:{browser}": EMAIL, f"origin:{origin(address)}": ORIGIN}


def spend(connection: Connection, key: str, most: int, window: timedelta, now: datetime) -> None:
    """Take one of ``most`` out of what a key may do within a window; held in a row, and so by all processes together.

    It comes back at a steady rate, as for the requests of a caller (:mod:`dealwright.access.rates`). Two statements, and others
    with the same key wait until the transaction ends: for what is rare and writes anyway, such as a public form.

    Raises:
        RateLimitedError: If nothing is left; with the seconds until something is.
    """
    held = attempts.locked(connection, [key], now)[key].clear_at
    missing = held - now if now < held <= now + window else timedelta()
    after = missing + window / most
    if after > window:
        wait = max(1, math.ceil((after - window).total_seconds()))
        raise RateLimitedError(f"more than {most} in {window}; try again later", wait)
    attempts.put(connection, [Attempts(key, now + after, now)])


def refuse_early(connection: Connection, keys: Mapping[str, Limit], now: datetime) -> None:
    """Refuse an attempt during a pause; one statement that only reads, so that a flood of them holds nobody up.

    Raises:
        RateLimitedError: With the seconds until the pause ends.
    """
    _refuse(attempts.free_at(connection, list(keys)), now)


def count(connection: Connection, keys: Mapping[str, Limit], now: datetime) -> timedelta:
    """Count a failure before it is known to be one; return the pause that it brings.

    Raises:
        RateLimitedError: If there is a pause already; nothing is counted.
    """
    held = attempts.locked(connection, list(keys), now)
    _refuse([one.free_at for one in held.values()], now)
    pauses = []
    rows = []
    for key, limit in keys.items():
        # More than the longest pause needs is not remembered; what is further away is from before the clock was set back.
        most = now + limit.forgiven * _longest(limit)
        before = held[key].clear_at if now < held[key].clear_at <= most else now
        clear_at = min(before + limit.forgiven, most)
        pauses.append(pause(limit, failures(limit, clear_at, now)))
        rows.append(Attempts(key, clear_at, now + pauses[-1] if pauses[-1] else held[key].free_at))
    attempts.put(connection, rows)
    return max(pauses)


def give_back(connection: Connection, keys: Mapping[str, Limit], now: datetime) -> None:
    """Take back what :func:`count` counted: the password was right.

    The failures of the person are forgiven altogether. Those of the origin are not: whoever has an account there could
    wipe out his guesses at those of others.
    """
    person, place = keys
    held = attempts.locked(connection, [place], now)[place]
    clear_at = max(held.clear_at - keys[place].forgiven, now)
    below = failures(keys[place], clear_at, now) < keys[place].most
    attempts.put(connection, [Attempts(place, clear_at, now if below else held.free_at)])
    attempts.forget(connection, [person])


def failures(limit: Limit, clear_at: datetime, now: datetime) -> int:
    """Return how many failures are not forgiven yet; a part counts as one."""
    return max(0, -((now - clear_at) // limit.forgiven))


def pause(limit: Limit, count: int) -> timedelta:
    """Return the pause after the ``count``-th failure: none below the limit, then a minute, doubling up to an hour."""
    over = count - limit.most
    return min(FIRST_PAUSE * 2 ** min(over, 10), LONGEST_PAUSE) if over >= 0 else timedelta()


def _longest(limit: Limit) -> int:
    """Return how many failures bring the longest pause."""
    return limit.most + math.ceil(math.log2(LONGEST_PAUSE / FIRST_PAUSE))


def _refuse(moments: Iterable[datetime], now: datetime) -> None:
    # A moment further away than any pause is from before the clock was set back.
    waits = [moment - now for moment in moments if now < moment <= now + LONGEST_PAUSE]
    if waits:
        seconds = math.ceil(max(waits).total_seconds())
        raise RateLimitedError("too many wrong passwords; wait, then try again", seconds)
