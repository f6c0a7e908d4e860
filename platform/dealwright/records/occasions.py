"""The moments of the past at which a rule would have looked at records: events, moments of a record, runs.

What is in the log of events is played again. What waits for time is worked out anew from the record as it was: when the
moment that an ``idle`` or ``after`` waits for came, when a run was, how many events there were by then, what the records came
to that a trend measures. Records that are archived by now are left out of runs.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import QueryError
from dealwright.events import DUE, Event
from dealwright.records import needs, replay, scheduled
from dealwright.records.replay import Moment
from dealwright.records.trended import Then
from dealwright.rules import guard
from dealwright.rules.plain import plain
from dealwright.storage import events

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.needs import Needs
    from dealwright.records.work import Work
    from dealwright.rules import Prepared

#: Runs that are played again at most.
MOST_RUNS: Final = 500
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One moment at which a rule looks at a record.

    Attributes:
        key: The record, and what makes it the same occasion for two versions of the rule: an event, a value that time
            is counted from, a run.
        moment: The event with the record as it was.
        meets: Whether the record meets the filter of a run; one that does not is not asked, and its episode has ended.
    """

    key: tuple[str, str]
    moment: Moment
    meets: bool = True


def by_time(one: Prepared) -> bool:
    """Tell whether a rule looks at records at moments that are not in the log of events."""
    return one.timed is not None or one.schedule is not None


def reads(one: Prepared) -> frozenset[str]:
    """Return the names of an environment that a rule reads, with those of its filter and of what it waits for."""
    read = one.needs()
    if one.schedule is not None and one.schedule.filter is not None:
        read |= one.schedule.filter.names | one.schedule.filter.paths
    if one.timed is not None:
        read |= {one.timed.field}
    return read


def read_as_now(one: Prepared) -> list[str]:
    """Return what a rule reads of the records that it measures and that is as it is today: what lies over references."""
    if one.trend is None or one.trend.where is None:
        return []
    return [f"{one.trend.of}.{name}" for name in replay.read_as_now(one.trend.where.names)]


def measured(work: Work, one: Prepared | None, since: datetime) -> Then | None:
    """Return the records that the trend of a rule measures, as they were since a moment; None if it measures none."""
    return Then(work, one.trend, since) if one is not None and one.trend is not None else None


def told(one: Prepared, env: Mapping[str, Any]) -> dict[str, Any]:
    """Return what texts and values of a rule know besides: the number of events that it has counted."""
    return {guard.SHOWN: env.get(one.counted.key)} if one.counted is not None else {}


def of(
    work: Work,
    entity: Entity,
    ids: Sequence[str],
    since: datetime,
    one: Prepared,
    wanted: Needs,
    then: Then | None = None,
) -> Iterator[Occasion]:
    """Yield the occasions of a rule on some records since a moment, those of a record in the order of time.

    ``then`` is what :func:`measured` returns for the rule.

    Raises:
        QueryError: If there were more than :data:`MOST_RUNS` runs.
    """
    if one.timed is not None:
        yield from _of_moments(work, entity, ids, since, one, wanted)
    elif one.schedule is not None:
        yield from _of_runs(work, entity, ids, since, one, wanted, then)
    else:
        counting = _Counting(work, entity, ids, since, one)
        for moment in replay.moments(work, entity, ids, since, wanted):
            counting.fill(moment)
            yield Occasion((str(moment.event.record), moment.event.id), moment)


class _Counting:
    """How many events there were by each event that a rule counts."""

    def __init__(self, work: Work, entity: Entity, ids: Sequence[str], since: datetime, one: Prepared) -> None:
        self.counted = counted = one.counted
        self.known: dict[str, list[datetime]] = {}
        if counted is None:
            return
        back = counted.start({}, since) if counted.within is not None else _START
        for row in events.of_records(work.connection, entity.id, list(ids), back or _START):
            if row["type"] == counted.event and row["at"] < since and counted.takes(row["data"] or {}):
                self.known.setdefault(row["record"], []).append(row["at"])

    def fill(self, moment: Moment) -> None:
        """Put the number by now into the env of an event that is counted."""
        event, counted = moment.event, self.counted
        if counted is None or event.type != counted.event:
            return
        seen = self.known.setdefault(str(event.record), [])
        if counted.takes(event.data):
            seen.append(event.at)
        start = counted.start(moment.env, event.at)
        moment.env[counted.key] = sum(start <= at <= event.at for at in seen) if start is not None else 0


