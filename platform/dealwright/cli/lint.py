"""``pack lint``, ``diff`` and ``doctor``: what should be looked at in a pack, between two releases, and in a workspace."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from dealwright import packs
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.metadata.canonical import plain

if TYPE_CHECKING:
    from dealwright.errors import Problem

_PATH = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("path", metavar="PATH", type=_PATH)
@click.option("--since", "before", metavar="PATH", type=_PATH, help="The release before it: an archive or a folder.")
@json_option
@told
def lint(path: Path, before: Path | None, as_json: bool) -> None:
    """Say what should be looked at before others get a pack. docs/lint.md explains each code; lint.json leaves out.

    dealwright pack lint my_pack/ --since dist/my_pack-1.0.0.zip
    """
    with ExitStack() as stack:
        folder = _folder(path, stack)
        earlier = packs.read(_folder(before, stack)) if before is not None else None
        found = packs.lint.run(folder, [path.resolve().parent], earlier)
    count = f"{len(found.findings)} finding{'s' if len(found.findings) != 1 else ''}"
    if found.suppressed:
        count += f", {len(found.suppressed)} left out by lint.json"
    content = {
        "ok": not found.findings,
        "findings": [_plain(one) for one in found.findings],
        "suppressed": [{**_plain(one), "reason": reason} for one, reason in found.suppressed],
    }
    lines = [f"{one.code} {one}" for one in found.findings]
    show(content, as_json, *lines, count if found.findings or found.suppressed else "nothing to be looked at")
    if found.findings:
        sys.exit(1)


@click.command()
@click.argument("before", metavar="BEFORE", type=_PATH)
@click.argument("after", metavar="AFTER", type=_PATH)
@json_option
@told
def diff(before: Path, after: Path, as_json: bool) -> None:
    """Say what differs between two releases of a pack, and which version the later one must have at least.

    Exit code 1 if its version is lower than that.

    dealwright pack diff dist/my_pack-1.0.0.zip my_pack/
    """
    with ExitStack() as stack:
        found = packs.compare(packs.read(_folder(before, stack)), packs.read(_folder(after, stack)))
    content = {
        "before": found.before,
        "after": found.after,
        "bump": found.bump,
        "least": found.least,
        "ok": found.suffices,
        "changes": [
            {
                "path": one.path,
                "change": one.sort,
                "bump": one.bump,
                "why": one.why,
                "before": plain(one.before),
                "after": plain(one.after),
            }
            for one in found.changes
        ],
    }
    least = f"{found.before} → {found.after}: {found.bump} changes, so {found.least} or later"
    last = least if found.bump else f"{found.before} → {found.after}: nothing differs"
    show(content, as_json, *map(str, found.changes), last)
    if not found.suffices:
        sys.exit(1)


@click.command()
@database_option
@json_option
@told
def doctor(url: str, as_json: bool) -> None:
    """Say what should be looked at in the packs of a workspace: old facts, missing years, stale overrides, signatures.

    dealwright pack doctor
    """
    with opened(url) as workspace, workspace.database.read() as connection:
        found = packs.doctor.findings(connection)
    content = {"ok": not found, "findings": [_plain(one) for one in found]}
    show(content, as_json, *(f"{one.code}: {one}" for one in found), *([] if found else ["nothing to be looked at"]))
    if found:
        sys.exit(1)


def _folder(path: Path, stack: ExitStack) -> Path:
    """Return a folder itself, or one with what is in an archive."""
    is_archive = path.suffix == ".zip" and path.is_file()
    return stack.enter_context(packs.archive.unpacked(path)) if is_archive else path.resolve()


def _plain(one: Problem) -> dict[str, str]:
    return {"source": one.source, "pointer": one.pointer, "code": one.code, "message": one.message}


#: What the group ``pack`` gets from here.
COMMANDS: Final = (lint, diff, doctor)
