"""The column types that records are stored in, the same Python value on both databases.

    Python value            PostgreSQL           SQLite
    Id           str        TEXT                 TEXT
    Scaled(n)    Decimal    NUMERIC(18, n)       BIGINT, the value times 10^n
    UtcDateTime  datetime   TIMESTAMPTZ          TEXT, UTC, sorts as it reads
    Milliseconds timedelta  BIGINT               BIGINT
    ClockTime    time       TEXT 'HH:MM:SS'      TEXT 'HH:MM:SS'
    Json         dict|list  JSONB                TEXT

SQLite has no decimals: its NUMERIC is a binary float and finds 0.1 + 0.2 unequal to 0.3, so it keeps whole numbers.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

#: Digits of a decimal column, on both databases: what fits a signed 64-bit integer.
PRECISION = 18
#: Wide enough for every product that a limited condition can make, so that nothing is rounded unseen.
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
_MILLISECOND = timedelta(milliseconds=1)


class Id(sa.Text):
    """The id of a record (UUIDv7 as text)."""


class Scaled(sa.types.TypeDecorator[Decimal]):
    """A decimal with a fixed number of places.

    A value with more places is rounded half up, as PostgreSQL's NUMERIC does.

    Attributes:
        scale: Digits after the point.
    """

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int = 4) -> None:
        super().__init__(PRECISION, scale)
        self.scale = scale
        self._one = Decimal(1).scaleb(-scale)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that this database has for it."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(PRECISION, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Return what is sent to the database."""
        if value is None:
            return None
        exact = Decimal(value).quantize(self._one, context=_EXACT)
        return int(exact.scaleb(self.scale, _EXACT)) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return what the database sent as a Python value."""
        if value is None or isinstance(value, Decimal):
            return value
        return Decimal(value).scaleb(-self.scale, _EXACT)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment: aware, in UTC, cut to milliseconds."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is sent to the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a zone: {value!r}")
        value = value.astimezone(UTC).replace(microsecond=value.microsecond // 1000 * 1000)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the database sent as a Python value."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Milliseconds(sa.types.TypeDecorator[timedelta]):
    """A duration as a whole number of milliseconds; anything finer is cut."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Return what is sent to the database."""
        return None if value is None else value // _MILLISECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> timedelta | None:
        """Return what the database sent as a Python value."""
        return None if value is None else timedelta(milliseconds=int(value))


class ClockTime(sa.types.TypeDecorator[time]):
    """A time of day, to the second."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: time | None, dialect: Dialect) -> str | None:
        """Return what is sent to the database."""
        return None if value is None else f"{value:%H:%M:%S}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> time | None:
        """Return what the database sent as a Python value."""
        return None if value is None else time.fromisoformat(value)


class Json(sa.types.TypeDecorator[Any]):
    """A JSON value. Python's None is SQL's NULL, never JSON's null."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that this database has for it."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))
        return dialect.type_descriptor(sa.JSON(none_as_null=True))