def _of_moments(
    work: Work, entity: Entity, ids: Sequence[str], since: datetime, one: Prepared, wanted: Needs
) -> Iterator[Occasion]:
    """Yield when the moment that a rule waits for came; it is asked again when what it looks at changes afterwards."""
    timed = one.timed
    assert timed is not None  # noqa: S101 - narrows the type; the caller has asked
    found: list[tuple[str, str, Moment]] = []
    for record, states in sorted(replay.histories(work, entity, ids, since).items()):
        for place, (start, state) in enumerate(states):
            last = place + 1 == len(states)
            end = work.now if last else states[place + 1][0]
            due = None if state.get("archived_at") is not None else timed.due(state)
            if due is None:
                continue
            changed = place == 0 or any(states[place - 1][1].get(n) != state.get(n) for n in timed.watches)
            moment = due if due > start else start
            if not (moment < end or (last and moment <= end)) or (due <= start and (not changed or due < since)):
                continue
            base = str(plain(timed.since(state)))
            event = _due(one, record, moment, {"since": base})
            env = replay.env(work, state, moment)
            found.append((record, base, Moment(event, state, state, env)))
    yield from _completed(work, entity, wanted, found)


def _of_runs(
    work: Work,
    entity: Entity,
    ids: Sequence[str],
    since: datetime,
    one: Prepared,
    wanted: Needs,
    then: Then | None,
) -> Iterator[Occasion]:
    """Yield each run with the records that were there."""
    plan = one.schedule
    assert plan is not None  # noqa: S101 - narrows the type; the caller has asked
    runs = list(islice(takewhile(lambda run: run <= work.now, plan.runs(since)), MOST_RUNS + 1))
    if len(runs) > MOST_RUNS:
        raise QueryError(f"there were more than {MOST_RUNS} runs since then; begin later")
    histories = replay.histories(work, entity, ids, since)
    begins = {record: [start for start, _ in states] for record, states in histories.items()}
    for run in runs:
        measured = scheduled.trends_of(work, one.trend, list(histories), run, then) if one.trend is not None else None
        found = []
        for record, states in sorted(histories.items()):
            place = bisect_right(begins[record], run) - 1
            if place < 0 or states[place][1].get("archived_at") is not None:
                continue
            if measured is None or record in measured:
                said = measured[record] if measured is not None else {}
                event = _due(one, record, run, {"run": plain(run), **said})
                state = states[place][1]
                found.append((record, str(plain(run)), Moment(event, state, state, replay.env(work, state, run))))
        for occasion in _completed(work, entity, wanted, found):
            meets = plan.filter is None or plan.filter.evaluate(occasion.moment.env) is True
            yield Occasion(occasion.key, occasion.moment, meets)


def _completed(
    work: Work, entity: Entity, wanted: Needs, found: Sequence[tuple[str, str, Moment]]
) -> Iterator[Occasion]:
    needs.load(work, entity, wanted, [moment.env for _, _, moment in found])
    for record, key, moment in found:
        replay.complete(moment.env, wanted, moment.before, moment.event)
        yield Occasion((record, key), moment)


def _due(one: Prepared, record: str, at: datetime, data: Mapping[str, Any]) -> Event:
    # Its id is a name and not a new one: the same question gives the same answer, byte for byte.
    name = f"{one.rule.id}:{record}:{plain(at)}"
    return Event(name, DUE, one.rule.entity, record, None, at, data={"rule": one.rule.id, **data})
