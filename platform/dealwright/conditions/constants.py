"""How constants of moments and durations are written: ``date("2026-11-23")``, ``duration("168h")``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

_DURATION = re.compile(
    r"(?:(?P<w>\d{1,6})w)?(?:(?P<d>\d{1,6})d)?(?:(?P<h>\d{1,6})h)?(?:(?P<m>\d{1,6})m)?(?:(?P<s>\d{1,6})s)?\Z", re.ASCII
)
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _duration(text: str) -> timedelta | None:
    match = _DURATION.match(text) if text else None
    if match is None:
        return None
    return timedelta(**{_UNITS[unit]: int(number) for unit, number in match.groupdict().items() if number})


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        return None


def _datetime(text: str) -> datetime | None:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", text, re.ASCII):
            return None
        moment = datetime.fromisoformat(text).astimezone(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        return None


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text) if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text, re.ASCII) else None
    except ValueError:
        return None


#: How constants are written, by the function that reads them.
READERS: dict[str, Callable[[str], Any]] = {"duration": _duration, "date": _date, "datetime": _datetime, "time": _time}
