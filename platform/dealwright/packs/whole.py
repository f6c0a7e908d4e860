"""The metadata of a whole workspace as files, for git: written out, planned and applied from there.

    workspace.json              format, settings, packs with their versions
    packs/<id>/...              each pack as its author wrote it, every document at its place
    overlay/<kind>.json         what the admins changed, by kind of document

The same workspace gives the same bytes, and what was written out and is applied again changes nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import DefinitionError, NotFoundError, Problem
from dealwright.metadata import strict
from dealwright.metadata.canonical import plain
from dealwright.packs import overlay
from dealwright.packs.prepare import Wanted, current, sources_of
from dealwright.packs.source import PackSource, read

if TYPE_CHECKING:
    from dealwright.metadata.layers import Layer
    from dealwright.metadata.patches import Patch
    from dealwright.packs.stored import State
    from dealwright.storage import Connection

FORMAT: Final = 1
#: The keys of a list's items that the folder gives them, and that are not written.
_GIVEN: Final = ("kind",)


def files(connection: Connection) -> dict[str, Any]:
    """Return the files of a workspace: path to JSON, sorted by path.

    Raises:
        NotFoundError: If the workspace has no definitions yet.
    """
    before = current(connection)
    if before is None:
        raise NotFoundError("the workspace has no definitions yet; run dealwright init")
    return dict(sorted(_files(before)))


def _files(before: State) -> Iterator[tuple[str, Any]]:
    packs = {one.id: one.layer.version for one in sources_of(before)}
    settings = dict(sorted(before.settings.items()))
    yield "workspace.json", {"format": FORMAT, "settings": settings, "packs": dict(sorted(packs.items()))}
    for pack in sources_of(before):
        for name, content in _pack(pack.layer):
            yield f"packs/{pack.id}/{name}", content
    by_kind: dict[str, list[Patch]] = {}
    for one in before.patches:
        by_kind.setdefault(one.kind, []).append(one)
    for kind, changes in by_kind.items():
        yield f"overlay/{kind}.json", overlay.written(changes)


def _pack(layer: Layer) -> Iterator[tuple[str, Any]]:
    yield "pack.json", plain(layer.manifest)
    if layer.moves:
        yield "moves.json", plain(layer.moves)
    for locale, texts in layer.translations.items():
        yield f"i18n/{locale}.json", dict(texts)
    lists: dict[str, dict[int, Any]] = {}
    for one in layer.documents:
        name = one.source.removeprefix(f"{layer.folder}/") if layer.folder else one.source
        if name.endswith(".json"):
            yield name, plain(one.document)
            continue
        file, _, index = name.rpartition("/")  # an item of a list: parameters.json/3
        item = {key: value for key, value in one.document.items() if key not in _GIVEN}
        lists.setdefault(file, {})[int(index)] = plain(item)
    for name, items in lists.items():
        yield name, [items[index] for index in sorted(items)]


def pull(connection: Connection, folder: Path) -> list[str]:
    """Write the files of a workspace into a folder and remove those that are no more; return their names.

    Only ``workspace.json``, ``packs`` and ``overlay`` of the folder are touched. A folder with a ``workspace.json`` of
    something else is refused.

    Raises:
        DefinitionError: If the folder holds something else.
        NotFoundError: If the workspace has no definitions yet.
    """
    found = files(connection)
    if folder.exists():
        others = [one.name for one in folder.iterdir() if one.name in ("packs", "overlay")]
        if others and not (folder / "workspace.json").is_file():
            message = f"it holds {', '.join(sorted(others))} and no workspace.json; choose an empty folder"
            raise DefinitionError(f"{folder} is no workspace", [Problem("", "no-workspace", message, str(folder))])
    for name in ("packs", "overlay"):
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
    for name, content in found.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return list(found)


def wanted(connection: Connection, folder: Path) -> Wanted:
    """Return what a folder says that shall be in force: its packs and no others, its changes, its settings.

    Raises:
        DefinitionError: With everything that cannot be read.
    """
    before = current(connection)
    present = {one.id for one in sources_of(before)}
    head = strict.read(folder / "workspace.json", "workspace.json") if (folder / "workspace.json").is_file() else None
    if not isinstance(head, Mapping) or head.get("format") != FORMAT:
        message = f"expected workspace.json with format {FORMAT}; write one with: dealwright metadata pull {folder}"
        raise DefinitionError(f"{folder} is no workspace", [Problem("", "no-workspace", message, str(folder))])
    problems: list[Problem] = []
    sources: list[PackSource] = []
    for manifest in sorted((folder / "packs").glob("*/pack.json")):
        try:
            sources.append(read(manifest.parent.resolve()))
        except DefinitionError as error:
            problems.extend(error.problems)
    changes: list[Patch] = []
    for file in sorted((folder / "overlay").glob("*.json")):
        name = f"overlay/{file.name}"
        try:
            changes += overlay.read(strict.read(file, name), name)
        except DefinitionError as error:
            problems.extend(error.problems)
    if problems:
        raise DefinitionError(f"{folder} cannot be read", problems)
    settings = {key: value for key, value in head.get("settings", {}).items() if isinstance(value, str)}
    return Wanted(
        packs=sources,
        without=sorted(present - {one.id for one in sources}),
        overlay=changes,
        settings=settings,
        downgrade=True,
    )
