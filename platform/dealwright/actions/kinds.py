"""Each kind of action: from its values on one record to effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dealwright import calendars
from dealwright.actions.effects import (
    AdvanceSequence,
    Archive,
    Bound,
    CreateRecord,
    Deliver,
    Effect,
    MoveStage,
    RequestApproval,
    SetField,
    StartSequence,
    StartSla,
    StopSequence,
    StopSla,
    Suggest,
    Tell,
    UpdateRecord,
)
from dealwright.actions.messages import filled, message
from dealwright.actions.plain import moment, plain, readable
from dealwright.fields.decimals import exact

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.rules import CompiledAction


@dataclass(frozen=True, slots=True)
class Subject:
    """The record that an action is about, and what it was decided on."""

    catalog: Catalog
    entity: str
    record: str
    rule: str
    env: Mapping[str, Any]


def apply(action: CompiledAction, subject: Subject) -> list[Effect]:
    """Return what the action asks for on this record. Pure; values that cannot be worked out are empty.

    Raises:
        KeyError: If the catalog holds an action that no longer exists; ``rules.problems`` refuses such a catalog.
    """
    values = {name: plain(condition.evaluate(subject.env)) for name, condition in action.values.items()}
    if action.do in ACTIONS:
        return ACTIONS[action.do](action, values, subject)
    if "__" not in action.do:
        raise KeyError(action.do)
    # A plugin's. Where it is gone the save goes on, and the message waits in the outbox for its return.
    return [Deliver(action.do, action.do, _sent(values, subject))]


def _set_field(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [SetField(action.spec["field"], values.get("value"))]


def _add_score(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    points = action.values["points"].evaluate(subject.env)
    if isinstance(points, float):  # of an event
        points = exact(points)
    if isinstance(points, bool) or not isinstance(points, int | Decimal):
        return []
    name = action.spec["field"]
    total = (subject.env.get(name) or 0) + points
    low, high = _bounds(subject.catalog, subject.entity, name)
    if low is not None:
        total = max(total, low)
    return [SetField(name, plain(total if high is None else min(total, high)))]


def _bounds(catalog: Catalog, entity_id: str, name: str) -> tuple[Any, Any]:
    """Return the least and the greatest value that a number of an entity may have; None for no bound."""
    field = catalog.entity(entity_id).fields[name]
    kind = int if field.type == "integer" else exact
    least, most = field.spec.get("minimum"), field.spec.get("maximum")
    return None if least is None else kind(least), None if most is None else kind(most)


def _running(key: str, effect: Callable[[str, str], Effect]) -> _Kind:
    """Return an action that starts or stops what its ``key`` names, on the record or on the one that is said."""

    def running(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
        record = values.get("record", subject.record)
        return [] if record is None else [effect(action.spec[key], record)]

    return running


def _assign(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [SetField("owner", values["to"])]


def _move_stage(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [MoveStage(action.spec["to"], _text(action, "reason", subject))]


def _archive(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [Archive()]


def _create_record(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [CreateRecord(action.spec["entity"], _data(action, action.spec["entity"], values, subject))]


def _update_record(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    record, entity = values["record"], action.values["record"].type.entity
    if record is None or entity is None:
        return []
    written = {name: value for name, value in values.items() if name in action.spec["values"]}
    return [UpdateRecord(entity, record, _data(action, entity, written, subject))]


def _data(action: CompiledAction, entity_id: str, values: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
    entity = subject.catalog.entities.get(entity_id)
    data = dict(values)
    for name, value in values.items():
        # A reference to any entity is told which: the one that the expression leads to, mostly this record's.
        field = entity.fields.get(name) if entity is not None else None
        if field is not None and field.type == "any_reference" and isinstance(value, str):
            data[name] = {"entity": action.values[name].type.entity or subject.entity, "id": value}
    return data


def _create_task(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    data: dict[str, Any] = {"title": _text(action, "title", subject) or subject.rule, "about": _about(subject)}
    body = _text(action, "body", subject)
    if body:
        data["description"] = body
    if values.get("assignee") is not None:
        data["assignee"] = data["owner"] = values["assignee"]
    if "due" in action.spec:
        data["due"] = moment(_due(action, values, subject))
    return [CreateRecord("base.task", data, _bound(action, values, subject, data))]


def _bound(
    action: CompiledAction, values: Mapping[str, Any], subject: Subject, data: Mapping[str, Any]
) -> Bound | None:
    """Return how many such tasks the assignee gets on a day; None where nobody is named or as many as there are."""
    if "at_most" not in action.spec or values.get("assignee") is None:
        return None
    said = action.spec["at_most"]
    placed = _placed(action, subject)
    title, body = (filled(message(subject.catalog, action.spec["rest"], part), placed) for part in ("title", "body"))
    kept = {name: data[name] for name in ("assignee", "owner", "due") if name in data}
    rest = {**kept, "title": title, **({"description": body} if body else {})}
    return Bound(values["assignee"], int(values.get("at_most", said)), rest)


def _notify(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return _tell(action, values, subject, ("in_app",))


def _send_message(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    document = subject.catalog.documents.get(("message", action.spec["message"]), {})
    return _tell(action, values, subject, tuple(document.get("channels", ("in_app",))))


def _tell(
    action: CompiledAction, values: Mapping[str, Any], subject: Subject, channels: tuple[str, ...]
) -> list[Effect]:
    to = values.get("to")
    who = tuple(dict.fromkeys(one for one in (to if isinstance(to, list) else [to]) if one))
    if not who:
        return []
    spec = action.spec
    # A text is an address; only a notification can be for everybody.
    people = action.values["to"].type.kind != "text" or action.do == "notify"
    return [
        Tell(
            to=who if people else (),
            addresses=() if people else who,
            message=spec.get("message", ""),
            title=str(spec.get("title", "")) or subject.rule,
            body=str(spec.get("body", "")),
            values=_placed(action, subject),
            channels=channels,
        )
    ]


def _call_webhook(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [Deliver("webhook", action.spec["to"], _sent(values, subject))]


def _sent(values: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
    """Return what another system is told: which rule, about which record, and the values of the action."""
    return {"rule": subject.rule, "entity": subject.entity, "record": subject.record, "values": dict(values)}


def _request_approval(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [RequestApproval(action.spec["approval"])]


def _suggest(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    spec = action.spec
    does: dict[str, Any] | None = None
    if "stage" in spec:
        does = {"do": "move", "to": spec["stage"]}
    elif "values" in spec:
        written = {name: value for name, value in values.items() if name in spec["values"]}
        target = spec.get("entity", subject.entity)
        data = _data(action, target, written, subject)
        does = {"do": "create", "entity": target, "data": data} if "entity" in spec else {"do": "update", "data": data}
    until = _due(action, values, subject) if "due" in spec else None
    return [
        Suggest(
            message=str(spec.get("message", "")),
            title=str(spec.get("title", "")),
            reason=str(spec.get("reason", "")),
            values=_placed(action, subject),
            does=does,
            until=until,
        )
    ]


def _about(subject: Subject) -> dict[str, str]:
    return {"entity": subject.entity, "id": subject.record}


def _text(action: CompiledAction, part: str, subject: Subject) -> str:
    """Return the title or body: of the message document if the action names one, else the action's own text."""
    spec = action.spec
    text = message(subject.catalog, spec["message"], part) if "message" in spec else str(spec.get(part, ""))
    return filled(text, _placed(action, subject))


