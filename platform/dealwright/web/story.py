"""What happened to a record and why, for its page: the timeline, the decisions of rules, the path of its stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import events as kinds
from dealwright import records
from dealwright.metadata.names import BASE
from dealwright.web import i18n
from dealwright.web.display import Display, display, moment
from dealwright.web.forms import linked
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.errors import DealwrightError, Problem
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work
    from dealwright.web.display import Reader

#: Changes of these tell nobody anything: they change with every save.
_SILENT = frozenset({"version", "updated_at", "updated_by", "stage_entered_at", "pipeline_version"})
_ICONS = {
    kinds.CREATED: "plus",
    kinds.MOVED: "arrow-right",
    kinds.DELETED: "trash-2",
    kinds.RESTORED: "undo-2",
    "checklist.done": "check",
}


@dataclass(frozen=True, slots=True)
class Story:
    """What the database tells about a record, and the records that it names."""

    events: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    linked: Sequence[dict[str, set[str]]]


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an event: its label, what stood there, what stands there now."""

    title: str
    before: Display
    after: Display


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the timeline. ``by_rule`` is the title of the rule that did it, if no person did.

    ``text`` is what somebody wrote, for a comment or an activity.
    """

    icon: str
    who: str
    what: str
    at: str
    exact: str
    changes: tuple[Change, ...]
    by_rule: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One comparison of a rule's condition.

    Attributes:
        text: Its canonical text.
        values: What it looked at: (label, value).
        truth: Whether it held.
        decisive: Whether it alone made the outcome what it is.
    """

    text: str
    values: tuple[tuple[str, str], ...]
    truth: bool
    decisive: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision of a rule about the record. ``same_version`` is false where the rule has been changed since."""

    title: str
    fired: bool
    shadow: bool
    at: str
    exact: str
    same_version: bool
    reasons: tuple[Reason, ...]
    undone: tuple[Undone, ...] = ()


@dataclass(frozen=True, slots=True)
class Undone:
    """What a rule asked for and could not have, and what was missing for it."""

    text: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A stage on the path. ``reachable`` if the record may go there; ``missing`` says what it needs first."""

    id: str
    title: str
    hue: str
    place: str
    reachable: bool
    missing: tuple[str, ...]
    end: bool


def story(work: Work, entity: Entity, record_id: str) -> Story:
    """Return the events and decisions of a record, as far as the user may see them."""
    happened = records.history(work, entity.id, record_id)
    decided = records.decided(work, entity.id, record_id)
    named: list[dict[str, set[str]]] = []
    people = {str(event["actor"]) for event in happened if event["actor"]}
    if people:
        named.append({f"{BASE}.user": people})
    for event in happened:
        for side in (0, 1):
            named.append(linked(entity, {name: change[side] for name, change in event["changes"].items()}))
    return Story(happened, decided, named)


def happenings(reader: Reader, told: Story) -> tuple[Happening, ...]:
    """Return the timeline, newest first."""
    return tuple(_happening(reader, event) for event in told.events)


def _happening(reader: Reader, event: Mapping[str, Any]) -> Happening:
    actor = str(event["actor"] or "")
    nobody = gettext("Somebody") if actor else gettext("The platform")
    who = reader.titles.get((f"{BASE}.user", actor), (nobody, None))[0]
    rule = reader.catalog.rules.get(str(event.get("rule") or ""))
    by_rule = i18n.text(reader.catalog, "rule", rule.id, "/title", rule.title) if rule else ""
    changes = []
    # A new record would list every field as a change from nothing; its page shows them.
    for name, (before, after) in event["changes"].items() if event["type"] != kinds.CREATED else ():
        one = reader.entity.field(name)
        if one is not None and name not in _SILENT:
            label = i18n.field_text(reader.catalog, reader.entity, one)
            changes.append(Change(label, display(reader, one, before), display(reader, one, after)))
    exact = str(event["at"])
    return Happening(
        icon=_ICONS.get(event["type"], "pencil"),
        who=who,
        what=_verb(event["type"]),
        at=moment(exact),
        exact=exact,
        changes=tuple(changes),
        by_rule=by_rule,
    )


