"""The settings of a field: which inputs its type asks for, worked out from the schema of fields, and reading them back.

A keyword that the schema gets appears here by itself, with the title and the kind of input that its schema says. What a
pack defined and the admins may not change is shown, and says whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import merge, schemas
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright_admin import keywords, words

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from dealwright.packs.drafts import Opened

#: Keywords with a place of their own on the page.
_APART: Final = frozenset({"field", "title", "description", "order", "required"})
_SEEN: Final = ("placeholder", "section", "width")
_WHEN: Final = ("visible_when", "required_when", "readonly_when", "immutable")
_STORED: Final = ("default", "unique", "indexed", "external_id", "sensitivity")
#: Keywords that hold an expression, and over what.
EXPRESSIONS: Final = frozenset({"visible_when", "required_when", "readonly_when", "formula", "filter", "where"})
_LONG: Final = frozenset({"text"})
_PAIRS: Final = frozenset({"options_when", "prefill"})
_ENTITIES: Final = frozenset({"to", "of"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One input.

    Attributes:
        kind: Which: text, area, expression, number, switch, choice, lines, pairs, options, columns, entities, or fixed
            for a value that only its document's text can say.
        value: What stands there: a text, a truth, a list of ids, or rows of options or columns.
        choices: Value and label of each, for a choice.
        why: Why it cannot be changed; empty where it can.
        stricter: Whether it may only become stricter.
        changed: Whether the admins have set it over what a pack says.
        errors: What is wrong with it.
    """

    key: str
    label: str
    help: str
    kind: str
    value: Any
    choices: Sequence[tuple[str, str]] = ()
    why: str = ""
    stricter: bool = False
    changed: bool = False
    required: bool = False
    errors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Settings under one heading; those that few need are folded away."""

    id: str
    title: str
    settings: list[Setting] = field(default_factory=list)
    folded: bool = False


def field_schema() -> Mapping[str, Any]:
    """Return the schema of a field."""
    found: Mapping[str, Any] = schemas.schema("entity")["$defs"]["field"]
    return found


def keywords_of(type_name: str) -> list[str]:
    """Return the keywords that a field of this type may have, in the order of the schema."""
    whole = field_schema()
    limits = whole["dependentSchemas"]
    return [
        key
        for key in whole["properties"]
        if key not in limits or type_name in limits[key]["properties"]["field"]["enum"]
    ]


def needed(type_name: str) -> frozenset[str]:
    """Return the keywords that a field of this type must have."""
    found: set[str] = set()
    for rule in field_schema()["allOf"]:
        said = rule.get("if", {}).get("properties", {}).get("field", {})
        types = said.get("enum", [said.get("const")])
        if type_name in types and set(rule["if"].get("properties", {})) == {"field"}:
            found.update(rule.get("then", {}).get("required", ()))
    return frozenset(found | ({"options"} if type_name in ("select", "multi_select", "checklist") else set()))


def groups(
    draft: Opened, entity: str, name: str, spec: Mapping[str, Any], errors: Mapping[str, Sequence[str]], *, own: bool
) -> list[Group]:
    """Return the settings of a field in groups.

    Args:
        draft: The draft it is in.
        entity: Id of its entity.
        name: Its id.
        spec: The field as it is drafted.
        errors: Keyword to what is wrong with it.
        own: Whether the field is of the admins' own.
    """
    type_name = str(spec["field"])
    offered = [key for key in keywords_of(type_name) if key not in _APART]
    known = draft.below.documents.get(("entity", entity), {}).get("properties", {}).get(name, {})
    must = needed(type_name)

    def of(keys: Sequence[str]) -> list[Setting]:
        return [_setting(draft, entity, name, key, spec, known, errors, own, must) for key in keys if key in offered]

    special = [key for key in offered if key not in (*_SEEN, *_WHEN, *_STORED)]
    if own:  # of two ways to give choices a field has one
        special = [key for key in special if key != ("option_set" if "options" in spec else "options")]
    found = [
        Group("value", gettext("Value"), of(special)),
        Group("seen", gettext("In the form"), of(_SEEN)),
        Group("when", gettext("Depending on the record"), of(_WHEN)),
        Group("stored", gettext("As data"), of(_STORED), folded=True),
    ]
    return [one for one in found if one.settings]


def _setting(
    draft: Opened,
    entity: str,
    name: str,
    key: str,
    spec: Mapping[str, Any],
    known: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]],
    own: bool,
    must: frozenset[str],
) -> Setting:
    part = field_schema()["properties"][key]
    way = str(part.get("x-merge", "last"))
    closed = not own and (way in ("locked", "owner") or ("x-merge" not in part and key not in ("options",)))
    why = gettext("Set by the pack that defines the field.") if closed else ""
    kind, value, choices = _input(draft, entity, key, part, spec)
    return Setting(
        key=key,
        label=keywords.label(key),
        help=keywords.help_text(key),
        kind=kind,
        value=value,
        choices=choices,
        why=why,
        stricter=not own and way in merge.TIGHTENING,
        changed=not own
        and any(one.steps[2:3] == (key,) for one in draft.changed("entity", entity, ("properties", name))),
        required=key in must,
        errors=errors.get(key, ()),
    )


def _input(
    draft: Opened, entity: str, key: str, part: Mapping[str, Any], spec: Mapping[str, Any]
) -> tuple[str, Any, Sequence[tuple[str, str]]]:
    """Return kind, value and choices of the input of a keyword."""
    value = spec.get(key)
    kinds = part.get("type")
    if isinstance(value, Mapping) and key not in (*_PAIRS, "items"):  # a parameter, or a default that is worked out
        return "fixed", words.value(value.get("param") or value.get("expr")), ()
    if key == "options":
        return "options", [dict(one) for one in value or ()], ()
    if key == "items":
        return "columns", _columns(value), ()
    if key in _PAIRS:
        return "pairs", "\n".join(f"{left} = {right}" for left, right in (value or {}).items()), ()
    if key in _ENTITIES:
        chosen = [value] if isinstance(value, str) else list(value or ())
        several = spec["field"] == "any_reference"
        return "entities" if several else "choice", chosen if several else (chosen or [""])[0], _entities(draft)
    if key == "option_set":
        return "choice", value or "", [("", ""), *_documents(draft, "option_set")]
    if key == "via":
        return "choice", value or "", _references(draft, entity, spec)
    if key == "default":
        return _default(value, spec)
    if key in EXPRESSIONS:
        return "expression", value or "", ()
    if kinds == "boolean":
        return "switch", bool(value), ()
    if "enum" in part:
        blank = [] if key in ("result", "measure") else [("", gettext("as usual"))]
        return "choice", value or "", [*blank, *((one, choice(one)) for one in part["enum"])]
    if kinds == "array":
        return "lines", "\n".join(str(one) for one in value or ()), ()
    if kinds == "integer" or (isinstance(kinds, list) and ({"integer", "number"} & set(kinds))):
        return "number", "" if value is None else str(value), ()
    return ("area" if key in _LONG else "text"), "" if value is None else str(value), ()


def _default(value: Any, spec: Mapping[str, Any]) -> tuple[str, Any, Sequence[tuple[str, str]]]:
    if spec["field"] == "boolean":
        return "choice", {True: "true", False: "false"}.get(value, ""), [
            ("", gettext("none")), ("true", gettext("yes")), ("false", gettext("no")),
        ]  # fmt: skip
    if spec["field"] == "select" and "options" in spec:
        offered = [(str(one.get("id", "")), str(one.get("title", ""))) for one in spec["options"]]
        return "choice", value or "", [("", gettext("none")), *offered]
    if isinstance(value, list | Mapping):
        return "fixed", words.value(value), ()
    return "text", "" if value is None else str(value), ()


def choice(word: str) -> str:
    """Return a choice of a keyword in words."""
    said = {
        **{"full": gettext("whole line"), "half": gettext("half a line"), "third": gettext("a third of a line")},
        **{"personal": gettext("personal data"), "secret": gettext("secret, never shown")},
        **{
            "restrict": gettext("refuse that"),
            "set_null": gettext("empty this"),
            "cascade": gettext("delete this too"),
        },
        **{"empty": gettext("only while empty"), "always": gettext("each time")},
        **{"count": gettext("count"), "sum": gettext("sum"), "avg": gettext("average")},
        **{"min": gettext("smallest"), "max": gettext("largest"), "never": gettext("never")},
        **{"year": gettext("each year"), "month": gettext("each month"), "day": gettext("each day")},
    }
    from dealwright_admin import field_types

    return said.get(word) or field_types.title(word)


def _columns(value: Any) -> list[dict[str, Any]]:
    inner = (value or {}).get("properties", {})
    must = (value or {}).get("required", ())
    return [
        {"id": name, "title": spec.get("title", ""), "type": spec.get("field", "text"), "required": name in must}
        for name, spec in sorted(inner.items(), key=lambda one: one[1].get("order", 0))
    ]


def _entities(draft: Opened) -> list[tuple[str, str]]:
    catalog = draft.catalog
    return sorted(
        ((one.id, i18n.entity_title(catalog, one)) for one in catalog.entities.values()), key=lambda one: one[1]
    )


def _documents(draft: Opened, kind: str) -> list[tuple[str, str]]:
    found = [identifier for of, identifier in draft.catalog.documents if of == kind]
    return [(one, words.document(draft.catalog, kind, one)) for one in found]


def _references(draft: Opened, entity: str, spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the references that can lead to or from the records meant: those of the other entity, or own ones."""
    catalog = draft.catalog
    about = catalog.entities.get(str(spec.get("of")) if spec["field"] == "rollup" else entity)
    if about is None:
        return [("", "")]
    wanted = {"reference", "references"} if spec["field"] == "rollup" else {"reference", "user", "team"}
    return [
        ("", ""),
        *(
            (one.id, i18n.field_text(catalog, about, one))
            for one in about.all_fields().values()
            if one.type in wanted and (spec["field"] != "rollup" or one.to == entity)
        ),
    ]