def _placed(action: CompiledAction, subject: Subject) -> dict[str, Any]:
    """Return what stands for each placeholder of an action's texts."""
    return {name: readable(one.evaluate(subject.env)) for name, one in action.placeholders.items()}


def _due(action: CompiledAction, values: Mapping[str, Any], subject: Subject) -> datetime:
    """Return when a task is due; its parameter is worked out with the other values."""
    period = calendars.written(action.spec["due"], lambda _: values["due"])
    return calendars.later(subject.catalog, subject.env["now()"], period, action.spec.get("calendar"))


_Kind = Callable[["CompiledAction", Mapping[str, Any], Subject], list[Effect]]

#: Every action by its name in ``do``.
ACTIONS: Mapping[str, _Kind] = {
    "add_score": _add_score,
    "advance_sequence": _running("sequence", AdvanceSequence),
    "archive": _archive,
    "assign": _assign,
    "call_webhook": _call_webhook,
    "create_record": _create_record,
    "create_task": _create_task,
    "move_stage": _move_stage,
    "notify": _notify,
    "request_approval": _request_approval,
    "send_message": _send_message,
    "set_field": _set_field,
    "start_sequence": _running("sequence", StartSequence),
    "start_sla": _running("policy", StartSla),
    "stop_sequence": _running("sequence", StopSequence),
    "stop_sla": _running("policy", StopSla),
    "suggest": _suggest,
    "update_record": _update_record,
}
