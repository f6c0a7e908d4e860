"""What should be looked at in rules that are right one by one: circles, rules against each other, rules that never fire.

    rule-cycle      rules that wake each other
    two-writers     two packs' rules that set one field on the same occasion
    never-true      a condition that no record can meet
    tier-overlap    rules that sort by one number and both take some values
    tier-gap        ... and values between them that none takes

Warnings, not faults: each may be meant. A rule that waits for time wakes nothing at once, so it closes no circle.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from dealwright import conditions, events
from dealwright.conditions import types
from dealwright.errors import ConditionError, Problem
from dealwright.metadata.names import namespace_of
from dealwright.rules import ruleset
from dealwright.rules.compile import ways
from dealwright.rules.ranges import Line, field_of, holds_somewhere

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealwright.conditions.syntax import Node
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Rule
    from dealwright.rules.ruleset import Prepared

#: What an action makes, for those that make a record of an entity of the base.
_MAKES = {"create_task": "base.task", "notify": "base.notification", "send_message": "base.notification"}
#: Ways to wake a rule that lead to another level of records, of which there are eight.
_DEEPER = frozenset({"makes", "changes", "archives"})
#: What an action sets of the record itself.
_ASSIGNS = {"assign": ("owner", "team")}


def warnings(catalog: Catalog) -> list[Problem]:
    """Return what should be looked at, in the order of the rules; ``source`` is ``rule:<id>``.

    The rules must be without faults (:func:`dealwright.rules.problems`).
    """
    rules = [one for name, one in ruleset.of(catalog).by_id.items() if name in catalog.rules]
    found = [*_cycles(catalog, rules), *_two_writers(rules), *_never_true(catalog, rules), *_tiers(catalog, rules)]
    order = {one.rule.id: place for place, one in enumerate(rules)}
    return sorted(found, key=lambda one: order[one.source.partition(":")[2]])


def _said(rule: Rule, pointer: str, code: str, message: str) -> Problem:
    return Problem(pointer, code, message, f"rule:{rule.id}")


def sets(rule: Rule) -> frozenset[str]:
    """Return the fields of its record that a rule sets."""
    found = {str(one.spec["field"]) for one in rule.actions if one.do in ("set_field", "add_score")}
    return frozenset(found.union(*(_ASSIGNS.get(one.do, ()) for one in rule.actions)))


def makes(rule: Rule) -> frozenset[str]:
    """Return the entities of which a rule makes records."""
    made = {str(one.spec["entity"]) for one in rule.actions if one.do == "create_record"}
    return frozenset(made | {_MAKES[one.do] for one in rule.actions if one.do in _MAKES})


# Circles -------------------------------------------------------------------------------------------------------------


def _wakes(catalog: Catalog, rules: list[Prepared]) -> dict[str, dict[str, str]]:
    """Return for each rule those that what it does wakes, and how: ``sets``, ``moves`` or one of ``_DEEPER``."""
    by_entity: dict[str, list[Prepared]] = {}
    for one in rules:
        if not one.trigger.rule:  # those of a timer are woken by nothing but it
            by_entity.setdefault(one.rule.entity, []).append(one)
    graph: dict[str, dict[str, str]] = {}
    for one in rules:
        woken = graph.setdefault(one.rule.id, {})
        changed = _with_formulas(catalog, one.rule.entity, sets(one.rule))
        for two in by_entity.get(one.rule.entity, ()) if changed else ():
            trigger = two.trigger
            if events.UPDATED in trigger.types and (not trigger.fields or trigger.fields & changed):
                woken[two.rule.id] = "sets"
        for entity in makes(one.rule):
            for two in by_entity.get(entity, ()):
                if events.CREATED in two.trigger.types:
                    woken[two.rule.id] = "makes"
        for do, entity, names in _elsewhere(catalog, one):
            for two in by_entity.get(entity, ()):
                if _woken_by(two, do, names):
                    woken[two.rule.id] = do
    return graph


def _elsewhere(catalog: Catalog, one: Prepared) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield what a rule does that wakes others beside setting and making: how, to records of which entity, what."""
    for action in ruleset.of(catalog).actions(one.rule.id):
        if action.do == "move_stage":
            yield "moves", one.rule.entity, frozenset({str(action.spec["to"])})
        elif action.do == "archive":
            yield "archives", one.rule.entity, frozenset()
        elif action.do == "update_record" and (entity := action.values["record"].type.entity) in catalog.entities:
            yield "changes", str(entity), _with_formulas(catalog, str(entity), frozenset(action.spec["values"]))


def _woken_by(two: Prepared, do: str, names: frozenset[str]) -> bool:
    trigger = two.trigger
    if do == "archives":
        return events.DELETED in trigger.types
    if do == "changes":
        return events.UPDATED in trigger.types and (not trigger.fields or bool(trigger.fields & names))
    return events.MOVED in trigger.types and (
        bool(names & set(trigger.entered)) or bool(trigger.left) or "stage" in trigger.fields
    )


def _with_formulas(catalog: Catalog, entity_id: str, changed: frozenset[str]) -> frozenset[str]:
    """Return fields with the formulas of the entity that follow from them."""
    entity = catalog.entity(entity_id)
    formulas = {one.id: str(one.spec.get("formula")) for one in entity.fields.values() if one.type == "formula"}
    found = set(changed)
    if not changed:
        return changed
    for _ in formulas:
        more = {
            name for name, text in formulas.items() if name not in found and _reads(catalog, entity_id, text) & found
        }
        if not more:
            break
        found |= more
    return frozenset(found)


