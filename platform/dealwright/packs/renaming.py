"""The admins' own changes under the names that packs gave to fields, and the ids that they gave to options.

Paths follow, conditions, and names in documents.

Without it nobody could upgrade: an own rule that reads a field by its old name does not fit the new definitions, and one
that reads it by its new name does not fit the old ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from dealwright.conditions.renamed import renamed, revalued
from dealwright.metadata import patches
from dealwright.metadata.patches import Patch
from dealwright.storage.option_ids import VALUE_MAP, composed

_FIELD: Final = re.compile(r"entity:([a-z0-9_.]+)#/properties/([a-z0-9_]+)\Z")
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)(?=[.|}])")
#: Keys whose value is a word of the format, or a text for people, and never a name of a field or an expression.
_WORDS: Final = frozenset(
    {
        *(
            "id",
            "kind",
            "do",
            "entity",
            "extends",
            "mode",
            "hue",
            "icon",
            "outcome",
            "of",
            "measure",
            "unit",
            "calendar",
        ),
        *(
            "options",
            "option_set",
            "default",
            "deprecated",
            "derived_from",
            "type",
            "event",
            "op",
            "ops",
            "need",
            "lang",
        ),
    }
)
#: Texts for people: only placeholders in braces are names.
_TEXTS: Final = frozenset({"title", "plural", "description", "message", "placeholder", "section", "text", "body"})
#: Objects whose keys are names of fields of the entity.
_BY_NAME: Final = frozenset({"fields", "options_when", "prefill"})
#: Objects with values for fields.
_VALUES: Final = frozenset({"values", "set", "prefill"})
#: What stands within a field and names its options.
_OF_FIELD: Final = ("default", "options_when")
#: Field to old id to new id of its options.
_Ids: TypeAlias = Mapping[str, Mapping[str, str]]


def followed(patch: Patch, moves: Iterable[Mapping[str, Any]], entity_of: Callable[[tuple[str, str]], str]) -> Patch:
    """Return a patch under the new names.

    Args:
        patch: The patch.
        moves: Entries of ``moves.json``, in order.
        entity_of: Gives the entity that a document (kind and id) is about; empty if it is about none.
    """
    entries = list(moves)
    names = _names(entries)
    about = patch.document[1] if patch.kind == "entity" else entity_of(patch.document)
    if isinstance(patch.value, Mapping) and isinstance(patch.value.get("entity"), str):
        about = patch.value["entity"]
    value = patch.value
    if patch.op in ("set", "add") and names:
        key = patch.steps[-1] if patch.steps else ""
        value = _value(value, key, names.get(about, {}), names, patch.kind)
    called = _called(entries)
    moved = patches.moved(patch, _paths(entries))
    if patch.op in ("set", "add") and (maps := _ids(entries)):
        value = _revalued(value, moved.steps, maps.get(called.get(about, about), {}), maps)
    if called:
        value = _by_id(value, called)
        moved = replace(moved, path=_by_id(moved.path, called))
    return moved if value == patch.value else replace(moved, value=value)


def versions(kept: Iterable[Mapping[str, Any]], moves: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the versions of pipelines that must stay readable, with documents under their new ids."""
    called = _called(moves)
    return [{**one, "document": _by_id(one["document"], called)} if called else one for one in kept]


