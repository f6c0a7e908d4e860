"""A pipeline as the inputs of a form, and back: stages with their gates, checklists, required fields and ways on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.names import CUSTOM
from dealwright.web.i18n import gettext
from dealwright_admin.entities import HUES, free

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

#: Lists of a stage whose elements have ids: key to the keys that a row of it has.
LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "enter": ("require", "message"),
    "exit": ("require", "message"),
    "checklist": ("title", "needs"),
}
_WORDS: Final = ("title", "description", "hue", "probability", "reason", "outcome")


def begun(identifier: str, title: str, entity: str) -> dict[str, Any]:
    """Return a new pipeline: two stages on the way, and its two ends."""
    return {
        "kind": "pipeline",
        "id": identifier,
        "lang": 1,
        "title": title,
        "entity": entity,
        "version": 1,
        "start": "first",
        "stages": [
            {"id": "first", "title": gettext("New"), "hue": "gray", "probability": 10, "next": ["second", "lost"]},
            {"id": "second", "title": gettext("In work"), "hue": "blue", "probability": 50, "next": ["won", "lost"]},
            {"id": "won", "title": gettext("Won"), "hue": "green", "probability": 100, "outcome": "won"},
            {
                "id": "lost",
                "title": gettext("Lost"),
                "hue": "red",
                "probability": 0,
                "outcome": "lost",
                "reason": "optional",
                "next": ["first"],
            },
        ],
    }


def read(form: MultiDict[str, str], document: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """Return a pipeline as a form says it shall be; what the form does not show stays."""
    made = dict(document)
    if title := (form.get("title", "").strip() or form.get("title.zh-CN", "").strip()):
        made["title"] = title[:200]
    if form.get("start"):
        made["start"] = form["start"]
    made["stages"] = _stages(form, document.get("stages", ()), own=own)
    mapped = dict(document.get("stage_map", {}))
    for key, value in form.items():
        if key.startswith("map."):
            mapped[key.removeprefix("map.")] = value
    ids = {one["id"] for one in made["stages"]}
    mapped = {was: now for was, now in mapped.items() if was not in ids and now in ids}
    made.pop("stage_map", None)
    return made | ({"stage_map": mapped} if mapped and own else {})


def _stages(form: MultiDict[str, str], before: Sequence[Mapping[str, Any]], *, own: bool) -> list[dict[str, Any]]:
    known = {str(one["id"]): dict(one) for one in before}
    made = []
    for token in form.getlist("stage"):
        identifier = form.get(f"{token}.id", "")
        if identifier not in known:
            continue
        stage = known[identifier]
        _texts(stage, token, form)
        for key in ("next", "required"):
            if f"{token}.{key}.shown" in form:
                _put(stage, key, [one for one in form.getlist(f"{token}.{key}") if one])
        if f"{token}.red" in form:
            days = form[f"{token}.red"].strip()
            _put(stage, "red_after", f"P{days}D" if days else "")
        for key in LISTS:
            if f"{token}.{key}.shown" in form:
                _put(stage, key, _rows(form, token, key, stage.get(key, ()), own=own))
        made.append(stage)
    return made or list(known.values())


def _texts(stage: dict[str, Any], token: str, form: MultiDict[str, str]) -> None:
    for key in _WORDS:
        if f"{token}.{key}" not in form:
            continue
        value: Any = form[f"{token}.{key}"].strip()
        if key == "title":
            value = value or form.get(f"{token}.title.zh-CN", "").strip() or stage["title"]
        elif key == "probability":
            value = int(value) if value.isdigit() else value
        elif key == "hue" and value not in HUES:
            value = ""
        if value == "":
            stage.pop(key, None)
        else:
            stage[key] = value


def _rows(
    form: MultiDict[str, str], token: str, key: str, before: Sequence[Mapping[str, Any]], *, own: bool
) -> list[dict[str, Any]]:
    """Return the gates or the checklist of a stage; rows are named by tokens, as what is closed is not posted."""
    known = {str(one["id"]): dict(one) for one in before}
    taken = set(known)
    prefix = "" if own else f"{CUSTOM}__"
    made: list[dict[str, Any]] = []
    for row in form.getlist(f"{token}.{key}"):
        identifier = form.get(f"{row}.id", "")
        values = {name: form[f"{row}.{name}"].strip() for name in LISTS[key] if f"{row}.{name}" in form}
        if not identifier and not any(values.values()):
            continue
        if not identifier:
            said = values.get("title") or values.get("message", "")
            identifier = prefix + free(said[:24], taken, "gate" if key != "checklist" else "item", prefix)
            taken.add(identifier)
        item = {**known.get(identifier, {}), "id": identifier}
        for name, value in values.items():
            _put(item, name, value)
        if f"{row}.required.shown" in form:
            _put(item, "required", form.get(f"{row}.required") == "1")
        made.append(item)
    kept = [one for name, one in known.items() if not own and not name.startswith(prefix)]
    there = {one["id"] for one in made}
    return [*made, *(one for one in kept if one["id"] not in there)]


def done(document: dict[str, Any], doing: str) -> None:
    """Do to the stages what a button asks for: ``add:2``, ``up:first``, ``down:first``, ``remove:first``."""
    what, _, which = doing.partition(":")
    stages: list[dict[str, Any]] = document["stages"]
    place = next((i for i, one in enumerate(stages) if one["id"] == which), None)
    if what == "add" and which.isdigit():
        at = min(int(which), len(stages))
        name = free("stage", {one["id"] for one in stages}, "stage")
        after = stages[at] if at < len(stages) else None
        fresh = {"id": name, "title": gettext("New stage"), "hue": "violet"}
        stages.insert(at, fresh | ({"next": [after["id"]]} if after is not None else {}))
        if at and not stages[at - 1].get("outcome"):
            stages[at - 1]["next"] = [name, *stages[at - 1].get("next", ())]
    elif place is None:
        return
    elif what == "remove" and len(stages) > 2:
        stages.pop(place)
        for one in stages:
            if which in one.get("next", ()):
                one["next"] = [name for name in one["next"] if name != which]
        if document.get("start") == which:
            document["start"] = stages[0]["id"]
    elif what in ("up", "down"):
        other = place + (1 if what == "down" else -1)
        if 0 <= other < len(stages):
            stages[place], stages[other] = stages[other], stages[place]


def _put(made: dict[str, Any], key: str, value: Any) -> None:
    if value in ("", None, [], {}, False):
        made.pop(key, None)
    else:
        made[key] = value
