"""``demo``: a workspace with every shipped pack, people and records to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from dealwright import packs
from dealwright.cli.places import LOCALES, data_folder, opened, told
from dealwright.cli.run import prove, run_server
from dealwright.records import demonstration

_PASSWORD = "pipeline-demo-2026"  # noqa: S105 - printed for everybody to see, valid in the demo only


@click.command()
@click.option("--no-serve", is_flag=True, help="Make the workspace and stop.")
@click.option("--port", default=8000, metavar="PORT", help="Port to listen on.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where to put it.")
@click.option(
    "--history",
    type=click.Choice(demonstration.HISTORIES),
    default="full",
    help="How much of two years of sales: 600 deals, 120 of them, or a few records only.",
)
@click.option("--locale", type=click.Choice(LOCALES), default="en", help="Language of the workspace.")
@told
def demo(
    no_serve: bool, port: int, folder: Path | None, history: Literal["full", "small", "none"], locale: str
) -> None:
    """Make a workspace to try, and serve it on this machine only. Run it again to go on with the same one."""
    place = (folder or data_folder() / "demo").resolve()
    url = f"sqlite:///{place / 'demo.db'}"
    with opened(url, fresh=True, on_catalog=prove) as workspace:
        sources = [packs.read(one) for one in packs.find().values()]
        settings = {"zone": "Asia/Shanghai", "locale": locale, "currency": "CNY"}
        packs.install(workspace.database, sources, reason="demo", settings=settings)
        people = demonstration.fill(workspace, _PASSWORD, history=history)
        click.echo(f"The demo lies in {place}. Sign in at http://127.0.0.1:{port} with the password {_PASSWORD} as")
        for person in people:
            click.echo(f"  {person.email:<24} {person.name}, {', '.join(person.roles)}")
        if not no_serve:
            run_server(workspace, "127.0.0.1", port, work=True)
