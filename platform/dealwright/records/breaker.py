"""Rules that fail, or do far too much, again and again are switched off, and say so.

A rule that is off is neither asked nor woken until it is switched on again by an administrator, or another version of it
goes live. What is off is told by ``doctor`` and the API; the administrators get a notice, the audit log an entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import access, rules
from dealwright.errors import ForbiddenError, NotFoundError
from dealwright.metadata import settings
from dealwright.records.strikes import hour_of
from dealwright.rules.plain import plain
from dealwright.storage import audit, spent, switches, timers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealwright.records.work import Work
    from dealwright.rules import Decision

#: Family of the timer by which the administrators are told.
NOTICE: Final = "notice"


def off(work: Work) -> frozenset[str]:
    """Return the rules that are not asked in this transaction."""
    found = switches.off(work.connection)
    if not found:
        return _NONE
    known = rules.of(work.catalog).by_id
    return frozenset(
        rule for rule, said in found.items() if rule in known and said.get("version") == known[rule].version
    )


def trip(work: Work) -> None:
    """Switch off the rules whose measure is full; nearly always there is none, and no statement is sent."""
    for rule, why in work.workspace.strikes.out().items():
        known = rules.of(work.catalog).by_id.get(rule)
        if known is None or rule in off(work):
            work.workspace.strikes.forget(rule)
        else:
            _switch_off(work, rule, known.version, why)


_NONE: Final[frozenset[str]] = frozenset()


def count(work: Work, decisions: Iterable[Decision]) -> None:
    """Count the actions of decisions that are carried out against the budget of their rules.

    Two statements where a process has come a part of what is left of the budget further, none otherwise.
    What time brings is bounded by the records that there are, each once, and an import by its file: neither counts.
    """
    if work.user.by == "platform" or work.bulk:
        return
    budget = _budget(work)
    for one in decisions:
        number = len(rules.of(work.catalog).actions(one.rule))
        untold = work.workspace.strikes.spent(one.rule, number, work.now, budget)
        if untold:
            process, hour = work.workspace.strikes.process, hour_of(work.now)
            work.workspace.strikes.known(one.rule, budget, spent.add(work.connection, one.rule, hour, process, untold))
    trip(work)  # so that the other processes know it with this very transaction


def _budget(work: Work) -> int:
    return int(work.catalog.settings.get("rule_budget", settings.BUDGET["rule_budget"]))


def failed(work: Work, names: Iterable[str]) -> None:
    """Note that what rules asked for could not be done; the transaction is about to be undone."""
    for rule in names:
        work.workspace.strikes.failed(rule, work.now)


def listed(work: Work) -> list[dict[str, Any]]:
    """Return the rules that are switched off: ``rule``, ``title``, ``at``, ``why``, ``by``, and whether it is in force.

    A switch is not in force where another version of the rule is live by now.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
    """
    _demand(work)
    known = rules.of(work.catalog).by_id
    return [
        {
            "rule": rule,
            "title": known[rule].rule.title if rule in known else rule,
            **{key: said.get(key) for key in ("at", "why", "by")},
            "in_force": rule in known and known[rule].version == said.get("version"),
        }
        for rule, said in sorted(switches.read(work.connection).items())
    ]


def switch(work: Work, rule: str, *, on: bool, why: str = "") -> bool:
    """Switch a rule on or off by hand; tell whether that changed anything. Both are noted in the audit log.

    Raises:
        ForbiddenError: If the user has not the capability ``admin``.
        NotFoundError: If no such rule is live or in shadow mode, and none is switched off.
    """
    _demand(work)
    prepared = rules.of(work.catalog).by_id.get(rule)
    if prepared is None and not (on and rule in switches.read(work.connection)):
        raise NotFoundError(f"there is no live or shadow rule “{rule[:80]}”")
    if not on and prepared is not None:
        return _switch_off(work, rule, prepared.version, why or "by hand")
    work.workspace.strikes.forget(rule)
    changed = switches.put(work.connection, rule, None)
    if changed:
        spent.forget(work.connection, rule)
        _note(work, "rule.switched_on", rule, {})
    return changed


def _switch_off(work: Work, rule: str, version: str, why: str) -> bool:
    entry = {"at": plain(work.now), "why": why, "by": work.user.id, "version": version}
    if switches.read(work.connection).get(rule, entry)["version"] != version:
        switches.put(work.connection, rule, None)  # an old version's: it says nothing of this one
    changed = switches.put(work.connection, rule, entry)
    work.workspace.strikes.forget(rule)
    if changed:
        _note(work, "rule.switched_off", rule, {"why": why})
        told = timers.Timer(
            rules.of(work.catalog).rule(rule).rule.entity, rule, f"{NOTICE}:{rule}", work.now, {"why": why}
        )
        timers.put(work.connection, [told])
    return changed


def _note(work: Work, action: str, rule: str, data: dict[str, Any]) -> None:
    audit.append(
        work.connection,
        action=action,
        actor=work.user.id,
        at=work.now,
        subject=f"rule:{rule}",
        data={**data, "by": work.user.by},
        address=work.address,
    )


def _demand(work: Work) -> None:
    if not access.capable(work.catalog, work.user, "admin"):
        raise ForbiddenError("switching rules needs the capability “admin”; ask an administrator")
