"""``simulate``: what a draft would have done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dealwright import access, records
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.metadata import strict
from dealwright.records import Work


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", default="P90D", show_default=True, help="How far back: P90D, P12W, or a moment with a zone.")
@database_option
@json_option
@told
def simulate(url: str, files: tuple[Path, ...], since: str, as_json: bool) -> None:
    """Ask what draft rules, scores, pipelines, approvals and parameters would have done, beside those in force.

    FILES hold whole documents, or lists of them. Nothing is changed.

    dealwright simulate rules/tier_a.json --since P90D
    """
    documents: list[Any] = []
    for file in files:
        document = strict.read(file, file.name)
        documents += document if isinstance(document, list) else [document]
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), disable=as_json, transient=True)
    with opened(url) as workspace, workspace.database.read() as connection, bar:
        work = Work(workspace, connection, access.operator())
        task = bar.add_task("records", total=None)
        moment = records.beginning(since, work.now)
        found = records.simulate(work, documents, moment, progress=lambda count: bar.advance(task, count))
    show(found, as_json, *_lines(found))


def _lines(found: dict[str, Any]) -> list[str]:
    """Return the counts of each definition as lines, with the first examples below."""
    lines: list[str] = []
    for one in found["rules"]:
        lines.append(
            f"rule {one['rule']}: woken {one['woken']}, newly fired {one['newly']}, "
            f"no longer fired {one['no_longer']}, changed {one['changed']}, same {one['same']}"
        )
        lines += _examples(one)
    for one in found["scores"]:
        lines.append(f"score {one['score']}: {one['changed']} of {one['records']} records change")
        lines += [f"  tier {move['from']} → {move['to']}: {move['records']}" for move in one["moves"]]
        lines.append(
            f"  since then: other in {one['then']} of {one['states']} states, "
            f"{one['tier_changes']['after']} instead of {one['tier_changes']['before']} changes of tier"
        )
    for one in found["pipelines"]:
        lines.append(
            f"pipeline {one['pipeline']}: {one['moves']} moves, newly refused {one['newly']}, "
            f"no longer refused {one['no_longer']}"
        )
        lines += _examples(one)
    for one in found["approvals"]:
        lines.append(
            f"approval {one['approval']}: needed by {one['needed']} of {one['records']} records, newly {one['newly']}, "
            f"no longer {one['no_longer']}, by other steps {one['changed']}"
        )
        lines += [
            f"  step {step['step']}: asked {step['asked']} times, nobody to ask {step['nobody']} times"
            for step in one["steps"]
        ]
    return lines or ["nothing in the drafts decides otherwise than what is in force"]


def _examples(one: dict[str, Any]) -> list[str]:
    lines = [
        f"  {kind}: {example['record']} at {example['at']}"
        for kind, examples in one["examples"].items()
        for example in examples[:3]
    ]
    if one.get("read_as_now"):
        lines.append(f"  read as it is today: {', '.join(one['read_as_now'])}")
    return lines
