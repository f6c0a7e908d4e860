"""An approval as the inputs of a form, and back: steps with who decides, how many, by when, and what it starts with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.names import CUSTOM
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright_admin import words
from dealwright_admin.entities import free

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity

#: Units of a duration that one number says, with the form of ISO 8601 that they have.
UNITS: Final[Mapping[str, str]] = {"WD": "P{}WD", "D": "P{}D", "H": "PT{}H", "M": "PT{}M", "W": "P{}W"}
_DURATION: Final = re.compile(r"P(?:(\d+)(WD|W|D)|T(\d+)(H|M))\Z")
#: Attributes of the whole that a list of words can set, with the word that stands where nothing is said.
RULES: Final[Mapping[str, str]] = {
    "lock": "none",
    "self_approval": "forbidden",
    "same_person": "once",
    "recall": "before_last",
}


def duration(value: Any) -> tuple[str, str] | None:
    """Return number and unit of a duration; None if it is made of more than one, or a parameter."""
    if value is None:
        return "", "WD"
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    return (match[1], match[2]) if match[1] else (match[3], match[4])


def shown(step: Mapping[str, Any], number: int, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a step as its card shows it."""
    need = step.get("need", "any")
    kind, count = next(iter(need.items())) if isinstance(need, Mapping) else (need, 2)
    return {
        **step,
        "number": number,
        "who": [who(one) for one in step.get("approvers", ())],
        "need_kind": kind,
        "need_number": count if isinstance(count, int) else 2,
        "due_parts": duration(step.get("due")),
        "remind_parts": duration(step.get("remind")),
        "together": before is not None and bool(step.get("group")) and step.get("group") == before.get("group"),
        "own": str(step.get("id", "")).startswith(f"{CUSTOM}__"),
    }


