"""What packs have renamed between two versions: ``moves.json``, which only ever grows.

    {"since": "2.0.0", "from": "entity:sales.deal#/properties/dept", "to": "entity:sales.deal#/properties/department"}

An entry counts where a workspace comes from an earlier version than ``since``. The tables follow it
(``storage.renames``), and so do the admins' patches (``metadata.patches``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dealwright.packs import ranges

if TYPE_CHECKING:
    from dealwright.packs.source import PackSource


def between(present: Mapping[str, PackSource], wanted: Iterable[PackSource]) -> list[Mapping[str, Any]]:
    """Return the new names that come with these packs, in order: of each the entries later than what is present."""
    found: list[Mapping[str, Any]] = []
    for pack in wanted:
        there = present.get(pack.id)
        if there is not None:
            found += [one for one in pack.layer.moves if ranges.version(one["since"]) > there.version]
    return found


def back(present: Mapping[str, PackSource], wanted: Iterable[PackSource]) -> list[Mapping[str, Any]]:
    """Return the names of before, for packs that go back to a version that does not know the later ones."""
    found: list[Mapping[str, Any]] = []
    for pack in wanted:
        there = present.get(pack.id)
        if there is not None and there.version > pack.version:
            later = [one for one in there.layer.moves if ranges.version(one["since"]) > pack.version]
            found += [{**one, "from": one["to"], "to": one["from"]} for one in reversed(later)]
    return found
