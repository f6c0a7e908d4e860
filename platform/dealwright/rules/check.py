"""What is wrong with the rules of a catalog, beyond names that lead nowhere and conditions that do not parse.

Those two are found by :mod:`dealwright.metadata.references` and :func:`dealwright.conditions.problems`, for documents
of every kind. Here it is asked whether a rule can ever be woken, and whether the values fit what they are given to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from dealwright import conditions, plugins
from dealwright.conditions import types
from dealwright.conditions.syntax import Literal, Name
from dealwright.errors import ConditionError, Problem
from dealwright.metadata import ladders, names
from dealwright.metadata.system import ASSIGNABLE
from dealwright.rules import actions, sequences, trigger, windows

if TYPE_CHECKING:
    from dealwright.conditions import Condition
    from dealwright.conditions.types import Type
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Action, Field, Rule

#: For each action and key that names people, the entities whose records may stand there.
_PEOPLE: Final = {
    ("assign", "to"): ("base.user", "base.team"),
    ("notify", "to"): ("base.user", "base.team"),
    ("send_message", "to"): ("base.user", "base.team"),
    ("create_task", "assignee"): ("base.user",),
}


def problems(catalog: Catalog) -> list[Problem]:
    """Return what is wrong with each rule, drafts included: pointers into the document, ``source`` ``rule:<id>``."""
    found = [
        Problem(one.pointer, one.code, one.message, f"rule:{rule.id}")
        for rule in catalog.rules.values()
        for one in (
            *trigger.problems(catalog, rule),
            *_window_problems(catalog, rule),
            *_action_problems(catalog, rule),
        )
    ]
    found += sequences.problems(catalog)
    for step in ladders.steps(catalog):
        places = [step.place(index) for index in range(len(step.rule.actions))]
        found += [
            Problem(f"{step.pointer}{one.pointer.removeprefix('/on')}", one.code, one.message, f"{step.kind}:{step.id}")
            for one in (trigger.problems(catalog, step.rule) if not step.event else ())
        ]
        for one in _action_problems(catalog, step.rule, places):
            found.append(Problem(one.pointer, one.code, one.message, f"{step.kind}:{step.id}"))
    return found


def _window_problems(catalog: Catalog, rule: Rule) -> Iterator[Problem]:
    if rule.once_per not in windows.KINDS:
        known = ", ".join(windows.KINDS)
        yield Problem(
            "/once_per", "window-not-supported", f"“{rule.once_per}” is not supported yet; use one of {known}"
        )
    entity = catalog.entities.get(rule.entity)
    if rule.once_per == "stage_visit" and entity is not None and not entity.pipelines:
        yield Problem(
            "/once_per",
            "no-pipeline",
            f"“{rule.entity}” has no pipeline, so there are no visits of a stage; use record",
        )


def _action_problems(catalog: Catalog, rule: Rule, places: Sequence[str] | None = None) -> Iterator[Problem]:
    """Yield what is wrong with the actions of a rule, which stand at ``places`` of their document."""
    if rule.entity not in catalog.entities:
        return  # without the entity nothing can be said of its fields
    for place, action in enumerate(rule.actions):
        pointer = f"/then/{place}" if places is None else places[place]
        known = {*actions.EXPRESSIONS, *plugins.installed().actions()}
        if action.do not in known:
            near = get_close_matches(action.do, sorted(known), n=1)
            hint = f"did you mean “{near[0]}”?" if near else f"use one of {', '.join(sorted(known))}"
            yield Problem(f"{pointer}/do", "unknown-action", f"there is no action “{action.do}”; {hint}")
            continue
        for key, name, source in actions.expressions(action):
            value = _value(catalog, rule, source)
            if value is not None:
                yield from _value_problems(catalog, rule, action, f"{pointer}{key}", name, value)
        for key, source in actions.placeholders(catalog, action):
            try:
                _compiled(catalog, rule, source)
            except ConditionError as error:
                yield Problem(f"{pointer}{key}", "placeholder-invalid", f"{{{source}}} in the text: {error.message}")


def _compiled(catalog: Catalog, rule: Rule, source: str) -> Condition:
    return conditions.of(catalog, rule.entity, source, "value", namespace=names.namespace_of(rule.id))


def _value(catalog: Catalog, rule: Rule, source: str) -> Condition | None:
    try:
        return _compiled(catalog, rule, source)
    except ConditionError:
        return None  # conditions.problems tells of it


def _value_problems(
    catalog: Catalog, rule: Rule, action: Action, pointer: str, name: str, value: Condition
) -> Iterator[Problem]:
    people = _PEOPLE.get((action.do, name))
    if people is not None:
        if action.do == "send_message" and value.type.kind == "text":
            yield from _address_problems(catalog, action, pointer)
        elif action.do == "notify" and isinstance(value.ast, Literal) and value.ast.value == names.EVERYBODY:
            return
        elif not _is_of_people(value.type, people):
            who = " or ".join(one.partition(".")[2] for one in people)
            yield Problem(pointer, "value-misfit", f"expected a {who}, such as owner; this is {value.type.noun}")
    elif name == "due":
        if value.type.kind != "integer":
            yield Problem(
                pointer, "value-misfit", f"a due time counts whole units; this parameter is {value.type.noun}"
            )
    elif name == "at_most":
        if value.type.kind != "integer":
            yield Problem(pointer, "value-misfit", f"tasks are counted; this parameter is {value.type.noun}")
    elif action.do == "update_record" and name == "record":
        if value.type.kind != "reference" or value.type.entity is None:
            text = f"expected a reference to one record, such as account; this is {value.type.noun}"
            yield Problem(pointer, "value-misfit", text)
    elif name == "record":  # of a clock
        yield from _other_record(catalog, rule, action, pointer, value)
    elif action.do == "add_score":
        yield from _added(catalog, rule, action, pointer, value)
    elif action.do in ("set_field", "create_record", "update_record", "suggest"):
        entity = _written_to(catalog, rule, action)
        if action.do == "update_record" and entity in catalog.entities and _field(catalog, entity, name) is None:
            yield _no_such_field(catalog, entity, name, pointer)
        field = _field(catalog, entity, str(action.spec.get("field")) if action.do == "set_field" else name)
        if field is not None and field.system and field.id not in _settable(action):
            text = f"“{field.id}” is kept by the platform; no rule sets it"
            yield Problem(
                pointer, "not-settable", text + (": a stage is changed by a move" if field.id in _PLACE else "")
            )
        elif field is not None:
            yield from _misfit(catalog, entity, field, value, pointer)


def _other_record(catalog: Catalog, rule: Rule, action: Action, pointer: str, value: Condition) -> Iterator[Problem]:
    """Yield a problem if an expression does not lead to a record that a clock or sequence can run on."""
    named = str(action.spec.get("policy", action.spec.get("sequence")))
    known = catalog.documents.get(("sla" if "policy" in action.spec else "sequence", named))
    about, given = str(known["entity"]) if known is not None else None, _given(value)
    if given.kind not in ("reference", "any", "unknown"):
        text = f"expected a reference to one record, such as account; this is {given.noun}"
        yield Problem(pointer, "value-misfit", text)
    elif given.entity is not None and about is not None and given.entity != about:
        text = f"“{named}” is about {about}; this is {given.noun}"
        yield Problem(pointer, "value-misfit", text)


def _added(catalog: Catalog, rule: Rule, action: Action, pointer: str, value: Condition) -> Iterator[Problem]:
    """Yield a problem if points cannot be added to the field."""
    field = catalog.entities[rule.entity].fields.get(str(action.spec.get("field")))
    if field is None:
        text = f"“{action.spec.get('field')}” is kept by the platform; points are added to a number field of the entity"
        yield Problem(pointer, "not-settable", text)
        return
    wanted = types.of(field, catalog, rule.entity)
    if field.type not in _COUNTED:
        yield Problem(pointer, "value-misfit", f"points are added to a number; “{field.id}” is {wanted.noun}")
    elif not fits(value.type, wanted):
        yield Problem(pointer, "value-misfit", f"“{field.id}” takes {wanted.noun}; this is {value.type.noun}")


def _written_to(catalog: Catalog, rule: Rule, action: Action) -> str:
    """Return the entity whose fields an action sets; empty where that cannot be said."""
    if action.do == "set_field":
        return rule.entity
    if action.do in ("create_record", "suggest"):
        return str(action.spec.get("entity", rule.entity))
    led = _value(catalog, rule, str(action.spec.get("record")))
    return led.type.entity or "" if led is not None and led.type.kind == "reference" else ""


def _no_such_field(catalog: Catalog, entity: str, name: str, pointer: str) -> Problem:
    known = catalog.entities[entity]
    near = get_close_matches(name, known.fields, n=1)
    hint = f"; did you mean “{near[0]}”?" if near else ""
    return Problem(pointer, "unknown-name", f"{known.id} has no field “{name}”{hint}")


def _address_problems(catalog: Catalog, action: Action, pointer: str) -> Iterator[Problem]:
    """Yield a problem if a message to an address has no channel that goes by addresses."""
    document = catalog.documents.get(("message", str(action.spec.get("message"))))
    if document is not None and "email" not in document.get("channels", ()):
        text = f"an address is reached by e-mail, and the message “{document['id']}” has not the channel email"
        yield Problem(pointer, "no-channel", text)


def _settable(action: Action) -> frozenset[str]:
    """Return the system fields that an action may set: a new record may be given its place in a pipeline."""
    return ASSIGNABLE | {"stage", "pipeline"} if action.spec.get("entity") else ASSIGNABLE


def _misfit(catalog: Catalog, entity: str, field: Field, value: Condition, pointer: str) -> Iterator[Problem]:
    wanted, given = types.of(field, catalog, entity), _given(value)
    if not fits(given, wanted):
        yield Problem(pointer, "value-misfit", f"“{field.id}” takes {wanted.noun}; this is {given.noun}")
    elif isinstance(value.ast, Literal) and value.ast.value is None and field.type == "boolean":
        yield Problem(pointer, "value-misfit", f"“{field.id}” is yes or no and cannot be emptied; use false")
    elif isinstance(value.ast, Literal) and isinstance(value.ast.value, str):
        options = wanted.options or (value.ast.value,)
        if value.ast.value not in options:
            near = get_close_matches(value.ast.value, options, n=1)
            hint = f"did you mean “{near[0]}”?" if near else f"expected one of {', '.join(options)}"
            yield Problem(pointer, "unknown-option", f"“{field.id}” has no option “{value.ast.value}”; {hint}")


def _given(value: Condition) -> Type:
    """Return the type of a value; the record's own id, a text by its field, refers to the record."""
    if isinstance(value.ast, Name) and not value.ast.root and value.ast.steps == ("id",):
        return types.Type("reference", entity=value.entity, nullable=False)
    return value.type