def who(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return an entry of approvers as what a choice says, and its condition."""
    for way in ("role", "user", "field", "manager_of"):
        if way in entry:
            return {"choice": f"{way}:{entry[way]}", "where": "", "scope": str(entry.get("scope", ""))}
    return {"choice": "where:", "where": str(entry.get("where", "")), "scope": ""}


def choices(
    catalog: Catalog, entity: Entity | None, people: Mapping[str, str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return who can be chosen to decide, in groups: managers, roles, fields of the record, people, a condition."""
    managers = [
        ("manager_of:owner", gettext("Manager of the owner")),
        ("manager_of:requester", gettext("Manager of who asks")),
        ("manager_of:previous", gettext("Manager of who approved before")),
    ]
    roles = [(f"role:{one.id}", words.document(catalog, "role", one.id)) for one in catalog.roles.values()]
    fields = []
    if entity is not None:
        for one in entity.all_fields().values():
            if one.type in ("user", "team") or one.to == "base.user":
                fields.append((f"field:{one.id}", i18n.field_text(catalog, entity, one)))
    return [
        (gettext("Managers"), managers),
        (gettext("Everybody with a role"), roles),
        (gettext("Named on the record"), fields),
        (gettext("One person"), [(f"user:{identifier}", name) for identifier, name in people.items()]),
        (gettext("Otherwise"), [("where:", gettext("People who meet a condition…"))]),
    ]


def read(form: MultiDict[str, str], document: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """Return an approval as a form says it shall be; what the form does not show stays."""
    made = dict(document)
    if title := (form.get("title", "").strip() or form.get("title.zh-CN", "").strip()):
        made["title"] = title[:200]
    for key in ("description", "when", "by_hand", "email", "calendar"):
        if key in form:
            _put(made, key, form[key].strip())
    if "start" in form:
        _put(made, "start", _start(form))
    rules = dict(made.get("rules", {}))
    for key, otherwise in RULES.items():
        if key in form:
            _put(rules, key, form[key] if form[key] != otherwise or key in rules else "")
    for key in ("restart_on", "lock_fields"):
        if f"{key}.shown" in form:
            _put(rules, key, [one for one in form.getlist(key) if one])
    _put(made, "rules", rules)
    made["steps"] = _steps(form, document.get("steps", ()), own=own)
    return made


def _start(form: MultiDict[str, str]) -> dict[str, Any]:
    chosen, _, rest = form["start"].partition(":")
    fields = [one for one in form.getlist("start.fields") if one]
    match chosen:
        case "created":
            return {"record": {"events": ["created"]}}
        case "saved":
            return {"record": {"events": ["created", "updated"], **({"fields": fields} if fields else {})}}
        case "entered":
            return {"stage": {"entered": rest}}
        case "left":
            return {"stage": {"left": rest}}
        case _:
            return {}


def start_of(document: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """Return what starts an approval as the choice of a form, with the fields; None if it says more."""
    start = document.get("start")
    if not start:
        return "", []
    record, stage = start.get("record"), start.get("stage")
    if record is not None:
        events, fields = list(record.get("events", ())), list(record.get("fields", ()))
        if events == ["created"] and not fields:
            return "created", []
        return ("saved", fields) if sorted(events) == ["created", "updated"] else None
    if stage is not None and len(stage) == 1:
        ((way, where),) = stage.items()
        return (f"{way}:{where}", []) if isinstance(where, str) else None
    return None


def _steps(form: MultiDict[str, str], before: Sequence[Mapping[str, Any]], *, own: bool) -> list[dict[str, Any]]:
    known = {str(one["id"]): dict(one) for one in before}
    taken = set(known)
    made: list[dict[str, Any]] = []
    for token in form.getlist("step"):
        identifier = form.get(f"{token}.id", "")
        title = form.get(f"{token}.title", "").strip() or form.get(f"{token}.title.zh-CN", "").strip()
        if not identifier:
            prefix = "" if own else f"{CUSTOM}__"
            identifier = prefix + free(form.get(f"{token}.title", ""), taken, "step", prefix)
        taken.add(identifier)
        step = {**known.get(identifier, {}), "id": identifier}
        step["title"] = title[:200] or str(step.get("title") or gettext("Step"))
        _step(step, token, form)
        previous = made[-1] if made else None
        if f"{token}.together.shown" in form:
            _together(step, previous, wanted=form.get(f"{token}.together") == "1")
        made.append(step)
    return made or [dict(one) for one in before]


def _step(step: dict[str, Any], token: str, form: MultiDict[str, str]) -> None:
    for key in ("description", "when", "nobody", "reject", "comment", "on_timeout"):
        if f"{token}.{key}" in form:
            _put(step, key, form[f"{token}.{key}"].strip())
    if f"{token}.who" in form:
        step["approvers"] = _approvers(form, token)
    if f"{token}.need" in form:
        kind, number = form[f"{token}.need"], form.get(f"{token}.need.number", "").strip()
        count = int(number) if number.isdigit() else 2
        _put(step, "need", {"all": "all", "count": {"count": count}, "percent": {"percent": count}}.get(kind, ""))
    for key in ("due", "remind"):
        if f"{token}.{key}" in form:
            number, unit = form[f"{token}.{key}"].strip(), form.get(f"{token}.{key}.unit", "WD")
            _put(step, key, UNITS.get(unit, UNITS["WD"]).format(number) if number else "")


def _approvers(form: MultiDict[str, str], token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    wheres = form.getlist(f"{token}.where")
    for index, chosen in enumerate(form.getlist(f"{token}.who")):
        way, _, value = chosen.partition(":")
        where = wheres[index].strip() if index < len(wheres) else ""
        if way == "where":
            found.append({"where": where or "true"})
        elif value:
            found.append({way: value})
    return [one for index, one in enumerate(found) if one not in found[:index]] or [{"manager_of": "owner"}]


def _together(step: dict[str, Any], previous: dict[str, Any] | None, *, wanted: bool) -> None:
    """Let a step run beside the one before it, or after it: neighbours with one group run side by side."""
    if wanted and previous is not None:
        step["group"] = previous.setdefault("group", f"with_{previous['id'].removeprefix(f'{CUSTOM}__')}"[:40])
    elif previous is not None and step.get("group") == previous.get("group"):
        step.pop("group", None)


def _put(made: dict[str, Any], key: str, value: Any) -> None:
    """Set what has a value, and leave out what has none."""
    if value in ("", None, [], {}):
        made.pop(key, None)
    else:
        made[key] = value


def done(document: dict[str, Any], doing: str, *, own: bool) -> None:
    """Do to the steps what a button asks for: ``add:2``, ``up:manager``, ``down:manager``, ``remove:manager``, ``copy:…``."""
    what, _, which = doing.partition(":")
    steps: list[dict[str, Any]] = document["steps"]
    place = next((i for i, one in enumerate(steps) if one["id"] == which), None)
    taken = {one["id"] for one in steps}
    prefix = "" if own else f"{CUSTOM}__"
    if what == "add" and which.isdigit():
        name = prefix + free("step", taken, "step", prefix)
        at = min(int(which), len(steps)) if own else len(steps)
        fresh = {"id": name, "title": gettext("Step %(n)s", n=at + 1), "approvers": [{"manager_of": "owner"}]}
        steps.insert(at, fresh)
    elif place is None:
        return
    elif what == "copy":
        name = prefix + free(f"{which.removeprefix(f'{CUSTOM}__')}_2", taken, "step", prefix)
        steps.insert(place + 1, {**steps[place], "id": name})
    elif what == "remove" and len(steps) > 1:
        steps.pop(place)
    elif what in ("up", "down"):
        other = place + (1 if what == "down" else -1)
        if 0 <= other < len(steps):
            steps[place], steps[other] = steps[other], steps[place]
