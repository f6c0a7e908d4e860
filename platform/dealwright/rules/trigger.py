"""Which events wake a rule: its ``on``, read once.

    {"record": {"events": ["created"]}}                                a record is new
    {"record": {"events": ["created", "updated"], "fields": ["amount"]}}   ... or this field of it has changed
    {"stage": {"entered": "won"}}   {"stage": {"left": ["needs"]}}     a record has moved (a new one enters its first)
    {"event": {"type": "engagement.opened"}}                           somebody sent this event about a record
    {"count": {...}}                                                   ... so many times (``counting``)
    {"idle": {...}}   {"after": {...}}                                 a moment of a record has come (``timed``)
    {"schedule": {...}}   {"trend": {...}}                             a run looks at the record (``schedules``, ``trends``)
    {"sla": {"policy": "p.x", "event": "reached", "percent": 80}}      the platform tells of a clock or an approval

``updated`` means any change of a living record's fields, a move included: a rule that works with ``stage`` hears of it
like of every other field. ``fields`` holds back updates only. A woken rule still asks its condition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dealwright import events
from dealwright.errors import Problem
from dealwright.rules import counting, schedules, timed, trends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document, Rule

#: What may stand for ``record``, and the types of event it means.
RECORD: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "created": (events.CREATED,),
        "updated": (events.UPDATED, events.MOVED),
        "deleted": (events.DELETED,),
        "restored": (events.RESTORED,),
    }
)
#: Kinds of trigger that wake rules.
KINDS = (
    "record", "stage", "event", "count", "idle", "after", "schedule", "trend", "sla", "deadline", "approval",
)  # fmt: skip
#: Kinds that wait for an event of the platform's own, each with the key of its data that names the document.
RAISED: Mapping[str, str] = MappingProxyType({"sla": "policy", "deadline": "deadline", "approval": "approval"})
#: What has happened to one of them.
HAPPENINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sla": ("started", "paused", "resumed", "stopped", "reached", "breached"),
        "deadline": ("set", "opened", "reached", "missed", "met"),
        "approval": (
            "requested",
            "decided",
            "approved",
            "rejected",
            "returned",
            "recalled",
            "sent_back",
            "handed_over",
            "approver_added",
            "timed_out",
            "dropped",
            "restarted",
            "migrated",
        ),
    }
)
#: Types of field that no save changes.
UNSEEN = frozenset({"rollup", "lookup", "static"})


@dataclass(frozen=True, slots=True)
class Trigger:
    """What wakes a rule.

    Attributes:
        types: Types of event that can wake it.
        fields: An update wakes it only if one of them is among the changes; empty for any change.
        entered: The stage after the event must be one of these; empty for any.
        left: The stage before the event must be one of these; empty for any.
        rule: Id of the rule that the event must name: a timer is that of one rule. Empty for events that name none.
        data: What the data of the event must say, by key.
        counted: What is counted; the event must be one of those.
    """

    types: frozenset[str]
    fields: frozenset[str] = frozenset()
    entered: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    rule: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    counted: counting.Counted | None = None

    def is_woken_by(self, event: Event) -> bool:
        """Tell whether ``event``, which is about a record of the rule's entity, wakes the rule."""
        if event.type not in self.types:
            return False
        if self.rule and event.data.get("rule") != self.rule:
            return False
        if any(event.data.get(key) != value for key, value in self.data.items()):
            return False
        if self.counted is not None and not self.counted.takes(event.data):
            return False
        if self.fields and event.type in RECORD["updated"] and self.fields.isdisjoint(event.changes):
            return False
        before, after = event.changes.get("stage", (None, None))
        return (not self.left or before in self.left) and (not self.entered or after in self.entered)


def read(rule: Rule, counted: counting.Counted | None = None) -> Trigger:
    """Return what wakes ``rule``; without ``types`` if nothing can, which :func:`problems` explains."""
    spec = rule.trigger.spec
    match rule.trigger.kind:
        case "record":
            types = {one for kind in _listed(spec, "events") for one in RECORD.get(kind, ())}
            return Trigger(frozenset(types), fields=_listed(spec, "fields"))
        case "stage":
            entered, left = _listed(spec, "entered"), _listed(spec, "left")
            # A new record enters its first stage; nothing leaves one but by a move.
            types = {events.MOVED} if left else {events.MOVED, events.CREATED}
            return Trigger(frozenset(types), entered=entered, left=left)
        case "event":
            return Trigger(frozenset(one for one in _listed(spec, "type") if events.is_heard(one)))
        case "count":
            return Trigger(frozenset({counted.event}) if counted is not None else frozenset(), counted=counted)
        case "idle" | "after" | "schedule" | "trend":
            return Trigger(frozenset({events.DUE}), rule=rule.id)
        case "sla" | "deadline" | "approval" as kind:
            wanted = [spec["event"]] if "event" in spec else HAPPENINGS[kind]
            data = {key: spec[key] for key in (RAISED[kind], "percent") if key in spec}
            return Trigger(frozenset(f"{kind}.{one}" for one in wanted), data=MappingProxyType(data))
        case _:
            return Trigger(frozenset())


def problems(catalog: Catalog, rule: Rule) -> list[Problem]:
    """Return why the ``on`` of ``rule`` could never wake it, with pointers into its document.

    That its fields and stages exist is looked at with all other names, in :mod:`dealwright.metadata.references`.
    """
    spec, kind = rule.trigger.spec, rule.trigger.kind
    if kind not in KINDS:
        message = f"“{kind}” is no trigger; use one of {', '.join(KINDS)}"
        return [Problem(f"/on/{kind}", "unknown-trigger", message)]
    if (look := _PROBLEMS.get(kind)) is not None:
        return look(catalog, rule)
    found = []
    if kind in RAISED and "percent" in spec and spec.get("event", "reached") != "reached":
        text = "only what is reached has a percent; leave it out, or wait for reached"
        found.append(Problem(f"/on/{kind}/percent", "no-percent", text))
    entity = catalog.entities.get(rule.entity)
    for place, name in _placed(spec, "/on/record/fields"):
        known = entity.field(name) if entity else None
        if known is not None and known.type in UNSEEN:
            message = f"“{name}” is a {known.type} field, worked out when it is read: no save changes it"
            found.append(Problem(place, "field-never-changes", f"{message}. Name the fields that it comes from"))
    for place, name in _placed(spec, "/on/event/type"):
        if not events.is_heard(name):
            families = ", ".join(sorted(events.PLATFORM_FAMILIES))
            message = (
                f"“{name}” is raised by the platform; a rule is woken by events that are sent, of a family other than"
            )
            found.append(Problem(place, "event-not-sendable", f"{message} {families}"))
    return found


def _listed(spec: Document, key: str) -> frozenset[str]:
    """Return the texts under ``key``, which may be one text or a list of them."""
    return frozenset(name for _, name in _placed(spec, f"/{key}"))


def _placed(spec: Document, pointer: str) -> list[tuple[str, str]]:
    """Return (pointer, text) of each text under the last part of ``pointer``."""
    value: Any = spec.get(pointer.rpartition("/")[2])
    if isinstance(value, str):
        return [(pointer, value)]
    return [(f"{pointer}/{place}", one) for place, one in enumerate(value or ()) if isinstance(one, str)]


#: Kinds whose own modules know what is wrong with them.
_PROBLEMS: Mapping[str, Callable[[Catalog, Rule], list[Problem]]] = {
    "idle": timed.problems,
    "after": timed.problems,
    "count": counting.problems,
    "schedule": schedules.problems,
    "trend": trends.problems,
}
