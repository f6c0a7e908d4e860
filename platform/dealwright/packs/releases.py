"""Releases: what a pack is known by when it is put in force, and where it came from.

archive        a file that anybody may have made; it can be signed
folder         a folder that somebody works on; its content may change under its version
distribution   a folder of an installed Python distribution
shipped        a folder that came with the platform
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from dealwright.metadata import strict
from dealwright.packs import archive
from dealwright.packs.search import installed, packs_in
from dealwright.packs.source import read
from dealwright.resources import shipped
from dealwright.storage.releases import Origin, Release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dealwright.packs.source import PackSource


def of_archive(path: Path, source: PackSource) -> Release:
    """Return the release in an archive, of which ``source`` is the content.

    Raises:
        DefinitionError: If the archive is not as it was built, or its signature does not fit.
    """
    made = archive.looked_at(path)
    whose = made.signature
    named = (whose.publisher, whose.key) if whose is not None else ("", "")
    return Release(made.id, source.layer.namespace, made.version, made.digest, "archive", *named)


def of_folder(source: PackSource) -> Release:
    """Return the release that a folder would be."""
    root = source.folder
    files = {one.relative_to(root).as_posix(): one.read_bytes() for one in sorted(root.rglob("*")) if one.is_file()}
    digest = hashlib.sha256(archive.listed(files)).hexdigest()
    return Release(source.id, source.layer.namespace, source.layer.version, digest, _origin(root))


@cache
def shipped_namespaces() -> Mapping[str, str]:
    """Return the namespace of each shipped pack to its id; read once per process, from the manifests alone."""
    manifests = [strict.read(one / "pack.json") for one in packs_in(shipped("rule_packs"))]
    return {one["ns"]: one["id"] for one in manifests}


def shipped_release(pack: str) -> Release | None:
    """Return the release of a pack that came with the platform; None if none did."""
    folder = shipped("rule_packs") / pack
    return of_folder(read(folder)) if (folder / "pack.json").is_file() else None


def _origin(folder: Path) -> Origin:
    if folder.resolve().is_relative_to(shipped("rule_packs").resolve()):
        return "shipped"
    return "distribution" if any(folder.resolve() == one.resolve() for one in installed()) else "folder"
