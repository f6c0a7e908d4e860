"""``init``, ``settings`` and ``doctor``."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from dealwright import __version__, access, clock, packs, plugins, records, rules
from dealwright.cli.places import LOCALES, database_option, fail, json_option, opened, show, told
from dealwright.metadata import settings
from dealwright.records import add_user
from dealwright.storage import audit, backlog, queue, rates, recompute

#: Seconds that a due message or timer may wait before something is wrong: a worker looks every few seconds.
_PATIENCE = 300


@click.command()
@database_option
@click.option("--admin", metavar="EMAIL", help="Also make a first user with the role base.admin.")
@click.option("--password-stdin", is_flag=True, help="Read that user's password from standard input.")
@click.option("--demo", "with_demo", is_flag=True, help="Also install every shipped pack.")
@click.option("--zone", default="UTC", metavar="ZONE", help="Time zone of the workspace, such as Asia/Shanghai.")
@click.option("--locale", type=click.Choice(LOCALES), default="en", help="Language of the workspace.")
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
        chosen = {"zone": zone, "locale": locale, "currency": currency}
        done = packs.install(workspace.database, sources, reason="init", settings=chosen)
        queue.install(workspace.database)
        click.echo(f"revision {done.revision} is in force in {url.partition('@')[2] or url}")
        if admin:
            password = sys.stdin.readline().rstrip("\r\n")
            add_user(workspace, admin, admin.partition("@")[0], password, [access.ADMIN_ROLE])
            click.echo(f"{admin} may sign in as {access.ADMIN_ROLE}")


@click.command("settings")
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
@database_option
@json_option
@told
def settings_command(url: str, changes: tuple[str, ...], as_json: bool) -> None:
    """Show the settings of a workspace, or change some. Servers take them with the next request.

    dealwright settings requests_per_second=50 zone=Asia/Shanghai
    """
    if wrong := [one for one in changes if "=" not in one]:
        raise click.UsageError(f"“{wrong[0]}” is no change; write NAME=VALUE")
    with opened(url) as workspace:
        if changes:
            wanted = dict(one.split("=", 1) for one in changes)
            packs.install(workspace.database, reason="settings", settings=wanted)
        with workspace.database.read() as connection:
            found = {**settings.ALL, **workspace.catalog(connection).settings}
    show(found, as_json, *(f"{name} = {value}" for name, value in found.items()))


@click.command()
@click.option("--audit-head", "known", metavar="N:DIGEST", help="End of the audit log as an earlier call printed it.")
@database_option
@json_option
@told
def doctor(url: str, known: str | None, as_json: bool) -> None:
    """Look at a workspace and the installation, and say what is not as it should be.

    That the end of the audit log was cut off shows only beside an earlier end, kept elsewhere: give it as --audit-head.
    """
    number, _, digest = (known or "0:").partition(":")
    if not number.isdigit():
        raise click.UsageError("--audit-head is N:DIGEST, as the last line about the audit log says")
    faults: list[str] = []
    with opened(url) as workspace:
        late = backlog.of(workspace.database)
        with workspace.database.read() as connection:
            catalog = workspace.catalog(connection)
            broken = audit.verify(connection)
            faults += [
                f"{one.pointer[1:]}: {one.message}" for one in rates.unknown(connection, catalog, clock.now().date())
            ]
            entries, end = audit.head(connection)
            cut = known is not None and audit.digest_of(connection, int(number)) != digest
            off = records.rules_off(records.Work(workspace, connection, access.operator()))
        behind = recompute.waiting(workspace.database, catalog)
        rules.prove(catalog)
        status = rules.matcher_status(catalog)
        faults += map(str, rules.problems(catalog))
        if broken is not None:
            faults.append(f"the audit log is not whole: entry {broken} is not as it was written")
        if cut:
            faults.append(f"the audit log is not the one of {known}: entry {number} is gone or another")
        faults += [
            f"the rule {one['rule']} is switched off since {one['at']}: {one['why']}; dealwright rule on {one['rule']}"
            for one in off
            if one["in_force"]
        ]
        if late.dead_messages:
            faults.append(f"{late.dead_messages} messages could not be delivered; look at the outbox in the console")
        if late.dead_jobs:
            faults.append(f"{late.dead_jobs} jobs failed for good; look at GET /api/v1/jobs?state=dead")
        waiting = max(late.message_seconds, late.timer_seconds)
        if waiting > _PATIENCE and not late.workers:
            faults.append(f"work has waited for {waiting:.0f} seconds and no worker runs; start dealwright worker")
        elif waiting > _PATIENCE:
            faults.append(f"work has waited for {waiting:.0f} seconds; start more workers")
        faults += [f"plugin {fault.plugin}: {fault.reason}" for fault in plugins.faults()]
        present = {one.id: one.version for one in catalog.packs.values()}
        content = {
            "version": __version__,
            "at": clock.now().isoformat(),
            "revision": catalog.revision,
            "packs": present,
            "plugins": plugins.installed().names(),
            "matcher": asdict(status),
            "backlog": asdict(late),
            "audit": {"entries": entries, "head": f"{entries}:{end}"},
            "recompute": [asdict(one) for one in behind],
            "faults": faults,
        }
    show(
        content,
        as_json,
        f"dealwright {__version__}, revision {catalog.revision}",
        f"packs: {', '.join(f'{k} {v}' for k, v in present.items()) or 'none'}",
        f"plugins: {', '.join(plugins.installed().names()) or 'none'}",
        f"matcher: {status.serves}; {status.reason}",
        f"workers: {late.workers}; longest wait of a message {late.message_seconds:.0f} s, of a timer {late.timer_seconds:.0f} s",
        *(f"worked out anew: {', '.join(one.fields)} of {one.entity}, {one.left} records left" for one in behind),
        f"audit log: {entries} entries, head {entries}:{end}",
        "everything is in order" if not faults else f"{len(faults)} fault{'s' if len(faults) != 1 else ''}:",
    )
    if faults:
        if not as_json:
            fail(*(f"  {fault}" for fault in faults))
        sys.exit(1)
