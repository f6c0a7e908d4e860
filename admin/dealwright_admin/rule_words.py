"""Rules in sentences of the page's language: when …, if …, then …; and what their keys and choices are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dealwright.metadata.definitions import title_of
from dealwright.rules.actions import source_of
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright_admin import condition_words, inputs, words

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog


def trigger(kind: str) -> str:
    """Return a kind of trigger as a choice."""
    found = {
        **{"record": gettext("a record is made or changed"), "stage": gettext("a record comes to or leaves a stage")},
        **{"event": gettext("an event is sent"), "count": gettext("an event has happened so many times")},
        **{"idle": gettext("nothing has happened for a time"), "after": gettext("a moment of a record comes")},
        **{"schedule": gettext("a run looks at all records"), "trend": gettext("a measure falls or rises")},
        **{"sla": gettext("a clock tells something"), "deadline": gettext("a deadline tells something")},
        "approval": gettext("an approval tells something"),
    }
    return found.get(kind, kind)


def action(do: str) -> str:
    """Return a kind of action as a choice; one of a plugin by its name."""
    found = {
        **{"set_field": gettext("set a field"), "add_score": gettext("add points to a field")},
        **{"assign": gettext("hand the record to somebody"), "move_stage": gettext("move to a stage")},
        **{"archive": gettext("archive the record"), "create_record": gettext("make another record")},
        **{"update_record": gettext("change a record that it refers to"), "create_task": gettext("make a task")},
        **{"notify": gettext("tell somebody"), "send_message": gettext("send a message")},
        **{"call_webhook": gettext("tell another system"), "request_approval": gettext("ask for an approval")},
        **{"start_sla": gettext("start a clock"), "stop_sla": gettext("stop a clock")},
        **{"start_sequence": gettext("start a sequence"), "stop_sequence": gettext("stop a sequence")},
        **{"advance_sequence": gettext("do the next step of a sequence"), "suggest": gettext("suggest an action")},
    }
    return found.get(do, title_of(do.replace("__", " ")))


def label(key: str) -> tuple[str, str]:
    """Return what a key of a trigger or an action is called, and what it is for."""
    found = {
        "events": (gettext("When it"), ""),
        "fields": (gettext("Only if one of these has changed"), gettext("None chosen: any field.")),
        "entered": (gettext("Comes to"), ""),
        "left": (gettext("Leaves"), ""),
        "type": (gettext("Event"), gettext("Two names with a dot, such as engagement.opened.")),
        "event": (gettext("Event"), ""),
        "of": (gettext("Counted from"), ""),
        "for": (gettext("For longer than"), gettext("A number, or a parameter such as param.sales__stall_days.")),
        "within": (gettext("Within"), ""),
        "since": (gettext("Counted since"), ""),
        "at_least": (gettext("At least so many times"), gettext("A number or a parameter.")),
        "where": (gettext("Only those where"), ""),
        "field": (gettext("Field"), ""),
        "offset": (gettext("So long after it"), gettext("With a minus: before it.")),
        "at": (gettext("At what time"), gettext("Such as 09:00, in the zone of the workspace.")),
        "every": (gettext("Every"), ""),
        "on": (gettext("On which day"), ""),
        "month": (gettext("In which month of the quarter or year"), ""),
        "cron": (gettext("Or five fields of cron"), ""),
        "filter": (gettext("Looks at records where"), ""),
        "measure": (gettext("Measure"), gettext("Such as sum:amount or count.")),
        "via": (gettext("Linked by"), ""),
        "date": (gettext("By the date"), ""),
        "per": (gettext("Per"), ""),
        "periods": (gettext("So many times in a row"), gettext("A number or a parameter.")),
        "change": (gettext("By how many percent"), gettext("-15: at least 15 % lower each time.")),
        "policy": (gettext("Clock"), ""),
        "percent": (gettext("At how many percent"), ""),
        "deadline": (gettext("Deadline"), ""),
        "approval": (gettext("Approval"), ""),
        "value": (gettext("Value"), gettext("A number, a text in quotes such as 'A', a field or a formula.")),
        "points": (gettext("Points"), gettext("A number, a parameter or a formula.")),
        "to": (gettext("To"), ""),
        "reason": (gettext("Why"), gettext("{name} stands for the value of the field “name”.")),
        "record": (gettext("Which record"), gettext("A field that refers to it, such as account.")),
        "entity": (gettext("Records of"), ""),
        "stage": (gettext("Stage"), ""),
        "values": (gettext("With these values"), gettext("A text stands in quotes: 'custom'.")),
        "title": (gettext("What it says"), gettext("{name} stands for the value of the field “name”.")),
        "body": (gettext("More text"), ""),
        "message": (gettext("Or a message"), ""),
        "assignee": (gettext("For whom"), ""),
        "due": (gettext("Due within"), ""),
        "at_most": (gettext("At most so many a person and day"), gettext("A number or a parameter.")),
        "rest": (gettext("Message for those left over"), ""),
        "calendar": (gettext("Calendar"), ""),
        "sequence": (gettext("Sequence"), ""),
        "do": (gettext("What is done"), ""),
        "once_per": (gettext("It acts"), ""),
        "mode": (gettext("State"), ""),
        "priority": (gettext("Order"), ""),
    }
    return found.get(key, (title_of(key), ""))


def choice(word: str) -> str:
    """Return a choice of a key in words."""
    found = {
        **{"created": gettext("is made"), "updated": gettext("is changed"), "deleted": gettext("is archived")},
        **{"restored": gettext("is taken back"), "stage": gettext("it came to its stage")},
        **{"minute": gettext("minutes"), "hour": gettext("hours"), "day": gettext("day"), "week": gettext("week")},
        **{"month": gettext("month"), "quarter": gettext("quarter"), "year": gettext("year")},
        **{"monday": gettext("Monday"), "tuesday": gettext("Tuesday"), "wednesday": gettext("Wednesday")},
        **{"thursday": gettext("Thursday"), "friday": gettext("Friday"), "saturday": gettext("Saturday")},
        **{"sunday": gettext("Sunday"), "last": gettext("the last day")},
        **{"started": gettext("started"), "paused": gettext("paused"), "resumed": gettext("resumed")},
        **{"stopped": gettext("stopped"), "reached": gettext("a percentage reached"), "breached": gettext("breached")},
        **{"set": gettext("set"), "opened": gettext("opened"), "missed": gettext("missed"), "met": gettext("met")},
        **{"requested": gettext("asked for"), "decided": gettext("decided"), "approved": gettext("approved")},
        **{"rejected": gettext("rejected"), "returned": gettext("returned"), "recalled": gettext("recalled")},
        **{"sent_back": gettext("sent back"), "handed_over": gettext("handed over"), "dropped": gettext("dropped")},
        **{"approver_added": gettext("somebody added"), "timed_out": gettext("late"), "migrated": gettext("migrated")},
        "restarted": gettext("begun anew"),
    }
    return found.get(word, word)


def once(word: str) -> str:
    """Return within what a rule acts once, in words."""
    found = {
        **{"always": gettext("each time"), "record": gettext("once for a record")},
        **{"stage_visit": gettext("once in a visit of a stage"), "episode": gettext("once until it no longer holds")},
        **{"day": gettext("once a day"), "week": gettext("once a week"), "month": gettext("once a month")},
    }
    return found.get(word, word)


def units() -> list[tuple[str, str]]:
    """Return the units of spans."""
    found = {
        **{"day": gettext("days"), "working_day": gettext("working days"), "hour": gettext("hours")},
        **{"minute": gettext("minutes"), "week": gettext("weeks"), "month": gettext("months")},
    }
    return [(unit, found[unit]) for unit in inputs.SPANS] + [("", gettext("as written"))]


def span(given: Any) -> str:
    """Return a span in words: “7 days”, “Stall time days”."""
    text, unit = inputs.span(given)
    said = dict(units()).get(unit, "") if unit else ""
    return f"{text} {said}".strip()


def triggered(document: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the kind of trigger of a rule, and what it says; empty where it has none."""
    found: tuple[str, Mapping[str, Any]] = next(iter(document.get("on", {}).items()), ("", {}))
    return found


