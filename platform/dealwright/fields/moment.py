"""Moments and lengths of time: date, datetime, time, duration.

A datetime comes with its zone (RFC 3339) and is kept in UTC, cut to milliseconds. A duration has weeks, days, hours,
minutes and seconds; months and years are refused because they have no fixed length.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dealwright.fields.faults import refuse_value
from dealwright.fields.field_type import FieldType, Reader, Writer, formed
from dealwright.fields.messages import Word

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
DATE = rf"^{_DAY}$"
#: RFC 3339 §5.6 in capitals; a leap second (``:60``) is refused, no database keeps one.
DATETIME = rf"^{_DAY}T{_CLOCK}:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[+-]{_CLOCK})$"
TIME = rf"^{_CLOCK}(:[0-5][0-9])?$"
#: ISO 8601 without years and months. A minus sign before it is our own addition.
DURATION = (
    r"^-?P([0-9]{1,7}W)?([0-9]{1,7}D)?"
    r"(T([0-9]{1,7}H([0-9]{1,7}M)?([0-9]{1,7}(\.[0-9]{1,3})?S)?|[0-9]{1,7}M([0-9]{1,7}(\.[0-9]{1,3})?S)?"
    r"|[0-9]{1,7}(\.[0-9]{1,3})?S))?$"
)
#: What :data:`DURATION` lets through and is no duration: nothing after the P.
NOTHING = r"^-?P$"

_DATE, _DATETIME, _TIME = (re.compile(form.removesuffix("$") + r"\Z") for form in (DATE, DATETIME, TIME))
_PARTS = re.compile(
    r"(-?)P(?:([0-9]{1,7})W)?(?:([0-9]{1,7})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,7})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,7})(?:\.([0-9]{1,3}))?S)?)?\Z"
)


class Date(FieldType):
    """A day, without time and zone."""

    name = "date"
    kind = "date"
    condition = "date"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of ``2026-11-23``."""

        def read(value: Any) -> date:
            if type(value) is not str:
                refuse_value("wrong-type", value, expected=Word("date"))
            if _DATE.match(value) is not None:
                try:
                    return date.fromisoformat(value)
                except ValueError:
                    pass
            refuse_value("not-a-date", value)

        return read

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return a writer of ``2026-11-23``."""
        return date.isoformat

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema: the pattern for all validators, ``format`` for those that check that the day exists."""
        return {**formed(DATE, 10), "format": "date"}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the date; slashes and dots between year, month and day are taken when the year comes first."""
        parts = re.fullmatch(r"([0-9]{4})([/.年-])([0-9]{1,2})(?:\2|月)([0-9]{1,2})日?", text)
        return text if parts is None else f"{parts[1]}-{parts[3]:0>2}-{parts[4]:0>2}"


def moment(value: str) -> datetime | None:
    """Return a moment of RFC 3339 in UTC, cut to milliseconds; None if the text is none."""
    if _DATETIME.match(value) is None:
        return None
    try:
        found = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def shown_moment(value: datetime) -> str:
    """Return a moment in UTC as RFC 3339: ``2026-11-23T09:30:00Z``, with milliseconds where there are any."""
    text = value.isoformat(timespec="milliseconds") if value.microsecond else value.isoformat()
    return text[:-6] + "Z"


class Datetime(FieldType):
    """A moment, kept in UTC."""

    name = "datetime"
    kind = "datetime"
    condition = "datetime"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of RFC 3339 with a zone."""

        def read(value: Any) -> datetime:
            if type(value) is not str:
                refuse_value("wrong-type", value, expected=Word("datetime"))
            found = moment(value)
            if found is None:
                refuse_value("not-a-datetime", value)
            return found

        return read

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return a writer of RFC 3339 in UTC."""
        return shown_moment

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema: the pattern for all validators, ``format`` for those that check that the day exists."""
        return {**formed(DATETIME, 35), "format": "date-time"}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the moment; one without a zone is in the workspace's. Of an hour that comes twice it is the first.

        A day alone is its first moment: spreadsheets leave a time of 00:00 out.
        """
        parts = re.fullmatch(
            r"([0-9]{4})[/-]([0-9]{1,2})[/-]([0-9]{1,2})(?:[T ]([0-9]{1,2}:[0-9]{2})(:[0-9.]+)?)?", text
        )
        if parts is None:
            return text
        plain = f"{parts[1]}-{parts[2]:0>2}-{parts[3]:0>2}T{parts[4] or '0:00':0>5}{parts[5] or ':00'}"
        try:
            local = datetime.fromisoformat(plain).replace(tzinfo=ZoneInfo(catalog.settings.get("zone", "UTC")))
            return shown_moment(local.astimezone(UTC))
        except (ValueError, OverflowError):
            return text


class Time(FieldType):
    """A time of day, to the second, without a zone."""

    name = "time"
    kind = "time"
    condition = "text"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of ``09:30`` and ``09:30:15``."""

        def read(value: Any) -> time:
            if type(value) is not str:
                refuse_value("wrong-type", value, expected=Word("time"))
            if _TIME.match(value) is None:
                refuse_value("not-a-time", value)
            return time.fromisoformat(value)

        return read

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return a writer of ``09:30``, with seconds where there are any."""
        return lambda value: value.isoformat("seconds" if value.second else "minutes")

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of a time of day."""
        return formed(TIME, 8)

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the time; ``9:30`` means ``09:30``."""
        return f"0{text}" if re.match(r"[0-9]:", text) else text


def span(value: str) -> timedelta | None:
    """Return an ISO 8601 duration without months and years; None if the text is none."""
    found = _PARTS.match(value)
    if found is None or not any(found.groups()[1:]):
        return None
    sign, weeks, days, hours, minutes, seconds, part = found.groups()
    millis = int((part or "").ljust(3, "0")) if part else 0
    length = timedelta(
        weeks=int(weeks or 0),
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
        milliseconds=millis,
    )
    return -length if sign else length


def shown_span(value: timedelta) -> str:
    """Return a length of time as ISO 8601 in days, hours, minutes and seconds: ``P1DT2H30M``; none is ``PT0S``."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    millis = value.microseconds // 1000
    text = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    if seconds or millis:
        text += f"{seconds}.{millis:03d}".rstrip("0") + "S" if millis else f"{seconds}S"
    day = f"{value.days}D" * bool(value.days)
    return f"{sign}P{day}T{text}" if text else f"{sign}P{day}" if day else "PT0S"


class Duration(FieldType):
    """A length of time, to the millisecond."""

    name = "duration"
    kind = "duration"
    condition = "duration"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of ISO 8601 durations; each part has at most seven digits."""

        def read(value: Any) -> timedelta:
            if type(value) is not str:
                refuse_value("wrong-type", value, expected=Word("duration"))
            found = span(value)
            if found is None:
                refuse_value("not-a-duration", value)
            return found

        return read

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return a writer of ISO 8601 durations."""
        return shown_span

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of a duration in weeks, days, hours, minutes and seconds."""
        return formed(DURATION, 60, never=rf"{NOTHING}|\n")


TYPES = (Date(), Datetime(), Time(), Duration())
