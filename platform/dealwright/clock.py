"""Time and chance. Nothing else asks the machine for either, so that a test can set both.

Moments are aware, in UTC and cut to milliseconds: JavaScript knows no finer, and a value must be equal to itself
after a trip through the browser (``docs/conditions.md``).
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FROZEN: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_COUNTED: ContextVar[list[int] | None] = ContextVar("counted", default=None)
_lock = threading.Lock()
_last = 0


def now() -> datetime:
    """Return the present moment in UTC, cut to milliseconds; the frozen one inside :func:`frozen`."""
    fixed = _FROZEN.get()
    if fixed is not None:
        return fixed
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Make :func:`now` return ``at`` in this thread (and context) until the block ends.

    Args:
        at: An aware moment; anything finer than a millisecond is cut.

    Raises:
        ValueError: If ``at`` has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("frozen() needs a moment with a zone")
    moment = at.astimezone(UTC)
    token = _FROZEN.set(moment.replace(microsecond=moment.microsecond // 1000 * 1000))
    try:
        yield
    finally:
        _FROZEN.reset(token)


@contextmanager
def counted() -> Iterator[None]:
    """Make ids certain in this thread (and context) until the block ends: the same moments give the same ids.

    For tests whose every run is to be the same. Such an id has no chance in it: two blocks make equal ones.
    """
    token = _COUNTED.set([0])
    try:
        yield
    finally:
        _COUNTED.reset(token)


def elapsed() -> float:
    """Return seconds from a fixed, unknown moment: only differences mean anything. Never frozen."""
    return time.monotonic()


def after(seconds: float) -> datetime:
    """Return the moment ``seconds`` from :func:`now`."""
    return now() + timedelta(seconds=seconds)


def new_id() -> str:
    """Return a new UUIDv7 (RFC 9562 §5.7) as text: 48 bits of milliseconds, then a counter, then chance.

    Ids made in one process sort in the order in which they were made. An id is never a secret: tokens come from
    :func:`secret`.
    """
    return new_ids(1)[0]


def new_ids(count: int) -> list[str]:
    """Return ``count`` new ids, in rising order; one lock and one look at the clock for all of them."""
    global _last
    fixed = _FROZEN.get()
    millis = time.time_ns() // 1_000_000 if fixed is None else int(fixed.timestamp() * 1000)
    if (counter := _COUNTED.get()) is not None:
        start = max(millis << 12, counter[0] + 1)
        counter[0] = start + count - 1
        return _written(start, count, bytes(8 * count))
    with _lock:
        # 12 bits of rand_a count within a millisecond; an overflow borrows from the next one, so order holds.
        start = max(millis << 12, _last + 1)
        _last = start + count - 1
    return _written(start, count, secrets.token_bytes(8 * count))


def _written(start: int, count: int, chance: bytes) -> list[str]:
    """Return ids of ``count`` ticks from ``start`` on, with 8 bytes of chance for each."""
    ids = []
    for i in range(count):
        tick = start + i
        tail = int.from_bytes(chance[8 * i : 8 * i + 8]) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        ids.append(
            f"{tick >> 28:08x}-{tick >> 12 & 0xFFFF:04x}-7{tick & 0xFFF:03x}-{tail >> 48:04x}-{tail & 0xFFFF_FFFF_FFFF:012x}"
        )
    return ids


def secret(length: int = 32) -> str:
    """Return a URL-safe secret made of ``length`` random bytes; 32 bytes are 256 bits."""
    return secrets.token_urlsafe(length)