def when(catalog: Catalog, document: Mapping[str, Any]) -> str:
    """Return what wakes a rule, as a sentence."""
    entity = str(document.get("entity", ""))
    kind, spec = triggered(document)
    noun = words.document(catalog, "entity", entity)
    match kind:
        case "record":
            said = _or([choice(str(one)) for one in spec.get("events", ())])
            fields = _or([_field(catalog, entity, str(one)) for one in spec.get("fields", ())])
            text = gettext("When a record of “%(entity)s” %(events)s", entity=noun, events=said)
            return text + (gettext(" and %(fields)s has changed", fields=fields) if fields else "")
        case "stage":
            way = "entered" if "entered" in spec else "left"
            given = spec.get(way, ())
            names = _or([stage(catalog, entity, str(s)) for s in ([given] if isinstance(given, str) else given)])
            if way == "entered":
                return gettext("When a record of “%(entity)s” comes to %(stages)s", entity=noun, stages=names)
            return gettext("When a record of “%(entity)s” leaves %(stages)s", entity=noun, stages=names)
        case "event":
            return gettext(
                "When “%(type)s” is sent about a record of “%(entity)s”", type=spec.get("type", ""), entity=noun
            )
        case "count":
            text = gettext(
                "When “%(type)s” has happened %(n)s times about a record of “%(entity)s”",
                type=spec.get("event", ""), n=amount(catalog, document, spec.get("at_least")), entity=noun,
            )  # fmt: skip
            return text + (
                gettext(" since it came to its stage")
                if "since" in spec
                else gettext(" within %(span)s", span=_span(catalog, document, spec.get("within")))
            )
        case "idle":
            return gettext(
                "When nothing has happened to a record of “%(entity)s” for %(span)s, counted from %(field)s",
                entity=noun, span=_span(catalog, document, spec.get("for")), field=_field(catalog, entity, str(spec.get("of"))),
            )  # fmt: skip
        case "after":
            return _after(catalog, document, spec, noun)
        case "schedule":
            return _schedule(spec, noun)
        case "trend":
            return gettext(
                "When %(measure)s of “%(entity)s” has changed by %(change)s %% %(n)s times in a row, by %(per)s",
                measure=spec.get("measure", ""), entity=noun, change=amount(catalog, document, spec.get("change")),
                n=amount(catalog, document, spec.get("periods")), per=choice(str(spec.get("per"))),
            )  # fmt: skip
        case "sla" | "deadline" | "approval":
            key = {"sla": "policy"}.get(kind, kind)
            about = words.document(catalog, kind, str(spec[key])) if key in spec else words.kind(kind)
            said = choice(str(spec["event"])) if "event" in spec else gettext("anything")
            percent = f" {spec['percent']} %" if "percent" in spec else ""
            return gettext("When “%(about)s” tells: %(event)s", about=about, event=f"{said}{percent}")
        case _:
            return gettext("When …")


