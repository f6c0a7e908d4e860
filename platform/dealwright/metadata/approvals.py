"""Approvals as frozen objects: who must agree, in which order, and what holds for the whole.

Read once per catalog from documents that fit their schema; what they name is looked at elsewhere. What asks for one, and
what follows from its ends, are rules: ``metadata.ladders``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.definitions import EMPTY
from dealwright.metadata.parse import parameter_id

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document

#: Ways to find approvers; an entry of a step has exactly one.
WAYS: Final = ("role", "user", "field", "manager_of", "where")


@dataclass(frozen=True, slots=True)
class Approvers:
    """One way to find people who may decide.

    Attributes:
        way: One of :data:`WAYS`.
        value: What the document says there: an id, a path, a condition, or owner, requester or previous.
        scope: With a role: path on the record whose value the user's own field of the same (last) name must equal.
    """

    way: str
    value: str
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """How many of those asked must approve.

    Attributes:
        kind: ``any``, ``all``, ``count`` or ``percent``.
        number: Of ``count`` and ``percent``; a parameter is read when the catalog is.
    """

    kind: str = "any"
    number: int = 1

    def of(self, asked: int) -> int:
        """Return how many of ``asked`` people must approve: at least one; a part is rounded up.

        A count above the number of those asked asks for all of them.
        """
        match self.kind:
            case "all":
                return max(asked, 1)
            case "count":
                return max(min(self.number, asked), 1)
            case "percent":
                return max(-(-asked * self.number // 100), 1)
            case _:
                return 1


@dataclass(frozen=True, slots=True)
class Step:
    """One point at which people decide.

    Attributes:
        when: Condition under which it takes place; None for always.
        group: Neighbouring steps of one group run side by side.
        reject: ``one``: rejected at one rejection; ``quorum``: when what is needed cannot be reached any more.
        nobody: ``block``, ``skip`` or ``escalate``.
        due: How long it may take, as the document says it: a duration, or a parameter with a unit; None for ever.
        remind: After which time, again and again, those asked are reminded; None for never.
        on_timeout: ``remind``, ``escalate``, ``approve`` or ``reject``.
        comment: ``on_rejection``, ``always`` or ``never``.
    """

    id: str
    title: str
    approvers: tuple[Approvers, ...]
    when: str | None = None
    group: str | None = None
    need: Need = field(default_factory=Need)
    reject: str = "one"
    nobody: str = "block"
    due: Any = None
    remind: Any = None
    on_timeout: str = "remind"
    comment: str = "on_rejection"


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a whole approval; see the schema for the choices."""

    self_approval: str = "forbidden"
    same_person: str = "once"
    restart_on: frozenset[str] = frozenset()
    lock: str = "none"
    lock_fields: frozenset[str] = frozenset()
    recall: str = "before_last"


@dataclass(frozen=True, slots=True)
class Approval:
    """Who must agree before something is done with a record.

    Attributes:
        by_hand: Whether people who may change the record may ask for it.
        when: Condition under which it is needed at all; None for always.
        calendar: In whose working days and hours it is due; None for time that passes, and the workspace's working days.
        email: ``none``; ``notice``: mails beside the notifications; ``decide``: with a link to decide by.
        in_flight: ``finish`` or ``migrate``: what becomes of those that are open when this definition is put in force.
        step_map: Step of an earlier definition to the step as which it goes on; others keep their id.
    """

    id: str
    title: str
    entity: str
    steps: Mapping[str, Step]
    rules: Rules
    by_hand: bool = True
    when: str | None = None
    calendar: str | None = None
    email: str = "none"
    in_flight: str = "finish"
    step_map: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    document: Document = field(default_factory=lambda: EMPTY)

    def stretches(self) -> tuple[tuple[Step, ...], ...]:
        """Return the steps in order, those that run side by side together."""
        found: list[list[Step]] = []
        for step in self.steps.values():
            if found and step.group is not None and found[-1][-1].group == step.group:
                found[-1].append(step)
            else:
                found.append([step])
        return tuple(map(tuple, found))

    def goes_on(self, step: str) -> str:
        """Return as which step of this definition a step of an earlier one goes on; it may be none that there is."""
        return self.step_map.get(step, step)

    def unfit(self, places: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return the steps because of which a course cannot go on under this definition: gone, or there twice; sorted.

        Args:
            places: The places of the course, as they are stored.
        """
        mapped = [(one["step"], self.goes_on(one["step"]), one) for one in places]
        own = Counter(to for _, to, one in mapped if not one["past"] and one["added_for"] is None)
        twice = {step for step, to, one in mapped if own[to] > 1 and not one["past"]}
        return sorted(twice | {step for step, to, _ in mapped if to not in self.steps})


def of(catalog: Catalog) -> Mapping[str, Approval]:
    """Return the approvals of a catalog by id, read once."""

    def read() -> Mapping[str, Approval]:
        found = {i: _approval(catalog, i, d) for (kind, i), d in catalog.documents.items() if kind == "approval"}
        return MappingProxyType(dict(sorted(found.items())))

    return catalog.once("metadata.approvals", read)


def _approval(catalog: Catalog, identifier: str, document: Document) -> Approval:
    return Approval(
        id=identifier,
        title=document["title"],
        entity=document["entity"],
        calendar=document.get("calendar"),
        email=document.get("email", "none"),
        in_flight=document.get("in_flight", "finish"),
        step_map=MappingProxyType(dict(document.get("step_map", {}))),
        steps=MappingProxyType({one["id"]: _step(catalog, identifier, one) for one in document["steps"]}),
        rules=_rules(document.get("rules", EMPTY)),
        by_hand=document.get("by_hand", "yes") == "yes",
        when=document.get("when"),
        document=document,
    )


def _step(catalog: Catalog, identifier: str, one: Document) -> Step:
    need = _need(catalog, identifier, one.get("need", "any"))
    return Step(
        id=one["id"],
        title=one["title"],
        approvers=tuple(_approvers(given) for given in one["approvers"]),
        when=one.get("when"),
        group=one.get("group"),
        need=need,
        reject=one.get("reject", "quorum" if need.kind in ("count", "percent") else "one"),
        nobody=one.get("nobody", "block"),
        due=one.get("due"),
        remind=one.get("remind"),
        on_timeout=one.get("on_timeout", "remind"),
        comment=one.get("comment", "on_rejection"),
    )


def _approvers(given: Document) -> Approvers:
    way = next(one for one in WAYS if one in given)
    return Approvers(way, given[way], given.get("scope"))


def _need(catalog: Catalog, identifier: str, given: Any) -> Need:
    if isinstance(given, str):
        return Need(given)
    ((kind, number),) = given.items()
    if isinstance(number, Mapping):
        parameter = catalog.parameters.get(parameter_id(identifier, number["param"]))
        number = 1 if parameter is None or parameter.value is None else int(parameter.value)
    return Need(kind, int(number))


def _rules(given: Document) -> Rules:
    restart = frozenset(given.get("restart_on", ()))
    return Rules(
        self_approval=given.get("self_approval", "forbidden"),
        same_person=given.get("same_person", "once"),
        restart_on=restart,
        lock=given.get("lock", "none"),
        lock_fields=frozenset(given.get("lock_fields", restart)),
        recall=given.get("recall", "before_last"),
    )
