"""``pack plan``, ``apply`` and what goes with them: what a change would do, then just that; back again; and away."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from dealwright import access, pack_tests, packs, records
from dealwright.cli import wanted as named
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.cli.purge import purge
from dealwright.errors import ConflictError, DefinitionError, Problem
from dealwright.metadata import strict
from dealwright.resources import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.plan import Compare, Trial
    from dealwright.storage import Connection

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TESTS = click.option(
    "--tests",
    type=click.Choice(["changed", "all", "none"]),
    default="changed",
    help="Run the tests of packs that come in (but not of shipped ones), of all, or none, on what would be in force.",
)
_REASON = click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")


@click.command("plan")
@click.argument("wanted", nargs=-1, metavar="[PACK...]")
@click.option("--without", multiple=True, metavar="PACK", help="Take this pack away; its data stay.")
@click.option("--no-proposals", "ignore", is_flag=True, help="Leave what admins have proposed alone.")
@click.option("--allow-downgrade", "downgrade", is_flag=True, help="A pack may go back to an earlier version.")
@click.option("--since", metavar="P30D", help="Play the past again: which decisions would be other ones.")
@TESTS
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the plan here.")
@database_option
@json_option
@told
def plan(
    url: str,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    ignore: bool,
    downgrade: bool,
    since: str | None,
    tests: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Say what a change would do, line by line; nothing is in force before apply. Exit code 1: it is blocked.

    dealwright pack plan ./my_pack --out plan.json
    """
    with named.packs_named(wanted) as found, opened(url) as workspace:
        with workspace.database.read() as connection:
            found.demand_same(connection)
        shall = packs.Wanted(
            packs=list(found.sources.values()),
            archives=found.archives,
            without=without,
            proposals=not ignore,
            downgrade=downgrade,
        )
        compare = _compare(workspace, since) if since is not None else None
        made = packs.plan(workspace.database, shall, compare=compare, trial=trial_of(tests, shall))
    content = made.as_json()
    if out is not None:
        out.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")
    show(content, as_json, *told_plan(made))
    if made.risk == "blocked":
        sys.exit(1)


def told_plan(made: packs.Plan) -> list[str]:
    """Return a plan as lines for a terminal."""
    if made.unchanged:
        return [*(str(one) for one in made.lines if one.action != "LOOK"), f"{made.id}: nothing would change"]
    lines = [str(one) for one in made.lines]
    if made.decisions is not None:
        lines += [f"DECISIONS  {line}" for line in _decisions(made.decisions)]
    then = (
        "mend the blocked lines and plan again" if made.risk == "blocked" else f"now: dealwright pack apply {made.id}"
    )
    return [*lines, f"{made.id}: risk {made.risk}; {then}"]


def _decisions(found: Mapping[str, Any]) -> list[str]:
    said = []
    for kind, items in found.items():
        for one in items if isinstance(items, list) else ():
            counts = ", ".join(f"{name} {number}" for name, number in one.items() if isinstance(number, int) and number)
            said.append(
                f"{kind.removesuffix('s')} {one.get('rule') or one.get('title') or one.get('id')}: {counts or 'the same'}"
            )
    return said or ["no decision of the past would be another one"]


def _compare(workspace: records.Workspace, since: str) -> Compare:
    def compare(connection: Connection, old: Catalog, new: Catalog) -> Mapping[str, Any]:
        work = records.Work(workspace, connection, access.operator(), catalog=old)
        return records.compared(work, new, records.beginning(since, work.now))

    return compare


@click.command("apply")
@click.argument("planned", metavar="PLAN")
@_REASON
@database_option
@json_option
@told
def apply(url: str, planned: str, reason: str, as_json: bool) -> None:
    """Put just what a plan says in force: its id, or the file that plan --out wrote.

    Refused once other definitions are in force than when it was made. A running server takes the new ones up with its
    next request.

    dealwright pack apply plan.json
    """
    identifier, fingerprint = planned, None
    if Path(planned).is_file():
        content = strict.read(Path(planned))
        if not isinstance(content, dict) or not isinstance(content.get("plan"), str):
            raise DefinitionError(
                f"{planned} is no plan", [Problem("/plan", "wrong-form", "expected a plan of pack plan", planned)]
            )
        identifier, fingerprint = content["plan"], content.get("fingerprint")
    with opened(url) as workspace:
        done = packs.apply(workspace.database, identifier, fingerprint, reason=reason)
    show_done(done, as_json)


