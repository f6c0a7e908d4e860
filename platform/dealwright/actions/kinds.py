"""Each kind of action: from its values on one record to effects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dealwright.actions.effects import CreateRecord, Deliver, Effect, SetField
from dealwright.actions.messages import filled, message, placeholders
from dealwright.actions.plain import moment, plain

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.rules import CompiledAction

_PERIOD = re.compile(r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?\Z")


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
    return ACTIONS[action.do](action.spec, values, subject)


def needs(catalog: Catalog, spec: Mapping[str, Any]) -> frozenset[str]:
    """Return the env keys that the texts of an action's message read."""
    texts = [str(spec.get("title", "")), str(spec.get("body", ""))]
    if isinstance(spec.get("message"), str):
        texts += [message(catalog, spec["message"], part) for part in ("title", "body")]
    return frozenset().union(*map(placeholders, texts))


def _set_field(spec: Mapping[str, Any], values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [SetField(spec["field"], values["value"] if "value" in values else spec.get("value"))]


def _assign(spec: Mapping[str, Any], values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [SetField("owner", values["to"])]


def _create_record(spec: Mapping[str, Any], values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    return [CreateRecord(spec["entity"], {k.removeprefix("values."): v for k, v in values.items() if k != "to"})]


def _create_task(spec: Mapping[str, Any], values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    data: dict[str, Any] = {"title": _text(spec, "title", subject) or subject.rule, "about": _about(subject)}
    body = _text(spec, "body", subject)
    if body:
        data["description"] = body
    if values.get("assignee") is not None:
        data["assignee"] = data["owner"] = values["assignee"]
    if spec.get("due"):
        data["due"] = moment(subject.env["now()"] + period(spec["due"]))
    return [CreateRecord("base.task", data)]


def _notify(spec: Mapping[str, Any], values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    to = values.get("to")
    effects: list[Effect] = []
    for user in dict.fromkeys(to if isinstance(to, list) else [to]):
        if user is not None:
            data = {
                "user": user,
                "owner": user,
                "title": _text(spec, "title", subject) or subject.rule,
                "about": _about(subject),
            }
            body = _text(spec, "body", subject)
            effects.append(CreateRecord("base.notification", {**data, "body": body} if body else data))
    return effects


def _call_webhook(spec: Mapping[str, Any], values: Mapping[str, Any], subject: Subject) -> list[Effect]:
    payload = {
        "rule": subject.rule,
        "entity": subject.entity,
        "record": subject.record,
        "values": {k.removeprefix("values."): v for k, v in values.items()},
    }
    return [Deliver("webhook", spec["to"], payload)]


def _about(subject: Subject) -> dict[str, str]:
    return {"entity": subject.entity, "id": subject.record}


def _text(spec: Mapping[str, Any], part: str, subject: Subject) -> str:
    """Return the title or body: of the message document if the action names one, else the action's own text."""
    text = message(subject.catalog, spec["message"], part) if "message" in spec else str(spec.get(part, ""))
    return filled(text, subject.env)


def period(text: str) -> timedelta:
    """Return an ISO 8601 duration of weeks, days, hours and minutes.

    Raises:
        ValueError: If it is none; months and years have no fixed length.
    """
    match = _PERIOD.match(text)
    if match is None or not any(match.groupdict().values()):
        raise ValueError(f"“{text}” is no duration of weeks, days, hours and minutes such as P1D or PT4H")
    return timedelta(**{unit: int(amount) for unit, amount in match.groupdict().items() if amount})


_Kind = Callable[[Mapping[str, Any], Mapping[str, Any], Subject], list[Effect]]

#: Every action by its name in ``do``.
ACTIONS: Mapping[str, _Kind] = {
    "assign": _assign,
    "call_webhook": _call_webhook,
    "create_record": _create_record,
    "create_task": _create_task,
    "notify": _notify,
    "set_field": _set_field,
}
