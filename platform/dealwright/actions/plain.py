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


def moment(value: datetime) -> str:
    """Return a moment as RFC 3339 text in UTC with milliseconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
