"""Looking at packs from every side at once: files, schemas, fold, names, conditions, fields, rules.

An author mends a pack in as few rounds as can be: a document with a fault of form does not hide the faults of the
others. Only what could be a mere consequence of such a fault is left for the next round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from dealwright import calendars, conditions, fields, rules, sla
from dealwright.errors import DefinitionError, Problem
from dealwright.metadata import canonical, lint, load, patches, references, schemas, strict
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.definitions import EMPTY, Document
from dealwright.metadata.fold import Folded, fold
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.metadata.patches import Patch
from dealwright.metadata.pointers import steps
from dealwright.metadata.settings import DEFAULTS
from dealwright.packs import limits, moves, order, permissions
from dealwright.packs.search import find, packs_in
from dealwright.packs.source import PackSource, read

_EFFECTIVE: Final = re.compile(r"(?P<kind>[a-z_]+):(?P<id>[a-z0-9_]+\.[a-z0-9_]+)\Z")
#: Files of a pack that are no documents, and what stands in them.
_OTHER_FILES: Final[Mapping[str, tuple[type, ...]]] = {
    "tests/**/*.json": (dict, list),
    "seed/*.json": (dict,),
    "demo/*.json": (dict,),
    "CHANGELOG.json": (list,),
    "moves.json": (list,),
    "lint.json": (list,),
}
_SHAPES: Final[Mapping[type, str]] = {dict: "an object", list: "a list"}


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found: the catalog, whole only if there is no problem, the problems, and what should be looked at.

    Attributes:
        folded: What the catalog was made of.
    """

    catalog: Catalog
    problems: tuple[Problem, ...]
    folded: Folded
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was found in packs: faults, with which they cannot be put in force, and what should be looked at.

    Attributes:
        together: What all of them come to with what they require; None if there is no pack.
    """

    problems: list[Problem]
    warnings: list[Problem]
    together: Examined | None = None


def check(paths: Iterable[Path], search: Iterable[Path] = ()) -> list[Problem]:
    """Return everything that is wrong with packs or single documents; as :func:`review`."""
    return review(paths, search).problems


def review(paths: Iterable[Path], search: Iterable[Path] = ()) -> Reviewed:
    """Return everything that is to be said of packs or single documents, in the order of files and places.

    Args:
        paths: Packs, folders of packs, or JSON files. A file inside a pack is looked at together with its pack, and
            only its own problems are returned; another file is held against the schema of its kind alone.
        search: More places where required packs may be; the neighbours of each path, installed and shipped packs
            are found anyway.
    """
    found: list[Problem] = []
    warnings: list[Problem] = []
    sources: dict[str, PackSource] = {}
    wanted: dict[str, Path | None] = {}
    places = list(search)
    for path in paths:
        inside = _pack_around(path) if path.is_file() else None
        if path.is_file() and inside is None:
            found.extend(_single(path))
            continue
        folders = [inside] if inside is not None else packs_in(path)
        if not folders:
            found.append(Problem("", "no-pack", "there is no pack here: no pack.json", str(path)))
        for folder in folders:
            wanted[folder.name] = path if inside is not None else None
            places.extend((folder, folder.parent))
            try:
                one = read(folder.resolve())
            except DefinitionError as error:
                found.extend(error.problems)
                continue
            other = sources.setdefault(one.id, one)
            if other.folder != one.folder:
                message = f"there are two packs “{one.id}”: {other.folder} and {one.folder}; check one at a time"
                found.append(Problem("/id", "twice", message, f"{folder.name}/pack.json"))
    try:
        with_required(sources, places)
    except DefinitionError as error:
        found.extend(error.problems)
    examined = None
    if sources:
        unreadable = find(places).keys() - sources.keys()
        examined = examine(sources.values(), DEFAULTS)
        warnings += examined.warnings
        for problem in examined.problems:
            if problem.code != "missing-pack" or problem.pointer.rpartition("/")[2] not in unreadable:
                found.append(problem)
        for name in wanted.keys() & sources.keys():
            found.extend(_other_files(sources[name]))
    return Reviewed(_told(found, wanted), _told(warnings, wanted), examined)


def _told(found: Iterable[Problem], wanted: Mapping[str, Path | None]) -> list[Problem]:
    asked = [p for p in found if _asked_for(p, wanted)]
    return sorted(dict.fromkeys(asked), key=lambda one: (one.source, steps(one.pointer)))


def _asked_for(problem: Problem, wanted: Mapping[str, Path | None]) -> bool:
    folder, _, inner = problem.source.partition("/")
    path = wanted.get(folder)
    return path is None or path.as_posix().endswith(f"{folder}/{inner}")


def _pack_around(file: Path) -> Path | None:
    return next((one for one in file.resolve().parents if (one / "pack.json").is_file()), None)


def _single(file: Path) -> list[Problem]:
    try:
        document = strict.read(file)
    except DefinitionError as error:
        return list(error.problems)
    return schemas.check(document, str(file))


def with_required(sources: dict[str, PackSource], places: Iterable[Path] = ()) -> None:
    """Add to ``sources`` the packs that they require, as far as they are found; ranges are not looked at here.

    Raises:
        DefinitionError: If a required pack is there and cannot be read; those found before it are added.
    """
    available = find(places)
    waiting = list(sources.values())
    while waiting:
        for name in waiting.pop().manifest.get("requires", {}):
            if name not in sources and name in available:
                sources[name] = read(available[name].resolve())
                waiting.append(sources[name])


def examine(
    sources: Iterable[PackSource],
    settings: Mapping[str, str],
    accepted: Mapping[str, Document] = EMPTY,
    overlay: Iterable[Patch] = (),
) -> Examined:
    """Return the catalog of the base and these packs, and everything that is wrong with them together.

    Args:
        sources: The packs.
        settings: Of the workspace.
        accepted: Documents by source that have been held against the schemas before and need not be again.
        overlay: What the admins change.
    """
    sources = list(sources)
    found = order.problems(sources)
    layers = layers_of(sources, overlay)
    whole: list[Layer] = []
    broken: set[str] = set()
    for layer in layers:
        kept = []
        for one in layer.documents:
            known = accepted.get(one.source) == one.document
            faults = [] if known else schemas.check(one.document, one.source)
            found.extend(faults)
            rest = _without_unknown_keys(one, faults)
            if rest is None:
                broken.add(str(one.document.get("id") or one.document.get("extends")))
            else:
                kept.append(rest)
        whole.append(replace(layer, documents=tuple(kept)))
    folded = fold(whole)
    found.extend(folded.problems)
    found.extend(_misplaced_extensions(whole, folded))
    found.extend(_broken_by_patches(whole, folded))
    catalog = load.assembled(folded, whole, settings)
    for group in (
        references.problems(catalog, folded, whole),
        calendars.problems(catalog),
        conditions.problems(catalog),
        fields.problems(catalog),
        rules.problems(catalog),
        sla.problems(catalog),
    ):
        said = {(one.source, one.pointer) for one in found}
        placed = [_placed(one, folded) for one in group if not _may_follow(one, folded, broken)]
        found.extend(one for one in placed if (one.source, one.pointer) not in said)
    found.extend(_placed(one, folded) for one in limits.problems(catalog))
    found.extend(moves.unfit(sources, catalog))
    if not found:  # what a rule uses is known only of one without faults
        found.extend(_placed(one, folded) for one in permissions.problems(catalog, sources))
    if found:
        return Examined(catalog, tuple(found), folded)
    looked = [_placed(one, folded) for one in (*rules.warnings(catalog), *lint.warnings(catalog))]
    return Examined(catalog, (), folded, (*folded.warnings, *looked))


def catalog(
    sources: Iterable[PackSource],
    settings: Mapping[str, str] | None = None,
    accepted: Mapping[str, Document] = EMPTY,
) -> Catalog:
    """Return the catalog of the base and these packs, which must bring all that they require; as :func:`examine`.

    Raises:
        DefinitionError: With every problem.
    """
    examined = examine(sources, settings or {}, accepted)
    if examined.problems:
        raise load.refused(examined.problems)
    return examined.catalog


def layers_of(sources: Iterable[PackSource], overlay: Iterable[Patch] = ()) -> list[Layer]:
    """Return the layers of the base, these packs and the admins' changes in the order of the fold."""
    layers = [load.base(), *(one.layer for one in order.ordered(sources))]
    changes = list(overlay)
    return [*layers, patches.layer(changes, layers)] if changes else layers