def _after(catalog: Catalog, document: Mapping[str, Any], spec: Mapping[str, Any], noun: str) -> str:
    field = _field(catalog, str(document.get("entity")), str(spec.get("field")))
    written = spec.get("offset")
    at = gettext(", at %(time)s", time=spec["at"]) if "at" in spec else ""
    number = inputs.span(written)[0]
    if number in ("", "0"):
        return gettext("When %(field)s of “%(entity)s” comes", field=field, entity=noun) + at
    if number.startswith("-"):
        before = _span(catalog, document, str(written).removeprefix("-"))
        return gettext("%(span)s before %(field)s of “%(entity)s”", span=before, field=field, entity=noun) + at
    return (
        gettext(
            "%(span)s after %(field)s of “%(entity)s”",
            span=_span(catalog, document, written), field=field, entity=noun,
        ) + at
    )  # fmt: skip


def _schedule(spec: Mapping[str, Any], noun: str) -> str:
    if "cron" in spec:
        return gettext("By the clock (%(cron)s), for records of “%(entity)s”", cron=spec["cron"], entity=noun)
    on = gettext(" on %(day)s", day=choice(str(spec["on"]))) if "on" in spec else ""
    at = gettext(" at %(time)s", time=spec["at"]) if "at" in spec else ""
    every = choice(str(spec.get("every", "")))
    return gettext("Every %(period)s%(on)s%(at)s, for records of “%(entity)s”", period=every, on=on, at=at, entity=noun)