def read(form: MultiDict[str, str], spec: Mapping[str, Any], shown: Sequence[Group]) -> dict[str, Any]:
    """Return a field as a form says it shall be; what the form does not show stays."""
    made = dict(spec)
    for one in (setting for group in shown for setting in group.settings):
        if one.why or one.kind == "fixed" or f"s-{one.key}.shown" not in form:
            continue
        value = _read(form, one, spec)
        if value is None:
            made.pop(one.key, None)
        else:
            made[one.key] = value
    return made


def _read(form: MultiDict[str, str], one: Setting, spec: Mapping[str, Any]) -> Any:
    text = form.get(f"s-{one.key}", "").strip()
    match one.kind:
        case "switch":
            return (text == "1") or None
        case "number":
            return _number(text)
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()] or None
        case "pairs":
            pairs = [line.partition("=") for line in text.splitlines() if "=" in line]
            return {left.strip(): right.strip() for left, _, right in pairs if left.strip()} or None
        case "entities":
            return [each for each in form.getlist(f"s-{one.key}") if each] or None
        case "options":
            return _options(form, f"s-{one.key}", spec.get("options") or ())
        case "columns":
            return _rows(form, f"s-{one.key}", spec.get("items") or {})
        case "choice" if one.key == "default" and text in ("true", "false"):
            return text == "true"
        case _:
            return _typed(text, str(spec["field"])) if one.key == "default" else (text or None)


