"""Where packs are found: in folders that are given, in installed distributions, among the shipped ones.

A distribution offers a pack by an entry point of the group ``dealwright.packs``, whose value names the importable
folder that holds ``pack.json``. The folder is looked up and not imported: it holds no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from dealwright.resources import shipped

GROUP: Final = "dealwright.packs"


def find(places: Iterable[Path] = ()) -> Mapping[str, Path]:
    """Return the folder of each pack by the pack's id, which is the folder's name.

    Args:
        places: Packs, or folders of packs; they win over installed ones, and those over shipped ones.
    """
    found: dict[str, Path] = {}
    for folder in [
        *(pack for place in places for pack in packs_in(place)),
        *installed(),
        *packs_in(shipped("rule_packs")),
    ]:
        found.setdefault(folder.name, folder)
    return found


def packs_in(place: Path) -> list[Path]:
    """Return the folder itself if it is a pack, else the packs directly in it."""
    if (place / "pack.json").is_file():
        return [place]
    return sorted(one.parent for one in place.glob("*/pack.json"))


def installed() -> Iterator[Path]:
    """Yield the folder of each pack that an installed distribution offers."""
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        spec = find_spec(point.module)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            yield from packs_in(Path(folder))
