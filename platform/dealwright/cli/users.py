"""``user``: people who sign in, and tokens for programs."""

from __future__ import annotations

import sys

import click

from dealwright import access, calendars, clock
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.errors import NotFoundError
from dealwright.records import add_user
from dealwright.storage import accounts


@click.group()
def user() -> None:
    """Add users, give them roles, make tokens."""


@user.command("add")
@click.argument("email")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role, such as sales.rep; may be repeated.")
@click.option("--name", metavar="NAME", help="The name that others see; else the address up to the @.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else none is set.")
@database_option
@told
def add(url: str, email: str, roles: tuple[str, ...], name: str | None, password_stdin: bool) -> None:
    """Add a user who may sign in.

    dealwright user add li@example.com --role sales.rep --password-stdin < password.txt
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with opened(url) as workspace:
        add_user(workspace, email, name or email.partition("@")[0], password, roles)
    click.echo(f"{email} was added")


@user.command("token")
@click.argument("email")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Limit the token to a role; may be repeated.")
@click.option("--expires", default="P90D", metavar="P30D", help="How long it is valid, up to a year.")
@click.option("--title", default="command line", metavar="TEXT", help="What it is for.")
@database_option
@told
def token(url: str, email: str, roles: tuple[str, ...], expires: str, title: str) -> None:
    """Make an API token and print it alone; it is shown this once.

    curl -H "Authorization: Bearer $(dealwright user token li@example.com)" http://127.0.0.1:8000/api/v1/me
    """
    try:
        life = calendars.period(expires)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with opened(url) as workspace, workspace.database.write() as connection:
        account = accounts.by_email(connection, access.folded(email))
        if account is None:
            raise NotFoundError(f"there is no user “{email}”; add one with dealwright user add")
        limit = list(roles) or None
        ends = calendars.later(workspace.catalog(connection), clock.now(), life)
        made = access.new_token(connection, account.user, title, roles=limit, expires_at=ends)
    click.echo(made)


@user.command("list")
@database_option
@json_option
@told
def listed(url: str, as_json: bool) -> None:
    """List the users who may sign in."""
    with opened(url) as workspace, workspace.database.read() as connection:
        found = accounts.everybody(connection, workspace.catalog(connection))
    show(found, as_json, *(f"{one['email']}  {one['state']}  {', '.join(one['roles'])}" for one in found))
