"""What an entity and its fields name, and whether their keywords make sense together."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import names, patterns, system
from dealwright.metadata.findings import COMPUTED, SINGLE_LINKS, Findings

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Entity, Field

_MEASURABLE: Final = {
    "sum": {"integer", "decimal", "percent", "money", "rating", "duration"},
    "avg": {"integer", "decimal", "percent", "money", "rating", "duration"},
}
_BOUNDS: Final = (("minLength", "maxLength"), ("minimum", "maximum"), ("minItems", "maxItems"))

Key = tuple[str, str]
At = tuple[str | int, ...]


def look(findings: Findings, entity: Entity) -> None:
    """Add every problem of an entity."""
    key = ("entity", entity.id)
    for one in entity.fields.values():
        at: At = ("properties", one.id)
        if one.id in entity.system_fields or one.id in system.VIRTUAL:
            message = f"“{one.id}” is kept by the platform on every record; choose another name"
            findings.say(key, at, "reserved-name", message)
        if len(one.id) > names.LONGEST_SQL_NAME or not names.is_field(one.id):
            most = f"each part of a name has at most 40 characters, all of it {names.LONGEST_SQL_NAME}; shorten it"
            findings.say(key, at, "name-too-long", f"“{one.id}” is too long: {most}")
        _field(findings, key, at, entity, entity.all_fields(), one)
        for name, part in (one.items or {}).items():
            _field(findings, key, (*at, "items", "properties", name), entity, dict(one.items or {}), part)
        if one.items is not None:
            _required(findings, key, (*at, "items"), one.items, one.spec["items"].get("required", ()))
    _required(findings, key, (), entity.fields, entity.document.get("required", ()))
    _lists(findings, key, entity)
    _links(findings, key, entity)
    _interaction(findings, key, entity)
    _space(findings, key, entity)
    segment = entity.document.get("contact_times", {}).get("segment")
    if segment is not None:
        _stored(findings, key, ("contact_times", "segment"), entity, segment)


def _required(findings: Findings, key: Key, at: At, fields: Mapping[str, Field], required: Any) -> None:
    for name in required:
        if findings.known(key, (*at, "required"), name, fields, "own field") and fields[name].type in COMPUTED:
            message = f"“{name}” is of the type {fields[name].type}, which nobody enters, so it cannot be required"
            findings.say(key, (*at, "required"), "cannot-be-required", message)


def _lists(findings: Findings, key: Key, entity: Entity) -> None:
    """Look at the lists of fields beside ``properties``."""
    document = entity.document
    fields = entity.all_fields()
    if entity.display is not None:
        findings.known(key, ["display"], entity.display, entity.fields, f"own field of {entity.id}")
    for check in entity.checks:
        if check.at is not None:
            findings.known(key, ["checks", check.id, "at"], check.at, fields, f"field of {entity.id}")
    for i, unique in enumerate(document.get("unique", ())):
        for name in unique["fields"] if isinstance(unique, Mapping) else unique:
            _stored(findings, key, ("unique", i), entity, name)
    for i, index in enumerate(entity.indexes):
        for name in index:
            _stored(findings, key, ("indexes", i), entity, name)
    for rule in entity.duplicates:
        for name in rule.match:
            _stored(findings, key, ("duplicates", rule.id, "match"), entity, name)
    for name in entity.copy_empty:
        findings.known(key, ["copy", "empty"], name, fields, f"field of {entity.id}")
    if (since := document.get("retention", {}).get("from")) is not None:
        found = findings.field(key, ["retention"], entity, since)
        if found is not None and found.type not in ("date", "datetime"):
            message = f"“{since}” is of the type {found.type}; expected a date or datetime"
            findings.say(key, ["retention"], "wrong-type", message)


def _space(findings: Findings, key: Key, entity: Entity) -> None:
    rows = 0
    for index, name in enumerate(entity.document.get("space", ())):
        one = findings.field(key, ["space", index], entity, name)
        if one is None or one.type == "user":
            continue
        rows += 1
        types = {each: (one.items or {})[each].type for each in ("person", "role") if each in (one.items or {})}
        if types != {"person": "user", "role": "select"} or rows > 1:
            message = (
                f"“{name}” holds no user, and is not the one field with rows of a person (user) and a role (select)"
            )
            findings.say(key, ["space", index], "wrong-type", message)


def _interaction(findings: Findings, key: Key, entity: Entity) -> None:
    if entity.interaction is None:
        return
    for keyword, kinds in (("about", ("reference", "any_reference")), ("at", ("datetime",))):
        name = getattr(entity.interaction, keyword)
        at = ("interaction", keyword)
        if not findings.known(key, at, name, entity.fields, f"own field of {entity.id}"):
            continue
        found = entity.fields[name]
        if found.type not in kinds:
            message = f"“{name}” is of the type {found.type}; expected {' or '.join(kinds)}"
            findings.say(key, at, "wrong-type", message)


def _stored(findings: Findings, key: Key, at: At, entity: Entity, name: str) -> None:
    found = findings.field(key, at, entity, name)
    if found is not None and found.type in ("rows", "references", "rollup", "lookup", "static"):
        message = f"“{name}” is of the type {found.type} and has no column to compare; use another field"
        findings.say(key, at, "no-column", message)


def _links(findings: Findings, key: Key, entity: Entity) -> None:
    for keyword in ("part_of", "tree"):
        name = entity.document.get(keyword)
        if name is None or not findings.known(key, [keyword], name, entity.fields, f"own field of {entity.id}"):
            continue
        found = entity.fields[name]
        if found.type != "reference":
            findings.say(
                key, [keyword], "not-a-reference", f"“{name}” is of the type {found.type}; expected a reference"
            )
        elif keyword == "tree" and found.to != entity.id:
            message = f"“{name}” points at {found.to}; the records of a tree point at their own entity {entity.id}"
            findings.say(key, [keyword], "not-a-tree", message)
        elif keyword == "part_of" and found.to == entity.id:
            findings.say(key, [keyword], "circular", "an entity cannot be part of itself; use tree")


def _field(findings: Findings, key: Key, at: At, entity: Entity, siblings: Mapping[str, Field], one: Field) -> None:
    """Look at one field; ``siblings`` are those that it may name: of the entity, or of the row."""
    spec = one.spec
    targets = spec.get("to", ())
    for target in [targets] if isinstance(targets, str) else targets:
        findings.known(key, (*at, "to"), target, findings.catalog.entities, "entity")
    if "option_set" in spec:
        sets = {name for kind, name in findings.catalog.documents if kind == "option_set"}
        findings.known(key, (*at, "option_set"), spec["option_set"], sets, "option set")
    for option in spec.get("options_when", ()):
        findings.known(key, (*at, "options_when", option), option, {o.id for o in one.options}, "option")
    if one.type in ("select", "multi_select") and isinstance(spec.get("default"), str) and one.options:
        findings.known(key, (*at, "default"), spec["default"], {o.id for o in one.options}, "option")
    if "pattern" in spec:
        try:
            patterns.compiled(spec["pattern"])
        except patterns.PatternError as error:
            findings.say(key, (*at, "pattern"), "pattern-invalid", error.detail)
    for low, high in _BOUNDS:
        least, most = _constant(spec.get(low)), _constant(spec.get(high))
        if least is not None and most is not None and least > most:
            findings.say(
                key, (*at, low), "empty-range", f"“{low}” {least} is greater than “{high}” {most}; nothing fits"
            )
    for name, path in spec.get("prefill", {}).items():
        findings.known(key, (*at, "prefill"), name, siblings, "field")
        if path.partition(".")[0] not in siblings:
            findings.known(key, (*at, "prefill"), path.partition(".")[0], siblings, "field")
        elif siblings is entity.fields or path.partition(".")[0] in entity.all_fields():
            findings.end_of_path(key, (*at, "prefill"), entity, path)
    if one.type == "autonumber" and "{seq" not in spec["format"]:
        message = "the format has no place for the number; put {seq} or {seq:5} into it"
        findings.say(key, (*at, "format"), "no-sequence", message)
    if one.type == "rollup":
        _rollup(findings, key, at, entity, one)
    if one.type == "lookup":
        _lookup(findings, key, at, entity, siblings, one)


def _constant(value: Any) -> Decimal | None:
    return None if value is None or isinstance(value, Mapping) else Decimal(value)


def _rollup(findings: Findings, key: Key, at: At, entity: Entity, one: Field) -> None:
    spec = one.spec
    source = findings.entity(key, (*at, "of"), spec["of"])
    if source is None:
        return
    via = findings.field(key, (*at, "via"), source, spec["via"])
    if via is not None and via.to != entity.id:
        here = f"points at {via.to}" if via.to else f"is of the type {via.type}"
        message = f"“{via.id}” of {source.id} {here}; expected a reference that points at {entity.id}"
        findings.say(key, (*at, "via"), "wrong-target", message)
    if "value" in spec and (value := findings.field(key, (*at, "value"), source, spec["value"])) is not None:
        held = value.spec.get("result") if value.type == "formula" else value.type
        measurable = _MEASURABLE.get(spec["measure"])
        if measurable is not None and held not in measurable:
            message = f"“{value.id}” of {source.id} is of the type {held}; {spec['measure']} needs a number"
            findings.say(key, (*at, "value"), "not-a-number", message)


def _lookup(findings: Findings, key: Key, at: At, entity: Entity, siblings: Mapping[str, Field], one: Field) -> None:
    spec = one.spec
    if not findings.known(key, (*at, "via"), spec["via"], siblings, "field"):
        return
    via = siblings[spec["via"]]
    target = findings.catalog.entities.get(via.to or "")
    if via.type not in SINGLE_LINKS:
        findings.say(
            key, (*at, "via"), "not-a-reference", f"“{via.id}” is of the type {via.type}; expected a reference"
        )
    elif target is not None:
        findings.end_of_path(key, (*at, "value"), target, spec["value"])
