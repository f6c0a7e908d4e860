"""Cursors: where a page ended, as a text that a client hands back.

It holds the sort keys of the last record, so it is no secret; what it may be compared with is decided by the rights of
whoever brings it. Anybody can write one, so every part is checked: a cursor never causes a fault in the database.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions.sql.types import ClockTime, Milliseconds, Scaled, UtcDateTime
from dealwright.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: Longer texts than any sort key and its neighbours make.
LONGEST = 20_000
_INTEGERS = range(-(2**63), 2**63)
#: Beyond this no decimal column holds a value.
_DECIMALS = Decimal(10) ** 18


def mark(entity: str, sort: Sequence[tuple[str, bool]]) -> str:
    """Return a short text that differs for another entity or sort; a cursor carries it."""
    return hashlib.sha256(json.dumps([entity, list(sort)]).encode()).hexdigest()[:12]


def write(marked: str, values: Iterable[Any]) -> str:
    """Return the cursor for these sort keys."""
    text = json.dumps([marked, *map(_plain, values)], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, marked: str, types: Sequence[sa.types.TypeEngine[Any]]) -> list[Any]:
    """Return the sort keys in a cursor, as values of these column types.

    Raises:
        QueryError: If it was not written for this entity and sort.
    """
    try:
        if len(cursor) > LONGEST:
            raise ValueError("too long")
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(text)
        if not isinstance(found, list) or len(found) != len(types) + 1 or found[0] != marked:
            raise ValueError("of another list")
        return [None if value is None else _typed(value, kind) for value, kind in zip(found[1:], types, strict=True)]
    except (ValueError, TypeError, InvalidOperation, OverflowError, RecursionError, binascii.Error) as error:
        raise QueryError(
            "the cursor does not belong to this list and sort; leave it out to begin at the first page"
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    return value


def _typed(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    for type_, make in _READERS.items():
        if isinstance(kind, type_):
            return make(value)
    return _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no text")
    value.encode()  # a lone surrogate raises ValueError
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or value not in _INTEGERS:
        raise ValueError("no integer")
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("no boolean")
    return value


def _decimal(value: Any) -> Decimal:
    number = Decimal(_text(value))
    if not number.is_finite() or abs(number) >= _DECIMALS:
        raise ValueError("no decimal")
    return number


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment


#: In this order: a ``UtcDateTime`` is no ``Date``, a ``Milliseconds`` no ``Integer``, but both have one beneath.
_READERS: Mapping[type[sa.types.TypeEngine[Any]], Callable[[Any], Any]] = {
    Scaled: _decimal,
    UtcDateTime: _moment,
    Milliseconds: lambda value: timedelta(milliseconds=_integer(value)),
    ClockTime: lambda value: time.fromisoformat(_text(value)),
    sa.Boolean: _boolean,
    sa.Integer: _integer,
    sa.Numeric: _decimal,
    sa.Date: lambda value: date.fromisoformat(_text(value)),
}
