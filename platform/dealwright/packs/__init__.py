"""Packs: folders of definitions that are found, read, put in order, checked and made into a catalog.

find(places)               where packs lie, by id
read(folder)               one pack, its form not yet looked at
check(paths)               everything that is wrong, at once
catalog(sources, settings) the catalog of the base and these packs, or an error with everything that is wrong
layers_of(sources)         what goes into the fold, to be stored with a revision
"""

from __future__ import annotations

from dealwright.packs.examine import catalog, check, layers_of, with_required
from dealwright.packs.search import find
from dealwright.packs.source import PackSource, read

__all__ = ["PackSource", "catalog", "check", "find", "layers_of", "read", "with_required"]
