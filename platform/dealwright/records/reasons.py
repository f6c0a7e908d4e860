"""Why a rule did, or did not, act on a record: now, or at a moment of the past.

What was decided is read from the stored decision and told by the definitions that it was made with. Where no decision
answers, it is told what kept the rule from being asked: it is a draft, is switched off, was not in force then, or nothing
has woken it. Who may not see all that a rule looks at is told of no such rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealwright import access, rules
from dealwright.errors import NotFoundError
from dealwright.records import breaker, needs, past, replay
from dealwright.rules import guard
from dealwright.rules.plain import plain
from dealwright.storage import decisions, firings, revisions, switches, timers

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.metadata.definitions import Rule
    from dealwright.records.work import Work

#: A rule in the definitions of a moment of the past.
THEN: Final = ("same", "other-version", "draft", "absent")
#: What ``once_per`` means, in words; a rule that waits for a moment fires once for each value of it.
_ONCE: Final[Mapping[str, str]] = {
    "always": "once for each value that it counts from",
    "record": "once for a record",
    "stage_visit": "once in a visit of a stage",
    "episode": "once until its condition has been false",
    "day": "once a day",
    "week": "once a week",
    "month": "once a month",
}


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read once for all rules of a record.

    Attributes:
        latest: Rule → its latest decision.
        held: Decision → the firing that had taken its window before.
        off: Rules that are switched off, as they were at the moment that is asked about.
        due: Rule → when it will be woken next.
        revision: What was in force at that moment; None for nothing, or if it is asked about now.
    """

    may_see: frozenset[str]
    latest: Mapping[str, Mapping[str, Any]]
    held: Mapping[str, Mapping[str, Any]]
    off: Mapping[str, Mapping[str, Any]]
    due: Mapping[str, datetime]
    revision: str | None


def why(
    work: Work, rule_id: str, record_id: str, *, at: datetime | None = None, entity_id: str | None = None
) -> dict[str, Any]:
    """Return why a rule did, or did not, act on a record.

    Args:
        work: The transaction.
        rule_id: The rule, or a step of a ladder (``sales.nurture.hello``).
        record_id: The record.
        at: As it was at this moment; None for now.
        entity_id: What the rule must be about; None for whatever it is about.

    Returns:
        ``rule``, ``title``, ``on`` (the kind of its trigger), ``mode``, ``reason``, ``sentence``, ``decision`` (the latest
        one by then, explained, or None), ``held_by`` (the decision that had fired in the same window, and ``at``),
        ``switched_off`` (``at``, ``why``), ``next`` (when it is woken next). ``reason`` is ``fired``, ``shadow``,
        ``held-back`` (``once_per``), ``condition-false``, ``never-woken``, ``switched-off``, ``draft`` or
        ``not-in-force``. With ``at`` also ``in_force``, how the rule stood in the definitions of then (``same``,
        ``other-version``, ``draft``, ``absent``), and ``then``: what the condition of the rule, as it is in force now,
        comes to on the record as it was, with ``read_as_now``; None if the record was not made yet.

    Raises:
        NotFoundError: If there is no such rule or record, or the user may not see what the rule looks at.
    """
    refused = NotFoundError(f"there is no rule “{rule_id[:80]}”")
    rule = _rule(work, rule_id)
    if rule is None or entity_id not in (None, rule.entity):
        raise refused
    known = _known(work, rule.entity, record_id, [rule_id], at)
    if not _seen(work, rule, known):
        raise refused
    answer = _answer(work, rule, known, at)
    if at is not None:
        answer["then"] = _then(work, rule, record_id, at)
    return answer


