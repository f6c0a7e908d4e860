"""Changes of the admins made into a pack, which takes them over where it is installed: ``pack export --as-pack``.

    own documents c.visit              documents of the pack, <ns>.visit
    own fields, checks, options c__x   extensions of the documents that they stand in, <ns>__x
    values that were set               overrides, with what they replaced (``was``)
    translations                       i18n/<locale>.json

``moves.json`` of the pack says which of the admins' own documents and fields it was made of, so that tables, records and
history become the pack's and are not doubled. What else the admins have changed reads it by its new names. Values that
were set are redundant then, and can be reset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import ConflictError, DefinitionError, NotFoundError, Problem
from dealwright.metadata import schemas
from dealwright.metadata.canonical import plain
from dealwright.metadata.folder import FOLDERS, LISTS
from dealwright.metadata.layers import BASE_LAYER
from dealwright.metadata.patches import OVERLAY, Patch
from dealwright.packs.moves import RENAMED
from dealwright.packs.overlay import chosen
from dealwright.packs.prepare import current, sources_of

if TYPE_CHECKING:
    from pathlib import Path

    from dealwright.packs.stored import State
    from dealwright.storage import Connection

VERSION: Final = "0.1.0"


@dataclass(frozen=True, slots=True)
class Extracted:
    """A pack that was made of changes.

    Attributes:
        files: Path in the pack to JSON.
        left: Changes that no pack can hold, each with why.
    """

    files: Mapping[str, Any]
    left: tuple[tuple[Patch, str], ...] = ()


@dataclass
class _Making:
    ns: str
    owners: Mapping[tuple[str, str], str]
    own: frozenset[str]
    version: str = VERSION
    extensions: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    moves: list[dict[str, str]] = field(default_factory=list)
    requires: set[str] = field(default_factory=set)
    left: list[tuple[Patch, str]] = field(default_factory=list)


def extract(
    connection: Connection,
    name: str,
    namespace: str = "",
    paths: Iterable[str] = (),
    head: Mapping[str, Any] = MappingProxyType({}),
) -> Extracted:
    """Return the changes in force as the files of a pack.

    Args:
        connection: The transaction.
        name: Id of the pack.
        namespace: Of its documents; the id when empty.
        paths: Only changes at or within these; all of them where there are none.
        head: What its manifest says otherwise: ``version``, ``title``, ``description``, ``publisher``.

    Raises:
        NotFoundError: If nothing is changed there.
        DefinitionError: If the name or the namespace cannot be used.
    """
    before = current(connection)
    found = chosen(before, paths) if before is not None else []
    if before is None or not found:
        raise NotFoundError("nothing is changed there; list what is with: pack overlay list")
    ns = namespace or name
    taken = {one.layer.namespace for one in sources_of(before)}
    if ns in taken or ns == OVERLAY:
        problem = Problem(
            "/ns", "twice", f"the namespace “{ns}” is of a pack in force; choose another one", "pack.json"
        )
        raise DefinitionError(f"“{name}” cannot be made", [problem])
    own = frozenset(one.document[1] for one in found if one.op == "add" and not one.steps)
    making = _Making(ns, _owners(before), own, str(head.get("version", VERSION)))
    for one in sorted(found, key=lambda one: (one.op != "add", len(one.steps), one.path)):
        _take(making, one)
    files = _files(before, making, name, head)
    if problems := schemas.check_manifest(files["pack.json"], "pack.json"):
        raise DefinitionError(f"“{name}” cannot be made", problems)
    return Extracted(files, tuple(making.left))


def write(made: Extracted, folder: Path) -> list[Path]:
    """Write the files into an empty folder, and return them.

    Raises:
        ConflictError: If there is something in the folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is there already and not empty; choose another name")
    written = []
    for name, content in made.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        written.append(file)
    return written


def _owners(before: State) -> dict[tuple[str, str], str]:
    return {
        (one.document["kind"], one.document["id"]): layer.id
        for layer in before.layers
        for one in layer.documents
        if "id" in one.document
    }


def _take(making: _Making, one: Patch) -> None:
    kind, identifier = one.document
    if one.op in ("disable", "resolve"):
        making.left.append((one, "it is about packs, not about what they define"))
    elif one.op == "translate":
        for locale, text in one.value.items():
            making.texts.setdefault(locale, {})[_named(making, one.path)] = text
    elif one.op == "add" and not one.steps:
        if kind not in RENAMED:
            making.left.append((one, f"a {kind} keeps its id, and records may be in it"))
            return
        making.documents[f"{kind}:{identifier}"] = plain(one.value)
        making.moves.append(_move(making, one.path.removesuffix("#")))
    elif identifier in making.own:
        _within(making.documents[f"{kind}:{identifier}"], one)
    elif identifier.startswith(f"{OVERLAY}."):
        making.left.append((one, f"“{identifier}” is not exported with it"))
    else:
        _extend(making, one)


