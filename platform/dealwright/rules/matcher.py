"""Which matcher serves: the C library once it is proven on the very rules of a catalog, else Python.

Python is asked for every rule in any case, because a decision keeps the truth of each comparison. So the library is
checked all the time, at no cost: where the two differ, Python is right, the library is retired for this catalog, and
:func:`status` says so until the process ends.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from dealwright.rules import canary, durable, durable_matcher, pattern, ruleset, trial
from dealwright.rules.canary import CanaryError
from dealwright.rules.compile import compiled
from dealwright.rules.durable import DurableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.rules.facts import Env, Measure
    from dealwright.rules.ruleset import Prepared

#: The matchers there are.
Kind = Literal["python", "durable"]

_log = logging.getLogger(__name__)
#: Catalogs of which a status is kept. A process has few at a time; the oldest goes first.
_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Status:
    """Which matcher serves a catalog, and why.

    Attributes:
        serves: ``python`` or ``durable``.
        reason: One sentence for the operator.
        facts: On how many facts the library was tried in a throw-away process; 0 if it was not.
    """

    serves: Kind
    reason: str
    facts: int = 0


_NOT_TRIED = Status("python", "the C library has not been tried on this revision yet")
_ABSENT = Status("python", "the C library durable_rules_engine is not installed; Python decides all rules")
_statuses: dict[str, Status] = {}
#: Parts of rules on which the library was right in this process, with the number of facts: the next revision shares most.
_proven: dict[str, int] = {}
_SHARDS_KEPT: Final = 10_000
_lock = threading.Lock()


def status(catalog: Catalog) -> Status:
    """Return which matcher serves ``catalog`` in this process, and why. Costs nothing."""
    if not durable.available():
        return _ABSENT
    return _statuses.get(catalog.revision, _NOT_TRIED)


def prove(catalog: Catalog, *, timeout: float = 20.0) -> Status:
    """Try the C library on the rules of ``catalog`` in a throw-away process; if all is right it serves from now on.

    To be called where a second does not matter: when a server or worker starts, and when a revision is activated.
    Until then, and whenever the trial fails, Python serves. The answer is kept for the revision, and what was tried
    in this process is not tried again for the next one.

    Args:
        catalog: The definitions in force.
        timeout: Seconds after which the process is ended and the trial has failed.

    Raises:
        ConditionError: If a condition of a live or shadow rule is not valid.
    """
    known = status(catalog)
    if known is not _NOT_TRIED:
        return known
    found = _tried(_shards(catalog), timeout)
    _keep(catalog.revision, found)
    _log.log(logging.INFO if found.serves == "durable" else logging.WARNING, "rules matcher: %s", found.reason)
    return found


def shards(catalog: Catalog) -> frozenset[str]:
    """Return a name for each part of the rules that the library is tried on; none where the library is absent.

    The name follows from all that a trial depends on: the comparisons, the codes that can occur, and the library. Who
    keeps the names of what was right need not try it again.
    """
    return frozenset(one.name for one in _shards(catalog)) if durable.available() else frozenset()


@dataclass(frozen=True, slots=True)
class _Shard:
    name: str
    chains: tuple[pattern.Chain, ...]
    measures: Mapping[str, Measure]


def _shards(catalog: Catalog) -> tuple[_Shard, ...]:
    def make() -> tuple[_Shard, ...]:
        rules = ruleset.of(catalog)
        found: dict[str, _Shard] = {}  # created and updated often wake the same rules
        for entity, kind in rules.groups():
            made = compiled(rules.group(entity, kind))
            for chains in pattern.shards(made.chains):
                codes = [(name, len(made.measures[name].codes())) for name in pattern.measures(chains)]
                text = f"{durable.fingerprint()} {chains!r} {codes!r}"
                name = hashlib.sha256(text.encode()).hexdigest()
                found[name] = _Shard(name, chains, made.measures)
        return tuple(found.values())

    return catalog.once("rules.shards", make)


def _tried(all_of_them: Sequence[_Shard], timeout: float) -> Status:
    if not all_of_them:
        return Status("durable", "no rule has a condition: there is nothing to match")
    new = [one for one in all_of_them if one.name not in _proven]
    facts = [trial.facts(one.chains, one.measures) for one in new]
    tried = sum(len(one) for one in facts)
    if new:
        try:
            answers = canary.matches([one.chains for one in new], facts, timeout)
        except CanaryError as error:
            return Status("python", f"the C library failed on these rules, so Python decides them: {error}", tried)
        for one, asked, answered in zip(new, facts, answers, strict=True):
            for codes, names in zip(asked, answered, strict=True):
                if names != {chain.name for chain in one.chains if pattern.holds(chain, codes)}:
                    return Status(
                        "python", "the C library answered wrongly on these rules, so Python decides them", tried
                    )
    with _lock:
        _proven.update((one.name, len(asked)) for one, asked in zip(new, facts, strict=True))
        tried = sum(_proven.get(one.name, 0) for one in all_of_them)
        while len(_proven) > _SHARDS_KEPT:
            del _proven[next(iter(_proven))]
    return Status("durable", f"the C library was right on {tried} facts made for these rules", tried)


def settled(
    catalog: Catalog,
    entity: str,
    kind: str,
    env: Env,
    woken: Sequence[Prepared],
    held: frozenset[str],
    wanted: Kind | None = None,
) -> frozenset[str]:
    """Return the rules that fire, the C library heard.

    Args:
        catalog: The definitions in force.
        entity: Entity of the event's record.
        kind: Type of the event.
        env: The environment of the conditions.
        woken: The rules that the event wakes.
        held: Ids of those whose condition holds, as Python says.
        wanted: The matcher that alone is to answer; None for Python, confirmed by the library where that serves.

    Raises:
        DurableError: If ``durable`` is wanted and the library is absent or fails.
    """
    if wanted == "python" or (wanted is None and status(catalog).serves != "durable"):
        return held
    asked = frozenset(one.rule.id for one in woken)
    group = ruleset.of(catalog).group(entity, kind)
    try:
        answer = durable_matcher.of(catalog, entity, kind, group).matches(env) & asked
    except DurableError as error:
        if wanted == "durable":
            raise
        _retire(catalog, f"it failed on an event {kind} about {entity}: {error}")
        return held
    if wanted == "durable":
        return answer
    if answer != held:
        rules = ", ".join(sorted(answer ^ held))
        _retire(catalog, f"it decided otherwise than Python about {rules} on an event {kind}")
    return held


def _retire(catalog: Catalog, reason: str) -> None:
    _log.error("rules matcher: the C library is retired for revision %s: %s", catalog.revision, reason)
    _keep(catalog.revision, Status("python", f"the C library was retired: {reason}"))
    with _lock:
        _proven.clear()  # it was right on them once, and is believed no more


def _keep(revision: str, found: Status) -> None:
    with _lock:
        _statuses[revision] = found
        while len(_statuses) > _KEPT:
            del _statuses[next(iter(_statuses))]
