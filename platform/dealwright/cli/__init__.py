"""The command ``dealwright``: each command reads arguments, calls one function and prints.

Exit codes: 0 ok, 1 problems found, 2 wrong usage.
"""

from __future__ import annotations

import gc

import click

from dealwright import __version__
from dealwright.cli.data import export_command, import_command
from dealwright.cli.demo import demo
from dealwright.cli.explain import explain
from dealwright.cli.packs import check, pack
from dealwright.cli.run import serve, worker
from dealwright.cli.setup import doctor, init
from dealwright.cli.users import user

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dealwright")
def main() -> None:
    """Rules and metadata for sales pipelines: define in JSON, run as tables, API, forms and decisions.

    Start with: dealwright demo
    """
    # A save makes thousands of objects that live until its end. Python by default looks for garbage among them after
    # every 700, which took a fifth of an import; most of what a save leaves behind needs no looking for.
    gc.set_threshold(20_000)


for _command in (check, demo, doctor, explain, export_command, import_command, init, pack, serve, user, worker):
    main.add_command(_command)