def show_done(done: packs.Installed, as_json: bool, allowed: Mapping[str, list[str]] = MappingProxyType({})) -> None:
    """Print what was put in force, and what packs that are new may do."""
    content = {
        "revision": done.revision,
        "packs": dict(done.packs),
        "changes": list(done.changes),
        "unchanged": done.unchanged,
        "warnings": [
            {"source": p.source, "pointer": p.pointer, "code": p.code, "message": p.message} for p in done.warnings
        ],
        "outlook": [asdict(one) for one in done.outlook],
        "permissions": dict(allowed),
    }
    show(
        content,
        as_json,
        *(f"  {change}" for change in done.changes),
        *(f"  {name} may {', '.join(may)}" for name, may in allowed.items() if may),
        *(f"  {one}" for one in done.outlook),
        *(f"  warning: {one}" for one in done.warnings),
        f"revision {done.revision} {'was in force already' if done.unchanged else 'is in force'}: "
        + ", ".join(f"{name} {version}" for name, version in done.packs.items()),
    )


def trial_of(tests: str, shall: packs.Wanted, own: Path | None = None) -> Trial | None:
    """Return what runs the tests of a plan: of the packs that come in, of all that are found, or none.

    Those of shipped packs were run when they were released, and are run again with ``all`` only.
    """
    if tests == "none":
        return None
    ours = shipped("rule_packs").resolve()
    folders = {
        one.id: one.folder
        for one in shall.packs
        if one.folder.is_dir() and (tests == "all" or not one.folder.resolve().is_relative_to(ours))
    }
    return pack_tests.trial(folders, own, everything=tests == "all")


def at_once(url: str, shall: packs.Wanted, reason: str, yes: bool, as_json: bool, trial: Trial | None = None) -> None:
    """Plan and apply, if nothing of the plan is blocked and, where it is more than safe, if it is confirmed."""
    with opened(url) as workspace:
        made = packs.plan(workspace.database, shall, trial=trial)
        if made.risk == "blocked":
            show(made.as_json(), as_json, *told_plan(made))
            sys.exit(1)
        if made.risk != "safe" and not yes:
            for line in told_plan(made)[:-1]:
                click.echo(line, err=True)
            if not sys.stdin.isatty():
                raise ConflictError(f"{made.id} has lines to look at; say --yes, or: dealwright pack apply {made.id}")
            click.confirm("apply this?", abort=True, err=True)
        done = packs.apply(workspace.database, made.id, made.fingerprint, reason=reason)
    show_done(done, as_json)


_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command("upgrade")
@click.argument("wanted", nargs=-1, required=True, metavar="PACK...")
@click.option("--allow-downgrade", "downgrade", is_flag=True, help="A pack may go back to an earlier version.")
@TESTS
@_YES
@_REASON
@database_option
@json_option
@told
def upgrade(
    url: str, wanted: tuple[str, ...], downgrade: bool, tests: str, yes: bool, reason: str, as_json: bool
) -> None:
    """Put other versions of packs in force: the plan is shown and, if there is anything to look at, confirmed.

    dealwright pack upgrade ./my_pack
    """
    with named.packs_named(wanted) as found:
        with opened(url) as workspace, workspace.database.read() as connection:
            found.demand_same(connection)
        shall = packs.Wanted(packs=list(found.sources.values()), archives=found.archives, downgrade=downgrade)
        trial = trial_of(tests, shall)
        at_once(url, shall, reason or f"upgrade {', '.join(wanted)}", yes, as_json, trial)


@click.command("uninstall")
@click.argument("wanted", nargs=-1, required=True, metavar="PACK...")
@_YES
@_REASON
@database_option
@json_option
@told
def uninstall(url: str, wanted: tuple[str, ...], yes: bool, reason: str, as_json: bool) -> None:
    """Take packs away: their definitions go, their tables and data stay, and come back when they are installed again.

    dealwright pack uninstall my_pack
    """
    shall = packs.Wanted(without=wanted)
    at_once(url, shall, reason or f"uninstall {', '.join(wanted)}", yes, as_json)