def _number(text: str) -> Any:
    if not text:
        return None
    plain = text.replace(",", "").replace("，", "")
    try:
        return int(plain)
    except ValueError:
        return plain  # what is no number is told by the check, with what stands there


def _typed(text: str, type_name: str) -> Any:
    """Return a default as its type wants it in JSON."""
    if text and type_name in ("integer", "rating"):
        return _number(text)
    return text or None


def _options(form: MultiDict[str, str], key: str, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    from dealwright_admin.entities import HUES, free

    known = {str(one["id"]): dict(one) for one in before if "id" in one}
    hidden = set(form.getlist(f"{key}.hidden"))
    made: list[dict[str, Any]] = []
    rows = zip(
        form.getlist(f"{key}.id"), form.getlist(f"{key}.title"), form.getlist(f"{key}.hue"),
        form.getlist(f"{key}.row"), strict=False,
    )  # fmt: skip
    taken = {one for one in form.getlist(f"{key}.id") if one}
    for identifier, title, hue, row in rows:
        if not identifier and not title.strip():
            continue
        name = identifier or free(title, taken, "option")
        taken.add(name)
        option = {**known.get(name, {}), "id": name, "title": title.strip() or name}
        option.pop("hue", None)
        option.pop("hidden", None)
        option |= {"hue": hue} if hue in HUES else {}
        made.append(option | ({"hidden": True} if row in hidden else {}))
    return made


def _rows(form: MultiDict[str, str], key: str, before: Mapping[str, Any]) -> dict[str, Any]:
    from dealwright_admin.entities import free

    known = before.get("properties", {})
    must = set(form.getlist(f"{key}.required"))
    made: dict[str, Any] = {}
    required: list[str] = []
    rows = zip(
        form.getlist(f"{key}.id"), form.getlist(f"{key}.title"), form.getlist(f"{key}.type"),
        form.getlist(f"{key}.row"), strict=False,
    )  # fmt: skip
    taken = {one for one in form.getlist(f"{key}.id") if one}
    for identifier, title, type_name, row in rows:
        if not identifier and not title.strip():
            continue
        name = identifier or free(title, taken, "column")
        taken.add(name)
        kept = dict(known.get(name, {}))
        if kept.get("field") != type_name:
            kept = {"field": type_name, **({"to": "base.user"} if type_name == "reference" else {})}
        made[name] = {**kept, "title": title.strip() or name}
        made[name].pop("order", None)
        if row in must:
            required.append(name)
    return {"properties": made, **({"required": required} if required else {})}


#: Types that a column of a table can have and that need no more than a title.
COLUMNS: Final = ("text", "long_text", "integer", "decimal", "money", "percent", "boolean", "date", "user")
