"""What is expected after a step, looked up where it was written: records, decisions, events, clocks, the outbox.

Each question answers whether it is so, and in words what was found instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from dealwright import access, clock, fields, rules
from dealwright.actions.messages import message
from dealwright.metadata import ladders
from dealwright.pack_tests.named import Mistake, moment, same
from dealwright.records import Work, page
from dealwright.records.read import complete
from dealwright.records.telling import LONGEST_TITLE
from dealwright.storage import approvals, clocks, events, outbox, scores
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from dealwright.pack_tests.play import Play

#: Whether it is so, and what was found.
Answer = tuple[bool, str]
#: Decisions that a failure tells of.
_NAMED: Final = 4


def failures(play: Play, expectation: Mapping[str, Any]) -> Iterator[str]:
    """Yield in what the present state of a test is other than expected."""
    for key, wanted in expectation.items():
        if key == "after":
            continue
        if key == "never":
            ((inner, unwanted),) = wanted.items()
            so, found = QUESTIONS[inner](play, unwanted)
            if so:
                yield f"there must never be {_text({inner: unwanted})}, and there is: {found}"
            continue
        so, found = QUESTIONS[key](play, wanted)
        if not so:
            yield f"expected {_text({key: wanted})}, found {found}"


def because(play: Play) -> list[str]:
    """Return what rules decided in the present step, and why, as sentences."""
    told = []
    for row in play.decided[-_NAMED:]:
        told.append(f"{row['rule']} on {play.named.shown(row['record'])} {_sentence(play, row)}")
    return told


def _sentence(play: Play, row: Mapping[str, Any]) -> str:
    made = {name: row[name] for name in rules.Decision.__slots__ if name != "truth"}
    return str(rules.explain(play.catalog, rules.Decision(**made, truth=tuple(row["truth"])))["sentence"])


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _field(play: Play, wanted: Mapping[str, Any]) -> Answer:
    entity, identifier = play.named.of(wanted["id"])
    row = stored.get(play.connection, play.catalog, entity, [identifier]).get(identifier)
    if row is None:
        return False, "no such record"
    values = {name: one for name, one in wanted.items() if name != "id"}
    return _agrees(play, entity, _read(play, entity, row, values), values)


def _read(play: Play, entity_id: str, row: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with what is worked out when it is read, such as roll-ups, if any of that is wanted."""
    if row.keys() >= wanted.keys():
        return row
    with clock.frozen(play.now):
        work = Work(play.workspace, play.connection, access.operator("test"))
        env = {**row, **work.env}
        entity = play.catalog.entity(entity_id)
        complete(work, entity, access.rights(play.catalog, work.user, entity_id), [env])
    return env


def _agrees(play: Play, entity_id: str, row: Mapping[str, Any], wanted: Mapping[str, Any]) -> Answer:
    entity = play.catalog.entity(entity_id)
    if unknown := [name for name in wanted if entity.field(name) is None]:
        raise Mistake(f"{entity_id} has no field “{unknown[0]}”; it has {', '.join(entity.all_fields())}")
    found = play.named.shown(fields.shown(play.catalog, entity_id, row, only=set(wanted)))
    ordered = play.case.document.get("ordered", False)
    so = all(same(entity.field(name), one, found.get(name), ordered=ordered) for name, one in wanted.items())
    return so, _text(found)


def _record(play: Play, wanted: Mapping[str, Any]) -> Answer:
    entity = wanted["entity"]
    if entity not in play.catalog.entities:
        raise Mistake(f"there is no entity “{entity}”")
    values = {name: one for name, one in wanted.items() if name not in ("entity", "count")}
    rows = _all(play, entity)
    return _counted(wanted, [row for row in rows if _agrees(play, entity, row, values)[0]], entity, rows, play)


def _all(play: Play, entity: str) -> list[dict[str, Any]]:
    """Return every record of an entity that is not archived, the earliest first."""
    work = Work(play.workspace, play.connection, access.operator("test"))
    ids: list[str] = []
    cursor: str | None = None
    while True:
        found = page(work, entity, sort="id", only=["id"], size=200, cursor=cursor)
        ids += [one["id"] for one in found.items]
        cursor = found.next_cursor
        if cursor is None:
            break
    rows = stored.get(play.connection, play.catalog, entity, ids)
    return [rows[one] for one in ids]


def _counted(
    wanted: Mapping[str, Any], matching: list[Any], entity: str, rows: list[dict[str, Any]], play: Play
) -> Answer:
    count = wanted.get("count")
    so = len(matching) == count if count is not None else bool(matching)
    keys = {name for name in wanted if play.catalog.entity(entity).field(name) is not None}
    shown = [play.named.shown(fields.shown(play.catalog, entity, row, only=keys or {"title"})) for row in rows[:5]]
    return so, f"{len(matching)} of {len(rows)}: {_text(shown)}"


def _task(play: Play, wanted: Mapping[str, Any]) -> Answer:
    return _said(play, "base.task", ("create_task",), wanted)