@click.command("disable")
@click.argument("name", metavar="PACK")
@_REASON
@database_option
@json_option
@told
def disable(url: str, name: str, reason: str, as_json: bool) -> None:
    """Stop what a pack does and shows: rules, clocks, sequences, reports, lists, fields. Always possible.

    Its records can be read and exported, and nothing of it is lost.

    dealwright pack disable my_pack
    """
    _switch(url, name, False, reason, as_json)


@click.command("enable")
@click.argument("name", metavar="PACK")
@_REASON
@database_option
@json_option
@told
def enable(url: str, name: str, reason: str, as_json: bool) -> None:
    """Let a disabled pack work again.

    dealwright pack enable my_pack
    """
    _switch(url, name, True, reason, as_json)


def _switch(url: str, name: str, on: bool, reason: str, as_json: bool) -> None:
    with opened(url) as workspace:
        done = packs.switch(workspace.database, name, on=on, reason=reason)
    show_done(done, as_json)


@click.command("rollback")
@click.argument("revision", required=False, metavar="[REVISION]")
@_REASON
@database_option
@json_option
@told
def rollback(url: str, revision: str | None, reason: str, as_json: bool) -> None:
    """Put what was in force before in force again, or an earlier REVISION of the history. No data are lost.

    dealwright pack rollback
    """
    with opened(url) as workspace:
        done = packs.rollback(workspace.database, revision, reason=reason)
    show_done(done, as_json)


@click.command("history")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), help="How many, the newest first.")
@database_option
@json_option
@told
def history(url: str, limit: int, as_json: bool) -> None:
    """Show what was put in force, when, by whom and why."""
    with opened(url) as workspace, workspace.database.read() as connection:
        found = packs.history(connection, limit)
    lines = [
        f"{'*' if one['active'] else ' '} {one['revision']}  {one['at']:%Y-%m-%d %H:%M}  {one['reason']}"
        for one in found
    ]
    show({"items": found}, as_json, *lines)


@click.command("status")
@database_option
@json_option
@told
def status(url: str, as_json: bool) -> None:
    """Show the packs in force, what admins have changed, what is proposed, and what needs a look."""
    with opened(url) as workspace, workspace.database.read() as connection:
        found = packs.status(connection)
    lines = [f"revision {found['revision']}"]
    lines += [f"{one['id']} {one['version']}" + ("  disabled" if one["disabled"] else "") for one in found["packs"]]
    counts = ", ".join(f"{number} {state}" for state, number in found["changes"].items())
    lines += [f"changes of admins: {counts or 'none'}; proposed: {found['proposed']}"]
    show(found, as_json, *lines)


@click.command("explain")
@click.argument("path", metavar="PATH")
@database_option
@json_option
@told
def explain_path(url: str, path: str, as_json: bool) -> None:
    """Explain what stands at a path of the definitions: whose word it is, and whose words it overrides.

    dealwright pack explain "entity:sales.opportunity#/properties/amount/title"
    """
    show_path(url, path, as_json)


def show_path(url: str, path: str, as_json: bool) -> None:
    """Print what stands at a path and why."""
    with opened(url) as workspace, workspace.database.read() as connection:
        found = packs.explain(connection, path)
    show(found, as_json, *(line for one in found.get("attributes", [found]) for line in _told_attribute(one)))


def _told_attribute(one: Mapping[str, Any]) -> list[str]:
    value = json.dumps(one["value"], ensure_ascii=False)
    lines = [f"{one['path']} = {value}  <- {one['layer'] or 'nobody'} ({one['merge'] or 'by its parts'})"]
    for word in one["said"]:
        mark = "*" if word["stands"] else " "
        lines.append(
            f"  {mark} {word['layer']} {word['version']}: {json.dumps(word['value'], ensure_ascii=False)}  {word['source']}"
        )
    if one["change"] is not None:
        change = one["change"]
        who = f"by {change.get('by') or 'the operator'} at {change.get('at') or 'an unknown time'}"
        why = f": {change['reason']}" if change.get("reason") else ""
        lines.append(
            f"  {change['state']} change {change['op']} {json.dumps(change.get('value'), ensure_ascii=False)} {who}{why}"
        )
    return lines


@click.group()
def overlay() -> None:
    """What the admins of a workspace have changed: list it, carry it elsewhere, take it back."""


