"""``rule``: rules that are switched off, and on again."""

from __future__ import annotations

import click

from dealwright import access, records
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.records import Work


@click.group()
def rule() -> None:
    """See which rules are switched off, and switch them."""


@rule.command("list")
@database_option
@json_option
@told
def listed(url: str, as_json: bool) -> None:
    """List the rules that are switched off, and why."""
    with opened(url) as workspace, workspace.database.read() as connection:
        found = records.rules_off(Work(workspace, connection, access.operator()))
    lines = [
        f"{one['rule']}  since {one['at']}: {one['why']}"
        + ("" if one["in_force"] else " (another version is live: it is asked)")
        for one in found
    ]
    show(found, as_json, *(lines or ["no rule is switched off"]))


@rule.command("on")
@click.argument("name", metavar="RULE")
@database_option
@told
def on(url: str, name: str) -> None:
    """Switch a rule on again, such as one that the platform has switched off because it failed too often."""
    with opened(url) as workspace, workspace.database.write() as connection:
        changed = records.switch_rule(Work(workspace, connection, access.operator()), name, on=True)
    click.echo(f"{name} is switched on" if changed else f"{name} was not switched off")


@rule.command("off")
@click.argument("name", metavar="RULE")
@click.option("--why", default="", metavar="TEXT", help="For those who find it switched off.")
@database_option
@told
def off(url: str, name: str, why: str) -> None:
    """Switch a rule off: it is not asked until it is switched on again, or another version of it goes live."""
    with opened(url) as workspace, workspace.database.write() as connection:
        changed = records.switch_rule(Work(workspace, connection, access.operator()), name, on=False, why=why)
    click.echo(f"{name} is switched off" if changed else f"{name} was switched off already")
