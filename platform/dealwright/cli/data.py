"""``import`` and ``export``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dealwright import access
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.metadata import strict
from dealwright.records import Work, export, imports
from dealwright.records.tables_in import open_table

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("entity")
@click.argument("file", type=_FILE)
@click.option("--map", "mapping", type=_FILE, metavar="MAP.json", help="Which column becomes which field.")
@click.option("--key", metavar="FIELD", help="External id by which existing records are found and changed.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where refused rows go, with reasons.")
@click.option("--dry-run", is_flag=True, help="Do everything but keep nothing.")
@click.option("--no-rules", is_flag=True, help="Do not ask the rules; the audit log says so.")
@database_option
@json_option
@told
def import_command(
    url: str,
    entity: str,
    file: Path,
    mapping: Path | None,
    key: str | None,
    rejects: Path | None,
    dry_run: bool,
    no_rules: bool,
    as_json: bool,
) -> None:
    """Import a csv or xlsx file, every row through every check and rule.

    An import that was interrupted goes on where it stopped. Exits with 1 if rows were refused.

    dealwright import sales.account accounts.csv --map accounts.json --rejects refused.csv
    """
    if rejects is not None and (
        not rejects.parent.is_dir() or rejects.resolve() in (file.resolve(), mapping and mapping.resolve())
    ):
        raise click.UsageError(f"--rejects {rejects}: name another file, in a folder that exists")
    document = strict.read(mapping, mapping.name) if mapping is not None else None
    table = open_table(file)
    with opened(url) as workspace:
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=as_json or not sys.stderr.isatty(),
        )
        with bar:
            task = bar.add_task(file.name, total=table.count)
            counts = imports.run(
                workspace,
                access.operator(),
                entity,
                table,
                document,
                rejects=rejects,
                key=key,
                rules=not no_rules,
                dry=dry_run,
                report=lambda now: bar.update(task, completed=now.rows),
            )
    reasons = ", ".join(f"{code} {count}" for code, count in sorted(counts.reasons.items()))
    show(
        counts.as_json(),
        as_json,
        f"{counts.rows} rows: {counts.created} created, {counts.updated} changed, {counts.unchanged} unchanged, "
        f"{counts.rejected} refused" + (f" ({reasons})" if reasons else "") + (" (dry run)" if dry_run else ""),
        *([f"refused rows are in {rejects}"] if rejects and counts.rejected else []),
    )
    if counts.rejected:
        sys.exit(1)


@click.command("export")
@click.argument("entity")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx", "jsonl"]), default="csv", help="Form of the file.")
@click.option("--filter", "condition", metavar="CONDITION", help="Only records that meet it.")
@click.option("--exact", is_flag=True, help="Values as they are, for import; not safe to open in a spreadsheet.")
@database_option
@told
def export_command(url: str, entity: str, kind: str, condition: str | None, exact: bool) -> None:
    """Write records to standard output.

    dealwright export sales.opportunity --filter 'status == "open"' > open.csv
    """
    with opened(url) as workspace, workspace.database.read() as connection:
        made = export(Work(workspace, connection, access.operator()), entity, kind, filter=condition, exact=exact)
        for chunk in made.chunks:
            sys.stdout.buffer.write(chunk)