@overlay.command("list")
@database_option
@json_option
@told
def listed(url: str, as_json: bool) -> None:
    """List the changes in force and those proposed, each with its state."""
    with opened(url) as workspace, workspace.database.read() as connection:
        found = packs.overlay.listed(connection)
    lines = []
    for one in found:
        mark = "proposed" if not one.in_force else "goes" if one.taken_back else one.state
        value = "" if one.patch.value is None else f" {json.dumps(one.patch.value, ensure_ascii=False, default=str)}"
        lines.append(f"{mark:<10} {one.patch.path} {one.patch.op}{value[:120]}" + (f"  ({one.why})" if one.why else ""))
    show({"items": [one.as_json() for one in found]}, as_json, *lines or ["nothing is changed"])


@overlay.command("set")
@click.argument("path", metavar="PATH")
@click.argument("value", metavar="JSON")
@click.option("--op", default="set", type=click.Choice(["set", "add", "resolve", "translate"]), help="What is done.")
@_REASON
@database_option
@json_option
@told
def put(url: str, path: str, value: str, op: str, reason: str, as_json: bool) -> None:
    """Propose a change: PATH becomes JSON. It is in force once a plan with it is applied.

    dealwright pack overlay set "parameter:sales.stall_days#/default" 10
    """
    try:
        content = json.loads(value)
    except ValueError:
        content = value  # a word without quotes is taken for a text
    with opened(url) as workspace, workspace.database.write() as connection:
        made = packs.overlay.propose(connection, [{"path": path, "op": op, "value": content}], reason=reason)
    show({"items": [one.as_json() for one in made]}, as_json, "proposed; now: dealwright pack plan")


@overlay.command("export")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@database_option
@told
def exported(url: str, paths: tuple[str, ...]) -> None:
    """Print the changes in force as JSON; only those at or within PATHs if there are any.

    dealwright pack overlay export > overlay.json
    """
    with opened(url) as workspace, workspace.database.read() as connection:
        found = packs.overlay.exported(connection, paths)
    show(found, True)


@overlay.command("import")
@click.argument("file", type=_FILE)
@database_option
@json_option
@told
def imported(url: str, file: Path, as_json: bool) -> None:
    """Propose the changes of an export; what is in force just so already is left out.

    dealwright pack overlay import overlay.json
    """
    content = strict.read(file)
    with opened(url) as workspace, workspace.database.write() as connection:
        made = packs.overlay.imported(connection, content)
    line = f"{len(made)} proposed; now: dealwright pack plan" if made else "all of them are in force"
    show({"items": [one.as_json() for one in made]}, as_json, line)


@overlay.command("reset")
@click.argument("path", metavar="PATH")
@database_option
@json_option
@told
def reset(url: str, path: str, as_json: bool) -> None:
    """Propose to go back to what the packs say at PATH and within it; what is only proposed there is forgotten.

    dealwright pack overlay reset "parameter:sales.stall_days#/default"
    """
    with opened(url) as workspace, workspace.database.write() as connection:
        found = packs.overlay.reset(connection, path)
    line = f"{len(found)} to go; now: dealwright pack plan" if found else "withdrawn"
    show({"paths": found}, as_json, line)


@click.command("export")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--as-pack", "name", required=True, metavar="NAME", help="Id of the pack.")
@click.option("--ns", "namespace", default="", metavar="NAME", help="Namespace of its documents; else the pack's id.")
@click.option(
    "--to", "target", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where; else ./NAME."
)
@database_option
@json_option
@told
def export(url: str, paths: tuple[str, ...], name: str, namespace: str, target: Path | None, as_json: bool) -> None:
    """Make a pack of what the admins have changed, or of what they have changed at PATHs.

    Installed here, it takes over their own fields and documents with all data; installed elsewhere, it brings them.

    dealwright pack export --as-pack our_sales --ns ours
    """
    folder = target or Path(name)
    if folder.name != name:
        folder = folder / name
    with opened(url) as workspace, workspace.database.read() as connection:
        made = packs.extract.extract(connection, name, namespace, paths)
    written = [str(one) for one in packs.extract.write(made, folder)]
    left = [{"path": one.path, "op": one.op, "why": why} for one, why in made.left]
    lines = [*written, *(f"left here: {one['path']} {one['op']}: {one['why']}" for one in left)]
    show({"files": written, "left": left}, as_json, *lines, f"now: dealwright check {folder}")


#: What the group ``pack`` takes up.
COMMANDS = (
    plan, apply, upgrade, uninstall, purge, disable, enable, rollback, history, status, explain_path, overlay, export,
)  # fmt: skip
