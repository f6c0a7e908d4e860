"""The rules of a catalog, compiled once: which of them an event can wake, and what their conditions read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dealwright import conditions
from dealwright.conditions import python, types
from dealwright.conditions.syntax import ROOTS, leaves
from dealwright.errors import NotFoundError
from dealwright.metadata import ladders, names
from dealwright.rules import counting, guard, schedules, timed, trends, trigger, windows
from dealwright.rules.actions import CompiledAction, compiled

if TYPE_CHECKING:
    from dealwright.conditions import Condition
    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Rule
    from dealwright.rules.counting import Counted
    from dealwright.rules.facts import Env
    from dealwright.rules.schedules import Schedule
    from dealwright.rules.timed import Timed
    from dealwright.rules.trends import Trend
    from dealwright.rules.trigger import Trigger

#: Modes in which a rule is looked at.
AWAKE = frozenset({"live", "shadow"})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A rule with all that a decision about it needs.

    Attributes:
        version: First 16 hex digits of the SHA-256 of what decides: entity, on, if, then, once_per, mode.
        condition: What must hold: the compiled ``if``, after what the trigger itself asks; None for always.
        asked: The compiled ``if`` alone.
        actions: The compiled ``then``.
        reads: The names of an environment that the condition reads, and the moment it waits for; sorted.
        secret: Those of them whose value no decision may keep.
        comparisons: For each comparison of the condition, in the order of its text, whether it holds.
        timed: The moment of a record that it waits for; None if it waits for none.
        counted: The events that it counts; None if it counts none.
        schedule: When it looks at many records; None if it is woken by what happens to one.
        trend: What it measures at such times.
    """

    rule: Rule
    version: str
    trigger: Trigger
    condition: Condition | None
    actions: tuple[CompiledAction, ...]
    reads: tuple[str, ...] = ()
    secret: frozenset[str] = frozenset()
    comparisons: tuple[Callable[[Env], bool], ...] = ()
    timed: Timed | None = None
    asked: Condition | None = None
    counted: Counted | None = None
    schedule: Schedule | None = None
    trend: Trend | None = None

    def needs(self) -> frozenset[str]:
        """Return the names of an environment that deciding and acting read."""
        window = windows.needs(self.rule.once_per, on_leaving=bool(self.trigger.left))
        paths = self.condition.paths if self.condition is not None else frozenset()
        return frozenset(self.reads).union(window, paths, *(action.names() for action in self.actions))