def _verb(kind: str) -> str:
    verbs = {
        kinds.CREATED: gettext("created it"),
        kinds.UPDATED: gettext("changed it"),
        kinds.MOVED: gettext("moved it"),
        kinds.DELETED: gettext("archived it"),
        kinds.RESTORED: gettext("restored it"),
        "checklist.done": gettext("ticked off something to do"),
        "checklist.undone": gettext("took something to do back"),
        "sequence.started": gettext("started a sequence"),
        "sequence.step": gettext("came to a step of a sequence"),
        "sequence.stopped": gettext("stopped a sequence"),
        "sequence.finished": gettext("finished a sequence"),
        "suggestion.made": gettext("suggested something"),
        "suggestion.accepted": gettext("accepted a suggestion"),
        "suggestion.dismissed": gettext("dismissed a suggestion"),
        "sla.started": gettext("started a clock"),
        "sla.paused": gettext("let a clock stand"),
        "sla.resumed": gettext("let a clock go on"),
        "sla.stopped": gettext("stopped a clock"),
        "sla.reached": gettext("reached a step of a clock"),
        "sla.breached": gettext("found a clock to be over"),
        "deadline.set": gettext("set a deadline"),
        "deadline.opened": gettext("opened the time for a deadline"),
        "deadline.reached": gettext("reminded of a deadline"),
        "deadline.missed": gettext("found a deadline to be missed"),
        "deadline.met": gettext("met a deadline"),
        "approval.requested": gettext("asked for an approval"),
        "approval.decided": gettext("decided on an approval"),
        "approval.approved": gettext("ended an approval: approved"),
        "approval.rejected": gettext("ended an approval: rejected"),
        "approval.recalled": gettext("withdrew an approval"),
        "approval.returned": gettext("sent an approval back"),
        "approval.sent_back": gettext("sent an approval to an earlier step"),
        "approval.handed_over": gettext("handed an approval over"),
        "approval.approver_added": gettext("asked one more person to decide"),
        "approval.timed_out": gettext("found an approval to be overdue"),
        "approval.restarted": gettext("began an approval anew"),
        "approval.migrated": gettext("took an approval along to its new definition"),
        "approval.dropped": gettext("ended an approval that is needed no longer"),
    }
    return verbs.get(kind, kind)


def judgements(reader: Reader, told: Story) -> tuple[Judgement, ...]:
    """Return what rules decided, newest first, in the words of the catalog in force.

    What a rule is asked with every save is told once: the last time that it fired, and that it has not since.
    """
    found, asked = [], set()
    for one in told.decisions:
        if (one["rule"], bool(one["fired"])) in asked or (not one["fired"] and (one["rule"], True) in asked):
            continue
        asked.add((one["rule"], bool(one["fired"])))
        found.append(judged(reader, one))
    return tuple(found)


def judged(reader: Reader, one: Mapping[str, Any]) -> Judgement:
    """Return one explained decision as a page shows it."""
    rule = reader.catalog.rules.get(str(one["rule"]))
    title = i18n.text(reader.catalog, "rule", rule.id, "/title", rule.title) if rule else str(one["title"])
    exact, because = str(one["at"]), set(one["because"])
    return Judgement(
        title=title,
        fired=bool(one["fired"]),
        shadow=one["mode"] == "shadow",
        at=moment(exact),
        exact=exact,
        same_version=bool(one["same_version"]),
        reasons=tuple(_reason(reader, leaf, because) for leaf in _leaves(one["tree"])),
        undone=tuple(_undone(each) for each in one["outcomes"]),
    )


def reasons(reader: Reader, tree: Mapping[str, Any] | None) -> tuple[Reason, ...]:
    """Return the comparisons of an explained condition, each with its truth and the values that it looked at."""
    leaves = list(_leaves(tree))
    return tuple(_reason(reader, leaf, {str(one["text"]) for one in leaves}) for leaf in leaves)