def _extend(making: _Making, one: Patch) -> None:
    kind, identifier = one.document
    owner = making.owners.get((kind, identifier), BASE_LAYER)
    others = [key for key in making.extensions if key[1] == identifier and key[0] != kind]
    if others:
        making.left.append(
            (one, f"a pack has one file for what it adds to “{identifier}”, and that is its {others[0][0]}")
        )
        return
    making.requires.add(owner)
    head = {"kind": kind, "extends": identifier}
    into = making.extensions.setdefault((kind, identifier), head)
    if one.op == "add" and kind == "entity" and len(one.steps) == 2 and one.steps[0] in ("properties", "checks"):
        part, name = one.steps
        if part == "properties":
            into.setdefault("properties", {})[name] = plain(one.value)
            making.moves.append(_move(making, one.path))
        else:
            into.setdefault("checks", []).append({"id": name, **plain(one.value)})
        return
    within = into.get("properties", {}).get(one.steps[1]) if len(one.steps) > 2 and kind == "entity" else None
    if within is not None:
        _put(within, one.steps[2:], plain(one.value))
        return
    override: dict[str, Any] = {"path": f"#/{'/'.join(one.steps)}", "value": plain(one.value)}
    if one.op == "set" and one.base is not None:
        override["was"] = plain(one.base.value)
    into.setdefault("overrides", []).append(override)


def _within(document: dict[str, Any], one: Patch) -> None:
    _put(document, one.steps, plain(one.value) if one.op == "set" else {"id": one.steps[-1], **plain(one.value)})


def _put(node: Any, at: tuple[str, ...], value: Any) -> None:
    """Set a value within a document; elements of lists go by their ids."""
    element = isinstance(value, dict) and value.get("id") == at[-1]
    for depth, step in enumerate(at[:-1], 2):
        if isinstance(node, list):
            node = next(one for one in node if one.get("id") == step)
        else:
            node = node.setdefault(step, [] if element and depth == len(at) else {})
    if isinstance(node, list):
        node[:] = [*(one for one in node if one.get("id") != at[-1]), value]
    else:
        node[at[-1]] = value


def _move(making: _Making, path: str) -> dict[str, str]:
    return {"since": making.version, "from": path, "to": _named(making, path)}


def _named(making: _Making, node: Any) -> Any:
    """Return a value with the pack's names in the place of the admins' own: in texts, expressions and keys."""
    if isinstance(node, Mapping):
        return {_named(making, key): _named(making, one) for key, one in node.items()}
    if isinstance(node, list):
        return [_named(making, one) for one in node]
    if not isinstance(node, str):
        return node
    text = re.sub(rf"(?<![A-Za-z0-9_]){OVERLAY}__(?=[a-z])", f"{making.ns}__", node)
    for identifier in making.own:
        if identifier in text:
            new = f"{making.ns}.{identifier.partition('.')[2]}"
            text = re.sub(rf"(?<![\w.]){re.escape(identifier)}(?![\w.])", new, text)
    return text


def _read_by(before: State, making: _Making) -> set[str]:
    """Return the packs that what goes names: their entities, fields, parameters, messages."""
    said = json.dumps([*making.documents.values(), *making.extensions.values()], ensure_ascii=False)
    names = {one.layer.namespace: one.id for one in sources_of(before)}
    return {names[ns] for ns in names if re.search(rf"(?<![\w.]){re.escape(ns)}(\.|__)[a-z]", said)}


def _files(before: State, making: _Making, name: str, head: Mapping[str, Any]) -> dict[str, Any]:
    versions = {one.id: one.layer.version for one in sources_of(before)}
    requires = (making.requires | _read_by(before, making)) - {BASE_LAYER}
    files: dict[str, Any] = {
        "pack.json": {
            "format": 1,
            "id": name,
            "ns": making.ns,
            "version": making.version,
            "title": name.replace("_", " ").capitalize(),
            "platform": ">=0.1 <1",
            "default_locale": before.settings.get("locale", "en"),
            "requires": {one: f"^{versions[one]}" for one in sorted(requires) if one in versions},
            **head,
        },
        "CHANGELOG.json": [
            {
                "version": making.version,
                "changes": [{"type": "feature", "description": "Made of changes of a workspace"}],
            }
        ],
    }
    folders = {kind: folder for folder, kind in FOLDERS.items()}
    lists = {kind: file for file, kind in LISTS.items()}
    for document in making.documents.values():
        content = _named(making, document)
        kind, local = content["kind"], content["id"].partition(".")[2]
        if kind in lists:
            item = {key: one for key, one in content.items() if key != "kind"}
            files.setdefault(lists[kind], []).append({**item, "id": local})
        else:
            files[f"{folders[kind]}/{local}.json"] = content
    for (kind, identifier), document in making.extensions.items():
        owner = making.owners.get((kind, identifier), BASE_LAYER)
        files[f"extend/{owner}/{identifier.partition('.')[2]}.json"] = _named(making, document)
    for locale, texts in making.texts.items():
        files[f"i18n/{locale}.json"] = dict(sorted(texts.items()))
    if making.moves:
        files["moves.json"] = making.moves
    return files
