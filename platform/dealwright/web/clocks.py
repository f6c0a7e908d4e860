"""The clocks of a record on its page: what is still to be done in time, and what was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from flask_babel import format_timedelta

from dealwright import records
from dealwright.web.display import moment
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.records import Work

#: From here on time that passes is told in days.
_DAYS: Final = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Running:
    """One clock. ``hue`` is red when it is over, amber in its last fifth; ``says`` is how it stands, in words."""

    title: str
    says: str
    hue: str
    due: str
    exact: str
    is_open: bool


def running(work: Work, entity_id: str, record_id: str) -> tuple[Running, ...]:
    """Return the clocks of a record that the user may see, open ones first."""
    return tuple(_running(one) for one in records.clocks_of(work, entity_id, record_id) if one["state"] != "cancelled")


def _running(one: Mapping[str, Any]) -> Running:
    says, hue = _standing(one)
    is_open = one["ended_at"] is None
    at = (one["due_at"] if is_open else one["ended_at"]).isoformat()
    return Running(str(one["title"]), says, hue, moment(at), at, is_open)


def _standing(one: Mapping[str, Any]) -> tuple[str, str]:
    working = bool(one["working_time"])
    if one["ended_at"] is not None:
        if not one["breached"]:
            return gettext("Met in time"), "green"
        return gettext("Met too late, by %(time)s", time=_words(one["late"], working)), "red"
    left: timedelta = one["remaining"]
    if one["breached"] or left < timedelta(0):
        return gettext("Over for %(time)s", time=_words(-left, working)), "red"
    if one["state"] == "paused":
        return gettext("Paused, %(time)s left", time=_words(left, working)), "gray"
    late = left * 5 < one["target"]
    return gettext("%(time)s left", time=_words(left, working)), "amber" if late else "blue"


def _words(time: timedelta, working: bool) -> str:
    """Return a length of time in words; working time in hours, as a working day has not 24 of them."""
    time = max(time, timedelta(0))
    if not working and time >= _DAYS:
        return str(format_timedelta(time, granularity="hour", threshold=1.5))
    minutes = time // timedelta(minutes=1)
    return gettext("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)
