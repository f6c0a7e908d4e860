"""What is wrong with SLA policies and deadlines, beyond names that lead nowhere and conditions that do not parse."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from dealwright import calendars, conditions, events
from dealwright.errors import ConditionError, Problem
from dealwright.fields.computed import volatile
from dealwright.metadata import ladders, parse
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document

#: Types of fields that a deadline can count from.
_BASES: Final = frozenset({"date", "datetime"})


def problems(catalog: Catalog) -> list[Problem]:
    """Return what is wrong with each policy and deadline: pointers into the document, ``source`` ``<kind>:<id>``."""
    found = []
    for (kind, identifier), document in catalog.documents.items():
        if kind in ("sla", "deadline"):
            faults = [*common(catalog, identifier, document)]
            faults += (
                _of_sla(catalog, identifier, document) if kind == "sla" else _of_deadline(catalog, identifier, document)
            )
            found += [Problem(*fault, f"{kind}:{identifier}") for fault in faults]
    return found


def common(catalog: Catalog, identifier: str, document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield (pointer, code, message) of what is wrong with the conditions and events that start, stop and pause."""
    calendar = document.get("calendar")
    if calendar is not None and ("calendar", calendar) not in catalog.documents:
        yield "/calendar", "unknown-name", f"there is no calendar “{calendar}”"
    entity = catalog.entities.get(document["entity"])
    if entity is None:
        return
    for pointer, source in ladders.sources(document):
        try:
            found = conditions.of(catalog, entity.id, source, "clock", namespace=namespace_of(identifier))
        except ConditionError:
            continue  # conditions.problems tells of it
        stale = sorted(one for one in found.fields if (f := entity.fields.get(one)) is not None and volatile(f))
        if found.volatile or stale:
            what = f"“{stale[0]}” changes" if stale else "it changes"
            yield (
                pointer,
                "time-passes",
                f"{what} by the mere passing of time, which starts and stops no clock; use a rule with after or idle",
            )
        for name in sorted(found.names):
            if name.startswith("user."):
                yield pointer, "not-allowed", f"“{name}” is another one for each user; a clock is the same for all"
    for key in ladders.WHENS:
        written = document.get(key)
        if written is not None and not isinstance(written, str):
            kind = written["event"]
            if not events.is_sendable(kind) and kind not in events.RECORD_TYPES:
                yield (
                    f"/{key}/event",
                    "event-not-sendable",
                    f"“{kind}” is raised by the platform as time passes; name an event that is sent, or one of the family record",
                )


def _of_sla(catalog: Catalog, identifier: str, document: Document) -> Iterator[tuple[str, str, str]]:
    pause, resume = document.get("pause"), document.get("resume")
    if isinstance(pause, str) and resume is not None:
        yield (
            "/resume",
            "wrong-place",
            "a clock that a condition pauses goes on when it holds no more; remove resume, or pause by an event",
        )
    if pause is not None and not isinstance(pause, str) and resume is None:
        yield "/pause", "missing-resume", "a clock that an event pauses needs resume: what lets it go on"
    if pause is None and resume is not None:
        yield "/resume", "wrong-place", "there is nothing to go on after; add pause, or remove resume"
    try:
        target = calendars.said(catalog, document["target"], namespace_of(identifier))
    except (ValueError, TypeError, ArithmeticError):
        name = document["target"].get("param") if not isinstance(document["target"], str) else None
        if name is None or parse.parameter_id(identifier, name) in catalog.parameters:
            yield "/target", "wrong-form", f"{document['target']!s} is no length of time, such as PT30M, P1D or P3WD"
    else:
        if target.months:
            yield "/target", "wrong-form", "a month has no fixed length; count days, weeks or working days"
        elif not target.working_days and not target.time:
            yield "/target", "too-small", "the target must be longer than nothing"
    yield from _twice("escalate", document, "at")


def _of_deadline(catalog: Catalog, identifier: str, document: Document) -> Iterator[tuple[str, str, str]]:
    entity = catalog.entities.get(document["entity"])
    if entity is not None:
        field = entity.field(document["from"])
        if field is not None and field.type not in _BASES and not _is_moment(field):
            yield (
                "/from",
                "wrong-type",
                f"“{field.id}” is a {field.type} field; a deadline counts from a date or datetime",
            )
    window = document.get("window")
    if window is not None and window["opens"] <= window["closes"]:
        yield (
            "/window",
            "empty-range",
            f"it opens {window['opens']} days before the date and closes {window['closes']} days before it; opens must be more",
        )
    for index, one in enumerate(document.get("remind", ())):
        before = one.get("before")
        if before is not None and window is not None and not window["closes"] <= before <= window["opens"]:
            yield f"/remind/{index}/before", "out-of-range", f"{before} days before the date lies outside of the window"
        amount = document.get("days", document.get("hours"))
        if before is not None and amount is not None and before >= amount:
            yield f"/remind/{index}/before", "out-of-range", f"{before} before the end is no later than the start"
        if one["id"] in ("opened", "due"):
            yield f"/remind/{index}/id", "wrong-name", f"“{one['id']}” is the platform's own step; take another name"
    yield from _fact(catalog, identifier, document)


def _is_moment(field: Any) -> bool:
    return field.type == "formula" and field.spec.get("result") in _BASES and not volatile(field)


def _fact(catalog: Catalog, identifier: str, document: Document) -> Iterator[tuple[str, str, str]]:
    if "fact" not in document:
        return
    name = parse.parameter_id(identifier, document["fact"])
    fact = catalog.documents.get(("fact", name))
    if fact is None:
        yield "/fact", "unknown-name", f"there is no fact “{name}”"
        return
    key = "hours" if "hours" in document else "days"
    unit = "hour" if key == "hours" else document.get("unit")
    if key not in document:
        return
    if fact.get("unit") not in (None, unit):
        yield "/fact", "wrong-unit", f"the fact “{name}” counts {fact['unit']}s, the deadline {unit}s"
        return
    try:
        allowed = Decimal(fact["value"])
    except (InvalidOperation, TypeError, ValueError):
        yield "/fact", "not-a-number", f"the fact “{name}” is {fact['value']}, no number"
        return
    if document[key] > allowed:
        yield f"/{key}", "looser-than-fact", f"{document[key]} is more than the {allowed} of the fact “{name}”"


def _twice(ladder: str, document: Document, key: str) -> Iterator[tuple[str, str, str]]:
    seen: set[Any] = set()
    for index, one in enumerate(document.get(ladder, ())):
        if one.get(key) in seen:
            yield f"/{ladder}/{index}/{key}", "twice", f"there is another step at {one[key]}; join the two"
        seen.add(one.get(key))
