"""How many requests one caller may send: a bucket of tokens for each, in the memory of this process.

A request takes a token out of its caller's bucket; tokens come back at a steady rate, up to the size of the bucket. A
caller is an API token, or a signed-in user; requests of strangers count for the network they come from. No statement is
run for any of it (``docs/decisions/030-rate-limits.md``).

A bucket is one number, the moment at which it is full again (the "generic cell rate algorithm" of ITU-T I.371): what is
missing from it now is the time until then, times the rate. A bucket whose moment has passed need not be kept.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dealwright import clock
from dealwright.errors import RateLimitedError
from dealwright.metadata.settings import ALL

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog

#: Callers, and networks of strangers, that a process remembers.
_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_second`` requests all the time (0: no limit), ``at_once`` in a burst; ``name`` is its name in headers."""

    name: str
    per_second: float
    at_once: int

    @property
    def window(self) -> float:
        """Seconds in which an empty bucket becomes full."""
        return self.at_once / self.per_second


@dataclass(frozen=True, slots=True)
class Rates:
    """The limits of a workspace."""

    callers: Rate
    strangers: Rate


@dataclass(frozen=True, slots=True)
class Spent:
    """What a request left in its bucket: ``left`` requests, and ``full_in`` seconds until it is full again."""

    rate: Rate
    left: int
    full_in: int


def of(catalog: Catalog) -> Rates:
    """Return the limits that the settings of a catalog's workspace say; made once per catalog."""
    return catalog.once("access.rates", lambda: _rates({**ALL, **catalog.settings}))


def _rates(settings: dict[str, str]) -> Rates:
    return Rates(
        Rate("caller", float(settings["requests_per_second"]), int(settings["requests_at_once"])),
        Rate("stranger", float(settings["strangers_per_second"]), int(settings["strangers_at_once"])),
    )


_DEFAULTS: Final = _rates(dict(ALL))


class Buckets:
    """The buckets of many; safe for threads."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._full_at: dict[str, float] = {}
        self._remembered = remembered
        self._lock = threading.Lock()

    def take(self, key: str, rate: Rate, count: int = 1) -> Spent:
        """Take ``count`` tokens out of a bucket; with 0 only look whether there is one.

        Raises:
            RateLimitedError: If there are too few; nothing is taken.
        """
        now = clock.now().timestamp()
        with self._lock:
            missing = self._full_at.get(key, now) - now
            # Further away than an empty bucket is from full: from before the clock was set back.
            missing = missing if 0 < missing <= rate.window else 0
            after = missing + max(count, 1) / rate.per_second
            if after > rate.window + 1e-6:
                raise RateLimitedError(
                    f"more than {rate.at_once} requests at once, or {rate.per_second:g} a second; send them more slowly",
                    max(1, math.ceil(after - rate.window)),
                )
            if count:
                self._full_at[key] = now + after
                missing = after
                if len(self._full_at) > self._remembered:
                    self._forget(now)
        return Spent(rate, math.floor(rate.at_once - missing * rate.per_second + 1e-6), math.ceil(missing))

    def __len__(self) -> int:
        return len(self._full_at)

    def _forget(self, now: float) -> None:
        """Forget buckets that are full, then those that are nearest to it, until half of what is remembered is left."""
        kept = sorted((at, key) for key, at in self._full_at.items() if at > now)
        self._full_at = {key: at for at, key in kept[-self._remembered // 2 :]}


class Limits:
    """The limits of requests to one workspace in this process; safe for threads.

    A request is asked for twice: before anything is looked up (:meth:`admit`), so that a flood costs nothing, and after
    it is known who sent it (:meth:`count`). Secrets are known here by their digest, and only those that were valid.

    Attributes:
        rates: What the settings say, as far as this process has seen; None before it has, when the defaults hold.
    """

    def __init__(self) -> None:
        self.rates: Rates | None = None
        self._callers, self._strangers = Buckets(), Buckets()
        self._known: dict[str, str] = {}

    def admit(self, secret: str | None, origin: str) -> Spent | None:
        """Let a request in or refuse it.

        Args:
            secret: Digest of the token or session that it carries; None without one.
            origin: Network that it comes from.

        Returns:
            What it has taken from its caller's bucket; None if it is still to be seen who that is.

        Raises:
            RateLimitedError: If its bucket is empty.
        """
        caller = self._known.get(secret) if secret is not None else None
        if caller is not None:
            return self._take(self._callers, caller, self._now().callers)
        self._take(self._strangers, origin, self._now().strangers, 0)
        return None

    def count(self, admitted: Spent | None, secret: str | None, origin: str, caller: str | None) -> Spent | None:
        """Count a request that was answered; return what is left for whoever sent it, None where there is no limit.

        Args:
            admitted: What :meth:`admit` returned.
            secret: As for :meth:`admit`.
            origin: As for :meth:`admit`.
            caller: Whose the secret is; None if it is nobody's.
        """
        try:
            if caller is None:
                if secret is not None:
                    self._known.pop(secret, None)
                return self._take(self._strangers, origin, self._now().strangers)
            if admitted is not None:
                return admitted
            if secret is not None:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[secret] = caller
            return self._take(self._callers, caller, self._now().callers)
        except RateLimitedError:
            return None  # others of the same caller were quicker; it is answered already

    def _now(self) -> Rates:
        return self.rates or _DEFAULTS

    def _take(self, buckets: Buckets, key: str, rate: Rate, count: int = 1) -> Spent | None:
        return buckets.take(key, rate, count) if rate.per_second > 0 else None
