"""``pack purge``: what packs have left behind is shown, written out, or removed for good."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dealwright import access
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.packs import purge as purging
from dealwright.records import bygone

if TYPE_CHECKING:
    from dealwright.packs.left_behind import Left
    from dealwright.records import Workspace
    from dealwright.storage import Connection


@click.command("purge")
@click.argument("name", metavar="PACK")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--records", type=click.IntRange(0), metavar="N", help="Remove them: so many as the list says.")
@click.option(
    "--export", "target", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="First write them here."
)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the audit log.")
@database_option
@json_option
@told
def purge(
    url: str,
    name: str,
    paths: tuple[str, ...],
    records: int | None,
    target: Path | None,
    reason: str,
    as_json: bool,
) -> None:
    """Show what PACK has left behind; with --records, remove it for good. Exit code 1: it may not be removed yet.

    Data of a definition that is gone stay for 30 days at least, and for as long as its retention says. Name PATHs to
    remove only those. There is no way back, except for a backup.

    dealwright pack purge my_pack --export my_pack_data/
    dealwright pack purge my_pack --records 120
    """
    with opened(url) as workspace:
        with workspace.database.read() as connection:
            left = purging.chosen(connection, name, paths)
            found = purging.problems(left)
            files = _written(workspace, connection, left, target) if target is not None else []
        if records is not None:
            done = purging.purge(workspace.database, name, paths, records=records, reason=reason)
            lines = [f"removed {one.path}: {one.records} records" for one in done.left]
            show({**done.as_json(), "files": files}, as_json, *lines, *(f"emptied {one}" for one in done.emptied))
            return
    total = sum(one.records for one in left)
    lines = [f"{one.path}  {one.records} records, gone on {one.gone_at:%Y-%m-%d}" for one in left]
    lines += [*(f"wrote {one}" for one in files), *map(str, found)]
    then = f"now: dealwright pack purge {name} --records {total}" if left and not found else ""
    content = {
        "left": [one.as_json() for one in left],
        "records": total,
        "files": files,
        "problems": [{"source": p.source, "pointer": p.pointer, "code": p.code, "message": p.message} for p in found],
    }
    show(content, as_json, *lines or [f"{name} has left nothing behind"], *([then] if then else []))
    if found:
        sys.exit(1)


def _written(workspace: Workspace, connection: Connection, left: list[Left], target: Path) -> list[str]:
    """Write what is left behind as JSON lines, a file for each, under the definitions that it was written with."""
    target.mkdir(parents=True, exist_ok=True)
    names = []
    for one in left:
        file = target / f"{one.path.removeprefix('entity:').replace('#/properties/', '.')}.jsonl"
        with file.open("wb") as out:
            for chunk in bygone.lines(workspace, connection, one, access.operator()):
                out.write(chunk)
        names.append(str(file))
    return names
