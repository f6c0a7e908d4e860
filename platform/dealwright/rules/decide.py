"""Deciding: from events and what is known, which rules fire, and why. Pure: nothing is read, written or sent here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import clock
from dealwright.rules import guard, python_matcher, ruleset, windows
from dealwright.rules import matcher as matchers
from dealwright.rules.plain import fact

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.rules.ruleset import Prepared


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decided about an event, and on what grounds. It is stored whether the rule fired or not.

    Attributes:
        id: UUIDv7.
        rule: Id of the rule.
        rule_version: Version of the rule (:func:`dealwright.rules.ruleset.version_of`).
        entity: Entity of the event's record.
        record: Id of the event's record; None for an event about no record in particular.
        event: Id of the event that woke the rule.
        fired: Whether its condition held.
        mode: ``live``, or ``shadow``: decided and stored, but nothing is done.
        window: Within what it fires once for the record; the event's id for ``always``.
        facts: What the condition read, and nothing else: name → value in API JSON, None for empty; a secret that is
            not empty is ``{"set": true}``.
        truth: Whether each comparison of the condition held, in the order of its text.
        at: The moment of the event.
        revision: The catalog's revision.
    """

    id: str
    rule: str
    rule_version: str
    entity: str
    record: str | None
    event: str
    fired: bool
    mode: str
    window: str
    facts: Mapping[str, Any]
    truth: tuple[bool, ...]
    at: datetime
    revision: str


def decide(
    catalog: Catalog,
    happened: Sequence[tuple[Event, Mapping[str, Any]]],
    matcher: matchers.Kind | None = None,
    off: Collection[str] = (),
) -> list[Decision]:
    """Return a decision for each live or shadow rule that each event wakes.

    Args:
        catalog: The definitions in force.
        happened: Events, each with the environment of its rules (:meth:`~dealwright.rules.ruleset.Rules.needs` says
            what it must know; a missing name is empty).
        matcher: ``python`` or ``durable`` to have that one's answer and no other's; None for Python's, confirmed by the
            C library where that serves (:func:`dealwright.rules.matcher.status`).
        off: Rules that are switched off: they are not asked.

    Returns:
        Decisions in the order of the events, then of priority, then of rule ids.

    Raises:
        DurableError: If ``matcher`` is ``durable`` and the library is absent or fails.
    """
    rules = ruleset.of(catalog)
    woken = [(event, env, prepared) for event, env in happened if (prepared := rules.woken(event))]
    if off:
        asked = [(event, env, tuple(one for one in some if one.rule.id not in off)) for event, env, some in woken]
        woken = [(event, env, some) for event, env, some in asked if some]
    if not woken:
        return []
    identifiers = iter(clock.new_ids(sum(len(prepared) for _, _, prepared in woken)))
    decisions = []
    for event, env, prepared in woken:
        answers = python_matcher.answers(prepared, env)
        held = frozenset(one.rule.id for one, answer in zip(prepared, answers, strict=True) if answer.holds)
        shown = _shown(prepared, env)
        held = matchers.settled(catalog, event.entity, event.type, env, prepared, held, matcher)
        for one, answer in zip(prepared, answers, strict=True):
            rule = one.rule
            decisions.append(
                Decision(
                    id=next(identifiers),
                    rule=rule.id,
                    rule_version=one.version,
                    entity=event.entity,
                    record=event.record,
                    event=event.id,
                    fired=rule.id in held,
                    mode=rule.mode,
                    window=windows.window(rule.once_per, event, env, rules.zone, on_leaving=bool(one.trigger.left)),
                    facts={guard.shown(name): shown[name] for name in one.reads},
                    truth=answer.truth,
                    at=event.at,
                    revision=rules.revision,
                )
            )
    return decisions


def _shown(woken: Sequence[Prepared], env: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the conditions of ``woken`` read, in API JSON; of a secret only that there is one."""
    secret = frozenset().union(*(one.secret for one in woken))
    return {
        name: {"set": True} if name in secret and env.get(name) is not None else fact(env.get(name))
        for name in frozenset().union(*(one.reads for one in woken))
    }