def _broken_by_patches(layers: Iterable[Layer], folded: Folded) -> Iterator[Problem]:
    """Yield in what documents do not fit their schemas any more because of what the admins changed in them."""
    changed = {one.document for layer in layers for one in layer.patches if folded.standings[one.id].state == "active"}
    for key in sorted(changed & folded.documents.keys()):
        if "extends" not in folded.documents[key]:
            yield from schemas.check(folded.documents[key], f"{key[0]}:{key[1]}")


def _misplaced_extensions(layers: Iterable[Layer], folded: Folded) -> Iterator[Problem]:
    """Yield each extension that does not lie in the folder of the pack that it extends."""
    for layer in layers:
        for one in layer.documents:
            owner = folded.owners.get((one.document["kind"], one.document.get("extends", "")))
            if not schemas.is_extension(one.document):
                continue
            if owner is not None and f"/extend/{owner}/" not in one.source:
                name = one.document["extends"]
                message = f"“{name}” belongs to the pack {owner}; move the file to extend/{owner}/{name.partition('.')[2]}.json"
                yield Problem("/extends", "wrong-folder", message, one.source)


def _without_unknown_keys(one: SourcedDocument, faults: Sequence[Problem]) -> SourcedDocument | None:
    """Return the document without keys that nothing knows; None if it has any other fault, or cannot stand alone."""
    if not faults:
        return one
    if any(fault.code != "unknown-key" for fault in faults):
        return None
    document: Document = canonical.plain(one.document)
    for fault in faults:
        *outer, last = steps(fault.pointer)
        here: Any = document
        for step in outer:
            here = here[int(step)] if isinstance(here, list) else here[step]
        here.pop(last)
    return SourcedDocument(document, one.source)