class Rules:
    """The live and shadow rules of a catalog, by entity and type of event.

    Attributes:
        revision: The catalog's.
        zone: The workspace's zone, in which the windows day, week and month begin.
        by_id: Each rule that is looked at.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.revision = catalog.revision
        self.zone = ZoneInfo(catalog.settings.get("zone", "UTC"))
        prepared = [_prepared(catalog, rule) for rule in catalog.rules.values() if rule.mode in AWAKE]
        prepared += [_of_step(catalog, step) for step in ladders.steps(catalog)]
        prepared.sort(key=lambda one: (one.rule.priority, one.rule.id))
        self.by_id: Mapping[str, Prepared] = {one.rule.id: one for one in prepared}
        waiting: dict[str, list[Prepared]] = {}
        for one in prepared:
            if one.timed is not None:
                waiting.setdefault(one.rule.entity, []).append(one)
        self._waiting = {entity: tuple(some) for entity, some in waiting.items()}
        lasting: dict[str, list[Prepared]] = {}
        for one in prepared:
            if one.rule.once_per == "episode" and one.timed is None:
                lasting.setdefault(one.rule.entity, []).append(one)
        self._episodes = {entity: tuple(some) for entity, some in lasting.items()}
        groups: dict[tuple[str, str], list[Prepared]] = {}
        for one in prepared:
            for kind in one.trigger.types:
                groups.setdefault((one.rule.entity, kind), []).append(one)
        self._groups = {key: tuple(group) for key, group in groups.items()}
        self._needs = {key: frozenset().union(*(one.needs() for one in group)) for key, group in groups.items()}

    def group(self, entity: str, kind: str) -> tuple[Prepared, ...]:
        """Return the rules that an event of type ``kind`` about a record of ``entity`` can wake, first ones first."""
        return self._groups.get((entity, kind), ())

    def groups(self) -> tuple[tuple[str, str], ...]:
        """Return each (entity, type of event) that can wake a rule."""
        return tuple(sorted(self._groups))

    def waiting(self, entity: str) -> tuple[Prepared, ...]:
        """Return the rules that wait for a moment of each record of ``entity``."""
        return self._waiting.get(entity, ())

    def episodes(self, entity: str) -> tuple[Prepared, ...]:
        """Return the rules about ``entity`` that fire once in an episode which their condition ends."""
        return self._episodes.get(entity, ())

    def woken(self, event: Event) -> tuple[Prepared, ...]:
        """Return the rules that ``event`` wakes, in the order in which they act: priority, then id."""
        return tuple(one for one in self.group(event.entity, event.type) if one.trigger.is_woken_by(event))

    def needs(self, entity: str, kind: str) -> frozenset[str]:
        """Return the names of an environment that the rules of :meth:`group` read, in conditions and in actions."""
        return self._needs.get((entity, kind), frozenset())

    def rule(self, identifier: str) -> Prepared:
        """Return a live or shadow rule.

        Raises:
            NotFoundError: If the catalog has none with this id, or it is a draft.
        """
        try:
            return self.by_id[identifier]
        except KeyError:
            raise NotFoundError(f"there is no live or shadow rule “{identifier}”") from None

    def actions(self, identifier: str) -> tuple[CompiledAction, ...]:
        """Return what a rule does when it fires, in order.

        Raises:
            NotFoundError: As :meth:`rule`.
        """
        return self.rule(identifier).actions


def of(catalog: Catalog) -> Rules:
    """Return the rules of ``catalog``, compiled at the first call.

    Raises:
        ConditionError: If a condition of a live or shadow rule is not valid.
    """
    return catalog.once("rules", lambda: Rules(catalog))


def version_of(rule: Rule) -> str:
    """Return the version of a rule: it changes with what the rule decides or does, not with its title or priority."""
    decisive = {
        "entity": rule.entity,
        "on": {rule.trigger.kind: rule.trigger.spec},
        "if": rule.condition,
        "then": [{"do": action.do, **action.spec} for action in rule.actions],
        "once_per": rule.once_per,
        "mode": rule.mode,
    }
    text = json.dumps(decisive, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_canonical)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _canonical(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _of_step(catalog: Catalog, step: ladders.Step) -> Prepared:
    """Return the rule of a step of a ladder, woken by the event of that step alone, or as its trigger says."""
    if not step.event:
        return _prepared(catalog, step.rule)
    woken = trigger.Trigger(frozenset({step.event}), data=step.data)
    if step.rule.condition is not None:
        return replace(_prepared(catalog, step.rule), trigger=woken)
    return Prepared(step.rule, version_of(step.rule), woken, None, compiled(catalog, step.rule))


def _prepared(catalog: Catalog, rule: Rule) -> Prepared:
    condition = None
    if rule.condition is not None:
        condition = conditions.of(catalog, rule.entity, rule.condition, "rule", namespace=names.namespace_of(rule.id))
    moment = timed.read(catalog, rule, condition)
    counted, trend = counting.read(catalog, rule), trends.read(catalog, rule)
    asked = condition
    if counted is not None:
        condition = guard.before(asked, rule.entity, guard.counted(rule.id, counted.at_least, counted.parameter))
    if trend is not None:
        condition = guard.before(asked, rule.entity, guard.told("trend", trends.HELD))
    read = condition.names if condition is not None else frozenset()
    if trend is not None:
        read |= {"event.periods", "event.values"}
    if moment is not None:
        read |= {moment.field}  # so that the decision keeps it, and who may not see the field does not see the decision
    return Prepared(
        rule=rule,
        version=version_of(rule),
        trigger=trigger.read(rule, counted),
        condition=condition,
        actions=compiled(catalog, rule),
        reads=tuple(sorted(read)),
        secret=frozenset(
            name for name in (asked.names if asked is not None else ()) if is_secret(catalog, rule.entity, name)
        ),
        comparisons=tuple(map(python.compile, leaves(condition.ast))) if condition is not None else (),
        timed=moment,
        asked=asked,
        counted=counted,
        schedule=schedules.read(catalog, rule),
        trend=trend,
    )


def is_secret(catalog: Catalog, entity: str, name: str) -> bool:
    """Tell whether ``name`` leads over or to a field whose value nobody is shown, or to rows with such a field."""
    root, dot, rest = name.partition(".")
    if dot and root == "user":
        entity, name = "base.user", rest
    elif dot and root in ROOTS:
        name = rest
    fields = [field for _, field, _ in types.hops(tuple(name.split(".")), entity, catalog)]
    inner = [one for field in fields for one in (field.items or {}).values()]
    return any(field.spec.get("sensitivity") == "secret" for field in (*fields, *inner))
