"""A score as the inputs of a form, and back: factors with what they look at, their scales and weights, and the tiers.

As with rules, what was not changed in the page comes back as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.names import CUSTOM
from dealwright.rules.actions import source_of
from dealwright.web.i18n import gettext
from dealwright_admin import inputs
from dealwright_admin.entities import HUES, free

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

#: Attributes of the whole that only the pack that defines a score may change, and those that everybody may.
_OWN: Final = ("when", "into", "tier_into", "min_coverage", "decimals")
_OPEN: Final = ("description", "hysteresis")
_NUMBERS: Final = frozenset({"min_coverage", "decimals", "hysteresis"})


def begun(identifier: str, title: str, entity: str) -> dict[str, Any]:
    """Return a new score of an entity, with one factor and three tiers."""
    return {
        "kind": "score", "id": identifier, "lang": 1, "title": title, "entity": entity,
        "inputs": [{"id": "first", "title": gettext("First factor"), "value": "true", "weight": 1}],
        "tiers": [
            {"id": "A", "title": "A", "from": 70, "hue": "green"}, {"id": "B", "title": "B", "from": 30, "hue": "amber"},
            {"id": "C", "title": "C", "from": 0, "hue": "gray"},
        ],
    }  # fmt: skip


def scale_of(factor: Mapping[str, Any]) -> tuple[str, str]:
    """Return which scale a factor has, and its numbers as lines: ``0 = 10``; a scale that has no lines gives none."""
    scale = factor.get("scale")
    if not scale:
        return "truth", ""
    kind, spec = next(iter(scale.items()))
    if kind == "steps":
        return "steps", _lines(spec)
    if kind == "linear":
        return "linear", _lines([(key, spec[key]) for key in ("from", "to") if key in spec])
    if kind == "map":
        return "map", _lines(spec.items())
    if "half_life" in spec:
        text, unit = inputs.span(spec["half_life"])
        return "half_life", f"{text} {unit}".strip()
    return "age", _lines(spec.get("steps", ()))


def _lines(pairs: Any) -> str:
    return "\n".join(f"{shown(left)} = {shown(right)}" for left, right in pairs)


def shown(value: Any) -> str:
    """Return a number, a parameter or the id of an option as a line says it."""
    return value if isinstance(value, str) else source_of(value)


#: What a scale of a kind begins with.
BEGUN: Final[Mapping[str, str]] = {
    "truth": "", "steps": "0 = 0\n100 = 100", "linear": "from = 0\nto = 100", "half_life": "30 day", "age": "0 = 100\n90 = 0",
    "map": "",
}  # fmt: skip


def scaled(kind: str, text: str) -> dict[str, Any] | None:
    """Return the scale that a kind and its lines say; None for a condition. What is no number is told by the checks."""
    pairs = [(left.strip(), inputs.number(right.strip())) for left, bar, right in
             (line.partition("=") for line in text.splitlines()) if bar or left.strip()]  # fmt: skip
    match kind:
        case "steps":
            return {"steps": [[inputs.number(left), right] for left, right in pairs]}
        case "linear":
            return {"linear": dict(pairs)}
        case "map":
            return {"map": dict(pairs)}
        case "age":
            return {"recency": {"steps": [[inputs.number(left), right] for left, right in pairs]}}
        case "half_life":
            number, _, unit = text.strip().partition(" ")
            return {"recency": {"half_life": inputs.spanned(number, unit.strip() or "day")}}
        case _:
            return None


def read(form: MultiDict[str, str], document: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """Return a score as a form says it shall be; what the form does not show, or may not change, stays."""
    made = dict(document)
    if title := (form.get("title", "").strip() or form.get("title.zh-CN", "").strip()):
        made["title"] = title[:200]
    for key in (*_OPEN, *(_OWN if own else ())):
        if key in form and inputs.plain(form[key]) != inputs.plain(_plain(document.get(key))):
            _put(made, key, _number(form[key]) if key in _NUMBERS else inputs.plain(form[key]))
    if "factor" in form:
        made["inputs"] = _factors(form, document.get("inputs", ()), own=own)
    if "tiers.shown" in form:
        _put(made, "tiers", _tiers(form, document.get("tiers", ()), own=own))
    return made


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _number(text: str) -> Any:
    return inputs.number(text.strip())


def _factors(form: MultiDict[str, str], before: Sequence[Mapping[str, Any]], *, own: bool) -> list[dict[str, Any]]:
    known = {str(one["id"]): dict(one) for one in before}
    made = []
    for token in form.getlist("factor"):
        factor = known.get(form.get(f"{token}.id", ""))
        if factor is None:
            continue
        mine = own or str(factor["id"]).startswith(f"{CUSTOM}__")
        if title := (form.get(f"{token}.title", "").strip() or form.get(f"{token}.title.zh-CN", "").strip()):
            factor["title"] = title[:200]
        if f"{token}.weight" in form and form[f"{token}.weight"].strip() != shown(factor.get("weight", "")):
            factor["weight"] = _number(form[f"{token}.weight"])
        if mine and f"{token}.value" in form and inputs.plain(form[f"{token}.value"]) != str(factor["value"]).strip():
            factor["value"] = inputs.plain(form[f"{token}.value"]) or "true"
        if mine and f"{token}.scale" in form:
            _scale(factor, form[f"{token}.scale"], inputs.plain(form.get(f"{token}.lines", "")))
        made.append(factor)
    return made or list(known.values())


def _scale(factor: dict[str, Any], kind: str, text: str) -> None:
    was, lines = scale_of(factor)
    if kind not in BEGUN or (kind, text) == (was, lines):
        return
    scale = scaled(kind, BEGUN[kind] if kind != was else text)
    factor.pop("scale", None)
    if scale is not None:
        factor["scale"] = scale


def _tiers(form: MultiDict[str, str], before: Sequence[Mapping[str, Any]], *, own: bool) -> list[dict[str, Any]]:
    known = {str(one["id"]): dict(one) for one in before}
    rows = zip(
        form.getlist("t.id"), form.getlist("t.title"), form.getlist("t.from"), form.getlist("t.hue"), strict=False
    )
    taken, made = set(known), []
    for identifier, title, start, hue in rows:
        if not identifier and not title.strip():
            continue
        name = identifier or free(title, taken, "tier")
        taken.add(name)
        tier = known.get(name, {"id": name, "title": title.strip() or name, "from": 0})
        tier["title"] = title.strip() or tier["title"]
        if start.strip() != shown(tier["from"]):
            tier["from"] = _number(start)
        if hue != tier.get("hue", ""):
            _put(tier, "hue", hue if hue in HUES else "")
        made.append(tier)
    there = {one["id"] for one in made}
    return [*made, *(() if own else (one for name, one in known.items() if name not in there))]


def done(document: dict[str, Any], doing: str, *, own: bool) -> None:
    """Do to the factors what a button asks for: ``add:``, ``up:reach``, ``down:reach``, ``remove:reach``."""
    what, _, which = doing.partition(":")
    listed: list[dict[str, Any]] = list(document["inputs"])
    document["inputs"] = listed
    place = next((i for i, one in enumerate(listed) if one["id"] == which), None)
    if what == "add":
        prefix = "" if own else f"{CUSTOM}__"
        name = prefix + free("factor", {one["id"] for one in listed}, "factor", prefix)
        listed.append({"id": name, "title": gettext("New factor"), "value": "true", "weight": 1})
    elif place is None:
        return
    elif what == "remove" and len(listed) > 1 and (own or which.startswith(f"{CUSTOM}__")):
        listed.pop(place)
    elif what in ("up", "down") and own:
        other = place + (1 if what == "down" else -1)
        if 0 <= other < len(listed):
            listed[place], listed[other] = listed[other], listed[place]


def _put(made: dict[str, Any], key: str, value: Any) -> None:
    """Set what has a value, and leave out what has none."""
    if value in ("", None, []):
        made.pop(key, None)
    else:
        made[key] = value
