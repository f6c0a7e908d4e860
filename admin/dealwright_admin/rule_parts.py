"""A rule as the inputs of a form, and back: its trigger, its condition, its actions, how often and in which order it acts.

The inputs of triggers and actions follow from the schema of rules, plugins' actions included; what only the definitions
know (fields, stages, documents, people) is offered to choose from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import schemas
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright_admin import inputs, rule_words, words

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright_admin.inputs import Choices, Input

#: Moments that the platform keeps of each record, from which time may be counted.
_MOMENTS: Final = ("last_activity_at", "stage_entered_at", "updated_at", "created_at")
#: Key to the kind of document that it names.
_DOCUMENTS: Final[Mapping[str, str]] = {
    "policy": "sla", "deadline": "deadline", "approval": "approval", "sequence": "sequence", "message": "message",
    "rest": "message", "calendar": "calendar",
}  # fmt: skip
#: Keys of a rule that a page shows as they are.
_PLAIN: Final = ("once_per", "mode")


def rule_schema() -> Mapping[str, Any]:
    """Return the schema of a whole rule, with the actions of plugins."""
    return schemas.definition("rule")


def closed(own: bool) -> frozenset[str]:
    """Return the attributes of a rule that only the pack that defines it may change; none of one's own."""
    found = {key for key, part in rule_schema()["properties"].items() if part.get("x-merge") != "last"}
    return frozenset() if own else frozenset(found)


def triggers() -> Mapping[str, Any]:
    """Return the kinds of triggers: name to schema."""
    found: Mapping[str, Any] = rule_schema()["properties"]["on"]["properties"]
    return found


def doings() -> Sequence[str]:
    """Return the kinds of actions."""
    found: Sequence[str] = _action()["properties"]["do"]["enum"]
    return found


def _action() -> Mapping[str, Any]:
    found: Mapping[str, Any] = rule_schema()["properties"]["then"]["items"]
    return found


def keys_of(do: str) -> list[str]:
    """Return the keys that an action of this kind may have, in the order of the schema."""
    limits = _action()["dependentSchemas"]

    def may(key: str) -> bool:
        limit = limits.get(key, {}).get("properties", {}).get("do")
        if limit is not None:
            return do in limit["enum"]
        return all(may(one) for one in limits.get(key, {}).get("required", ()))  # “rest” stands beside “at_most” only

    return [key for key in _action()["properties"] if key != "do" and may(key)]


def needed(do: str) -> frozenset[str]:
    """Return the keys that an action of this kind must have."""
    found: set[str] = set()
    for one in _action()["allOf"]:
        said = one["if"]["properties"]["do"]
        if do in said.get("enum", [said.get("const")]):
            found.update(one["then"].get("required", ()))
    return frozenset(found)


def trigger_inputs(catalog: Catalog, document: Mapping[str, Any]) -> list[Input]:
    """Return the inputs of what wakes a rule."""
    kind, spec = rule_words.triggered(document)
    schema = triggers().get(kind)
    if schema is None:
        return []
    return inputs.of(
        "on", schema, list(schema["properties"]), spec, labels=rule_words.label, words=rule_words.choice,
        known=lambda key: _of_trigger(catalog, document, kind, key, spec), required=schema.get("required", ()),
        at=f"on/{kind}",
    )  # fmt: skip


def action_inputs(catalog: Catalog, document: Mapping[str, Any], index: int, one: Mapping[str, Any]) -> list[Input]:
    """Return the inputs of an action, which stands at a place in its rule."""
    do = str(one.get("do", ""))
    found = inputs.of(
        f"a{index}", _action(), keys_of(do), one, labels=rule_words.label, words=rule_words.choice,
        known=lambda key: _of_action(catalog, document, do, key, one), required=sorted(needed(do)), at=f"then/{index}",
    )  # fmt: skip
    if do in ("move_stage", "call_webhook"):  # “to” is a place there, not a person
        found = [replace(x, label=_to(do)) if x.key == "to" else x for x in found]
    return found


