"""``metadata``: the definitions of a whole workspace as files, for git."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dealwright import packs
from dealwright.cli.changes import TESTS, at_once, told_plan, trial_of
from dealwright.cli.places import database_option, json_option, opened, show, told

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def metadata() -> None:
    """Keep the definitions of a workspace as files: packs, changes of the admins, settings."""


@metadata.command("pull")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@database_option
@json_option
@told
def pull(url: str, folder: Path, as_json: bool) -> None:
    """Write what is in force into DIR; the same workspace gives the same bytes.

    dealwright metadata pull workspace/
    """
    with opened(url) as workspace, workspace.database.read() as connection:
        names = packs.whole.pull(connection, folder)
    show({"files": names}, as_json, f"{len(names)} files in {folder}")


@metadata.command("plan")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@TESTS
@database_option
@json_option
@told
def plan(url: str, folder: Path, tests: str, as_json: bool) -> None:
    """Say what would change if DIR were in force. Exit code 1: it is blocked.

    DIR/tests may hold tests of your own, as a pack does; they are run on what would be in force.

    dealwright metadata plan workspace/
    """
    with opened(url) as workspace:
        with workspace.database.read() as connection:
            wanted = packs.whole.wanted(connection, folder)
        made = packs.plan(workspace.database, wanted, trial=trial_of(tests, wanted, folder))
    show(made.as_json(), as_json, *told_plan(made))
    if made.risk == "blocked":
        sys.exit(1)


@metadata.command("apply")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@TESTS
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@database_option
@json_option
@told
def apply(url: str, folder: Path, tests: str, yes: bool, reason: str, as_json: bool) -> None:
    """Put what DIR says in force, and nothing else: packs that it lacks go, their data stay.

    dealwright metadata apply workspace/ --yes
    """
    with opened(url) as workspace, workspace.database.read() as connection:
        wanted = packs.whole.wanted(connection, folder)
    trial = trial_of(tests, wanted, folder)
    at_once(url, wanted, reason or f"metadata apply {folder.name}", yes, as_json, trial)
