"""A pack as it lies in its folder: the manifest, and everything it brings, read but not yet laid over anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dealwright.errors import DefinitionError, Problem
from dealwright.metadata import schemas, strict
from dealwright.metadata.definitions import Document
from dealwright.metadata.folder import read_folder
from dealwright.metadata.layers import Layer
from dealwright.packs import contents, moves, ranges


@dataclass(frozen=True, slots=True)
class PackSource:
    """One release of a pack.

    Attributes:
        layer: Its documents and translations, for the fold.
        folder: Where it was read.
    """

    layer: Layer
    folder: Path

    @property
    def id(self) -> str:
        """The pack's id."""
        return self.layer.id

    @property
    def manifest(self) -> Document:
        """The pack's manifest, ``pack.json``."""
        return self.layer.manifest

    @property
    def version(self) -> ranges.Version:
        """The pack's version as three numbers."""
        return ranges.version(self.layer.version)


def read(folder: Path) -> PackSource:
    """Return the pack in a folder.

    Raises:
        DefinitionError: With every file that may not be there or cannot be read, and every fault of the manifest.
            Whether the documents fit their schemas is looked at by :func:`dealwright.packs.check`.
    """
    shown = folder.name
    if not folder.is_dir():
        raise DefinitionError(
            f"{folder} cannot be read", [Problem("", "no-pack", "there is no such folder", str(folder))]
        )
    if not (folder / "pack.json").is_file():
        message = "there is no pack.json in this folder, so it is no pack"
        raise DefinitionError(f"{shown} cannot be read", [Problem("", "no-pack", message, shown)])
    found = contents.problems(folder, shown)
    if found:
        raise DefinitionError(f"{shown} cannot be read", found)
    manifest, found = _manifest(folder, shown)
    try:
        documents, translations = read_folder(folder, str(manifest.get("ns", "")), shown)
    except DefinitionError as error:
        found.extend(error.problems)
    moved = _moves(folder, shown, found)
    if found:
        raise DefinitionError(f"{shown} cannot be read", found)
    required = frozenset(manifest.get("requires", ())) | frozenset(manifest.get("after", ()))
    layer = Layer(
        id=manifest["id"],
        namespace=manifest["ns"],
        documents=documents,
        translations=translations,
        requires=required,
        version=manifest["version"],
        manifest=manifest,
        folder=shown,
        moves=moved,
    )
    return PackSource(layer, folder)


def _moves(folder: Path, shown: str, found: list[Problem]) -> tuple[Mapping[str, Any], ...]:
    """Return what has another name than in an earlier version, and add what cannot be read to ``found``."""
    file, source = folder / "moves.json", f"{shown}/moves.json"
    if not file.is_file():
        return ()
    try:
        entries = strict.read(file, source)
    except DefinitionError as error:
        found.extend(error.problems)
        return ()
    if not isinstance(entries, list):
        found.append(Problem("", "wrong-type", "expected a list in this file", source))
        return ()
    for i, one in enumerate(entries):
        found.extend(Problem(f"/{i}{at}", code, message, source) for at, code, message in moves.faults(one))
    return tuple(entries)


def _manifest(folder: Path, shown: str) -> tuple[Document, list[Problem]]:
    source = f"{shown}/pack.json"
    try:
        manifest = strict.read(folder / "pack.json", source)
    except DefinitionError as error:
        return {}, list(error.problems)
    found = schemas.check_manifest(manifest, source)
    if found or not isinstance(manifest, dict):
        return {}, found
    if manifest["id"] != folder.name:
        message = f"the pack “{manifest['id']}” lies in a folder “{folder.name}”; rename one of them"
        found.append(Problem("/id", "wrong-folder", message, source))
    for key in ("requires", "conflicts", "plugins"):
        for name, wanted in manifest.get(key, {}).items():
            found.extend(_range_problem(wanted, f"/{key}/{name}", source))
    found.extend(_range_problem(manifest["platform"], "/platform", source))
    return manifest, found


def _range_problem(text: str, at: str, source: str) -> list[Problem]:
    try:
        ranges.contains(text, (0, 0, 0))
    except ranges.RangeError as error:
        return [Problem(at, error.code, error.detail, source)]
    return []