def _may_follow(problem: Problem, folded: Folded, broken: set[str]) -> bool:
    """Tell whether a problem may come only from a document that was left out because of its form."""
    if not broken:
        return False
    if any(f"“{name}”" in problem.message for name in broken):
        return True
    effective = _EFFECTIVE.match(problem.source)
    documents = (
        [folded.documents.get((effective["kind"], effective["id"]), {})]
        if effective
        else [folded.documents[key] for (key, _), (source, _) in folded.places.items() if source == problem.source]
    )
    texts = [canonical.text(one) for one in documents]
    return any(f'"{name}"' in text for name in broken for text in texts)


def _placed(problem: Problem, folded: Folded) -> Problem:
    """Return a problem of an effective document at the place in the file where an author can mend it."""
    effective = _EFFECTIVE.match(problem.source)
    if effective is None:
        return problem
    source, pointer = folded.place(effective["kind"], effective["id"], problem.pointer)
    return replace(problem, source=source, pointer=pointer) if source else problem


def _other_files(source: PackSource) -> list[Problem]:
    """Return what is wrong with the form of the files that are no documents: tests, data, moves, change log."""
    found: list[Problem] = []
    for pattern, shapes in _OTHER_FILES.items():
        for file in sorted(source.folder.glob(pattern)):
            name = f"{source.folder.name}/{file.relative_to(source.folder).as_posix()}"
            try:
                value = strict.read(file, name)
            except DefinitionError as error:
                found.extend(error.problems)
                continue
            if not isinstance(value, shapes):
                expected = " or ".join(_SHAPES[one] for one in shapes)
                found.append(Problem("", "wrong-type", f"expected {expected} in this file", name))
            elif pattern.startswith("tests"):
                is_upgrade = file.relative_to(source.folder).parts[1] == "upgrade"
                look = schemas.check_upgrade if is_upgrade else schemas.check_test
                for number, test in enumerate(value if isinstance(value, list) else [value]):
                    found.extend(look(test, name, (number,) if isinstance(value, list) else ()))
    return found
