"""``check`` and ``pack``."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dealwright import pack_tests, packs
from dealwright.cli import changes, lint, releases
from dealwright.cli import wanted as named
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.errors import ConflictError
from dealwright.packs.prepare import current, sources_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealwright.errors import Problem
    from dealwright.storage.releases import Release

_PATHS = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=_PATHS)
@json_option
@told
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check packs, archives or single documents: every problem with its file, place, and what was expected.

    dealwright check my_pack/
    """
    _report(_reviewed(paths), as_json)


def _reviewed(paths: Iterable[Path]) -> packs.Reviewed:
    """Look at packs, archives of packs and documents."""
    with ExitStack() as stack:
        return packs.review([named.folder_of(path, stack) for path in paths])


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
    """Install packs, see which are in force, and change what they say."""


for _command in changes.COMMANDS:
    pack.add_command(_command)


@pack.command("install")
@click.argument("wanted", nargs=-1, required=True, metavar="PACK...")
@click.option("--reason", default="pack install", metavar="TEXT", help="Why, for the history.")
@click.option("--agree", is_flag=True, help="Let a release do more than the one in force.")
@click.option("--allow-downgrade", "downgrade", is_flag=True, help="Let a lower version follow a higher one.")
@click.option(
    "--locked", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Only releases of this lock file."
)
@changes.TESTS
@database_option
@json_option
@told
def install(
    url: str,
    wanted: tuple[str, ...],
    reason: str,
    agree: bool,
    downgrade: bool,
    locked: Path | None,
    tests: str,
    as_json: bool,
) -> None:
    """Put packs in force: folders, archives, or ids of shipped and installed ones; what they require comes along.

    A pack with a fault is refused whole and nothing is changed. A running server takes the new definitions up with
    its next request.

    dealwright pack install sales_pipeline ./my_pack
    """
    with named.packs_named(wanted) as found, opened(url) as workspace:
        sources, archives = found.sources, found.archives
        if locked is not None:
            _demand_locked(locked, sources, archives)
        with workspace.database.read() as connection:
            present = packs.active_packs(connection)
            if not agree:
                packs.permissions.demand_agreed(present, sources.values())
            found.demand_same(connection)
        new = [one for name, one in sources.items() if name not in {other.id for other in present}]
        done = packs.install(
            workspace.database,
            sources.values(),
            reason=reason,
            archives=archives,
            downgrade=downgrade,
            trial=changes.trial_of(tests, packs.Wanted(packs=list(sources.values()))),
        )
    allowed = {one.id: [str(use) for use in packs.permissions.declared(one.manifest)] for one in new}
    changes.show_done(done, as_json, allowed)


def _demand_locked(file: Path, sources: Mapping[str, packs.PackSource], archives: Mapping[str, Release]) -> None:
    """Refuse releases that a lock file does not name.

    Raises:
        ConflictError: With each of them.
    """
    wanted = [archives.get(name) or packs.releases.of_folder(one) for name, one in sources.items()]
    if found := packs.trust.unlocked(wanted, packs.trust.read_lock(file)):
        raise ConflictError(f"{file} names other releases; nothing was changed", found)


@pack.command("init")
@click.argument("folder", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--ns", "namespace", default="", metavar="NAME", help="Namespace of its documents; else the pack's id.")
@json_option
@told
def begin(folder: Path, namespace: str, as_json: bool) -> None:
    """Begin a new pack: a small one that works, with tests that pass. The folder's name is the pack's id.

    dealwright pack init my_pack --ns shop
    """
    files = packs.scaffold.begin(folder, namespace)
    names = [one.as_posix() for one in files]
    show({"id": folder.name, "files": names}, as_json, *names, f"now: dealwright pack test {folder}")


@pack.command("build")
@click.argument("folder", metavar="PATH", type=_PATHS)
@click.option(
    "--to", "target", default=".", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path), help="Where."
)
@json_option
@told
def build(folder: Path, target: Path, as_json: bool) -> None:
    """Write the archive of a pack: one file, the same bytes for the same content.

    dealwright pack build my_pack/ --to dist/
    """
    made = packs.archive.build(folder, target)
    show(
        {"path": str(made.path), "id": made.id, "version": made.version, "digest": made.digest, "files": made.files},
        as_json,
        f"{made.path}: {made.id} {made.version}, {made.files} files, sha256 {made.digest}",
    )


@pack.command("validate")
@click.argument("paths", nargs=-1, required=True, type=_PATHS)
@json_option
@told
def validate(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check packs, as ``dealwright check`` does."""
    _report(_reviewed(paths), as_json)


@pack.command("test")
@click.argument("folder", metavar="PATH", type=_PATHS)
@click.option("-k", "only", default="", metavar="TEXT", help="Run the tests whose names have this text in them.")
@click.option("--coverage", "holes", is_flag=True, help="Also say what no test reaches; that is exit code 1.")
@click.option("--generate", "write", is_flag=True, help="First write into golden tests what is so now.")
@click.option("--against", metavar="URL", help="With the packs and changes of this workspace, which is only read.")
@json_option
@told
def test(folder: Path, only: str, holes: bool, write: bool, against: str | None, as_json: bool) -> None:
    """Run the tests of a pack in a workspace of its own, which is removed afterwards.

    dealwright pack test my_pack/ --coverage
    """
    for file in pack_tests.generate(folder) if write else ():
        click.echo(f"written  {file}; read what is other before you keep it", err=True)
    beside = None
    if against is not None:
        with opened(against) as workspace, workspace.database.read() as connection:
            there = current(connection)
            beside = pack_tests.Beside(sources_of(there), there.patches if there is not None else ())
    report = pack_tests.run(folder, only, lambda one: _tell(one) if not as_json else None, beside)
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


for _command in (*releases.COMMANDS, *lint.COMMANDS):
    pack.add_command(_command)
