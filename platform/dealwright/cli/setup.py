"""``init`` and ``doctor``."""

from __future__ import annotations

import sys

import click

from dealwright import __version__, access, clock, packs, plugins, rules
from dealwright.cli.places import database_option, fail, json_option, opened, show, told
from dealwright.records import add_user
from dealwright.storage import audit, outbox, queue


@click.command()
@database_option
@click.option("--admin", metavar="EMAIL", help="Also make a first user with the role base.admin.")
@click.option("--password-stdin", is_flag=True, help="Read that user's password from standard input.")
@click.option("--demo", "with_demo", is_flag=True, help="Also install every shipped pack.")
@click.option("--zone", default="UTC", metavar="ZONE", help="Time zone of the workspace, such as Asia/Shanghai.")
@click.option("--locale", default="en", metavar="TAG", help="Language of the workspace: en or zh-CN.")
@click.option("--currency", default="EUR", metavar="CODE", help="Currency of amounts that name none.")
@told
def init(
    url: str, admin: str | None, password_stdin: bool, with_demo: bool, zone: str, locale: str, currency: str
) -> None:
    """Make a workspace: the database, its tables, the base definitions.

    dealwright init --admin ada@example.com --password-stdin < password.txt
    """
    if admin and not password_stdin:
        raise click.UsageError("--admin needs --password-stdin: a password on the command line is seen by others")
    with opened(url, fresh=True) as workspace:
        sources = [packs.read(folder) for folder in packs.find().values()] if with_demo else []
        settings = {"zone": zone, "locale": locale, "currency": currency}
        done = packs.install(workspace.database, sources, reason="init", settings=settings)
        queue.install(workspace.database)
        click.echo(f"revision {done.revision} is in force in {url.partition('@')[2] or url}")
        if admin:
            password = sys.stdin.readline().rstrip("\r\n")
            add_user(workspace, admin, admin.partition("@")[0], password, [access.ADMIN_ROLE])
            click.echo(f"{admin} may sign in as {access.ADMIN_ROLE}")


@click.command()
@database_option
@json_option
@told
def doctor(url: str, as_json: bool) -> None:
    """Look at a workspace and the installation, and say what is not as it should be."""
    faults: list[str] = []
    with opened(url) as workspace, workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
        status = rules.matcher_status(catalog)
        for problem in rules.problems(catalog):
            faults.append(str(problem))
        broken = audit.verify(connection)
        if broken is not None:
            faults.append(f"the audit log is not whole: entry {broken} is not as it was written")
        dead = outbox.counts(connection).get("dead", 0)
        if dead:
            faults.append(f"{dead} messages could not be delivered; look at the outbox in the console")
        for fault in plugins.installed().faults:
            faults.append(f"plugin {fault.plugin}: {fault.reason}")
        present = {one.id: one.version for one in catalog.packs.values()}
        content = {
            "version": __version__,
            "at": clock.now().isoformat(),
            "revision": catalog.revision,
            "packs": present,
            "matcher": str(status),
            "dead_messages": dead,
            "faults": faults,
        }
    show(
        content,
        as_json,
        f"dealwright {__version__}, revision {catalog.revision}",
        f"packs: {', '.join(f'{k} {v}' for k, v in present.items()) or 'none'}",
        f"matcher: {status}",
        "everything is in order" if not faults else f"{len(faults)} faults:",
    )
    if faults:
        if not as_json:
            fail(*(f"  {fault}" for fault in faults))
        sys.exit(1)
