"""Lists of values in statements: cut to what a database takes, rid of what it could not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")

#: Values in one IN list. SQLite takes 32,766 parameters in a statement, PostgreSQL's protocol 65,535.
MOST_VALUES = 10_000


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield ``values`` in parts of at most :data:`MOST_VALUES`; nothing at all if there are none."""
    for start in range(0, len(values), MOST_VALUES):
        yield values[start : start + MOST_VALUES]


def possible(ids: Iterable[str]) -> list[str]:
    """Return the different ids that can exist, in order.

    An id comes from an address typed by anybody; PostgreSQL raises an error for a NUL, and no driver can write a lone
    surrogate.
    """
    return [identifier for identifier in dict.fromkeys(ids) if identifier.isprintable()]
