"""What happened to a record and why: its history, and the decisions that rules made about it.

Facts and changes are filtered by what the user may see *now*, on the record as it is: history never shows a field that
the record itself would not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, approvals, rules, sla
from dealwright.errors import DealwrightError, NotFoundError
from dealwright.metadata import ladders
from dealwright.metadata.system import VIRTUAL
from dealwright.records import clock_facts, needs, outcomes
from dealwright.records.read import missing
from dealwright.rules import guard, sequences
from dealwright.storage import decisions, events
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealwright.metadata.definitions import Entity, Rule
    from dealwright.records.work import Work


def history(work: Work, entity_id: str, record_id: str, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the events of a record, newest first: ``type``, ``at``, ``actor``, ``rule``, ``version``, ``changes``.

    One about a checklist has its ``data`` too, for who may see the stage. An event all of whose changes are hidden from
    the user is left out, and one of a clock that looks at a hidden field.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    may_see = seen(work, entity_id, record_id)
    told = []
    for event in events.history(work.connection, entity_id, record_id, limit=limit):
        # In the order of their names: the order of the log comes from all that changed, hidden fields too.
        changes = {name: change for name, change in sorted((event["changes"] or {}).items()) if name in may_see}
        tick = event["type"].startswith("checklist.")
        shown = ("stage" in may_see or not tick) and _clock_seen(work, entity_id, event, may_see)
        if (changes or not event["changes"]) and shown:
            told.append(
                {
                    **{key: event[key] for key in ("id", "type", "at", "actor", "version", "cause")},
                    "rule": (event["data"] or {}).get("rule"),
                    "changes": changes,
                    **({"data": event["data"]} if tick else {}),
                }
            )
    return told


def _clock_seen(work: Work, entity_id: str, event: Mapping[str, Any], may_see: frozenset[str]) -> bool:
    """Tell whether the user may know of an event; those of a clock tell that a condition holds."""
    kind = str(event["type"]).partition(".")[0]
    if kind == "sequence":
        sequence = sequences.of(work.catalog).get(str((event["data"] or {}).get("sequence")))
        return sequence is not None and shows(work, entity_id, sequence.reads, may_see)
    if kind == "suggestion":
        return _rule_seen(work, entity_id, str((event["data"] or {}).get("rule")), may_see)
    if kind not in ladders.NAMED:
        return True
    found = sla.of(work.catalog).by_id.get((kind, str((event["data"] or {}).get(ladders.NAMED[kind]))))
    return found is not None and shows(work, entity_id, found.reads, may_see)


def _rule_seen(work: Work, entity_id: str, rule: str, may_see: frozenset[str]) -> bool:
    """Tell whether the user may see all that a rule looks at and tells of, as it is in force now."""
    one = rules.of(work.catalog).by_id.get(rule)
    names = (
        {*map(guard.shown, one.reads), *(name for action in one.actions for name in action.names())}
        if one is not None
        else set()
    )
    return one is not None and shows(work, entity_id, names, may_see)


def decided(work: Work, entity_id: str, record_id: str, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the decisions about a record, newest first, each explained.

    A decision that looked at something which the user may not see is left out: its outcome would tell.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    may_see = seen(work, entity_id, record_id)
    found = decisions.about(work.connection, entity_id, record_id, limit=limit)
    return [explained(work, row, may_see) for row in found if decision_seen(work, row, may_see)]


def explain(work: Work, decision_id: str) -> dict[str, Any]:
    """Return one stored decision, explained.

    Raises:
        NotFoundError: If there is none, or the user may not read the record, or all that the decision looked at.
    """
    refused = NotFoundError(f"there is no decision with the id “{decision_id[:80]}”")
    row = decisions.get(work.connection, decision_id)
    if row is None or row["entity"] not in work.catalog.entities or row["record"] is None:
        raise refused
    try:
        may_see = seen(work, row["entity"], row["record"])
    except DealwrightError:
        raise refused from None
    if not decision_seen(work, row, may_see):
        raise refused
    return explained(work, row, may_see)


def explained(work: Work, row: Mapping[str, Any], may_see: frozenset[str]) -> dict[str, Any]:
    """Explain a decision by the catalog it was made on, with what its actions could not do."""
    told = rules.explain(work.workspace.catalog_of(work.connection, row["revision"]), _decision(row))
    outcomes = (row["result"] or {}).get("outcomes", ())
    return {**told, "outcomes": [_outcome(work, row, one, may_see) for one in outcomes]}


def _outcome(work: Work, row: Mapping[str, Any], one: Mapping[str, Any], may_see: frozenset[str]) -> dict[str, Any]:
    """Return an outcome without places of fields that may not be seen."""
    entity = work.catalog.entity(row["entity"])
    problems = [
        {**problem, "pointer": ""}
        if (name := problem["pointer"][1:].partition("/")[0]) in entity.all_fields() and name not in may_see
        else problem
        for problem in one.get("problems", ())
    ]
    return {**one, **({"problems": problems} if problems else {})}


def _decision(row: Mapping[str, Any]) -> rules.Decision:
    made = {name: row[name] for name in rules.Decision.__slots__ if name != "truth"}
    return rules.Decision(**made, truth=tuple(row["truth"]))


def decision_seen(work: Work, row: Mapping[str, Any], may_see: frozenset[str]) -> bool:
    """Tell whether the user may see everything that a decision looked at; of a step of a ladder, what its clock does."""
    if not may_measure(work, work.catalog.rules.get(row["rule"])):
        return False
    names = set(row["facts"])
    for step in ladders.steps(work.catalog):
        if step.rule.id == row["rule"] and step.kind in ladders.NAMED:
            names |= sla.of(work.catalog).by_id[step.kind, step.id].reads
    return shows(work, row["entity"], names, may_see)


def shows(work: Work, entity_id: str, names: Iterable[str], may_see: frozenset[str]) -> bool:
    """Tell whether the user may see everything of a record that a condition looks at by these names."""
    entity = work.catalog.entity(entity_id)
    for name in names:
        if name.startswith(("sla.", "approvals.")):
            if not shows(work, entity_id, _behind(work, entity, name), may_see):
                return False
            continue
        path = name.removeprefix("old.").removeprefix("record.")
        if name.startswith(_OTHERS) or path in VIRTUAL or path.endswith("()"):
            continue
        first, dot, _ = path.partition(".")
        if first not in may_see or (dot and not access.path_seen(work.catalog, work.user.roles, entity, path)):
            return False
    return True


def _behind(work: Work, entity: Entity, name: str) -> Iterable[str]:
    """Return what a clock or an approval of a record looks at; who may not see that may not know how it stands."""
    if name.startswith("sla."):
        return sla.of(work.catalog).by_id["sla", clock_facts.policy_id(name, entity)].reads
    return approvals.paths(work.catalog, approvals.of(work.catalog)[outcomes.approval_id(name, entity)])


def may_measure(work: Work, rule: Rule | None) -> bool:
    """Tell whether the user may see what a trend measures: the numbers in its decisions tell of those records."""
    if rule is None or rule.trigger.kind != "trend":
        return True
    spec = rule.trigger.spec
    wanted = {str(spec["via"]), str(spec["date"]), str(spec["measure"]).partition(":")[2]} - {""}
    return wanted <= access.rights(work.catalog, work.user, str(spec["of"])).seen()


def seen(work: Work, entity_id: str, record_id: str) -> frozenset[str]:
    """Return the fields of a record that the user may see now.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    return _looked_up(work, entity_id, record_id)[0]


def may_do(work: Work, op: str, entity_id: str, record_id: str) -> bool:
    """Tell whether the user may do ``op`` with this record.

    Raises:
        NotFoundError: As :func:`seen`.
    """
    _, env = _looked_up(work, entity_id, record_id)
    return bool(access.rights(work.catalog, work.user, entity_id).matching(op, env))


def _looked_up(work: Work, entity_id: str, record_id: str) -> tuple[frozenset[str], dict[str, Any]]:
    held = access.demand(work.catalog, work.user, "read", entity_id)
    entity = work.catalog.entity(entity_id)
    row = stored.get(work.connection, work.catalog, entity_id, [record_id]).get(record_id)
    env = {**(row or {}), **work.env}
    needs.load(work, entity, needs.sorted_out(entity, held.needs), [env] if row is not None else [])
    found = held.seen_on(env) if row is not None else frozenset()
    if not found:
        raise missing(work, entity_id, record_id)
    return found, env


#: Names in conditions that are no field of the record.
_OTHERS = ("user.", "event.", "param.")