def _reads(catalog: Catalog, entity: str, formula: str) -> frozenset[str]:
    try:
        return conditions.of(catalog, entity, formula, "formula", namespace=namespace_of(entity)).fields
    except ConditionError:
        return frozenset()


def _cycles(catalog: Catalog, rules: list[Prepared]) -> Iterator[Problem]:
    # A rule that sets a field of its own record fires once a save: alone it closes no circle, nor is it part of another.
    graph = {
        one: {two: how for two, how in woken.items() if one != two or how in _DEEPER}
        for one, woken in _wakes(catalog, rules).items()
    }
    by_id = {one.rule.id: one for one in rules}
    told: set[frozenset[str]] = set()
    for start in graph:
        circle = _circle(graph, start)
        if circle is None or frozenset(circle) in told:
            continue
        told.add(frozenset(circle))
        steps = [graph[one][two] for one, two in zip(circle, [*circle[1:], circle[0]], strict=True)]
        end = (
            "the save is refused after eight levels of new records"
            if not _DEEPER.isdisjoint(steps)
            else "each fires once a save, so it ends; the last one wins"
        )
        path = " → ".join([*circle, circle[0]])
        text = f"rules wake each other: {path}; {end}. Give one of them a condition that its own change makes false"
        yield _said(by_id[start].rule, "/then", "rule-cycle", text)


def _circle(graph: Mapping[str, Mapping[str, str]], start: str) -> list[str] | None:
    """Return the shortest way from a rule back to itself."""
    before: dict[str, str] = {}
    waiting = [start]
    while waiting:
        here = waiting.pop(0)
        for following in graph[here]:
            if following == start:
                way = [here]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if following not in before:
                before[following] = here
                waiting.append(following)
    return None


# Rules against each other --------------------------------------------------------------------------------------------


def _two_writers(rules: list[Prepared]) -> Iterator[Problem]:
    writers: dict[tuple[str, str], list[Prepared]] = {}
    for one in rules:
        for name in sets(one.rule):
            writers.setdefault((one.rule.entity, name), []).append(one)
    for (_, name), some in sorted(writers.items()):
        for one, two in combinations(some, 2):
            if one.rule.layer == two.rule.layer or not _meet(one, two):
                continue
            text = (
                f"“{name}” is also set by {one.rule.id} of the pack {one.rule.layer}, on the same occasion; this rule "
                f"acts after it (priority {two.rule.priority} after {one.rule.priority}), so its value stays"
            )
            yield _said(two.rule, "/then", "two-writers", text)


def _meet(one: Prepared, two: Prepared) -> bool:
    """Tell whether one event can wake both rules."""
    if one.trigger.rule or two.trigger.rule:
        return False
    both = one.trigger.types & two.trigger.types
    if both <= {events.UPDATED, events.MOVED} and one.trigger.fields and two.trigger.fields:
        return bool(both) and not one.trigger.fields.isdisjoint(two.trigger.fields)
    return bool(both)


# Conditions that never hold ------------------------------------------------------------------------------------------


def _never_true(catalog: Catalog, rules: list[Prepared]) -> Iterator[Problem]:
    for one in rules:
        if one.asked is not None and not holds_somewhere(catalog, one.rule.entity, one.asked.ast):
            text = "no record can meet this condition: its parts, or the options and bounds of the fields, rule it out"
            yield _said(one.rule, "/if", "never-true", text)


# Tiers ---------------------------------------------------------------------------------------------------------------


def _tiers(catalog: Catalog, rules: list[Prepared]) -> Iterator[Problem]:
    groups: dict[Any, list[tuple[Prepared, Node]]] = {}
    for one in rules:
        number = _sorted_by(one)
        if number is not None:
            (action,) = one.rule.actions
            key = (one.rule.entity, repr(one.rule.trigger), str(action.spec["field"]), number)
            groups.setdefault(key, []).append((one, number))
    for (entity, _, _, number), group in groups.items():
        if len(group) > 1:
            yield from _of_tiers(catalog, entity, number, [one for one, _ in group])


def _sorted_by(one: Prepared) -> Node | None:
    """Return the number by which alone a rule decides to set one field to a constant; None if it is no such rule."""
    if one.asked is None or len(one.rule.actions) != 1 or one.rule.actions[0].do != "set_field":
        return None
    atoms = [atom for way in ways(one.asked.ast, False) for atom in way]
    values = {atom.of for atom in atoms}
    if len(values) != 1 or any(atom.flag for atom in atoms):
        return None
    (value,) = values
    return value if value.type.kind in types.NUMBERS else None


def _of_tiers(catalog: Catalog, entity: str, number: Node, group: list[Prepared]) -> Iterator[Problem]:
    all_ways = [(one, ways(one.asked.ast, False)) for one in group if one.asked is not None]
    line = Line.over(number, [atom for _, some in all_ways for way in some for atom in way])
    possible = line.possible(field_of(catalog, entity, number)) - {0}
    taken = {one.rule.id: frozenset().union(*(line.allowed(way) for way in some)) & possible for one, some in all_ways}
    for one, two in combinations(group, 2):
        both = taken[one.rule.id] & taken[two.rule.id]
        if both and one.rule.actions[0].spec.get("value") != two.rule.actions[0].spec.get("value"):
            text = f"{one.rule.id} also takes {line.said(both)}; this rule acts after it, so its value stays"
            yield _said(two.rule, "/if", "tier-overlap", text)
    missing = possible.difference(*taken.values())
    if missing:
        names = ", ".join(one.rule.id for one in group)
        text = f"{line.said(missing)}: none of {names} takes these values, so the field keeps what it had"
        yield _said(group[-1].rule, "/if", "tier-gap", text)
