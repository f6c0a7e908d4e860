"""Changes of the admins as the archive of a pack, ready to be installed elsewhere or here.

It is the pack that :mod:`dealwright.packs.extract` makes, with what an archive needs besides: what its rules and roles may do,
found out from what they do. It is built by the gate's own rules, so what comes out of here goes in elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dealwright.errors import DefinitionError
from dealwright.packs import archive, extract, permissions, whole
from dealwright.packs.prepare import Wanted, prepare
from dealwright.packs.source import read

if TYPE_CHECKING:
    from pathlib import Path

    from dealwright.packs.archive import Archive
    from dealwright.packs.permissions import Use
    from dealwright.storage import Connection


def build(
    connection: Connection,
    folder: Path,
    name: str,
    namespace: str = "",
    paths: Collection[str] = (),
    head: Mapping[str, Any] | None = None,
) -> tuple[Archive, extract.Extracted]:
    """Write the archive of a pack of what the admins have changed, and return it with what it was made of.

    Args:
        connection: The transaction.
        folder: An empty folder, for the archive and all that it is made from.
        name: Id of the pack.
        namespace: Of its documents; the id when empty.
        paths: Only changes at or within these; all of them where there are none.
        head: ``version``, ``title``, ``description`` and ``publisher`` of the manifest.

    Raises:
        NotFoundError: If nothing is changed there.
        DefinitionError: If its name cannot be used, or with everything that is wrong with it as a pack.
    """
    made = extract.extract(connection, name, namespace, paths, head or {})
    place = folder / "packs" / name
    extract.write(made, place)
    # What it builds on lies beside it: a pack that came from an archive is found nowhere else.
    for file, content in whole.files(connection).items():
        if file.startswith("packs/"):
            _write(folder / file, content)
    prepared = prepare(connection, Wanted(packs=[read(place.resolve())]))
    if prepared.problems:
        raise DefinitionError(f"“{name}” cannot be made", prepared.problems)
    manifest = made.files["pack.json"]
    _write(
        place / "pack.json",
        {**manifest, "permissions": _declared(permissions.used(prepared.catalog, name, manifest["ns"]))},
    )
    return archive.build(place, folder / "built"), made


def _declared(uses: Sequence[Use]) -> dict[str, Any]:
    """Return uses as a manifest declares them."""
    found: dict[str, Any] = {}
    for one in uses:
        if one.sort == "entities":
            found.setdefault("entities", {}).setdefault(one.name, []).append(one.op)
        else:
            found.setdefault(one.sort, []).append(one.name)
    return found


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
