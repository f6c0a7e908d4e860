"""What a draft rule would have done, beside the one in force: both asked at the moments at which each would have looked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dealwright import actions, rules
from dealwright.records import needs, occasions, past, replay
from dealwright.records.tally import Tally, batches, everyone
from dealwright.rules import guard, python_matcher, windows
from dealwright.rules.plain import fact, plain

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.records.replay import Moment
    from dealwright.records.tally import Progress
    from dealwright.records.work import Work
    from dealwright.rules import Prepared


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one version of a rule said at one occasion: whether it fired, and what it does then."""

    moment: Moment
    fired: bool
    does: Any = None


def compared(
    work: Work, trial: Work, old: Prepared | None, new: Prepared | None, since: datetime, progress: Progress
) -> dict[str, Any]:
    """Return what a rule would have done otherwise; ``simulation.simulate`` says what is told.

    The two versions are compared occasion by occasion: an event, a value that time is counted from, a run. One that
    fires at another moment, or does something else, has changed.
    """
    versions = [one for one in (old, new) if one is not None]
    subject = versions[-1].rule
    entity = trial.catalog.entity(subject.entity)
    read = frozenset().union(*(occasions.reads(one) for one in versions))
    wanted = needs.sorted_out(entity, read)
    tally = Tally()
    if all(past.may_measure(trial, one.rule) for one in versions):
        if any(occasions.by_time(one) for one in versions):
            found = everyone(trial, entity, read, progress)
        else:
            types = frozenset().union(*(one.trigger.types for one in versions))
            found = batches(trial, entity, since, types, read, progress)
        fired: dict[str, set[tuple[str, str]]] = {"old": set(), "new": set()}
        then = {
            name: occasions.measured(side, one, since) for name, side, one in (("old", work, old), ("new", trial, new))
        }
        for batch in found:
            answers: dict[str, dict[tuple[str, str], _Answer]] = {"old": {}, "new": {}}
            for name, side, one in (("old", work, old), ("new", trial, new)):
                for occasion in (
                    occasions.of(side, entity, batch, since, one, wanted, then[name]) if one is not None else ()
                ):
                    answer = _asked(side, one, occasion, fired[name]) if one is not None else None
                    known = answers[name].get(occasion.key)
                    if answer is not None and (known is None or not known.fired):
                        answers[name][occasion.key] = answer
            for key in answers["old"] | answers["new"]:
                _compare(tally, old, new, answers["old"].get(key), answers["new"].get(key))
    told = tally.told("woken", "newly", "no_longer", "changed", "same")
    as_now = sorted({*replay.read_as_now(read), *(name for one in versions for name in occasions.read_as_now(one))})
    return {"rule": subject.id, "title": subject.title, **told, "read_as_now": as_now}


def _asked(work: Work, one: Prepared, occasion: occasions.Occasion, fired: set[tuple[str, str]]) -> _Answer | None:
    """Return whether a rule fires and what it does; None if it is not woken. What does not hold ends an episode."""
    moment = occasion.moment
    if not one.trigger.is_woken_by(moment.event):
        return None
    zone = rules.of(work.catalog).zone
    window = windows.window(one.rule.once_per, moment.event, moment.env, zone, on_leaving=bool(one.trigger.left))
    key = (str(moment.event.record), window)
    holds = occasion.meets and python_matcher.answers([one], moment.env)[0].holds
    if not holds:
        if window == windows.EPISODE:
            fired.discard(key)
        return _Answer(moment, False) if occasion.meets else None
    if key in fired:
        return _Answer(moment, False)
    fired.add(key)
    env = {**moment.env, **occasions.told(one, moment.env)}
    subject = actions.Subject(work.catalog, one.rule.entity, str(moment.event.record), one.rule.id, env)
    return _Answer(moment, True, [_effect(e) for action in one.actions for e in actions.apply(action, subject)])


def _effect(effect: actions.Effect) -> dict[str, Any]:
    return {"do": type(effect).__name__, **json.loads(json.dumps(asdict(effect), default=str))}


def _compare(
    tally: Tally, old: Prepared | None, new: Prepared | None, before: _Answer | None, after: _Answer | None
) -> None:
    did, does = before is not None and before.fired, after is not None and after.fired
    # Of one that no longer fires the moment is told at which it did.
    answer, one = (after, new) if after is not None and not (did and not does) else (before, old)
    assert answer is not None and one is not None  # noqa: S101 - narrows the types: one of the two was woken
    env, event = answer.moment.env, answer.moment.event
    facts = {
        guard.shown(name): {"set": True} if name in one.secret and env.get(name) is not None else fact(env.get(name))
        for name in one.reads
    }
    told = {"record": event.record, "event": event.id, "at": plain(event.at), "facts": facts}
    tally.add("woken", told, shown=False)
    if does and not did:
        tally.add("newly", {**told, "does": after.does if after is not None else None})
    elif did and not does:
        tally.add("no_longer", {**told, "did": before.does if before is not None else None})
    elif did and does and before is not None and after is not None:
        then = before.moment.event.at
        if before.does == after.does and then == event.at:
            tally.add("same", told, shown=False)
        else:
            other = {"did_at": plain(then)} if then != event.at else {}
            tally.add("changed", {**told, **other, "did": before.does, "does": after.does})
