"""What packs have renamed or handed over between two versions: ``moves.json``, which only ever grows.

    {"since": "2.0.0", "from": "entity:sales.deal#/properties/dept", "to": "entity:sales.deal#/properties/department"}
    {"since": "2.0.0", "from": "entity:med.permit", "to": "entity:med.licence"}
    {"since": "3.0.0", "from": "entity:med.licence", "to_pack": "compliance_core", "to": "entity:cmp.licence"}
    {"since": "2.0.0", "kind": "value_map", "path": "entity:med.device#/properties/class", "map": {"3": "III"}}
    {"since": "1.1.0", "kind": "accepts", "from": "entity:med.licence", "to": "entity:cmp.licence"}
    {"since": "2.1.0", "kind": "mandatory", "path": "parameter:med.report_days#/default", "reason": "Order 54, article 16"}

An entry counts where a workspace comes from an earlier version than ``since``. An entity goes to another pack only if
both say so: the one that gives it by ``to_pack``, the one that takes it by ``accepts``. A pack that was made of changes
of the admins (``pack export --as-pack``) names those under ``from``: ``c__ward``, ``c.visit``; it takes them over when it
is first installed. The tables follow (``storage.renames``), the values of records that have an option with another id
(``storage.option_ids``), and so do the admins' changes (``packs.renaming``).

A change that is mandatory is for those who have set something else there themselves: their plan is blocked until one of them
has reset it, or has said anew what shall stand, and why.

Stages that go are named in the ``stage_map`` of their pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import Problem
from dealwright.metadata import schemas
from dealwright.metadata.patches import OVERLAY
from dealwright.packs import ranges
from dealwright.storage.option_ids import TYPES, VALUE_MAP, field_of, followed, key_of, taken

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.source import PackSource

_ENTRY: Final = ("since", "from", "to")
_MORE: Final = ("kind", "to_pack")
MANDATORY: Final = "mandatory"
#: Kinds of entries that give nothing another name.
_NO_NAMES: Final = ("accepts", MANDATORY)
_DOCUMENT: Final = re.compile(r"([a-z_]+):([a-z0-9_]+)\.[a-z0-9_]+\Z")
#: Kinds whose documents may have another id: what is kept about them follows (``storage.renames``).
RENAMED: Final = (
    *("entity", "rule", "role", "message", "report", "dashboard", "option_set", "parameter", "fact", "calendar"),
    *("approval", "sla", "deadline", "score", "sequence"),
)
#: A field of an entity, or a column of its rows.
_FIELD: Final = re.compile(r"(entity:[a-z0-9_.]+#)/properties/[a-z0-9_]+(/items/properties/[a-z0-9_]+)?\Z")

_OPTION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}\Z")


def faults(one: Any) -> Iterator[tuple[str, str, str]]:
    """Yield pointer, code and message of what is wrong with an entry."""
    if not isinstance(one, Mapping):
        yield "", "wrong-type", "expected an object with since, from and to"
        return
    kind = one.get("kind", "rename")
    if kind == MANDATORY:
        yield from _mandatory_faults(one)
        return
    if kind == VALUE_MAP:
        yield from _value_map_faults(one)
        return
    if kind not in ("rename", "accepts"):
        message = (
            "an entry renames (no kind), accepts, is mandatory or is a value_map for ids of options; stages that go are named in "
            "the stage_map of their pipeline"
        )
        yield "/kind", "not-a-choice", message
        return
    for key in _ENTRY:
        if key not in one:
            yield "", f"missing-{key}", f"“{key}” is missing"
    for key in one:
        if key not in (*_ENTRY, *_MORE):
            yield f"/{key}", "unknown-key", f"“{key}” is not known here{schemas.near(key, (*_ENTRY, *_MORE))}"
    yield from _since_faults(one)
    yield from _path_faults(one, kind)


def _since_faults(one: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    try:
        ranges.version(str(one.get("since", "0.0.0")))
    except ranges.RangeError as error:
        yield "/since", error.code, error.detail


def _mandatory_faults(one: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in ("since", "path", "reason"):
        if key not in one:
            yield "", f"missing-{key}", f"“{key}” is missing"
        elif not isinstance(one[key], str) or not one[key].strip():
            yield f"/{key}", "wrong-type", "expected a text"
    for key in one:
        if key not in ("since", "kind", "path", "reason"):
            yield f"/{key}", "unknown-key", f"“{key}” is not known here"
    yield from _since_faults(one)
    if "#/" not in str(one.get("path", "#/")):
        yield "/path", "wrong-form", "a path to an attribute is written like parameter:sales.days#/default"


def _value_map_faults(one: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in ("since", "path", "map"):
        if key not in one:
            yield "", f"missing-{key}", f"“{key}” is missing"
    for key in one:
        if key not in ("since", "kind", "path", "map"):
            yield f"/{key}", "unknown-key", f"“{key}” is not known here{schemas.near(key, ('since', 'path', 'map'))}"
    yield from _since_faults(one)
    if "path" in one and not (isinstance(one["path"], str) and _FIELD.match(one["path"])):
        yield "/path", "wrong-form", "a field with options is written like entity:sales.deal#/properties/channel"
    ids = one.get("map", {"": ""})
    if not isinstance(ids, Mapping) or not ids:
        yield "/map", "wrong-type", "expected an object: old id of an option to its new one"
        return
    new: set[Any] = set()
    for was, now in ids.items() if "map" in one else ():
        at = f"/map/{was.replace('~', '~0').replace('/', '~1')}"
        if not isinstance(now, str) or not _OPTION.match(now):
            yield (
                at,
                "wrong-form",
                "an id of an option has letters, digits, _, . and -, and begins with a letter or digit",
            )
        elif now in ids:
            yield at, "wrong-form", f"“{now}” is an old id here too; an option goes to one that was not there"
        elif now in new:
            yield at, "twice", f"“{now}” is the new id of two options, which could not be told apart; hide one instead"
        if isinstance(now, str):
            new.add(now)


def _path_faults(one: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str, str]]:
    given = {key: one[key] for key in ("from", "to") if key in one}
    documents = {key: _DOCUMENT.match(path) if isinstance(path, str) else None for key, path in given.items()}
    fields = {key: _FIELD.match(path) if isinstance(path, str) else None for key, path in given.items()}
    hands_over = kind == "accepts" or "to_pack" in one
    for key in given:
        found = documents[key]
        if found is None and (fields[key] is None or hands_over):
            message = (
                "a document is written like entity:sales.deal, a field like entity:sales.deal#/properties/name; "
                "options have other ids by a value_map, stages by a stage_map, and only entities go to other packs"
            )
            yield f"/{key}", "wrong-form", message
        elif found is not None and found[1] not in (RENAMED if not hands_over else ("entity",)):
            message = f"a {found[1]} keeps its id for ever{schemas.near(found[1], RENAMED)}"
            yield f"/{key}", "wrong-form", message
    if len(given) < len(_ENTRY) - 1:
        return
    was, now = fields["from"], fields["to"]
    if was is not None and now is not None and was[1] != now[1]:
        yield "/to", "wrong-form", "a field stays in its entity; add a new field there instead"
    whose, whither = documents["from"], documents["to"]
    if (whose is None) != (whither is None) or (whose is not None and whither is not None and whose[1] != whither[1]):
        yield "/to", "wrong-form", "a document becomes one of the same kind, and a field a field"
    elif whose is not None and whither is not None and not hands_over and whose[2] not in (whither[2], OVERLAY):
        message = f"“{one['to']}” is of another pack; name it in to_pack, and let it say that it accepts"
        yield "/to", "foreign-namespace", message


def mandatory(present: Mapping[str, PackSource], wanted: Iterable[PackSource]) -> dict[str, str]:
    """Return the paths of changes that are mandatory in what is new of these packs, each with its reason."""
    return {
        str(one["path"]): str(one["reason"])
        for pack in wanted
        if (there := present.get(pack.id)) is not None
        for one in pack.layer.moves
        if one.get("kind") == MANDATORY and ranges.version(one["since"]) > there.version
    }


def between(present: Mapping[str, PackSource], wanted: Iterable[PackSource]) -> list[Mapping[str, Any]]:
    """Return the new names that come with these packs, in order: of each the entries later than what is present."""
    packs = {pack.id: pack for pack in wanted}
    found: list[Mapping[str, Any]] = []
    for pack in packs.values():
        there = present.get(pack.id)
        for one in pack.layer.moves:
            if one.get("kind") in _NO_NAMES:
                continue  # an entity goes by the word of the pack that gives it
            if there is None:
                if is_adopted(one):
                    found.append(one)
            elif ranges.version(one["since"]) > there.version and ("to_pack" not in one or _accepted(one, packs)):
                found.append(one)
    return found


def back(present: Mapping[str, PackSource], wanted: Iterable[PackSource]) -> list[Mapping[str, Any]]:
    """Return the names of before, for packs that go back to a version that does not know the later ones."""
    found: list[Mapping[str, Any]] = []
    packs = {pack.id: pack for pack in wanted}
    for pack in packs.values():
        there = present.get(pack.id)
        if there is not None and there.version > pack.version:
            later = [
                one
                for one in there.layer.moves
                if ranges.version(one["since"]) > pack.version and one.get("kind") not in _NO_NAMES
            ]
            found += [_turned(one) for one in reversed(later)]
    for name, there in present.items():  # what was made of the admins' own changes is theirs again
        if name not in packs:
            adopted = [one for one in there.layer.moves if is_adopted(one)]
            found += [{**one, "from": one["to"], "to": one["from"]} for one in reversed(adopted)]
    return found


def problems(present: Mapping[str, PackSource], wanted: Iterable[PackSource]) -> list[Problem]:
    """Return each entity that a pack gives away and that nobody takes."""
    packs = {pack.id: pack for pack in wanted}
    return [
        Problem(
            f"/{index}/to_pack",
            "not-accepted",
            f"the pack {one['to_pack']} does not say that it accepts {one['from']}; install a version that does with it",
            f"{pack.layer.folder}/moves.json",
        )
        for pack in packs.values()
        if (there := present.get(pack.id)) is not None
        for index, one in enumerate(pack.layer.moves)
        if "to_pack" in one and ranges.version(one["since"]) > there.version and not _accepted(one, packs)
    ]


def unfit(packs: Iterable[PackSource], catalog: Catalog) -> Iterator[Problem]:
    """Yield what is wrong with the new ids of options that come with the very version of a pack.

    Entries of earlier versions are history: what they speak of may have changed since.
    """
    for pack in packs:
        for index, one in enumerate(pack.layer.moves):
            if one.get("kind") == VALUE_MAP and ranges.version(one["since"]) == pack.version:
                path = followed(str(one["path"]), pack.layer.moves[index + 1 :])
                for at, code, message in _unfit(catalog, path, one["map"]):
                    yield Problem(f"/{index}{at}", code, message, f"{pack.layer.folder}/moves.json")


def _unfit(catalog: Catalog, path: str, ids: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    key = key_of(path)
    field = field_of(catalog, key) if key is not None else None
    if field is None:
        yield "/path", "no-such-field", f"there is no field {path}"
        return
    if field.type not in TYPES:
        yield (
            "/path",
            "wrong-type",
            f"“{field.id}” is a {field.type}; only options of {' and '.join(sorted(TYPES))} have other ids",
        )
        return
    options = [one.id for one in field.options]
    for was, now in ids.items():
        if was in options:
            message = f"“{was}” is still an option of “{field.id}”; take it away, or leave it out here"
            yield f"/map/{was}", "still-there", message
        if now not in options:
            message = f"“{now}” is no option of “{field.id}”{schemas.near(now, options)}"
            yield f"/map/{was}", "no-such-option", message


def indistinct(old: Catalog | None, new: Catalog, renames: Iterable[Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield each option that would get the id of one that is there already."""
    for path, was, now in taken(old, new, renames):
        message = (
            f"“{now}” is an option already, and records of “{was}” could not be told from its own; choose a new id"
        )
        yield Problem(f"/options/{was}", "taken", message, path)


def _turned(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an entry the other way round."""
    if one.get("kind") == VALUE_MAP:
        return {**one, "map": {now: was for was, now in one["map"].items()}}
    return {**one, "from": one["to"], "to": one["from"]}


def is_adopted(one: Mapping[str, Any]) -> bool:
    """Tell whether an entry takes over what admins have added themselves."""
    if one.get("kind") in (*_NO_NAMES, VALUE_MAP):
        return False
    was = str(one["from"])
    return was.partition(":")[2].startswith(f"{OVERLAY}.") or was.rpartition("/")[2].startswith(f"{OVERLAY}__")


def _accepted(one: Mapping[str, Any], packs: Mapping[str, PackSource]) -> bool:
    taker = packs.get(str(one["to_pack"]))
    return taker is not None and any(
        other.get("kind") == "accepts" and (other["from"], other["to"]) == (one["from"], one["to"])
        for other in taker.layer.moves
    )