def _notice(play: Play, wanted: Mapping[str, Any]) -> Answer:
    return _said(play, "base.notification", ("notify", "send_message"), wanted)


def _said(play: Play, entity: str, by: tuple[str, ...], wanted: Mapping[str, Any]) -> Answer:
    """Look for tasks or notices."""
    plain = {name: one for name, one in wanted.items() if name in ("assignee", "user", "title", "due", "about")}
    rows = _all(play, entity)
    matching = [
        row
        for row in rows
        if _agrees(play, entity, row, plain)[0] and _made_by(play, entity, row, by, wanted) and _within(row, wanted)
    ]
    return (
        _counted({**wanted, "title": ""}, matching, entity, rows, play) if rows else (wanted.get("count") == 0, "none")
    )


def _within(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a task is due within bounds."""
    due, latest, earliest = row.get("due"), moment(wanted.get("due_lte")), moment(wanted.get("due_gte"))
    if due is None:
        return latest is None and earliest is None
    return (latest is None or due <= latest) and (earliest is None or due >= earliest)


def _made_by(play: Play, entity: str, row: Mapping[str, Any], by: tuple[str, ...], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a task or notice comes from the rule and the message that are asked for."""
    if "rule" not in wanted and "message" not in wanted:
        return True
    first = events.history(play.connection, entity, row["id"], types=["record.created"])
    rule = next(((one["data"] or {}).get("rule") for one in first), None)
    if "rule" in wanted and rule != wanted["rule"]:
        return False
    if "message" not in wanted:
        return True
    if ("message", wanted["message"]) not in play.catalog.documents:
        raise Mistake(f"there is no message “{wanted['message']}”")
    known = rules.of(play.catalog).by_id.get(str(rule))
    made = [one for one in known.actions if one.do in by] if known is not None else []
    named = [one.spec.get(key) for one in made for key in ("message", "rest")]
    return wanted["message"] in named and any(
        _comes_from(message(play.catalog, wanted["message"], "title", locale), row["title"])
        for locale in (None, *play.catalog.translations)
    )


def _comes_from(text: str, title: str) -> bool:
    """Tell whether a title may be a text with its placeholders filled; one that was cut is not looked at closely."""
    parts = [r"\s+".join(map(re.escape, part.split(" "))) for part in re.split(r"\{[^{}]+\}", text)]
    return len(title) >= LONGEST_TITLE or re.fullmatch(".*".join(parts), title, re.DOTALL) is not None


def _decision(play: Play, wanted: Mapping[str, Any]) -> Answer:
    if wanted["rule"] not in play.catalog.rules and wanted["rule"] not in _steps(play):
        raise Mistake(f"there is no rule “{wanted['rule']}”")
    record = play.named.of(wanted["record"])[1] if "record" in wanted else None
    about = [
        one for one in play.decided if one["rule"] == wanted["rule"] and (record is None or one["record"] == record)
    ]
    so = any(one["fired"] == wanted.get("fired", True) for one in about)
    if wanted.get("fired") is False:
        so = bool(about) and not any(one["fired"] for one in about)
    return so, "; ".join(_sentence(play, one) for one in about) or "that nothing woke it in this step"


def _steps(play: Play) -> set[str]:
    return {one.rule.id for one in ladders.steps(play.catalog)}


def _refused(play: Play, wanted: Mapping[str, Any]) -> Answer:
    error = play.refused
    if error is None:
        return False, "that the step was done"
    gates = sorted({one.item for one in error.problems if one.item})
    pointers = sorted({one.pointer for one in error.problems})
    so = error.code == wanted["code"]
    so = so and ("gates" not in wanted or sorted(set(wanted["gates"])) == gates)
    so = so and ("pointers" not in wanted or sorted(set(wanted["pointers"])) == pointers)
    return so, f"{_text({'code': error.code, 'gates': gates, 'pointers': pointers})}: {error}"


def _event(play: Play, wanted: Mapping[str, Any]) -> Answer:
    record = play.named.of(wanted["record"])[1] if "record" in wanted else None
    about = [one for one in play.told if record is None or one["record"] == record]
    matching = [
        one
        for one in about
        if one["type"] == wanted["type"] and same(None, wanted.get("data", {}), play.named.shown(one["data"] or {}))
    ]
    count = wanted.get("count")
    found = [{"type": one["type"], "data": play.named.shown(one["data"] or {})} for one in about]
    return len(matching) == count if count is not None else bool(matching), _text(found)


def _webhook(play: Play, wanted: Mapping[str, Any]) -> Answer:
    waiting = [one for one in outbox.latest(play.connection, limit=1000) if one["channel"] == "webhook"]
    matching = [
        one
        for one in waiting
        if one["target"] == wanted["to"]
        and same(None, wanted.get("values", {}), play.named.shown(one["payload"].get("values", {})))
    ]
    count = wanted.get("count")
    found = [{"to": one["target"], "values": play.named.shown(one["payload"].get("values"))} for one in waiting]
    return len(matching) == count if count is not None else bool(matching), _text(found)


def _message(play: Play, wanted: Mapping[str, Any]) -> Answer:
    names = ("channel", "to", "rule", "subject", "text")
    waiting = []
    for one in outbox.latest(play.connection, limit=1000):
        payload = one["payload"]
        if one["channel"] != "webhook":
            said = {"channel": one["channel"], "to": one["target"], "rule": one["rule"]}
            person = play.named.shown(payload.get("user"))
            waiting.append(({**said, "subject": payload.get("subject"), "text": payload.get("text")}, person))
    matching = [
        said
        for said, person in waiting
        if all(
            wanted[name] == said[name] or (name == "to" and wanted[name] == person) for name in names if name in wanted
        )
    ]
    count = wanted.get("count")
    found = _text([said for said, _ in waiting])
    return len(matching) == count if count is not None else bool(matching), found


def _score(play: Play, wanted: Mapping[str, Any]) -> Answer:
    if ("score", wanted["id"]) not in play.catalog.documents:
        raise Mistake(f"there is no score “{wanted['id']}”")
    record = play.named.of(wanted["record"])[1]
    kept = scores.about(play.connection, [record]).get((record, wanted["id"]))
    if kept is None:
        return False, "that it was not worked out"
    found = {"value": kept.value, "tier": kept.tier, "coverage": kept.coverage}
    so = all(_equal(wanted[name], one) for name, one in found.items() if name in wanted)
    return so, _text(found) + (f" ({kept.reason})" if kept.reason else "")


def _equal(expected: Any, found: Any) -> bool:
    """Tell whether a part of a score is as expected: a number whatever its zeros, or a tier."""
    if expected is None or found is None or not isinstance(found, Decimal):
        return bool(expected == found)
    try:
        return Decimal(str(expected)) == found
    except InvalidOperation:
        raise Mistake(f"“{expected}” is no number") from None


def _approval(play: Play, wanted: Mapping[str, Any]) -> Answer:
    if ("approval", wanted["id"]) not in play.catalog.documents:
        raise Mistake(f"there is no approval “{wanted['id']}”")
    about = [play.named.of(wanted["record"])] if "record" in wanted else list(play.named.records.values())
    rows = approvals.rows(play.connection, [identifier for _, identifier in about], [wanted["id"]])
    found = []
    for one in approvals.get(play.connection, [row.id for row in rows]).values():
        asked = sorted({play.named.shown(seat["user"]) for seat in one.seats if seat["state"] == "asked"})
        found.append({"record": play.named.shown(one.record), "state": one.state, "asked": asked})
    matching = [
        one
        for one in found
        if wanted.get("state") in (None, one["state"])
        and ("asked" not in wanted or sorted(set(wanted["asked"])) == one["asked"])
    ]
    count = wanted.get("count")
    return len(matching) == count if count is not None else bool(matching), _text(found)


def _sla(play: Play, wanted: Mapping[str, Any]) -> Answer:
    return _clock(play, "sla", wanted["id"], wanted)


def _deadline(play: Play, wanted: Mapping[str, Any]) -> Answer:
    return _clock(play, "deadline", wanted["id"], wanted)


def _breach(play: Play, wanted: Mapping[str, Any]) -> Answer:
    kind = "sla" if "sla" in wanted else "deadline"
    if kind not in wanted:
        raise Mistake("say which “sla” or “deadline” is over")
    more = {"record": wanted["record"]} if "record" in wanted else {}
    return _clock(play, kind, wanted[kind], {**more, "breached": True})


def _clock(play: Play, kind: str, policy: str, wanted: Mapping[str, Any]) -> Answer:
    if (kind, policy) not in play.catalog.documents:
        raise Mistake(f"there is no {kind} “{policy}”")
    about = [play.named.of(wanted["record"])] if "record" in wanted else list(play.named.records.values())
    found = [
        one
        for entity, identifier in about
        for one in clocks.about(play.connection, entity, identifier)
        if (one.kind, one.policy) == (kind, policy)
    ]
    so = any(
        ("due" not in wanted or moment(wanted["due"]) == one.due_at)
        and ("state" not in wanted or wanted["state"] == one.state)
        and ("breached" not in wanted or wanted["breached"] == (one.breached_at is not None))
        for one in found
    )
    told = [
        {
            "record": play.named.shown(one.record),
            "state": one.state,
            "due": one.due_at.isoformat(),
            "breached": one.breached_at is not None,
        }
        for one in found
    ]
    return so, _text(told)


#: What an expectation may ask, by its key.
QUESTIONS: Final[Mapping[str, Callable[[Play, Any], Answer]]] = {
    "approval": _approval,
    "breach": _breach,
    "deadline": _deadline,
    "decision": _decision,
    "event": _event,
    "field": _field,
    "message": _message,
    "notice": _notice,
    "record": _record,
    "refused": _refused,
    "score": _score,
    "sla": _sla,
    "task": _task,
    "webhook": _webhook,
}
