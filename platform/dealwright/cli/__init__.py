"""The command ``dealwright``: each command reads arguments, calls one function and prints.

Exit codes: 0 ok, 1 problems found, 2 wrong usage.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Final

import click

from dealwright import __version__

__all__ = ["main"]

#: Where each command is: module, and its name there. A process imports only what its own command needs.
COMMANDS: Final = {
    "check": ("packs", "check"),
    "demo": ("demo", "demo"),
    "doctor": ("setup", "doctor"),
    "explain": ("explain", "explain"),
    "export": ("data", "export_command"),
    "import": ("data", "import_command"),
    "init": ("setup", "init"),
    "metadata": ("metadata", "metadata"),
    "pack": ("packs", "pack"),
    "rule": ("rules", "rule"),
    "sequence": ("sequences", "sequence"),
    "serve": ("run", "serve"),
    "settings": ("setup", "settings_command"),
    "simulate": ("simulate", "simulate"),
    "user": ("users", "user"),
    "worker": ("run", "worker"),
}


class Commands(click.Group):
    """The group of all commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"dealwright.cli.{module}"), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dealwright")
def main() -> None:
    """Rules and metadata for sales pipelines: define in JSON, run as tables, API, forms and decisions.

    Start with: dealwright demo
    """
    # A save makes thousands of objects that live until its end. Python by default looks for garbage among them after
    # every 700, which took a fifth of an import; most of what a save leaves behind needs no looking for.
    gc.set_threshold(20_000)
