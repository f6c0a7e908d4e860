"""What a trend measured in the past: the measured records as they were at a run, for trials of drafts.

Records about which the log tells nothing since the trial begins are as they are, and the database adds them up. The others
are played back from the log, once for a trial.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dealwright.events import RECORD_TYPES
from dealwright.records import needs, replay
from dealwright.storage import events
from dealwright.storage.trends import Measured

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from dealwright.records.work import Work
    from dealwright.rules.trends import Trend

#: Records that are played back together.
_BATCH = 500


class Then:
    """The records that a trend measures, as they were since a moment.

    Attributes:
        since: Records that were changed since then are played back.
    """

    def __init__(self, work: Work, trend: Trend, since: datetime) -> None:
        self._work, self._trend, self.since = work, trend, since
        self._entity = work.catalog.entity(trend.of)
        read = trend.where.names | trend.where.paths if trend.where is not None else frozenset[str]()
        self._needs = needs.sorted_out(self._entity, read)
        self._histories = list(self._played())
        self._at_run: dict[datetime, dict[str, Measured]] = {}

    def env(self, run: datetime) -> dict[str, Any]:
        """Return ``now()`` and the like of a run."""
        return replay.env(self._work, {}, run)

    def add(
        self, found: dict[str, Measured], ids: Collection[str], run: datetime, boundaries: Sequence[date | datetime]
    ) -> None:
        """Add what the records that were changed since came to at a run, for the records ``ids`` that they refer to."""
        known = self._at_run.get(run)
        if known is None:
            known = self._at_run[run] = self._measured(run, boundaries)
        for identifier in ids:
            one = known.get(identifier)
            if one is None:
                continue
            if identifier in found:
                found[identifier].add(one)
            else:
                found[identifier] = Measured(one.operation, one.first, list(one.parts))

    def _played(self) -> Any:
        after = ""
        types = sorted(RECORD_TYPES)
        connection, entity = self._work.connection, self._entity
        while ids := events.told_since(connection, entity.id, self.since, types=types, after=after, limit=_BATCH):
            after = ids[-1]
            for _, states in sorted(replay.histories(self._work, entity, ids, self.since).items()):
                yield [start for start, _ in states], [state for _, state in states]

    def _measured(self, run: datetime, boundaries: Sequence[Any]) -> dict[str, Measured]:
        trend, found = self._trend, dict[str, Measured]()
        states = []
        for starts, history in self._histories:
            place = bisect_right(starts, run) - 1
            state = history[place] if place >= 0 else None
            if state is None or state.get("archived_at") is not None or state.get(trend.via) is None:
                continue
            if state.get(trend.at) is not None and state[trend.at] < boundaries[-1]:
                states.append(state)
        for state in self._meeting(states, run):
            value = 1 if trend.value is None else state.get(trend.value)
            moment = state[trend.at]
            none = 0 if trend.value is None else None  # a count without any record is zero, another measure nothing
            parts = [
                (value, 1) if start <= moment < end and value is not None else (none, 0)
                for start, end in pairwise(boundaries)
            ]
            one = Measured(trend.operation, moment, parts)
            if state[trend.via] in found:
                found[state[trend.via]].add(one)
            else:
                found[state[trend.via]] = one
        return found

    def _meeting(self, states: list[dict[str, Any]], run: datetime) -> list[dict[str, Any]]:
        """Return the records that meet what is asked of them; what is read over references is as it is now."""
        if self._trend.where is None:
            return states
        envs = [replay.env(self._work, state, run) for state in states]
        needs.load(self._work, self._entity, self._needs, envs)
        for env in envs:
            needs.derive(self._needs, env)
        return [state for state, env in zip(states, envs, strict=True) if self._trend.where.evaluate(env) is True]