def fits(given: Type, wanted: Type) -> bool:
    """Tell whether a value of type ``given`` may be written to a field of type ``wanted``.

    What is known only when it is read (an event's data) passes here and is checked when the record is saved.
    """
    if given.kind in ("null", "any", "unknown") or wanted.kind in ("unknown", "object"):
        return True
    if given.kind == "integer" and wanted.kind == "decimal":
        return True
    if given.kind == "list" and wanted.kind == "set":
        return given.element in (None, wanted.element)
    if given.kind != wanted.kind:
        return False
    if given.kind == "reference":
        return wanted.entity is None or given.entity is None or given.entity == wanted.entity
    if given.kind == "set":
        return given.entity == wanted.entity
    return True


def _is_of_people(given: Type, people: tuple[str, ...]) -> bool:
    if given.kind in ("any", "unknown"):
        return True
    return (given.kind == "reference" or given.element == "reference") and given.entity in people


#: Types of field to which points can be added.
_COUNTED: Final = frozenset({"integer", "decimal", "percent", "money"})
#: Fields that say where a record is in its pipeline.
_PLACE = frozenset({"stage", "status", "pipeline", "pipeline_version", "stage_entered_at"})


def _field(catalog: Catalog, entity_id: str, name: str) -> Field | None:
    entity = catalog.entities.get(entity_id)
    return entity.field(name) if entity else None
