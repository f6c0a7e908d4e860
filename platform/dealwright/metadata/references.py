"""What documents name must exist: cross references of a whole catalog, with the nearest name that does exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import Problem
from dealwright.metadata import (
    approval_references,
    cycles,
    entity_references,
    intake_references,
    ladders,
    parse,
    pipelines,
    report_references,
    score_references,
    texts,
    view_references,
)
from dealwright.metadata.findings import Findings, parameters_in
from dealwright.metadata.schemas import KINDS, near

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Action, Entity, Parameter, Role, Rule
    from dealwright.metadata.fold import Folded
    from dealwright.metadata.layers import Layer

_NUMBERS: Final = frozenset({"integer", "decimal", "percent", "money"})
#: Keys whose constant need not be a number; what fits is the matter of the field that gets it.
_ANY_TYPE: Final = frozenset({"default", "value"})
_BRACES: Final = re.compile(r"\{\{|\}\}|\{[a-z][a-z0-9_.]*\}|(?P<wrong>\{[^{}]{0,40}\}?|\})")


def problems(catalog: Catalog, folded: Folded, layers: Iterable[Layer]) -> list[Problem]:
    """Return every name that leads nowhere, and every circle.

    Args:
        catalog: Made of ``folded`` (:func:`dealwright.metadata.load.assembled`).
        folded: The documents, with the places in files where problems are reported.
        layers: What was folded, for their translations.
    """
    findings = Findings(catalog, folded)
    for entity in catalog.entities.values():
        entity_references.look(findings, entity)
    pipelines.look(findings)
    for rule in catalog.rules.values():
        _rule(findings, rule)
    for step in ladders.steps(catalog):
        about = catalog.entities.get(step.rule.entity)
        for i, action in enumerate(step.rule.actions):
            _action(findings, (step.kind, step.id), step.found(i), action, about)
    for role in catalog.roles.values():
        _role(findings, role)
    for parameter in catalog.parameters.values():
        _parameter(findings, parameter)
    for key, document in catalog.documents.items():
        if key[0] == "message":
            _message(findings, key, document)
        if key[0] in ladders.CONDITIONED:
            _clock(findings, key, document)
        if key[0] == "approval":
            approval_references.look(findings, key, document)
            _start(findings, key, document)
        _parameters(findings, key, document)
    score_references.look(findings)
    report_references.look(findings)
    intake_references.look(findings)
    view_references.look(findings)
    cycles.look(findings)
    return [*findings.problems, *texts.problems(folded, layers)]


def _parameters(findings: Findings, key: tuple[str, str], document: Any) -> None:
    """Look up each ``{"param": name}``: there is one, and it is a number where a number is needed."""
    known = findings.catalog.parameters
    for at, name in parameters_in(document):
        wanted = parse.parameter_id(key[1], name)
        if wanted not in known:
            hint = near(name, {one.partition(".")[2] for one in known})
            findings.say(key, at[:-1], "unknown-name", f"there is no parameter “{wanted}”{hint}")
        elif at[-2] not in _ANY_TYPE and known[wanted].type not in _NUMBERS:
            message = f"the parameter “{wanted}” is of the type {known[wanted].type}; a number is needed here"
            findings.say(key, at[:-1], "not-a-number", message)


def _rule(findings: Findings, rule: Rule) -> None:
    key = ("rule", rule.id)
    entity = findings.entity(key, ["entity"], rule.entity)
    if entity is not None:
        for name in rule.trigger.spec.get("fields", ()):
            findings.field(key, ["on", rule.trigger.kind, "fields"], entity, name)
        if rule.trigger.kind == "stage":
            _stage_trigger(findings, key, rule.trigger.spec, entity)
        if rule.trigger.kind in ("idle", "after"):
            name = "of" if rule.trigger.kind == "idle" else "field"
            findings.field(key, ["on", rule.trigger.kind, name], entity, rule.trigger.spec[name])
    if rule.trigger.kind == "trend":
        _trend(findings, key, rule)
    if rule.trigger.kind in ("sla", "deadline", "approval"):
        _raised(findings, key, rule)
    for i, action in enumerate(rule.actions):
        _action(findings, key, ("then", i), action, entity)


def _trend(findings: Findings, key: tuple[str, str], rule: Rule) -> None:
    spec = rule.trigger.spec
    of = findings.entity(key, ["on", "trend", "of"], spec["of"])
    if of is not None:
        for name in ("via", "date"):
            findings.field(key, ["on", "trend", name], of, spec[name])
        value = spec["measure"].partition(":")[2]
        if value:
            findings.field(key, ["on", "trend", "measure"], of, value)


def _raised(findings: Findings, key: tuple[str, str], rule: Rule) -> None:
    """Look up the policy, deadline or approval that a rule waits for, as far as there are documents of the kind."""
    kind = rule.trigger.kind
    name = "policy" if kind == "sla" else kind
    if name in rule.trigger.spec and kind in KINDS:
        known = {identifier for one, identifier in findings.catalog.documents if one == kind}
        findings.known(key, ["on", kind, name], rule.trigger.spec[name], known, kind)


def _start(findings: Findings, key: tuple[str, str], document: Any) -> None:
    """Look up what the trigger of an approval names."""
    entity = findings.catalog.entities.get(document["entity"])
    if entity is None:
        return
    for kind, spec in document.get("start", {}).items():
        for name in spec.get("fields", ()):
            findings.field(key, ["start", kind, "fields"], entity, name)
        if kind == "stage":
            _stage_trigger(findings, key, spec, entity, "start")


def _stage_trigger(
    findings: Findings, key: tuple[str, str], spec: Mapping[str, Any], entity: Entity, at: str = "on"
) -> None:
    if not entity.pipelines:
        findings.say(
            key, [at], "no-pipeline", f"{entity.id} has no pipeline, so no stage of it is ever entered or left"
        )
        return
    stages = _stages(findings, entity)
    for side, named in spec.items():
        for stage in [named] if isinstance(named, str) else named:
            findings.known(key, [at, "stage", side], stage, stages, f"stage of {entity.id}")


def _stages(findings: Findings, entity: Entity) -> set[str]:
    return {stage for one in entity.pipelines for stage in findings.catalog.pipelines[one].stages}


def _action(
    findings: Findings, key: tuple[str, str], at: tuple[str | int, ...], action: Action, entity: Entity | None
) -> None:
    spec = action.spec
    for said in ("message", "rest"):
        if said in spec:
            messages = {name for kind, name in findings.catalog.documents if kind == "message"}
            findings.known(key, (*at, said), spec[said], messages, "message")
    if "calendar" in spec:
        calendars = {name for kind, name in findings.catalog.documents if kind == "calendar"}
        findings.known(key, (*at, "calendar"), spec["calendar"], calendars, "calendar")
    if action.do == "request_approval":
        approvals = {name: one for (kind, name), one in findings.catalog.documents.items() if kind == "approval"}
        if findings.known(key, (*at, "approval"), spec["approval"], approvals, "approval") and entity is not None:
            other = approvals[spec["approval"]]["entity"]
            if other != entity.id:
                message = f"“{spec['approval']}” is about {other}, not about {entity.id}"
                findings.say(key, (*at, "approval"), "wrong-entity", message)
    if "policy" in spec:
        _about(findings, key, (*at, "policy"), "sla", spec, entity)
    if "sequence" in spec:
        _about(findings, key, (*at, "sequence"), "sequence", spec, entity)
    if action.do in ("set_field", "add_score") and entity is not None:
        findings.field(key, (*at, "field"), entity, spec["field"])
    if action.do == "move_stage" and entity is not None:
        if entity.pipelines:
            findings.known(key, (*at, "to"), spec["to"], _stages(findings, entity), f"stage of {entity.id}")
        else:
            findings.say(key, (*at, "do"), "no-pipeline", f"{entity.id} has no pipeline, so no record of it can move")
    if action.do == "suggest":
        _suggestion(findings, key, at, spec, entity)
    if action.do == "create_record" and (target := findings.entity(key, (*at, "entity"), spec["entity"])) is not None:
        for name in spec["values"]:
            findings.field(key, (*at, "values", name), target, name)


def _about(
    findings: Findings,
    key: tuple[str, str],
    at: tuple[str | int, ...],
    kind: str,
    spec: Mapping[str, Any],
    entity: Entity | None,
) -> None:
    """Look up the SLA policy or sequence that an action names; it is about the record, unless another one is said."""
    name = spec[str(at[-1])]
    documents = {identifier: one for (of, identifier), one in findings.catalog.documents.items() if of == kind}
    if not findings.known(key, at, name, documents, kind) or entity is None or "record" in spec:
        return
    other = documents[name]["entity"]
    if other != entity.id:
        message = f"“{name}” is about {other}, not about {entity.id}; say by record which one is meant"
        findings.say(key, at, "wrong-entity", message)


def _suggestion(
    findings: Findings, key: tuple[str, str], at: tuple[str | int, ...], spec: Mapping[str, Any], entity: Entity | None
) -> None:
    target = findings.entity(key, (*at, "entity"), spec["entity"]) if "entity" in spec else entity
    if target is not None:
        for name in spec.get("values", ()):
            findings.field(key, (*at, "values", name), target, name)
    if "stage" in spec and entity is not None:
        if entity.pipelines:
            findings.known(key, (*at, "stage"), spec["stage"], _stages(findings, entity), f"stage of {entity.id}")
        else:
            message = f"{entity.id} has no pipeline, so no record of it can move"
            findings.say(key, (*at, "stage"), "no-pipeline", message)


def _clock(findings: Findings, key: tuple[str, str], document: Any) -> None:
    entity = findings.entity(key, ["entity"], document["entity"])
    if entity is not None and "from" in document:
        findings.field(key, ["from"], entity, document["from"])


def _role(findings: Findings, role: Role) -> None:
    key = ("role", role.id)
    entities = findings.catalog.entities
    for i, grant in enumerate(role.grants):
        at = ("grants", i, "entity")
        if grant.entity.endswith("*"):
            prefix = grant.entity[:-1]
            if not any(one.startswith(prefix) for one in entities):
                findings.say(key, at, "unknown-name", f"no entity fits “{grant.entity}”{_spaces(prefix, entities)}")
            continue
        entity = findings.entity(key, at, grant.entity)
        for name in grant.fields if entity is not None else ():
            if name != "*" and entity is not None:
                findings.field(key, ("grants", i, "fields", name), entity, name)


def _spaces(prefix: str, entities: Iterable[str]) -> str:
    return near(prefix, {f"{one.partition('.')[0]}." for one in entities})


def _parameter(findings: Findings, parameter: Parameter) -> None:
    key = ("parameter", parameter.id)
    document = parameter.document
    if parameter.value is None:
        choices = [one["id"] for one in document.get("options", ())]
        expected = f"one of {', '.join(choices)}" if choices else f"a value of the type {parameter.type}"
        message = f"the default “{document['default']}” does not fit; expected {expected}"
        findings.say(key, ["default"], "wrong-type", message)
    elif parameter.type in _NUMBERS:
        value = Decimal(parameter.value)
        least, most = (Decimal(document[one]) if one in document else value for one in ("minimum", "maximum"))
        if not least <= value <= most:
            message = f"the default {value} does not lie between {least} and {most}"
            findings.say(key, ["default"], "out-of-range", message)


def _message(findings: Findings, key: tuple[str, str], document: Any) -> None:
    for part in ("title", "body"):
        for match in _BRACES.finditer(document.get(part, "")):
            if match["wrong"]:
                message = f"“{match['wrong']}” is no placeholder; write {{field}} or {{reference.field}}, and {{{{ for a brace"
                findings.say(key, [part], "bad-placeholder", message)
