"""Windows: within what a rule fires once for a record (``once_per``).

    always        each event                       2f0c…  (its id)
    record        ever                             record
    stage_visit   from entering a stage to leaving stage:negotiation:2026-11-23T08:00:00.000Z
    day           a day of the workspace's zone    day:2026-11-23
    week          an ISO 8601 week, from Monday    week:2026-W48
    month         a calendar month                 month:2026-11
    episode       until the condition is false     episode

A rule that waits for a moment of a record (``timed``) fires once for each value that it counts from: that is what
``always`` and ``episode`` mean there, and the window is ``since:2026-11-16T08:00:00.000Z``. The window of other episodes
is put aside when the episode ends (``records.episodes``), so that the next one can be taken.

A window is a text. The log of firings keeps (rule, version, record, window) unique; a changed rule has a new version
and may fire again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dealwright.events import DUE
from dealwright.rules.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.events import Event

#: What may stand for ``once_per``.
KINDS = ("always", "record", "stage_visit", "episode", "day", "week", "month")
#: The window of an episode that has not ended.
EPISODE: Final = "episode"
#: The names of an environment that tell which visit of a stage it is, by whether the event left the stage.
_VISIT: Mapping[bool, tuple[str, str]] = MappingProxyType(
    {False: ("stage", "stage_entered_at"), True: ("old.stage", "old.stage_entered_at")}
)


def needs(once_per: str, *, on_leaving: bool) -> tuple[str, ...]:
    """Return the names of an environment that :func:`window` reads for ``once_per``."""
    return _VISIT[on_leaving] if once_per == "stage_visit" else ()


def window(once_per: str, event: Event, env: Mapping[str, Any], zone: ZoneInfo, *, on_leaving: bool) -> str:
    """Return the window that ``event`` falls into.

    Args:
        once_per: One of :data:`KINDS`.
        event: What woke the rule.
        env: The environment of its condition; with ``stage_visit`` it has the names of :func:`needs`.
        zone: The workspace's zone, in which days begin.
        on_leaving: Whether the rule is woken by leaving a stage: then the visit is the one that has just ended.
    """
    match once_per:
        case "record":
            return "record"
        case "stage_visit":
            stage, entered = (plain(env.get(name)) for name in _VISIT[on_leaving])
            return f"stage:{stage}:{entered}"
        case "day":
            return f"day:{event.at.astimezone(zone).date().isoformat()}"
        case "week":
            year, week, _ = event.at.astimezone(zone).isocalendar()
            return f"week:{year}-W{week:02d}"
        case "month":
            return f"month:{event.at.astimezone(zone):%Y-%m}"
        case _ if event.type == DUE and "since" in event.data:
            return f"since:{event.data['since']}"
        case "episode":
            return EPISODE
        case _:
            return event.id
