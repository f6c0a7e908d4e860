"""In which order packs are laid over one another: by what they require, and by nothing else.

Never by the time of their installation: two workspaces with the same packs have the same definitions. Packs that do
not depend on one another come in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from dealwright import __version__
from dealwright.errors import Problem
from dealwright.metadata.cycles import circles
from dealwright.metadata.layers import BASE_LAYER
from dealwright.metadata.schemas import near
from dealwright.packs import ranges
from dealwright.packs.source import PackSource

#: Namespaces that are no pack's: of the base, of the admins, and words that a reader would take for the platform.
RESERVED: Final = frozenset({"base", "c", "core", "sys", "x", "admin", "dw", "platform", "dealwright"})


def ordered(sources: Iterable[PackSource]) -> list[PackSource]:
    """Return packs so that each comes after those it requires (and those of ``after`` that are there).

    What is missing or circular is left out of account; :func:`problems` tells of it. The base is none of them: it
    comes before all, in the version that is shipped.
    """
    by_id = {one.id: one for one in sorted(sources, key=lambda one: one.id) if one.id != BASE_LAYER}
    found: dict[str, PackSource] = {}

    def visit(one: PackSource, trail: frozenset[str]) -> None:
        if one.id in found or one.id in trail:
            return
        for name in sorted(one.layer.requires):
            if name in by_id:
                visit(by_id[name], trail | {one.id})
        found[one.id] = one

    for one in by_id.values():
        visit(one, frozenset())
    return list(found.values())


def problems(sources: Iterable[PackSource]) -> list[Problem]:
    """Return why these packs cannot be present together, each at the manifest that says so."""
    packs = sorted((one for one in sources if one.id != BASE_LAYER), key=lambda one: one.id)
    by_id: dict[str, PackSource] = {}
    found: list[Problem] = []
    for one in packs:
        if one.id in by_id:
            message = f"there are two packs “{one.id}”: {by_id[one.id].folder} and {one.folder}; leave one out"
            found.append(Problem("/id", "twice", message, f"{one.folder.name}/pack.json"))
        by_id[one.id] = one
    namespaces: dict[str, PackSource] = {}
    for one in by_id.values():
        source = f"{one.folder.name}/pack.json"
        if one.manifest and one.layer.namespace in RESERVED:
            message = f"the namespace “{one.layer.namespace}” is no pack's; choose another one"
            found.append(Problem("/ns", "reserved-namespace", message, source))
        other = namespaces.setdefault(one.layer.namespace, one)
        if other is not one:
            message = f"the packs {other.id} and {one.id} have the same namespace “{one.layer.namespace}”"
            found.append(Problem("/ns", "twice", message, source))
        platform = one.manifest.get("platform", "*")
        if not ranges.contains(platform, ranges.version(__version__)):
            message = f"it needs dealwright {platform}, and this is {__version__}"
            found.append(Problem("/platform", "wrong-version", message, source))
        found.extend(_requirements(one, by_id, source))
    edges = {one.id: [name for name in sorted(one.layer.requires) if name in by_id] for one in by_id.values()}
    for circle in circles(edges):
        shown = " requires ".join([*circle, circle[0]])
        found.append(
            Problem("/requires", "circular", f"{shown}; one of them must stand alone", f"{circle[0]}/pack.json")
        )
    return found


def _requirements(one: PackSource, by_id: Mapping[str, PackSource], source: str) -> list[Problem]:
    found: list[Problem] = []
    for name, wanted in one.manifest.get("requires", {}).items():
        other = by_id.get(name)
        if other is None:
            message = f"it requires the pack “{name}” {wanted}, which is not here{near(name, by_id)}"
            found.append(Problem(f"/requires/{name}", "missing-pack", message, source))
        elif not ranges.contains(wanted, other.version):
            message = f"it requires {name} {wanted}, and {other.layer.version} is here"
            found.append(Problem(f"/requires/{name}", "wrong-version", message, source))
    for name, unwanted in one.manifest.get("conflicts", {}).items():
        if name in by_id and ranges.contains(unwanted, by_id[name].version):
            message = f"it cannot be together with {name} {unwanted}, and {by_id[name].layer.version} is here"
            found.append(Problem(f"/conflicts/{name}", "conflict", message, source))
    return found
