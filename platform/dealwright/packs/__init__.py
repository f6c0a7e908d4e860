"""Packs: folders of definitions that are found, read, put in order, checked and made into a catalog.

find(places)                    where packs lie, by id
read(folder)                    one pack, its form not yet looked at
with_required(sources, places)  adds the packs that these require
check(paths), review(paths)      everything that is wrong, at once; and what should be looked at
catalog(sources, settings)      the catalog of the base and these packs, or an error with everything that is wrong
layers_of(sources)              what goes into the fold
install(database, sources)      puts them in force: checked whole, tables made, revision swapped
scaffold.begin(folder)           the beginning of a new pack
archive.build, archive.unpacked  one file for a version, and a folder from it for as long as it is looked at
signature, trust                 whose release it is, and whether it may come in
lint.run, compare, doctor        what should be looked at: in a pack, between two releases, in a workspace
permissions, escalation          what a pack may do, and whether the one who installs it may give that
store, stored_catalog           a revision in the database, and the catalog of one
"""

from __future__ import annotations

from dealwright.packs import archive, doctor, escalation, lint, permissions, releases, scaffold, signature, trust
from dealwright.packs.compare import compare
from dealwright.packs.examine import Reviewed, catalog, check, layers_of, review, with_required
from dealwright.packs.install import Installed, active_packs, install
from dealwright.packs.search import find
from dealwright.packs.source import PackSource, read
from dealwright.packs.stored import store, stored_catalog, stored_layers

__all__ = [
    "Installed",
    "PackSource",
    "Reviewed",
    "active_packs",
    "archive",
    "catalog",
    "check",
    "compare",
    "doctor",
    "escalation",
    "find",
    "install",
    "layers_of",
    "lint",
    "permissions",
    "read",
    "releases",
    "review",
    "scaffold",
    "signature",
    "store",
    "stored_catalog",
    "stored_layers",
    "trust",
    "with_required",
]
