"""Rules that look at many records at certain times: runs, and the steps in which a run goes through the records.

    schedule:<rule>      the next run, as a timer; it sets the one after it and begins a run
    sweep:<rule>:<run>   the next step of a run: some hundred records in one transaction, and the step after it
    look:<rule>:<run>    one record of a run for which the rule failed: it does not hold up the others

What a step does and how far it has come commit together, so a run goes on after a crash where it stood and looks at each
record once, whichever worker takes the next step. Runs that were missed while nobody worked are made up for once.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock, rules
from dealwright.errors import DealwrightError, UnavailableError
from dealwright.events import DUE, Event
from dealwright.records import happenings
from dealwright.rules.plain import plain
from dealwright.rules.windows import EPISODE
from dealwright.storage import firings, sweeps, timers, trends

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.records.trended import Then
    from dealwright.records.work import Work
    from dealwright.rules import Prepared
    from dealwright.rules.trends import Trend

_log = logging.getLogger(__name__)

FAMILY: Final = "schedule"
STEPS: Final = "sweep"
AGAIN: Final = "look"
#: Records in one step.
BATCH: Final = 500


def went_live(work: Work, before: Catalog | None) -> None:
    """Set the next run of each rule whose times are new or others than in the catalog before; cancel those that went."""
    known = rules.of(before).by_id if before is not None else {}
    now = {name: one for name, one in rules.of(work.catalog).by_id.items() if one.schedule is not None}
    put = []
    for name, one in now.items():
        old = known.get(name)
        if old is None or old.schedule is None or _times(old) != _times(one) or old.rule.entity != one.rule.entity:
            put += _next(one, work.now)
    timers.put(work.connection, put)
    gone = [(name, f"{FAMILY}:{name}") for name, one in known.items() if one.schedule is not None and name not in now]
    timers.cancel_each(work.connection, gone)


def due(work: Work, told: Sequence[Event]) -> None:
    """Begin a run for each timer of the family ``schedule``, and set the timer of the next one."""
    put = []
    for event in told:
        one = rules.of(work.catalog).by_id.get(str(event.data["name"]).partition(":")[2])
        if one is None or one.schedule is None:
            continue
        run = one.schedule.latest(event.at, work.now)
        if one.rule.once_per == "episode" and one.trend is None:
            matching = sweeps.matching(work.connection, work.catalog, one.rule.entity, one.schedule.filter, work.env)
            firings.put_aside_others(work.connection, one.rule.id, one.version, EPISODE, matching)
        put.append(_step(work, one, {"run": plain(run), "after": None, "seen": 0}))
        put += _next(one, work.now)
    timers.put(work.connection, put)


def sweep_some(work: Work, told: Sequence[Event]) -> None:
    """Let the rule of each run look at the next records, and leave the rest to the next step."""
    for event in told:
        rule = str(event.data["name"]).split(":", 2)[1]
        one = rules.of(work.catalog).by_id.get(rule)
        if one is None or one.schedule is None or one.rule.entity != event.entity:
            continue
        rows = sweeps.page(
            work.connection,
            work.catalog,
            one.rule.entity,
            condition=one.schedule.filter,
            env=work.env,
            after=event.data.get("after"),
            limit=BATCH,
            lock=True,
        )
        ids = [row["id"] for row in rows]
        run = datetime.fromisoformat(event.data["run"])
        data = {"rule": rule, "name": event.data["name"], "run": event.data["run"]}
        known: Mapping[str, Mapping[str, Any]] = {record: {} for record in ids}
        if one.trend is not None:
            known = trends_of(work, one.trend, ids, run)
        happened = [
            Event(identifier, DUE, event.entity, record, None, run, data={**data, **known[record]})
            for identifier, record in zip(clock.new_ids(len(ids)), ids, strict=True)
            if record in known
        ]
        _carefully(work, happened)
        if len(rows) == BATCH:
            seen = int(event.data.get("seen", 0)) + len(rows)
            timers.put(
                work.connection,
                [_step(work, one, {"run": event.data["run"], "after": ids[-1], "seen": seen})],
            )


def look_again(work: Work, told: Sequence[Event]) -> None:
    """Let the rule of a run look once more at a record for which it failed: fails again, and it becomes a dead job."""
    happened = []
    for event in told:
        one = rules.of(work.catalog).by_id.get(str(event.data.get("rule")))
        if one is not None and one.schedule is not None:
            data = {key: value for key, value in event.data.items() if key not in ("name", "due_at")}
            happened.append(replace(event, at=datetime.fromisoformat(event.data["run"]), data=data))
    happenings.happen(work, happened)


def _carefully(work: Work, happened: Sequence[Event]) -> None:
    """Carry events of a run out; those that cannot be are left to timers of their own, so that the run goes on."""
    try:
        with work.connection.begin_nested():
            happenings.happen(work, happened)
        return
    except UnavailableError:
        raise  # of nobody's doing: the step is to be repeated
    except DealwrightError as error:
        _log.warning("a step of %s could not be carried out; record by record now: %s", happened[0].data["name"], error)
    for event in happened:
        try:
            with work.connection.begin_nested():
                happenings.happen(work, [event])
        except UnavailableError:
            raise
        except DealwrightError:
            name = f"{AGAIN}:{event.data['rule']}:{event.data['run']}"
            again = timers.Timer(event.entity, str(event.record), name, work.now, dict(event.data))
            timers.put(work.connection, [again])


def trends_of(
    work: Work, trend: Trend, ids: Sequence[str], run: datetime, then: Then | None = None
) -> dict[str, dict[str, Any]]:
    """Return what is to be said of the measures of records; nothing of those that nothing refers to.

    With ``then`` the measured records are taken as they were at the run, else as they are.
    """
    days = trend.boundaries(run)
    of = work.catalog.entity(trend.of).field(trend.at)
    bounds = [trend.moment(day) for day in days] if of is not None and of.type == "datetime" else list(days)
    found = trends.measured(
        work.connection,
        work.catalog,
        trend.of,
        ids,
        via=trend.via,
        at=trend.at,
        measure=(trend.operation, trend.value),
        boundaries=bounds,
        where=trend.where,
        env=work.env if then is None else then.env(run),
        untouched=then.since if then is not None else None,
    )
    if then is not None:
        then.add(found, ids, run, bounds)
    periods = [trend.named(day) for day in days[:-1]]
    return {
        record: {
            "trend": trend.verdict(one.values, has_history=one.first < bounds[1]),
            "periods": periods,
            "values": [plain(value if value is not None else 0) for value in one.values],
        }
        for record, one in found.items()
    }


def _times(one: Prepared) -> tuple[Any, ...]:
    plan = one.schedule
    assert plan is not None  # noqa: S101 - narrows the type; callers have asked
    return plan.every, plan.on, plan.month, plan.at, plan.cron, plan.zone.key


def _next(one: Prepared, moment: datetime) -> list[timers.Timer]:
    assert one.schedule is not None  # noqa: S101 - narrows the type; callers have asked
    try:
        following = one.schedule.after(moment)
    except ValueError:
        return []  # the calendar of a cron expression has come to its end
    return [timers.Timer(one.rule.entity, one.rule.id, f"{FAMILY}:{one.rule.id}", following)]


def _step(work: Work, one: Prepared, data: Mapping[str, Any]) -> timers.Timer:
    return timers.Timer(one.rule.entity, one.rule.id, f"{STEPS}:{one.rule.id}:{data['run']}", work.now, data)