def _to(do: str) -> str:
    return gettext("Stage") if do == "move_stage" else gettext("Connection")


def _of_trigger(
    catalog: Catalog, document: Mapping[str, Any], kind: str, key: str, spec: Mapping[str, Any]
) -> tuple[str, Choices] | None:
    entity = catalog.entities.get(str(document.get("entity", "")))
    match (kind, key):
        case ("record", "fields"):
            return "picks", _fields(catalog, entity, stored=True)
        case ("stage", "entered" | "left"):
            return "picks", _stages(catalog, entity)
        case ("idle", "of") | ("after", "field"):
            return "choice", _moments(catalog, entity)
        case ("event", "type") | ("count", "event"):
            return "text", [(one, one) for one in _sent(catalog)]
        case ("count" | "trend", "where") | ("schedule", "filter"):
            return "expression", ()
        case ("trend", "of"):
            return "choice", _entities(catalog)
        case ("trend", "via"):
            to = document.get("entity")
            about = catalog.entities.get(str(spec.get("of", "")))
            return "choice", _chosen(catalog, about, lambda one: one.to == to)
        case ("trend", "date"):
            about = catalog.entities.get(str(spec.get("of", "")))
            return "choice", _chosen(catalog, about, lambda one: one.type in ("date", "datetime"))
        case (_, key) if key in _DOCUMENTS:
            return "choice", [("", gettext("any")), *_documents(catalog, _DOCUMENTS[key])]
        case (_, "event"):
            options = triggers()[kind]["properties"]["event"]["enum"]
            return "choice", [("", gettext("anything")), *((one, rule_words.choice(one)) for one in options)]
        case _:
            return None


def _of_action(
    catalog: Catalog, document: Mapping[str, Any], do: str, key: str, one: Mapping[str, Any]
) -> tuple[str, Choices] | None:
    entity = catalog.entities.get(str(document.get("entity", "")))
    match key:
        case "field":
            numbers = ("integer", "decimal", "percent", "money", "rating") if do == "add_score" else ()
            return "choice", _fields(catalog, entity, only=numbers, assigned=do == "set_field")
        case "to" | "stage" if do in ("move_stage", "suggest"):
            return "choice", _stages(catalog, entity, blank=True)
        case "to" if do == "call_webhook":
            return "text", ()
        case "to" | "assignee":
            return "suggested", _people(catalog, entity)
        case "value":
            choices = values(catalog, entity, str(one.get("field", "")))
            return "suggested" if choices else "expression", choices
        case "points" | "record":
            return "expression", ()
        case "values":
            about = catalog.entities.get(str(one["entity"])) if "entity" in one else _target(catalog, entity, do, one)
            return "values", _fields(catalog, about, assigned=True)
        case "entity":
            return "choice", _entities(catalog)
        case _ if key in _DOCUMENTS:
            return "choice", [("", gettext("none")), *_documents(catalog, _DOCUMENTS[key])]
        case _:
            return None


def _target(catalog: Catalog, entity: Entity | None, do: str, one: Mapping[str, Any]) -> Entity | None:
    """Return the entity whose fields an action sets that names none: that of the record, or of the one referred to."""
    if do != "update_record" or entity is None:
        return entity if do == "suggest" else None
    field = entity.field(str(one.get("record", "")))
    return catalog.entities.get(field.to) if field is not None and isinstance(field.to, str) else None


def _fields(
    catalog: Catalog, entity: Entity | None, *, only: Sequence[str] = (), stored: bool = False, assigned: bool = False
) -> list[tuple[str, str]]:
    """Return own fields that can be chosen; with ``assigned`` also owner and team."""
    if entity is None:
        return []
    unsaved = ("rollup", "lookup", "static") if stored else ("rollup", "lookup", "static", "formula", "autonumber")
    found = [
        (one.id, i18n.field_text(catalog, entity, one))
        for one in entity.fields.values()
        if one.type not in unsaved and (not only or one.type in only)
    ]
    system = ("owner", "team") if assigned else ("owner", "team", "stage", "status") if stored else ()
    found += [(one, i18n.field_text(catalog, entity, field)) for one in system if (field := entity.field(one))]
    return list(dict(found).items())


