"""``sequence``: what runs for records, started, gone on with and ended by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dealwright import access, records
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.errors import NotFoundError
from dealwright.records import Work
from dealwright.storage import enrolments

if TYPE_CHECKING:
    from collections.abc import Callable


@click.group()
def sequence() -> None:
    """See the sequences of records, and start or end one."""


@sequence.command("list")
@click.option("--record", metavar="ID", help="The sequences of this record, with their steps. Needs --entity.")
@click.option("--entity", metavar="ENTITY", help="The entity of the record.")
@database_option
@json_option
@told
def listed(url: str, record: str | None, entity: str | None, as_json: bool) -> None:
    """List the sequences of the workspace and for how many records each runs, or those of one record."""
    if (record is None) != (entity is None):
        raise click.UsageError("--record and --entity go together")
    with opened(url) as workspace, workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        if record is not None and entity is not None:
            found = records.sequences_of(work, entity, record)
            show(found, as_json, *([line for one in found for line in _lines(one)] or ["no sequence has run for it"]))
            return
        known, counted = work.catalog.documents, enrolments.counts(connection)
        items = [
            {"sequence": name, "title": known[kind, name]["title"], "entity": known[kind, name]["entity"]}
            | {state: counted.get(name, {}).get(state, 0) for state in ("running", "finished", "stopped")}
            for kind, name in sorted(known)
            if kind == "sequence"
        ]
    lines = [
        f"{one['sequence']}: {one['running']} running, {one['finished']} finished, {one['stopped']} stopped"
        for one in items
    ]
    show(items, as_json, *(lines or ["the workspace has no sequence"]))


def _lines(one: dict[str, Any]) -> list[str]:
    state = one["state"] + (f" ({one['why']})" if one["why"] else "")
    steps = [f"  {'done' if step['done'] else 'due '} {step['at']}  {step['title']}" for step in one["steps"]]
    return [f"{one['sequence']}: {state}", *steps]


@sequence.command("start")
@click.argument("name", metavar="SEQUENCE")
@click.option("--record", metavar="ID", required=True, help="The record that it is to run for.")
@database_option
@json_option
@told
def start(url: str, name: str, record: str, as_json: bool) -> None:
    """Let a sequence run for a record from now on."""
    _change(url, name, record, as_json, records.start_sequence)


@sequence.command("advance")
@click.argument("name", metavar="SEQUENCE")
@click.option("--record", metavar="ID", required=True, help="The record that it runs for.")
@database_option
@json_option
@told
def advance(url: str, name: str, record: str, as_json: bool) -> None:
    """Do the next step of a sequence of a record now."""
    _change(url, name, record, as_json, records.advance_sequence)


@sequence.command("stop")
@click.argument("name", metavar="SEQUENCE")
@click.option("--record", metavar="ID", required=True, help="The record that it runs for.")
@database_option
@json_option
@told
def stop(url: str, name: str, record: str, as_json: bool) -> None:
    """End a sequence of a record: what is still to come does not come."""
    _change(url, name, record, as_json, records.stop_sequence)


def _change(
    url: str, name: str, record: str, as_json: bool, act: Callable[[Work, str, str, str], dict[str, Any]]
) -> None:
    with opened(url) as workspace, workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        document = work.catalog.documents.get(("sequence", name))
        if document is None:
            raise NotFoundError(f"there is no sequence “{name[:80]}”")
        one = act(work, document["entity"], record, name)
    show(one, as_json, *_lines(one))