def whys(work: Work, entity_id: str, record_id: str, *, at: datetime | None = None) -> list[dict[str, Any]]:
    """Return for each rule about a record that the user may know of what :func:`why` says, without ``then``.

    Rules stand in the order in which they act; drafts, which only administrators are told of, come last.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    awake = rules.of(work.catalog).by_id
    found = [one for one in work.catalog.rules.values() if one.entity == entity_id]
    if not access.capable(work.catalog, work.user, "admin"):
        found = [one for one in found if one.id in awake]
    found.sort(key=lambda one: (one.id not in awake, one.priority, one.id))
    known = _known(work, entity_id, record_id, [one.id for one in found], at)
    return [_answer(work, one, known, at) for one in found if _seen(work, one, known)]


def _rule(work: Work, rule_id: str) -> Rule | None:
    step = rules.of(work.catalog).by_id.get(rule_id)  # of a ladder: no document of its own
    return work.catalog.rules.get(rule_id) or (step.rule if step is not None else None)


def _known(work: Work, entity_id: str, record_id: str, names: list[str], at: datetime | None) -> _Known:
    may_see = past.seen(work, entity_id, record_id)
    latest = decisions.latest_of(work.connection, entity_id, record_id, names, at)
    off = switches.off(work.connection)
    in_force = breaker.off(work)
    moment = plain(at) if at is not None else None
    return _Known(
        may_see,
        latest,
        firings.held(work.connection, [one for one in latest.values() if one["fired"] and one["mode"] == "live"]),
        {rule: off[rule] for rule in names if rule in in_force and (moment is None or str(off[rule]["at"]) <= moment)},
        _due(work, record_id, names, may_see) if at is None else {},
        revisions.active_at(work.connection, at) if at is not None else None,
    )


def _due(work: Work, record_id: str, names: list[str], may_see: frozenset[str]) -> dict[str, datetime]:
    """Return when rules that wait for time will be woken, as far as the user may see what they wait for."""
    awake = rules.of(work.catalog).by_id
    wait = [one for rule in names if (one := awake.get(rule)) is not None and one.trigger.rule]
    # The names of their timers: of the record's own moment, of the next run (``armed``, ``scheduled``).
    named = {f"rule:{one.rule.id}": one.rule.id for one in wait if one.timed is None or one.timed.field in may_see}
    named |= {f"schedule:{one.rule.id}": one.rule.id for one in wait}
    if not named:
        return {}
    pending = timers.pending(work.connection, [record_id, *(one.rule.id for one in wait if one.timed is None)])
    return {named[timer.name]: timer.due_at for some in pending.values() for timer in some if timer.name in named}


def _seen(work: Work, rule: Rule, known: _Known) -> bool:
    """Tell whether the user may see all that a rule looks at, and what its latest decision looked at."""
    row = known.latest.get(rule.id)
    if row is not None and not past.decision_seen(work, row, known.may_see):
        return False
    one = rules.of(work.catalog).by_id.get(rule.id)
    if one is None:
        return True
    stage = {"stage"} if one.trigger.entered or one.trigger.left else set()
    names = {*map(guard.shown, one.reads), *one.trigger.fields, *stage}
    return past.may_measure(work, rule) and past.shows(work, rule.entity, names, known.may_see)


def _answer(work: Work, rule: Rule, known: _Known, at: datetime | None) -> dict[str, Any]:
    row = known.latest.get(rule.id)
    told = past.explained(work, row, known.may_see) if row is not None else None
    found = rules.why_not(work.catalog, rule.id, told)
    off, held = known.off.get(rule.id), known.held.get(row["id"]) if row is not None else None
    due = known.due.get(rule.id)
    if held is not None and found["reason"] == "fired":
        within = _ONCE["always" if str(row and row["window"]).startswith("since:") else rule.once_per]
        text = f"its condition held, but it had fired already at {plain(held['at'])}, and it fires {within}"
        found.update(reason="held-back", sentence=text)
    elif found["reason"] == "never-woken" and due is not None:
        found["sentence"] += f"; the next time is {plain(due)}"
    if off is not None:
        text = f"“{rule.title}” is switched off since {off['at']}: {off['why']}"
        found.update(reason="switched-off", sentence=text)
    answer = {
        "rule": rule.id,
        "title": rule.title,
        "on": rule.trigger.kind,
        "mode": rule.mode,
        "reason": found["reason"],
        "sentence": found["sentence"],
        "decision": told,
        "held_by": {"decision": held["decision"], "at": plain(held["at"])} if held is not None else None,
        "switched_off": {"at": off["at"], "why": off["why"]} if off is not None else None,
        "next": plain(due) if due is not None else None,
    }
    if at is not None:
        answer["in_force"] = _in_force(work, rule.id, known.revision)
        if answer["in_force"] in ("draft", "absent") and row is None:
            text = f"“{rule.title}” was {'a draft' if answer['in_force'] == 'draft' else 'not in force'} at that time"
            answer.update(reason="not-in-force", sentence=text)
    return answer


def _in_force(work: Work, rule_id: str, revision: str | None) -> str:
    """Return how a rule of today stood in the definitions of a revision: one of :data:`THEN`."""
    if revision == work.catalog.revision:
        return "same" if rule_id in rules.of(work.catalog).by_id else "draft"
    if revision is None:
        return "absent"
    then = work.workspace.catalog_of(work.connection, revision)
    was, now = rules.of(then).by_id.get(rule_id), rules.of(work.catalog).by_id.get(rule_id)
    if was is None:
        return "draft" if rule_id in then.rules else "absent"
    return "same" if now is not None and was.version == now.version else "other-version"


def _then(work: Work, rule: Rule, record_id: str, at: datetime) -> dict[str, Any] | None:
    prepared = rules.of(work.catalog).by_id.get(rule.id)
    if prepared is None:
        return None
    entity = work.catalog.entity(rule.entity)
    env = replay.as_of(work, entity, record_id, at, needs.sorted_out(entity, prepared.needs()))
    if env is None:
        return None
    return {**rules.asked(work.catalog, rule.id, record_id, env, at), "read_as_now": replay.read_as_now(prepared.reads)}