def condition(catalog: Catalog, entity: str, source: str | None, namespace: str) -> str:
    """Return what must hold, as a sentence."""
    if not source:
        return gettext("Always")
    return gettext("If %(condition)s", condition=condition_words.said(catalog, entity, source, namespace))


def then(catalog: Catalog, document: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    """Return an action as a sentence."""
    do, entity = str(one.get("do", "")), str(document.get("entity", ""))
    namespace = str(document.get("id", "")).partition(".")[0]

    def value(given: Any) -> str:
        text = source_of(given)
        return condition_words.said(catalog, entity, text, namespace, stands_for=str(one.get("field", "")))

    def says() -> str:
        named = one.get("message")
        return words.document(catalog, "message", str(named)) if named else str(one.get("title", ""))

    match do:
        case "set_field":
            field = _field(catalog, entity, str(one.get("field")))
            return gettext("Set %(field)s to %(value)s", field=field, value=value(one.get("value")))
        case "add_score":
            field = _field(catalog, entity, str(one.get("field")))
            return gettext("Add %(points)s to %(field)s", points=value(one.get("points")), field=field)
        case "assign":
            return gettext("Hand it to %(who)s", who=value(one.get("to", "")))
        case "move_stage":
            return gettext("Move it to %(stage)s", stage=stage(catalog, entity, str(one.get("to", ""))))
        case "create_task":
            text = gettext("Make a task “%(title)s” for %(who)s", title=says(), who=value(one.get("assignee", "null")))
            due = _span(catalog, document, one["due"]) if "due" in one else ""
            return text + (gettext(", due within %(span)s", span=due) if due else "")
        case "notify" | "send_message":
            return gettext("Tell %(who)s “%(title)s”", who=value(one.get("to", "")), title=says())
        case "create_record":
            noun = words.document(catalog, "entity", str(one.get("entity", "")))
            return gettext("Make a record of “%(entity)s”", entity=noun)
        case "update_record":
            return gettext("Change %(record)s", record=value(one.get("record", "")))
        case "call_webhook":
            return gettext("Tell the system “%(name)s”", name=one.get("to", ""))
        case "suggest":
            return gettext("Suggest “%(title)s”", title=says())
        case _:
            about = next(
                (
                    words.document(catalog, kind, str(one[key]))
                    for key, kind in (("policy", "sla"), ("sequence", "sequence"), ("approval", "approval"))
                    if key in one
                ),
                "",
            )
            said = action(do)
            said = said[:1].upper() + said[1:]
            return f"{said}: “{about}”" if about else said


def stage(catalog: Catalog, entity: str, name: str) -> str:
    """Return a stage of any pipeline of an entity as people know it."""
    for pipeline in catalog.pipelines.values():
        if pipeline.entity == entity and name in pipeline.stages:
            return f"“{i18n.stage_title(catalog, pipeline, pipeline.stages[name])}”"
    return f"“{name}”"


def amount(catalog: Catalog, document: Mapping[str, Any], given: Any) -> str:
    """Return a number, or what its parameter is called and comes to."""
    if isinstance(given, Mapping) and "param" in given:
        return parameter(catalog, document, str(given["param"]))
    return "" if given is None else str(given)


def parameter(catalog: Catalog, document: Mapping[str, Any], name: str) -> str:
    """Return a parameter with its value: “7 (Stall time)”."""
    known = catalog.parameter(name, str(document.get("id", "")).partition(".")[0])
    return f"{known.value} ({words.document(catalog, 'parameter', known.id)})" if known is not None else name


def _span(catalog: Catalog, document: Mapping[str, Any], given: Any) -> str:
    if isinstance(given, Mapping) and "param" in given:
        unit = dict(units()).get(str(given.get("unit", "")), "")
        known = catalog.parameter(str(given["param"]), str(document.get("id", "")).partition(".")[0])
        if known is not None:
            return f"{known.value} {unit} ({words.document(catalog, 'parameter', known.id)})"
    return span(given)


def _field(catalog: Catalog, entity: str, name: str) -> str:
    about = catalog.entities.get(entity)
    field = about.field(name) if about is not None else None
    return f"“{i18n.field_text(catalog, about, field)}”" if about is not None and field is not None else f"“{name}”"


def _or(some: Sequence[str]) -> str:
    return gettext(" or ").join(some)
