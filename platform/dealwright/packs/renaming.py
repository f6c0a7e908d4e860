"""The admins' own changes under the names that packs have given to fields: paths, conditions, and names in documents.

Without it nobody could upgrade: an own rule that reads a field by its old name does not fit the new definitions, and one
that reads it by its new name does not fit the old ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from dealwright.conditions.renamed import renamed
from dealwright.metadata import patches
from dealwright.metadata.patches import Patch

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
    moved = patches.moved(patch, entries)
    called = _called(entries)
    if called:
        value = _by_id(value, called)
        moved = replace(moved, path=_by_id(moved.path, called))
    return moved if value == patch.value else replace(moved, value=value)


def versions(kept: Iterable[Mapping[str, Any]], moves: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the versions of pipelines that must stay readable, with documents under their new ids."""
    called = _called(moves)
    return [{**one, "document": _by_id(one["document"], called)} if called else one for one in kept]


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
