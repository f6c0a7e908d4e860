"""Typed values as API JSON, by their Python type alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """Return a typed value as API JSON: decimals and moments as text, lists and objects with their parts."""
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return moment(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return f"PT{value.total_seconds():.3f}S"
        case list() | tuple():
            return [plain(one) for one in value]
        case dict():
            return {key: plain(one) for key, one in value.items()}
        case _:
            return value


def readable(value: Any) -> Any:
    """Return a typed value as it stands in a text: as API JSON, but a number without zeros at its end.

    Example:
        >>> readable(Decimal("1200.5000")), readable(Decimal("100")), readable(True)
        ('1200.5', '100', True)
    """
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return plain(value)


def moment(value: datetime) -> str:
    """Return a moment as RFC 3339 text in UTC with milliseconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
