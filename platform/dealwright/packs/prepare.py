"""What shall be in force, worked out whole before anything is changed: the road that every change of definitions takes.

Installing, upgrading, removing a pack, an admin's own changes, going back: each is the same fold over other layers. Here
the layers are put together, folded and checked; the admins' patches follow new names and remember what they stand over
now. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dealwright.errors import NotFoundError, Problem
from dealwright.metadata import load, patches
from dealwright.metadata.settings import problems as settings_problems
from dealwright.packs import in_flight, moves, order, releases, renaming
from dealwright.packs.examine import examine, layers_of
from dealwright.packs.source import PackSource
from dealwright.packs.stored import State, state
from dealwright.storage import proposals, revisions, workspaces

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.fold import Folded
    from dealwright.metadata.layers import Layer
    from dealwright.metadata.patches import Patch
    from dealwright.storage import Connection
    from dealwright.storage.plans import Taken
    from dealwright.storage.releases import Release


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be other than it is.

    Attributes:
        packs: Packs to add, or to put in the place of those with the same ids.
        without: Ids of packs to take away; their data stays.
        overlay: All changes of the admins, in the place of those there are; None to keep them.
        proposals: Whether what admins have proposed is taken up.
        settings: Settings of the workspace to change, of ``metadata.settings``.
        archives: The releases of those packs that come from archives, by id; others are known by their folders.
        downgrade: Whether a pack may go back to an earlier version.
    """

    packs: Sequence[PackSource] = ()
    without: Collection[str] = ()
    overlay: Sequence[Patch] | None = None
    proposals: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    archives: Mapping[str, Release] = field(default_factory=dict)
    downgrade: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A revision that could be put in force, if it has no problems.

    Attributes:
        before: What is in force; None in a workspace without definitions.
        old: Its catalog.
        catalog: What would be in force.
        layers: Of which it is made, in the order of the fold.
        folded: What they come to; None where they were folded before.
        settings: Of the workspace.
        versions: Versions of pipelines that must stay readable.
        moves: New names of fields and new ids of options, for the tables.
        changes: The patches before and after, with those that have followed new names.
        taken: The proposals that it takes up.
        left: Changes of the admins that are in force no more and stay as proposals.
        coming: The releases that come in.
        downgrade: Whether one of them may be lower than what was in force.
        problems: Why it cannot be put in force.
        warnings: What should be looked at.
    """

    before: State | None
    old: Catalog | None
    catalog: Catalog
    layers: Sequence[Layer]
    folded: Folded | None
    settings: Mapping[str, str]
    versions: Sequence[Mapping[str, Any]] = ()
    moves: Sequence[Mapping[str, Any]] = ()
    changes: Sequence[tuple[Patch | None, Patch | None]] = ()
    taken: Sequence[Taken] = ()
    left: Sequence[Patch] = ()
    coming: Sequence[Release] = ()
    downgrade: bool = False
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()


def current(connection: Connection) -> State | None:
    """Return what the revision in force was made of; None in a workspace that has no definitions yet."""
    try:
        return state(connection, revisions.active(connection))
    except NotFoundError:
        return None


def sources_of(before: State | None) -> list[PackSource]:
    """Return the packs of a revision, without the base and what the admins changed."""
    return sources_of_layers(before.layers if before is not None else ())


def sources_of_layers(layers: Iterable[Layer]) -> list[PackSource]:
    """Return the packs among layers."""
    own = {load.base().id, patches.OVERLAY}
    return [PackSource(layer, Path(layer.folder or layer.id)) for layer in layers if layer.id not in own]


def prepare(connection: Connection, wanted: Wanted, known: Catalog | None = None) -> Prepared:
    """Return the revision that is wanted, and everything that is wrong with it.

    Args:
        connection: A transaction, only read; what is in force in it is what the revision follows.
        wanted: What shall be other.
        known: A catalog that the caller has; if it is the one in force, it need not be folded again.
    """
    before = current(connection)
    present = {pack.id: pack for pack in sources_of(before)}
    inherited = {**workspaces.settings(connection), **wanted.settings}
    problems = list(settings_problems(inherited))
    if problems:  # nothing can be looked at with such settings
        inherited = workspaces.settings(connection)
    problems += [*_missing(wanted.without, present), *_backwards(wanted, present)]
    kept = {name: pack for name, pack in present.items() if name not in wanted.without}
    packs = order.ordered({**kept, **{pack.id: pack for pack in wanted.packs}}.values())
    there = list(before.patches) if before is not None else []
    given = proposals.listed(connection) if wanted.proposals else []
    renames = moves.between(present, packs)
    problems += moves.problems(present, packs)
    follow = _following(renames, before)
    adopted = {str(one["from"]) for one in renames if moves.is_adopted(one)}
    own = there if wanted.overlay is None else list(wanted.overlay)
    changes = _changes(own, given, follow, there, adopted)
    after = [one for _, one in changes if one is not None]
    accepted = before.accepted if before is not None else {}
    examined = examine(packs, inherited, accepted, after)
    problems += examined.problems
    # Each patch that holds remembers what it stands over now; what an upgrade says of it has been said then.
    standings = examined.folded.standings
    final = [
        replace(one, base=standings[one.id].below) if standings[one.id].state == "active" and one.op == "set" else one
        for one in after
    ]
    old = None
    if before is not None:
        old = known if known is not None and known.revision == before.revision else before.catalog()
    new_names = [*renames, *moves.back(present, packs)]
    problems += moves.indistinct(old, examined.catalog, renames)
    versions = renaming.versions(in_flight.kept(old, examined.catalog), new_names)
    layers = layers_of(packs, final)
    catalog = examined.catalog
    if versions or final != after:
        catalog = load.assembled(examined.folded, layers, inherited, versions)
    return Prepared(
        before=before,
        old=old,
        catalog=catalog,
        layers=layers,
        folded=examined.folded,
        settings=inherited,
        versions=versions,
        moves=new_names,
        changes=changes,
        taken=[(one.path, one.op, one.at) for one in given],
        coming=_coming(wanted),
        downgrade=wanted.downgrade,
        problems=list(dict.fromkeys(problems)),
        warnings=examined.warnings,
    )


def _coming(wanted: Wanted) -> list[Release]:
    return [wanted.archives.get(one.id) or releases.of_folder(one) for one in wanted.packs if one.folder.is_dir()]


def _missing(without: Collection[str], present: Mapping[str, PackSource]) -> Iterable[Problem]:
    for name in without:
        if name not in present:
            known = ", ".join(sorted(present)) or "none"
            yield Problem("", "no-such-pack", f"the pack “{name}” is not in force; in force: {known}", name)


def _backwards(wanted: Wanted, present: Mapping[str, PackSource]) -> Iterable[Problem]:
    """Yield each pack that would go back to an earlier version, or past a conversion of data."""
    for pack in wanted.packs:
        there = present.get(pack.id)
        if there is None:
            continue
        source = f"{pack.folder.name}/pack.json"
        data = [one.manifest.get("data_version", 1) for one in (there, pack)]
        if data[0] > data[1]:
            message = f"the data are of version {data[0]} by now, and {pack.layer.version} knows {data[1]} only"
            yield Problem("/data_version", "data-too-new", message, source)
        elif pack.version < there.version and not wanted.downgrade and not pack.folder.is_dir():
            # Of a release that comes from somewhere, trust says it, which also knows what was in force before.
            message = (
                f"{there.layer.version} is in force, which is later than {pack.layer.version}; "
                "say that a downgrade is wanted (--allow-downgrade)"
            )
            yield Problem("/version", "downgrade", message, source)


def _following(renames: Sequence[Mapping[str, Any]], before: State | None) -> Callable[[Patch], Patch]:
    """Return what gives a patch the new names of what it is about and of what it reads."""
    about = {
        (one.document["kind"], one.document["id"]): str(one.document.get("entity", ""))
        for layer in (before.layers if before is not None and renames else ())
        for one in layer.documents
        if "id" in one.document
    }
    return lambda one: renaming.followed(one, renames, lambda key: about.get(key, "")) if renames else one


def _changes(
    wanted: Sequence[Patch],
    given: Sequence[proposals.Proposal],
    follow: Callable[[Patch], Patch],
    known: Sequence[Patch],
    adopted: Collection[str],
) -> list[tuple[Patch | None, Patch | None]]:
    """Return each patch as it is and as it shall be; None where there is none."""
    was = {one.id: one for one in known}
    shall: dict[str, tuple[Patch | None, Patch | None]] = {}
    for one in wanted:
        if one.op == "add" and one.path.removesuffix("#") in adopted:
            continue  # a pack has taken it over
        followed = follow(one)
        shall[followed.id] = (was.get(one.id), followed)
    for proposal in given:
        named = patches.Patch(proposal.path, proposal.op)
        followed = follow(patches.read(proposal.patch) if proposal.patch is not None else named)
        there = shall.get(followed.id, (None, None))[0]
        shall[followed.id] = (there, followed if proposal.patch is not None else None)
    gone = was.keys() - {before.id for before, _ in shall.values() if before is not None}
    found = [*shall.values(), *((was[one], None) for one in gone)]
    return sorted(found, key=lambda pair: next(one.path for one in pair if one is not None))
