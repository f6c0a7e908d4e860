"""Packs: folders of definitions that are found, read, put in order, checked and made into a catalog.

find(places)                    where packs lie, by id
read(folder)                    one pack, its form not yet looked at
with_required(sources, places)  adds the packs that these require
check(paths), review(paths)      everything that is wrong, at once; and what should be looked at
catalog(sources, settings)      the catalog of the base and these packs, or an error with everything that is wrong
layers_of(sources)              what goes into the fold
install(database, sources)      puts them in force at once: checked whole, tables made, revision swapped
plan, apply                     what a change would do; then just that
rollback, history               what was in force before, in force again
switch, status                  stops what a pack does by itself; how the definitions stand
overlay                         what the admins of a workspace change, and take back
whole                           the metadata of a workspace as files, for git
explain(connection, path)       what stands at a path, whose word it is, whose it overrides
scaffold.begin(folder)           the beginning of a new pack
extract.extract(connection, id)  a pack made of what the admins have changed
left_behind, purge               what packs that are gone have left, and its removal for good
archive.build, archive.unpacked  one file for a version, and a folder from it for as long as it is looked at
signature, trust                 whose release it is, and whether it may come in
lint.run, compare, doctor        what should be looked at: in a pack, between two releases, in a workspace
permissions, escalation          what a pack may do, and whether the one who installs it may give that
store, stored_catalog           a revision in the database, and the catalog of one
"""

from __future__ import annotations

from dealwright.packs import (
    archive,
    doctor,
    escalation,
    extract,
    lint,
    overlay,
    permissions,
    releases,
    scaffold,
    signature,
    trust,
    whole,
)
from dealwright.packs.back import history, rollback
from dealwright.packs.compare import compare
from dealwright.packs.enact import Installed
from dealwright.packs.examine import Reviewed, catalog, check, layers_of, review, with_required
from dealwright.packs.install import active_packs, install
from dealwright.packs.plan import Plan, apply, plan
from dealwright.packs.planned import Line
from dealwright.packs.prepare import Wanted
from dealwright.packs.search import find
from dealwright.packs.source import PackSource, read
from dealwright.packs.stored import store, stored_catalog, stored_layers
from dealwright.packs.switch import status, switch
from dealwright.packs.told import explain, is_path

__all__ = [
    "Installed",
    "Line",
    "PackSource",
    "Plan",
    "Reviewed",
    "Wanted",
    "active_packs",
    "apply",
    "archive",
    "catalog",
    "check",
    "compare",
    "doctor",
    "escalation",
    "explain",
    "extract",
    "find",
    "history",
    "install",
    "is_path",
    "layers_of",
    "lint",
    "overlay",
    "permissions",
    "plan",
    "read",
    "releases",
    "review",
    "rollback",
    "scaffold",
    "signature",
    "status",
    "store",
    "stored_catalog",
    "stored_layers",
    "switch",
    "trust",
    "whole",
    "with_required",
]