def _chosen(catalog: Catalog, entity: Entity | None, fits: Any) -> list[tuple[str, str]]:
    if entity is None:
        return [("", "–")]
    fields = [one for one in entity.all_fields().values() if fits(one)]
    return [("", "–"), *((one.id, i18n.field_text(catalog, entity, one)) for one in fields)]


def _moments(catalog: Catalog, entity: Entity | None) -> list[tuple[str, str]]:
    return _chosen(
        catalog,
        entity,
        lambda one: (one.type in ("date", "datetime") and not one.system) or one.id in _MOMENTS,
    )


def _stages(catalog: Catalog, entity: Entity | None, *, blank: bool = False) -> list[tuple[str, str]]:
    found = {
        one.id: i18n.stage_title(catalog, pipeline, one)
        for pipeline in catalog.pipelines.values()
        if entity is not None and pipeline.entity == entity.id
        for one in pipeline.stages.values()
    }
    return [*([("", "–")] if blank else ()), *found.items()]


def _entities(catalog: Catalog) -> list[tuple[str, str]]:
    found = [(one.id, i18n.entity_title(catalog, one)) for one in catalog.entities.values()]
    return [("", "–"), *sorted(found, key=lambda one: one[1])]


def _documents(catalog: Catalog, kind: str) -> list[tuple[str, str]]:
    found = [(one, words.document(catalog, kind, one)) for of, one in catalog.documents if of == kind]
    return sorted(found, key=lambda one: one[1])


def _people(catalog: Catalog, entity: Entity | None) -> list[tuple[str, str]]:
    """Return expressions that give a person: the owner, his manager, who is named on the record."""
    found = [("owner", gettext("The owner")), ("owner.manager", gettext("The manager of the owner"))]
    if entity is not None:
        for one in entity.fields.values():
            if one.type in ("user", "team"):
                found.append((one.id, i18n.field_text(catalog, entity, one)))
    return found


def values(catalog: Catalog, entity: Entity | None, name: str) -> list[tuple[str, str]]:
    """Return the constants that a field can be set to, as an expression says them."""
    field = entity.field(name) if entity is not None else None
    if entity is None or field is None:
        return []
    if field.type == "boolean":
        return [("true", gettext("yes")), ("false", gettext("no"))]
    return [(f"'{one.id}'", i18n.option_title(catalog, entity, field, one)) for one in field.options]


def _sent(catalog: Catalog) -> list[str]:
    """Return the types of events that rules wait for already."""
    found: set[str] = set()
    for one in catalog.rules.values():
        spec = one.trigger.spec
        found.update(str(spec[key]) for key in ("type", "event") if isinstance(spec.get(key), str) and "." in spec[key])
    return sorted(found | {"engagement.opened"})


def begun(identifier: str, title: str, entity: str, kind: str, do: str) -> dict[str, Any]:
    """Return a new rule of an entity with a trigger and an action of these kinds."""
    return {
        "kind": "rule", "id": identifier, "lang": 1, "title": title, "entity": entity, "on": {kind: trigger_of(kind)},
        "then": [action_of(do)], "once_per": "record" if kind in ("count", "event") else "always", "priority": 900,
        "mode": "live",
    }  # fmt: skip


def trigger_of(kind: str) -> dict[str, Any]:
    """Return what a new trigger of a kind begins with."""
    found: Mapping[str, dict[str, Any]] = {
        "record": {"events": ["created", "updated"]},
        "stage": {"entered": []},
        "event": {"type": "engagement.opened"},
        "count": {"event": "engagement.opened", "at_least": 3, "within": "P30D"},
        "idle": {"of": "last_activity_at", "for": "P7D"},
        "after": {"field": "created_at", "offset": "P7D"},
        "schedule": {"every": "week", "on": "monday", "at": "09:00"},
        "trend": {"measure": "count", "of": "", "via": "", "date": "", "per": "month", "periods": 3, "change": -15},
        "sla": {"event": "breached"},
        "deadline": {"event": "missed"},
        "approval": {"event": "approved"},
    }
    return found.get(kind, {})