def _paths(moves: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return moves of paths: those there are, and for each option with another id those of what stands about it."""
    found: list[Mapping[str, Any]] = []
    for one in moves:
        if one.get("kind") != VALUE_MAP:
            found.append(one)
            continue
        for was, now in one["map"].items():
            for part in ("options", "options_when"):
                found.append({"from": f"{one['path']}/{part}/{was}", "to": f"{one['path']}/{part}/{now}"})
    return found


def _ids(moves: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, str]]]:
    """Return entity to field to old id to new id of options; not of columns of rows."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for (entity, rows, field), ids in composed(moves).items():
        if rows is None:
            found.setdefault(entity, {})[field] = ids
    return found


def _called(moves: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return old id to new id of the documents that have another one."""
    found: dict[str, str] = {}
    for one in moves:
        was, now = (str(one.get(key, "")).partition(":")[2] for key in ("from", "to"))
        if was and now and "#" not in was:
            found[was] = now
    return found


def _by_id(value: Any, called: Mapping[str, str]) -> Any:
    """Return a value in which documents have their new ids: as whole texts, within expressions, and as keys."""
    if isinstance(value, Mapping):
        return {_by_id(key, called): _by_id(one, called) for key, one in value.items()}
    if isinstance(value, list):
        return [_by_id(one, called) for one in value]
    if not isinstance(value, str):
        return value
    for was, now in called.items():
        if was in value:
            value = re.sub(rf"(?<![\w.]){re.escape(was)}(?![\w.])", now, value)
    return value


def _names(moves: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return for each entity old name to new name of its fields; of one that was renamed twice, to the last."""
    found: dict[str, dict[str, str]] = {}
    for one in moves:
        was, now = (_FIELD.match(str(one.get(key, ""))) for key in ("from", "to"))
        if was is None or now is None or was[1] != now[1]:
            continue
        names = found.setdefault(was[1], {})
        for old, new in list(names.items()):
            names[old] = now[2] if new == was[2] else new
        names[was[2]] = now[2]
    return found


def _value(value: Any, key: str, names: Mapping[str, str], of: Mapping[str, Mapping[str, str]], kind: str) -> Any:
    if key in _WORDS or (key == "field" and kind == "entity"):
        return value
    if isinstance(value, Mapping):
        if isinstance(value.get("entity"), str):  # an action on, or a grant for, records of an entity of its own
            inner = of.get(value["entity"], {})
            return {
                k: _within(v, k, inner if k in ("fields", "values", "rows") else names, names, of, kind)
                for k, v in value.items()
            }
        by_name = names if key in _BY_NAME else {}
        return {by_name.get(k, k): _value(v, k, names, of, kind) for k, v in value.items()}
    if isinstance(value, list):
        return [_value(one, key, names, of, kind) for one in value]
    if not isinstance(value, str) or not names:
        return value
    if key in _TEXTS:
        return _PLACEHOLDER.sub(lambda match: "{" + names.get(match[1], match[1]), value)
    return names.get(value) or renamed(value, names)


def _revalued(value: Any, at: tuple[str, ...], fields: _Ids, of: Mapping[str, _Ids]) -> Any:
    """Return what stands at some steps with the new ids of options, wherever a field of its entity says which are meant.

    Args:
        value: What stands there.
        at: The steps to it; the last ones say what it is.
        fields: Field to old id to new id, of the entity that it is about.
        of: The same by entity.
    """
    key = at[-1] if at else ""
    before = at[-2] if len(at) > 1 else ""
    own = fields.get(key) if before in _VALUES else fields.get(before) if key in _OF_FIELD else None
    if isinstance(value, Mapping):
        inner = of.get(value["entity"], {}) if isinstance(value.get("entity"), str) and at else fields
        compared = next((fields[one] for one in value.values() if isinstance(one, str) and one in fields), {})
        found: dict[str, Any] = {}
        for k, v in value.items():
            there = inner if k in ("fields", "values", "rows") else fields
            if k == "value" and isinstance(v, str) and isinstance(value.get("field"), str):
                found[k] = revalued(v, fields, fields.get(value["field"]))
            elif k == "map" and isinstance(v, Mapping):
                found[k] = {compared.get(one, one): points for one, points in v.items()}
            else:
                found[k] = _revalued(v, (*at, k), there, of)
        return {own.get(k, k): v for k, v in found.items()} if own is not None and key == "options_when" else found
    if isinstance(value, list):
        return [_revalued(one, at, fields, of) for one in value]
    if not isinstance(value, str) or key in _TEXTS:
        return value
    if own is not None:
        return own.get(value) or revalued(value, fields, own)
    return value if key in _WORDS else revalued(value, fields)


def _within(
    value: Any,
    key: str,
    keys: Mapping[str, str],
    names: Mapping[str, str],
    of: Mapping[str, Mapping[str, str]],
    kind: str,
) -> Any:
    """Return what stands in an action or a grant: keys are names of its entity; what is written, of the record's."""
    if key in ("fields", "values") and isinstance(value, Mapping):
        return {keys.get(k, k): v if key == "fields" else _value(v, k, names, of, kind) for k, v in value.items()}
    if key == "rows":
        return renamed(value, keys) if isinstance(value, str) else value
    return _value(value, key, names, of, kind)