def _undone(outcome: Mapping[str, Any]) -> Undone:
    texts = {
        "gate-unmet": gettext("The record was not moved; something is missing:"),
        "invalid": gettext("The record was not moved; something is missing:"),
        "does-not-follow": gettext("The record was not moved: the stage does not follow."),
        "no-such-stage": gettext("The record was not moved: its pipeline has no such stage."),
        "archived": gettext("The record was not moved: it is archived."),
        "locked": gettext("It was not done: an open approval locks the record."),
        "held": gettext("The record was not archived: others refer to it."),
        "gone": gettext("The other record was not changed: it is archived or removed."),
        "once": gettext("It was not started: it runs once for a record."),
        "stopped": gettext("It was not started: what stops it holds already."),
        "open": gettext("Nothing was suggested: the same waits for somebody already."),
        "gathered": gettext(
            "No task was made: the person has enough of them today, and one task stands for all others."
        ),
        "no-address": gettext("A person without an e-mail address was not written to."),
    }
    code = str(outcome.get("code"))
    missing = tuple(dict.fromkeys(str(one["message"]) for one in outcome.get("problems", ())))
    return Undone(texts.get(code, code), missing)


def _leaves(tree: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Yield the comparisons of a condition in the order of its text."""
    if tree is None:
        return
    if "parts" not in tree:
        yield tree
    for part in tree.get("parts", ()):
        yield from _leaves(part)


def _reason(reader: Reader, leaf: Mapping[str, Any], because: set[str]) -> Reason:
    values = [(_label(reader, name), _value(reader, name, value)) for name, value in leaf["values"].items()]
    return Reason(str(leaf["text"]), tuple(values), bool(leaf["truth"]), str(leaf["text"]) in because)


def _label(reader: Reader, name: str) -> str:
    one = reader.entity.field(name)
    return i18n.field_text(reader.catalog, reader.entity, one) if one is not None else name


def _value(reader: Reader, name: str, value: Any) -> str:
    """Return what a condition looked at in the words of its field: the title of a choice, never its id."""
    one = reader.entity.field(name)
    if one is not None and one.type in ("select", "multi_select") and value not in (None, "", []):
        return ", ".join(item.text for item in display(reader, one, value).items)
    return plain(value)


def plain(value: Any) -> str:
    """Return a value of a decision or a score as words."""
    if value is None or value == []:
        return gettext("empty")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return gettext("%(n)s entries", n=len(value))
    return str(value)


def path(work: Work, entity: Entity, shown: Mapping[str, Any]) -> tuple[Step, ...] | None:
    """Return the stages of the record's pipeline in order; None if its pipeline is not installed any more."""
    named = shown.get("pipeline") or (entity.pipelines or ("",))[0]
    pipeline = work.catalog.pipeline(named, shown.get("pipeline_version"))
    if pipeline is None:
        return None
    open_to = {gate["to"]: gate["unmet"] for gate in records.gates(work, entity.id, str(shown["id"]))}
    order = list(pipeline.stages)
    here = order.index(shown["stage"]) if shown.get("stage") in order else -1
    ended = here >= 0 and pipeline.stages[order[here]].outcome in ("lost", "archived")
    steps = []
    for place, stage in enumerate(pipeline.stages.values()):
        # A record that was lost has passed no stage: the path only shows what there is.
        at = "now" if place == here else "done" if place < here and not ended else "later"
        missing = tuple(dict.fromkeys(_told(work.catalog, entity, one) for one in open_to.get(stage.id, ())))
        end = stage.outcome in ("lost", "archived")
        title = i18n.stage_title(work.catalog, pipeline, stage)
        steps.append(Step(stage.id, title, stage.hue or "gray", at, stage.id in open_to, missing, end))
    return tuple(steps)


def _told(catalog: Catalog, entity: Entity, problem: Problem) -> str:
    """Return what a problem says where no field stands beside it: a gate has words of its own, a missing value a name."""
    one = entity.field(problem.pointer.removeprefix("/").partition("/")[0])
    if one is None or problem.code == "gate-unmet":
        return problem.message
    label = i18n.field_text(catalog, entity, one)
    if problem.code == "required":
        return gettext("Fill in “%(field)s”.", field=label)
    return f"{label}: {problem.message}"


def refused(catalog: Catalog, entity: Entity, error: DealwrightError) -> tuple[tuple[str, str | None], ...]:
    """Return what a refused move or archiving says: (message, field to mend or None), each message once."""
    told: dict[str, str | None] = {}
    for problem in error.problems:
        name = problem.pointer.removeprefix("/").partition("/")[0]
        told.setdefault(_told(catalog, entity, problem), name if name in entity.fields else None)
    return tuple(told.items())
