"""Typed values as the JSON in which a decision keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

_DAY = 86_400_000


def plain(value: Any) -> Any:
    """Return a value of a condition's environment as JSON: as the API writes it, without padding of decimals.

    Args:
        value: None, bool, int, Decimal, str, date, datetime (aware), time, timedelta, or lists and objects of them.

    Raises:
        TypeError: If it is anything else.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return format(value, "f")
        case datetime():
            moment = value.astimezone(UTC)
            return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        case date() | time():
            return value.isoformat()
        case timedelta():
            return _duration(value)
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple() | frozenset() | set():
            return [plain(one) for one in value]
        case _:
            raise TypeError(f"a {type(value).__name__} is not a value of a condition: {value!r}")


def fact(value: Any) -> Any:
    """Return a value as :func:`plain` does, decimals without zeros at their end.

    A decision keeps 1000 whether the record has just been given 1000, or 1000.00 was read from the database: so it can be made
    again from the log, to the byte.
    """
    match value:
        case Decimal():
            text = format(value, "f")
            if "." in text:
                text = text.rstrip("0").rstrip(".")
            return "0" if text == "-0" else text
        case Mapping():
            return {str(key): fact(one) for key, one in value.items()}
        case list() | tuple() | frozenset() | set():
            return [fact(one) for one in value]
        case _:
            return plain(value)


def _duration(value: timedelta) -> str:
    """Return an ISO 8601 duration of days and a time: ``P1DT2H``, ``-PT0.5S``; ``PT0S`` for none."""
    millis = value // timedelta(milliseconds=1)
    sign, millis = ("-", -millis) if millis < 0 else ("", millis)
    days, millis = divmod(millis, _DAY)
    hours, millis = divmod(millis, 3_600_000)
    minutes, millis = divmod(millis, 60_000)
    seconds = format((Decimal(millis) / 1000).normalize(), "f")
    clock = "".join(
        f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if str(amount) != "0"
    )
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return f"{sign}P{text or 'T0S'}"
