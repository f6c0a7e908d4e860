"""Tests of upgrades: ``tests/upgrade/**/*.json`` of a pack.

Each says from which release, with which files that were other then, what the admins had changed and which records there
were. The release before is put in force in a workspace of its own, the records are made, and this one is planned: the
lines that are named must be in the plan. Then it is applied, and what is expected must be true.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dealwright import clock, packs
from dealwright.errors import DealwrightError, DefinitionError
from dealwright.metadata import schemas, strict
from dealwright.pack_tests.cases import BEGINS, Case
from dealwright.pack_tests.named import Mistake, moment
from dealwright.pack_tests.play import Play
from dealwright.pack_tests.stage import empty
from dealwright.packs import overlay
from dealwright.packs.enact import enact
from dealwright.packs.prepare import Wanted, prepare
from dealwright.storage import renames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dealwright.errors import Problem
    from dealwright.packs import PackSource


def read(folder: Path) -> list[Case]:
    """Return the tests of upgrades of the pack in a folder, in the order of files and places.

    Raises:
        DefinitionError: With everything in which a file is no such test.
    """
    found: list[Case] = []
    faults: list[Problem] = []
    for file in sorted(folder.glob("tests/upgrade/**/*.json")):
        source = f"{folder.name}/{file.relative_to(folder).as_posix()}"
        content = strict.read(file, source)
        for number, document in enumerate(content if isinstance(content, list) else [content]):
            at: tuple[str | int, ...] = (number,) if isinstance(content, list) else ()
            problems = schemas.check_upgrade(document, source, at)
            faults += problems
            if not problems:
                begins = moment(document.get("clock")) or BEGINS
                found.append(Case(document["test"], f"{source}/{number}" if at else source, begins, document))
    if faults:
        raise DefinitionError("the tests of upgrades cannot be run", faults)
    return found


def because(source: PackSource, case: Case, play: Callable[[Play], list[str]]) -> list[str]:
    """Return why a test of an upgrade fails; nothing where it passes.

    Args:
        source: The pack as it is today.
        case: The test.
        play: Takes its steps and says what is not as it is expected.
    """
    try:
        with TemporaryDirectory(prefix="dealwright-") as place, clock.counted():
            before = _before(source, case, Path(place))
            return _upgraded(source, before, case, play)
    except (DealwrightError, Mistake) as error:
        return [str(error)]


def _before(source: PackSource, case: Case, place: Path) -> PackSource:
    """Return the release before: today's folder with the files that were other then."""
    folder = place / source.folder.name
    shutil.copytree(source.folder, folder, ignore=shutil.ignore_patterns("tests"))
    manifest = {**strict.read(folder / "pack.json"), "version": case.document["from"]["version"]}
    files = {"pack.json": manifest, **case.document["from"].get("files", {})}
    for name, content in files.items():
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise Mistake(f"“{name}” leads out of the pack")
        if content is None:
            with suppress(FileNotFoundError):
                file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, ensure_ascii=False, default=str), encoding="utf-8")
    return packs.read(folder)


def _upgraded(source: PackSource, before: PackSource, case: Case, play: Callable[[Play], list[str]]) -> list[str]:
    document = case.document
    sources = {before.id: before}
    packs.with_required(sources, [source.folder.parent])
    changes = overlay.read({"format": overlay.FORMAT, "changes": document.get("overlay", [])}, case.source)
    with empty() as (database, workspace):
        with clock.frozen(case.clock - timedelta(days=1)):
            with database.read() as connection:
                prepared = prepare(connection, Wanted(packs=list(sources.values()), overlay=changes or None))
            enact(database, prepared, by=None, reason="the release before")
        with clock.frozen(case.clock):
            with database.write() as connection:
                old = workspace.catalog(connection)
                first = Play(workspace, connection, old, case)
                first.begin()
            plan = packs.plan(database, Wanted(packs=[source]))
            missing = list(_missing(plan.lines, document["plan"]))
            if missing or plan.risk == "blocked":
                return missing or (
                    [] if any(one.get("risk") == "blocked" for one in document["plan"]) else _blocked(plan)
                )
            packs.apply(database, plan.id)
            with database.write() as connection:
                now = workspace.catalog(connection)
                second = Play(workspace, connection, now, replace(case, document={**document, "given": {}}))
                called = {was: new for new, was in renames.entities(old, now, source.layer.moves).items()}
                for name, (entity, identifier) in first.named.records.items():
                    second.named.put(name, called.get(entity, entity), identifier)
                return play(second)


def _missing(lines: Sequence[packs.Line], expected: Sequence[dict[str, Any]]) -> Iterator[str]:
    for one in expected:
        there = [line for line in lines if (line.action, line.path) == (one["action"], one["path"])]
        if not there:
            same = [line.action for line in lines if line.path == one["path"]]
            more = f"; of that path it says {', '.join(same)}" if same else ""
            yield f"the plan has no line {one['action']} {one['path']}{more}"
        elif "risk" in one and all(line.risk != one["risk"] for line in there):
            yield f"{one['action']} {one['path']} is {there[0].risk}, not {one['risk']}"


def _blocked(plan: packs.Plan) -> list[str]:
    return [f"the plan is blocked: {line}" for line in plan.lines if line.risk == "blocked"]
