"""The mapping of an import: which column of a file becomes which field, and how its texts are read.

    {"key": "opportunity_id",
     "columns": {"deal_stage": {"to": "stage", "values": {"Won": "won"}},
                 "account": {"to": "account", "match": "name", "create": false},
                 "close_value": {"to": "amount"},
                 "comment": null},
     "constants": {"source": "'import'"}}

A list as ``key`` names fields by which a row meets a record together, such as ``["name", "region"]``; they need not be unique.
A column that the mapping does not name is an error, so that no data is passed over in silence; ``null`` says it is not
wanted. Without a mapping each column must be named like a field.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Any

from dealwright import conditions, fields
from dealwright.errors import ConditionError, DefinitionError, Problem

if TYPE_CHECKING:
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

#: What becomes of a record that the key of a row finds.
EXISTING = ("update", "skip")
#: Fields that can find a record together, and types of fields that cannot be one of them.
MOST_TOGETHER = 5
_NOT_COMPARED = frozenset(
    {"long_text", "rich_text", "code", "json", "checklist", "multi_select", "tags", "address", "geolocation", "file", "image",
     "signature", "any_reference", "formula", "autonumber"}
)  # fmt: skip
#: System fields that a column may fill, beside the entity's own fields.
_SYSTEM = ("owner", "team", "stage", "pipeline")


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is read.

    Attributes:
        to: The field it fills.
        match: For a reference: the field of the other entity that holds the column's text; None: the text is an id.
        create: Whether a reference that finds nothing makes a new record with just that field.
        values: Texts to use in place of others, compared as they are written.
        default: Text to use for an empty cell.
    """

    to: str
    match: str | None = None
    create: bool = False
    values: Mapping[str, str | None] = field(default_factory=dict)
    default: str | None = None


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A checked mapping for one file and entity. ``columns`` holds only what is wanted, by the file's header.

    ``key`` is an external id; ``together`` are fields that find a record by all of them, in place of it.
    ``existing`` says what becomes of a record that the key finds: ``update`` changes it, ``skip`` leaves it as it is.
    """

    key: str | None
    columns: Mapping[str, Column]
    constants: Mapping[str, Condition]
    existing: str = "update"
    together: tuple[str, ...] = ()


def read(
    catalog: Catalog, entity: Entity, header: Sequence[str], given: Mapping[str, Any] | None, source: str = "mapping"
) -> FileMapping:
    """Check a mapping against the file's header and the entity.

    Raises:
        DefinitionError: With every problem of the mapping and of the header.
    """
    document: Mapping[str, Any] = given if given is not None else {"columns": {name: {"to": name} for name in header}}
    problems = list(_misformed(document, source))
    if problems:
        raise DefinitionError(f"the mapping cannot be used for {entity.id}", problems)
    for part in document:
        if part not in ("key", "existing", "columns", "constants", "$schema"):
            known = "expected key, existing, columns, constants"
            problems.append(Problem(f"/{part}", "unknown-key", f"“{part}” is unknown; {known}", source))
    existing = document.get("existing", "update")
    if existing not in EXISTING:
        problems.append(Problem("/existing", "not-a-choice", "existing is update or skip", source))
    columns = _columns(catalog, entity, header, document.get("columns", {}), source, problems)
    key = document.get("key")
    together: tuple[str, ...] = ()
    if isinstance(key, list):
        together, key = tuple(str(name) for name in key), None
        filled_by = {column.to for column in columns.values()} | set(document.get("constants", {}))
        problems += _together_problems(entity, together, filled_by, source)
    if key is not None:
        if key not in entity.fields or not entity.fields[key].spec.get("external_id"):
            problems.append(Problem("/key", "no-key", f"“{key}” is no field of {entity.id} with external_id", source))
        elif key not in {column.to for column in columns.values()}:
            problems.append(Problem("/key", "no-key", f"no column fills the key “{key}”", source))
    filled = [column.to for column in columns.values()] + list(document.get("constants", {}))
    for name in sorted({name for name in filled if filled.count(name) > 1}):
        text = f"“{name}” is filled more than once; leave out all but one column, or the constant"
        problems.append(Problem("/columns", "filled-twice", text, source))
    constants = {}
    for name, text in document.get("constants", {}).items():
        if not _target(entity, name):
            problems.append(_unknown(entity, f"/constants/{name}", name, source))
            continue
        try:
            constants[name] = conditions.of(catalog, entity.id, str(text), "value")
        except ConditionError as error:
            problems.append(Problem(f"/constants/{name}", error.reason, error.message, source))
    if problems:
        raise DefinitionError(f"the mapping cannot be used for {entity.id}", problems)
    return FileMapping(key, columns, constants, existing, together)


def comparable(one: Field) -> bool:
    """Tell whether a record can be found by a field, with others beside it: one value in one column, and no long text."""
    return len(fields.columns(one)) == 1 and one.type not in _NOT_COMPARED and one.spec.get("sensitivity") != "secret"


def _together_problems(
    entity: Entity, together: Sequence[str], filled_by: Collection[str], source: str
) -> Iterator[Problem]:
    if not together or len(set(together)) != len(together) or len(together) > MOST_TOGETHER:
        text = f"a list as key names one to {MOST_TOGETHER} different fields that find a record together"
        yield Problem("/key", "no-key", text, source)
    for name in together:
        found = entity.fields.get(name) or (entity.system_fields.get(name) if name in _SYSTEM else None)
        if found is None:
            yield _unknown(entity, "/key", name, source)
        elif not comparable(found):
            yield Problem("/key", "no-key", f"“{name}” is {found.type}: records cannot be found by it", source)
        elif name not in filled_by:
            yield Problem("/key", "no-key", f"no column fills the key “{name}”", source)


#: What the parts of a column may be.
_PARTS: Mapping[str, type | tuple[type, ...]] = {
    "to": str, "match": (str, NoneType), "create": bool, "values": dict, "default": (str, NoneType),
}  # fmt: skip


def _misformed(document: Any, source: str) -> Iterator[Problem]:
    """Yield what is of another shape than a mapping: everything else relies on it."""
    if not isinstance(document, Mapping):
        yield Problem("", "wrong-type", "a mapping is an object in { }", source)
        return
    if not isinstance(document.get("key"), (str, list, NoneType)):
        yield Problem("/key", "wrong-type", "key is the name of a field, or a list of names", source)
    for part in ("columns", "constants"):
        if not isinstance(document.get(part, {}), Mapping):
            yield Problem(f"/{part}", "wrong-type", f"{part} is an object in {{ }}", source)
    columns = document.get("columns", {})
    for name, spec in columns.items() if isinstance(columns, Mapping) else ():
        pointer = f"/columns/{name}"
        if isinstance(spec, Mapping):
            for part, kind in _PARTS.items():
                if part in spec and not isinstance(spec[part], kind):
                    expected = {"create": "true or false", "values": "an object in { }"}.get(part, "text")
                    yield Problem(f"{pointer}/{part}", "wrong-type", f"{part} is {expected}", source)
            texts = spec.get("values", {})
            if isinstance(texts, Mapping) and not all(one is None or isinstance(one, str) for one in texts.values()):
                yield Problem(f"{pointer}/values", "wrong-type", "values gives a text, or null, for each text", source)
            if spec.get("create") and spec.get("match") is None:
                yield Problem(
                    f"{pointer}/create", "no-match", "create makes what match does not find: add match", source
                )
        elif spec is not None and not isinstance(spec, str):
            yield Problem(pointer, "wrong-type", "a column is a field's name, an object in { }, or null", source)


def _columns(
    catalog: Catalog,
    entity: Entity,
    header: Sequence[str],
    given: Mapping[str, Any],
    source: str,
    problems: list[Problem],
) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for name in header:
        if name not in given:
            near = difflib.get_close_matches(name, list(given), 1, 0.7)
            hint = f"; did you mean “{near[0]}”?" if near else "; map it, or say null to leave it out"
            problems.append(
                Problem("/columns", "unmapped-column", f"the file's column “{name}” is not mapped{hint}", source)
            )
    for name, spec in given.items():
        pointer = f"/columns/{name}"
        if spec is None:
            continue
        if name not in header:
            problems.append(
                Problem(
                    pointer, "no-such-column", f"the file has no column “{name}”; it has {', '.join(header)}", source
                )
            )
            continue
        spec = {"to": spec} if isinstance(spec, str) else spec
        unknown = set(spec) - {"to", "match", "create", "values", "default"}
        if unknown or not isinstance(spec.get("to"), str):
            text = "a column has to, and may have match, create, values, default"
            problems.append(Problem(pointer, "unknown-key", text, source))
            continue
        if not _target(entity, spec["to"]):
            problems.append(_unknown(entity, f"{pointer}/to", spec["to"], source))
            continue
        problem = _match_problem(catalog, entity.all_fields()[spec["to"]], spec.get("match"))
        if problem:
            problems.append(Problem(f"{pointer}/match", "no-such-field", problem, source))
            continue
        found[name] = Column(
            spec["to"], spec.get("match"), bool(spec.get("create")), spec.get("values", {}), spec.get("default")
        )
    return found


def _match_problem(catalog: Catalog, target: Field, match: str | None) -> str | None:
    if match is None:
        return None
    if target.type not in ("reference", "user", "team") or target.to is None:
        return f"match finds a record to refer to, but {target.title} is {target.type}"
    found = catalog.entity(target.to).fields.get(match)
    if found is None:
        return f"{target.to} has no field “{match}”"
    kinds = {column.kind for column in fields.columns(found)}
    return None if kinds == {"text"} else f"match compares texts, but {found.title} is {found.type}"


def _target(entity: Entity, name: str) -> bool:
    return name in entity.fields or (name in _SYSTEM and name in entity.system_fields)


def _unknown(entity: Entity, pointer: str, name: str, source: str) -> Problem:
    near = difflib.get_close_matches(name, [*entity.fields, *_SYSTEM], 1, 0.7)
    hint = f"; did you mean “{near[0]}”?" if near else ""
    return Problem(pointer, "unknown-field", f"{entity.id} has no field “{name}”{hint}", source)
