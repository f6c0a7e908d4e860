"""``check`` and ``pack``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dealwright import pack_tests, packs
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.errors import NotFoundError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATHS = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=_PATHS)
@json_option
@told
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check packs or single documents: every problem with its file, place, and what was expected.

    dealwright check my_pack/
    """
    _report(packs.review(paths), as_json)


def _report(reviewed: packs.Reviewed, as_json: bool) -> None:
    found = reviewed.problems
    content = {"ok": not found, "problems": _plain(found), "warnings": _plain(reviewed.warnings)}
    count = f"{len(found)} problem{'s' if len(found) != 1 else ''}"
    warned = [f"warning: {one}" for one in reviewed.warnings]
    show(content, as_json, *(map(str, found)), *warned, count if found else "no problems")
    if found:
        sys.exit(1)


def _plain(found: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"source": p.source, "pointer": p.pointer, "code": p.code, "message": p.message} for p in found]


@click.group()
def pack() -> None:
    """Install packs and see which are in force."""


@pack.command("install")
@click.argument("wanted", nargs=-1, required=True, metavar="PACK...")
@click.option("--reason", default="pack install", metavar="TEXT", help="Why, for the history.")
@database_option
@json_option
@told
def install(url: str, wanted: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Put packs in force: folders, or ids of shipped and installed ones; what they require comes along.

    A pack with a fault is refused whole and nothing is changed. A running server takes the new definitions up with
    its next request.

    dealwright pack install sales_pipeline ./my_pack
    """
    known = packs.find()
    sources: dict[str, packs.PackSource] = {}
    places: list[Path] = []
    for name in wanted:
        folder = Path(name) if Path(name).is_dir() else known.get(name)
        if folder is None:
            raise NotFoundError(f"there is no folder and no pack “{name}”; there are {', '.join(sorted(known))}")
        source = packs.read(folder.resolve())
        sources[source.id] = source
        places.append(folder.resolve().parent)
    packs.with_required(sources, places)
    with opened(url) as workspace:
        done = packs.install(workspace.database, sources.values(), reason=reason)
    show(
        {
            "revision": done.revision,
            "packs": dict(done.packs),
            "changes": list(done.changes),
            "unchanged": done.unchanged,
            "warnings": _plain(done.warnings),
            "outlook": [asdict(one) for one in done.outlook],
        },
        as_json,
        *(f"  {change}" for change in done.changes),
        *(f"  {one}" for one in done.outlook),
        *(f"  warning: {one}" for one in done.warnings),
        f"revision {done.revision} {'was in force already' if done.unchanged else 'is in force'}: "
        + ", ".join(f"{name} {version}" for name, version in done.packs.items()),
    )


@pack.command("validate")
@click.argument("paths", nargs=-1, required=True, type=_PATHS)
@json_option
@told
def validate(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check packs, as ``dealwright check`` does."""
    _report(packs.review(paths), as_json)


@pack.command("test")
@click.argument("folder", metavar="PATH", type=_PATHS)
@click.option("-k", "only", default="", metavar="TEXT", help="Run the tests whose names have this text in them.")
@click.option("--coverage", "holes", is_flag=True, help="Also say what no test reaches; that is exit code 1.")
@json_option
@told
def test(folder: Path, only: str, holes: bool, as_json: bool) -> None:
    """Run the tests of a pack in a workspace of its own, which is removed afterwards.

    dealwright pack test my_pack/ --coverage
    """
    report = pack_tests.run(folder, only, lambda one: _tell(one) if not as_json else None)
    missing = report.coverage.holes() if holes else []
    reached, of = report.coverage.counts()
    lines = [f"{one.path}: {one.code} {one.message}" for one in missing]
    if holes:
        lines.append(f"{reached} of {of} reached" + (f", {100 * reached // of} %" if of else ""))
    count = f"{report.passed} passed, {report.failed} failed"
    content: dict[str, object] = {
        "pack": report.pack,
        "passed": report.passed,
        "failed": report.failed,
        "tests": [
            {"test": one.name, "source": one.source, "ok": one.ok, "because": list(one.because), "skipped": one.skipped}
            for one in report.results
        ],
    }
    if holes:
        content["coverage"] = report.coverage.as_json()
    show(content, as_json, *lines, count if report.results else "there is no such test")
    if report.failed or missing or not report.results:
        sys.exit(1)


def _tell(one: pack_tests.Result) -> None:
    """Print how a test went, at once."""
    if one.skipped:
        click.echo(f"skipped  {one.name}: {one.skipped}")
    elif one.ok:
        click.echo(f"ok       {one.name}")
    else:
        click.echo(f"FAILED   {one.name}  ({one.source})")
        for line in one.because:
            click.echo(f"         {line}")


@pack.command("list")
@database_option
@json_option
@told
def listed(url: str, as_json: bool) -> None:
    """List the packs in force, and those that could be installed."""
    with opened(url) as workspace, workspace.database.read() as connection:
        present = {one.id: one.layer.version for one in packs.active_packs(connection)}
    known = {name: packs.read(folder).layer.version for name, folder in packs.find().items()}
    lines = [f"{name} {version}  in force" for name, version in present.items()]
    lines += [f"{name} {version}  can be installed" for name, version in known.items() if name not in present]
    show({"in_force": present, "available": known}, as_json, *lines)