def action_of(do: str) -> dict[str, Any]:
    """Return what a new action of a kind begins with."""
    told = gettext("Have a look at this")
    found: Mapping[str, dict[str, Any]] = {
        "create_task": {"assignee": "owner", "title": told, "due": "P3D"},
        "notify": {"to": "owner", "title": told},
        "assign": {"to": "owner.manager"},
        "set_field": {"value": None},
        "suggest": {"title": told, "reason": told},
    }
    return {"do": do, **found.get(do, {})}


def read(form: MultiDict[str, str], document: Mapping[str, Any], catalog: Catalog, *, own: bool) -> dict[str, Any]:
    """Return a rule as a form says it shall be; what the form does not show, or may not change, stays."""
    made = dict(document)
    locked = closed(own)
    if title := (form.get("title", "").strip() or form.get("title.zh-CN", "").strip()):
        made["title"] = title[:200]
    for key in ("description", "if", *_PLAIN):
        if key in form and key not in locked and inputs.plain(form[key]) != str(document.get(key, "")).strip():
            _put(made, key, inputs.plain(form[key]))
    if "priority" in form and (typed := form["priority"].strip()) != str(document.get("priority", "")):
        _put(made, "priority", inputs.number(typed))
    if "on" not in locked:
        made["on"] = _trigger(form, document, catalog)
    if "then" not in locked and "card" in form:
        made["then"] = _actions(form, document, catalog)
    return made


def _trigger(form: MultiDict[str, str], document: Mapping[str, Any], catalog: Catalog) -> dict[str, Any]:
    kind, spec = rule_words.triggered(document)
    wanted = form.get("on.kind", kind)
    if wanted != kind and wanted in triggers():
        return {wanted: trigger_of(wanted)}
    return {kind: inputs.read(form, trigger_inputs(catalog, document), spec)}


def _actions(form: MultiDict[str, str], document: Mapping[str, Any], catalog: Catalog) -> list[dict[str, Any]]:
    before = list(document.get("then", ()))
    made = []
    for text in form.getlist("card"):
        if not text.isdigit() or int(text) >= len(before):
            continue
        index, one = int(text), dict(before[int(text)])
        wanted = form.get(f"a{index}.do", "") or str(one.get("do", ""))
        if wanted != one.get("do") and wanted in doings():
            kept = {key: value for key, value in one.items() if key in keys_of(wanted) and key not in ("to", "values")}
            made.append({**action_of(wanted), **kept, "do": wanted})
        else:
            made.append(inputs.read(form, action_inputs(catalog, document, index, one), one))
    return made or before


def done(document: dict[str, Any], doing: str) -> None:
    """Do to the actions what a button asks for: ``add:1``, ``up:1``, ``down:0``, ``remove:1``, ``copy:0``."""
    what, _, which = doing.partition(":")
    listed: list[dict[str, Any]] = list(document["then"])
    document["then"] = listed
    if not which.isdigit():
        return
    place = min(int(which), len(listed))
    if what == "add":
        listed.insert(place, action_of("create_task"))
    elif place == len(listed):
        return
    elif what == "copy":
        listed.insert(place + 1, dict(listed[place]))
    elif what == "remove" and len(listed) > 1:
        listed.pop(place)
    elif what in ("up", "down"):
        other = place + (1 if what == "down" else -1)
        if 0 <= other < len(listed):
            listed[place], listed[other] = listed[other], listed[place]


def _put(made: dict[str, Any], key: str, value: Any) -> None:
    """Set what has a value, and leave out what has none."""
    if value in ("", None):
        made.pop(key, None)
    else:
        made[key] = value
