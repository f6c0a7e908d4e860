"""What is to be done at each step of a ladder, as rules: woken by the event of the step, decided and explained as such.

An SLA has its ladder under ``escalate``, a deadline its reminders under ``remind``; an approval says what asks for it
under ``start``, and what follows from its ends under ``on_approved``, ``on_rejected`` and ``on_recalled``. A sequence has
its ``steps``, each with a condition of its own if it likes.
A step says ``then``, the actions of a rule, or in short ``to`` whom to say something. The rule of a step is called
``<document>.<step>``; it fires on each event of its step and nothing else, so that its actions happen once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.definitions import Action, Rule, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document

#: Kind of document → where its ladder stands.
LADDERS: Final[Mapping[str, str]] = MappingProxyType({"sla": "escalate", "deadline": "remind"})

#: Kind of document → the key of an event's data that names it.
NAMED: Final[Mapping[str, str]] = MappingProxyType({"sla": "policy", "deadline": "deadline"})

#: Ends of an approval from which something can follow.
ENDS: Final = ("approved", "rejected", "recalled")

#: Type of the event that wakes a step of a sequence.
STEP: Final = "sequence.step"

#: Kinds of document with conditions under :data:`WHENS`.
CONDITIONED: Final = frozenset({*LADDERS, "sequence"})

#: Keys with a condition, or with an event and a condition.
WHENS: Final = ("start", "stop", "pause", "resume", "when", "met_when")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a ladder that does something.

    Attributes:
        kind, id: The document.
        pointer: JSON Pointer to the step in its document.
        path: The same with the step by its id, as findings name it.
        rule: What is done, as a rule.
        event: Type of the event that wakes it; empty where the trigger of its rule says it.
        data: What that event must say.
        short: Whether the step says ``to`` in short: its one action stands in the step itself.
        listed: Whether the step is itself the list of its actions.
    """

    kind: str
    id: str
    pointer: str
    path: tuple[str, ...]
    rule: Rule
    event: str
    data: Mapping[str, Any]
    short: bool
    listed: bool = False

    def place(self, index: int) -> str:
        """Return the pointer to an action of the step."""
        if self.short:
            return self.pointer
        return f"{self.pointer}/{index}" if self.listed else f"{self.pointer}/then/{index}"

    def found(self, index: int) -> tuple[str | int, ...]:
        """Return the path to an action of the step."""
        if self.short:
            return self.path
        return (*self.path, index) if self.listed else (*self.path, "then", index)


def steps(catalog: Catalog) -> tuple[Step, ...]:
    """Return every step of every ladder that does something; made once per catalog."""
    return catalog.once("metadata.ladders", lambda: tuple(_steps(catalog)))


def sources(document: Document) -> Iterator[tuple[str, str]]:
    """Yield (pointer, source) of each condition that says when clocks run or a sequence ends."""
    for key in WHENS:
        written = document.get(key)
        if isinstance(written, str):
            yield f"/{key}", written
        elif isinstance(written, Mapping) and "if" in written:
            yield f"/{key}/if", written["if"]


def _steps(catalog: Catalog) -> Iterator[Step]:
    for (kind, identifier), document in sorted(catalog.documents.items()):
        if kind == "approval":
            yield from _of_approval(identifier, document)
        if kind == "sequence":
            yield from _of_sequence(identifier, document)
        ladder = LADDERS.get(kind)
        for index, step in enumerate(document.get(ladder, ())) if ladder else ():
            actions = _actions(document, step)
            if actions:
                event, data = _event(kind, identifier, step)
                rule = Rule(
                    id=f"{identifier}.{step['id']}",
                    title=document["title"],
                    entity=document["entity"],
                    trigger=Trigger(kind, MappingProxyType({"event": event, **data})),
                    condition=None,
                    actions=actions,
                    document=document,
                )
                path = (str(ladder), step["id"])
                yield Step(kind, identifier, f"/{ladder}/{index}", path, rule, event, data, "then" not in step)


def _actions(document: Document, step: Mapping[str, Any]) -> tuple[Action, ...]:
    if "then" in step:
        return _listed(step["then"])
    if "to" not in step:
        return ()
    said = {key: step[key] for key in ("to", "message", "title", "body") if key in step}
    if "message" not in said:
        said.setdefault("title", document["title"].replace("{", "{{").replace("}", "}}"))
    return (Action("notify", MappingProxyType(said)),)


def _listed(written: Iterable[Mapping[str, Any]]) -> tuple[Action, ...]:
    return tuple(
        Action(one["do"], MappingProxyType({key: value for key, value in one.items() if key != "do"}))
        for one in written
    )


def _of_approval(identifier: str, document: Document) -> Iterator[Step]:
    """Yield what asks for an approval, woken as its ``start`` says, and what is done at each of its ends."""

    def rule(name: str, trigger: Trigger, condition: str | None, actions: tuple[Action, ...]) -> Rule:
        return Rule(
            id=f"{identifier}.{name}",
            title=document["title"],
            entity=document["entity"],
            trigger=trigger,
            condition=condition,
            actions=actions,
            document=document,
        )

    for kind, spec in document.get("start", {}).items():
        ask = Action("request_approval", MappingProxyType({"approval": identifier}))
        asks = rule("start", Trigger(kind, spec), document.get("when"), (ask,))
        yield Step("approval", identifier, "/start", ("start",), asks, "", MappingProxyType({}), short=True)
    for end in ENDS:
        if f"on_{end}" in document:
            waits = Trigger("approval", MappingProxyType({"approval": identifier, "event": end}))
            ends = rule(f"on_{end}", waits, None, _listed(document[f"on_{end}"]))
            data = MappingProxyType({"approval": identifier})
            at = f"on_{end}"
            yield Step("approval", identifier, f"/{at}", (at,), ends, f"approval.{end}", data, short=False, listed=True)


def _of_sequence(identifier: str, document: Document) -> Iterator[Step]:
    """Yield the steps of a sequence, each woken by the event that its moment has come."""
    for index, step in enumerate(document["steps"]):
        data = MappingProxyType({"sequence": identifier, "step": step["id"]})
        rule = Rule(
            id=f"{identifier}.{step['id']}",
            title=step.get("title", document["title"]),
            entity=document["entity"],
            trigger=Trigger("event", MappingProxyType({"type": STEP})),
            condition=step.get("if"),
            actions=_listed(step["then"]),
            document=document,
        )
        yield Step("sequence", identifier, f"/steps/{index}", ("steps", step["id"]), rule, STEP, data, short=False)


def _event(kind: str, identifier: str, step: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    percent = int(step["at"].removesuffix("%")) if "at" in step else None
    named = {NAMED[kind]: identifier}
    if percent == 100:
        return ("sla.breached" if kind == "sla" else "deadline.missed"), MappingProxyType(named)
    if kind == "sla":
        return "sla.reached", MappingProxyType({**named, "percent": percent})
    return "deadline.reached", MappingProxyType({**named, "step": step["id"]})
