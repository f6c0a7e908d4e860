"""An SLA policy as the inputs of a form, and back: when its clocks run, for how long, and what is done on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.names import CUSTOM
from dealwright.web.i18n import gettext
from dealwright_admin.entities import free
from dealwright_admin.steps import UNITS, duration

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

#: When something happens to a clock: by a condition or an event, or, where nothing is said, by rules or never.
WHENS: Final = ("start", "stop", "pause", "resume")
#: Units of a parameter that is the target.
PARAMETER_UNITS: Final = ("minute", "hour", "day", "week", "working_day")


def begun(identifier: str, title: str, entity: str) -> dict[str, Any]:
    """Return a new policy: two working hours from the making of a record, told to its owner and the manager."""
    return {
        "kind": "sla",
        "id": identifier,
        "lang": 1,
        "title": title,
        "entity": entity,
        "start": {"event": "record.created"},
        "target": "PT4H",
        "calendar": "base.working_hours",
        "escalate": [
            {"id": "soon", "at": "80%", "to": "owner"},
            {"id": "over", "at": "100%", "to": "owner.manager"},
        ],
    }


def when(document: Mapping[str, Any], key: str) -> dict[str, str]:
    """Return when something happens as the inputs show it: the way, the event, the condition."""
    said = document.get(key)
    if isinstance(said, Mapping):
        return {"way": "event", "event": str(said.get("event", "")), "if": str(said.get("if", ""))}
    return {"way": "condition" if said else "", "event": "", "if": str(said or "")}


def target(document: Mapping[str, Any]) -> dict[str, str]:
    """Return how much time there is as the inputs show it; ``text`` where one number does not say it."""
    said = document.get("target")
    if isinstance(said, Mapping):
        return {"way": "param", "param": str(said.get("param", "")), "unit": str(said.get("unit", "day"))}
    parts = duration(said)
    if parts is None:
        return {"way": "text", "text": str(said)}
    return {"way": "fixed", "number": parts[0], "unit": parts[1]}


def read(form: MultiDict[str, str], document: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """Return a policy as a form says it shall be; what the form does not show stays."""
    made = dict(document)
    if title := (form.get("title", "").strip() or form.get("title.zh-CN", "").strip()):
        made["title"] = title[:200]
    for key in ("description", "calendar", "restart"):
        if key in form:
            _put(made, key, form[key].strip())
    if own:
        for key in WHENS:
            if f"{key}.way" in form:
                _put(made, key, _when(form, key))
        _target(made, form)
    if "steps.shown" in form:
        made["escalate"] = _steps(form, document.get("escalate", ()), own=own)
        if not made["escalate"]:
            made.pop("escalate")
    return made


def _when(form: MultiDict[str, str], key: str) -> Any:
    way, event, condition = (form.get(f"{key}.{one}", "").strip() for one in ("way", "event", "if"))
    if way == "event":
        return {"event": event or "record.created", **({"if": condition} if condition else {})}
    return (condition or "true") if way == "condition" else ""


def _target(made: dict[str, Any], form: MultiDict[str, str]) -> None:
    way = form.get("target.way", "")
    number = form.get("target.number", "").strip()
    if way == "fixed" and number:
        made["target"] = UNITS.get(form.get("target.unit", "H"), UNITS["H"]).format(number)
    elif way == "param" and form.get("target.param"):
        made["target"] = {"param": form["target.param"], "unit": form.get("target.param.unit", "hour")}


def _steps(form: MultiDict[str, str], before: Sequence[Mapping[str, Any]], *, own: bool) -> list[dict[str, Any]]:
    known = {str(one["id"]): dict(one) for one in before}
    prefix = "" if own else f"{CUSTOM}__"
    # A row that is new has no id in the form until the page is drawn anew: it keeps the one that it got.
    taken = {form.get(f"{token}.id", "") for token in form.getlist("step")}
    made: list[dict[str, Any]] = []
    for token in form.getlist("step"):
        identifier = form.get(f"{token}.id", "")
        share = form.get(f"{token}.at", "").strip().rstrip("%％ ")
        if not identifier:
            if not share:
                continue
            identifier = prefix + free(f"at_{share}", taken, "step", prefix)
            taken.add(identifier)
        step = {**known.get(identifier, {}), "id": identifier}
        if f"{token}.at" in form:
            step["at"] = f"{share}%"
        if "then" not in step:
            for key in ("to", "message"):
                if f"{token}.{key}" in form:
                    _put(step, key, form[f"{token}.{key}"].strip())
        made.append(step)
    kept = [one for name, one in known.items() if not own and not name.startswith(f"{CUSTOM}__")]
    there = {one["id"] for one in made}
    return sorted([*made, *(one for one in kept if one["id"] not in there)], key=lambda one: percent(one.get("at", "")))


def percent(text: Any) -> int:
    """Return the number of ``80%``; what is none stands first."""
    plain = str(text).rstrip("%")
    return int(plain) if plain.isdigit() else 0


def ladder(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the points of the line of time: start, steps, and the end at 100 %, each with its place in percent of it."""
    steps = document.get("escalate", ())
    shares = sorted({percent(one.get("at")) for one in steps} | {100})
    longest = max(*shares, 110)
    return [
        {"x": f"{4 + 92 * share / longest:.2f}%", "share": share, "due": share == 100, "steps": [
            str(one["id"]) for one in steps if percent(one.get("at")) == share
        ]}
        for share in shares
    ]  # fmt: skip


def tells() -> list[tuple[str, str]]:
    """Return whom a step can tell, as expressions with their words."""
    return [
        ("owner", gettext("the owner")), ("owner.manager", gettext("the owner's manager")), ("team", gettext("the team")),
    ]  # fmt: skip


def _put(made: dict[str, Any], key: str, value: Any) -> None:
    if value in ("", None, [], {}):
        made.pop(key, None)
    else:
        made[key] = value
