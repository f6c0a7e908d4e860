"""Every command from outside: what it prints, its exit code, and that nothing is half done.

Exit codes: 0 ok, 1 problems found, 2 wrong usage.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

import apiary
from dealwright import access, clock, packs, plugins
from dealwright.cli import main
from dealwright.records import Work, Workspace, aggregate, fetch_many, page, reports
from dealwright.records.reports import Asked
from dealwright.storage import Database, accounts
from served import dealwright, serving

COMMANDS = [
    "check", "demo", "doctor", "explain", "export", "import", "init", "metadata", "metadata apply", "metadata plan",
    "metadata pull", "pack", "pack apply", "pack build", "pack diff", "pack disable", "pack doctor", "pack enable",
    "pack explain", "pack export", "pack history", "pack init", "pack install", "pack key", "pack lint", "pack list", "pack lock",
    "pack overlay", "pack overlay export", "pack overlay import", "pack overlay list", "pack overlay reset",
    "pack overlay set", "pack plan", "pack purge", "pack rollback", "pack sign", "pack status", "pack test", "pack trust",
    "pack uninstall", "pack upgrade", "pack validate", "pack verify", "rule", "rule list", "rule off", "rule on",
    "sequence", "sequence advance", "sequence list", "sequence start", "sequence stop",
    "serve", "settings", "simulate", "user", "user add", "user list", "user token", "worker",
]  # fmt: skip


def named(group, before=""):
    """Return the names of every command below a group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{before}{name}"
        if hasattr(command, "commands"):
            yield from named(command, f"{before}{name} ")


def test_this_is_every_command() -> None:
    assert sorted(named(main)) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself_and_refuses_what_it_does_not_know(command: str) -> None:
    help_text = CliRunner().invoke(main, [*command.split(), "--help"])
    assert help_text.exit_code == 0
    assert len(help_text.stdout.splitlines()) > 3
    assert CliRunner().invoke(main, [*command.split(), "--no-such-option"]).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["import"], ["import", "bee.hive", "missing.csv"], ["export"], ["export", "bee.hive", "--format", "pdf"], ["check"],
        ["check", "missing"], ["pack", "install"], ["user", "add"], ["explain"], ["explain", "--rule", "bee.strong"],
        ["explain", "x", "--rule", "bee.strong"], ["init", "--admin", "a@example.com"], ["serve", "--port", "x"],
        ["settings", "zone"], ["doctor", "--database", "mysql://localhost/x"], ["no_such_command"],
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_code_2(shell, arguments) -> None:
    said = shell(*arguments, expect=2)
    assert (said.out, said.err.splitlines()[-1][:6]) == ("", "Error:")
    assert list(shell.home.iterdir()) == []


@pytest.mark.parametrize("arguments", [["doctor"], ["user", "list"], ["pack", "list"], ["export", "base.user"]])
def test_without_a_workspace_a_command_says_how_to_make_one(shell, arguments) -> None:
    said = shell(*arguments, expect=1)
    assert said.err.splitlines() == [
        f"there is no workspace at {shell.home}/.local/share/dealwright/workspace.db; make one with dealwright init"
    ]
    assert list(shell.home.iterdir()) == []


def test_init_makes_a_workspace_once_and_a_first_user(shell) -> None:
    shell("init", "--admin", "ada@example.com", "--password-stdin", given="x\n", expect=1)
    assert "no workspace" in shell("user", "list", expect=1).err
    said = shell("init", "--admin", "ada@example.com", "--password-stdin", given="five words of a test\n")
    assert said.out.splitlines()[-1] == "ada@example.com may sign in as base.admin"
    (first,) = shell("user", "list", "--json").json
    assert (first["email"], first["roles"]) == ("ada@example.com", ["base.admin"])
    shell("init")
    again = shell("init", "--admin", "ada@example.com", "--password-stdin", given="five words of a test\n", expect=1)
    assert "another User has the same E-mail" in again.err
    weak = shell("init", "--admin", "bo@example.com", "--password-stdin", given="x\n", expect=1)
    assert "password" in weak.err
    assert len(shell("user", "list", "--json").json) == 1


def test_init_with_the_demo_installs_every_shipped_pack(shell) -> None:
    shell("init", "--demo", "--zone", "Asia/Shanghai", "--locale", "zh-CN", "--currency", "CNY")
    found = shell("pack", "list", "--json").json
    assert set(found["in_force"]) == set(found["available"]) == set(packs.find())
    lines = shell("pack", "list").out.splitlines()
    assert sorted(line.split("  ")[1] for line in lines) == ["in force"] * len(packs.find())


@pytest.mark.parametrize(
    ("option", "value", "code"), [("--zone", "Mars/Olympus", 1), ("--locale", "xx", 2), ("--currency", "money", 1)]
)
def test_init_refuses_settings_that_do_not_exist(shell, option, value, code) -> None:
    said = shell("init", option, value, expect=code)
    assert value in said.err
    assert "no workspace" in shell("pack", "list", expect=1).err


def test_settings_are_shown_and_changed(site) -> None:
    assert site("settings", "--json").json["requests_per_second"] == "100"
    said = site("settings", "requests_per_second=7.5", "zone=Asia/Shanghai").out.splitlines()
    assert "requests_per_second = 7.5" in said and "zone = Asia/Shanghai" in said
    again = site("settings", "currency=CNY", "--json").json
    assert (again["requests_per_second"], again["zone"], again["currency"]) == ("7.5", "Asia/Shanghai", "CNY")
    wrong = site("settings", "zone=Mars/Olympus", "speed=1", "strangers_at_once=0", expect=1).err
    assert all(word in wrong for word in ("Mars/Olympus", "no setting “speed”", "cannot be the strangers_at_once"))
    assert site("settings", "--json").json == again


def test_users_are_added_with_roles_that_exist(site) -> None:
    said = site("user", "add", "ida@example.com", "--role", "bee.keper", expect=1)
    assert "there is no role “bee.keper”" in said.err
    assert site("user", "list", "--json").json == []
    site("user", "add", "ida@example.com", "--role", "bee.keeper", "--name", "Ida")
    assert site("user", "list").out.split() == ["ida@example.com", "active", "bee.keeper"]
    assert "another User" in site("user", "add", "IDA@example.com", expect=1).err
    assert len(site("user", "list", "--json").json) == 1


def test_a_token_is_printed_alone(site) -> None:
    site("user", "add", "ida@example.com", "--role", "bee.keeper")
    said = site("user", "token", "ida@example.com", "--role", "bee.keeper", "--expires", "P1D", "--title", "scale")
    assert (said.out.count("\n"), said.out.startswith("dw_"), said.err) == (1, True, "")
    assert "there is no user “bo@example.com”" in site("user", "token", "bo@example.com", expect=1).err
    site("user", "token", "ida@example.com", "--expires", "soon", expect=2)


def test_records_are_imported_and_exported(site) -> None:
    file, rejects = site.home / "hives.csv", site.home / "out.csv"
    file.write_text("tag,name,frames\nH-1,Linden,14\nH-2,x,3\nH-3,Oak,3\n", encoding="utf-8")
    said = site("import", "bee.hive", file, "--key", "tag", "--rejects", rejects, "--dry-run", expect=1)
    assert said.out.splitlines() == [
        "3 rows: 2 created, 0 changed, 0 unchanged, 1 refused (too-short 1) (dry run)",
        f"refused rows are in {rejects}",
    ]
    assert site("export", "bee.hive", "--format", "jsonl").out == ""
    told = site("import", "bee.hive", file, "--key", "tag", "--json", "--no-rules", expect=1).json
    assert told == {
        "rows": 3, "created": 2, "updated": 0, "unchanged": 0, "rejected": 1, "reasons": {"too-short": 1},
    }  # fmt: skip
    mapping = site.home / "map.json"
    mapping.write_text(json.dumps({"key": "tag", "columns": {"tag": "tag", "name": None, "frames": "frames"}}))
    file.write_text("tag,name,frames\nH-1,?,15\n", encoding="utf-8")
    site("import", "bee.hive", file, "--map", mapping)
    lines = site("export", "bee.hive", "--format", "jsonl", "--filter", "frames > 10").out.splitlines()
    assert [(one["name"], one["frames"], one["grade"]) for one in map(json.loads, lines)] == [("Linden", 15, "a")]
    table = list(csv.DictReader(io.StringIO(site("export", "bee.hive", "--exact").out)))
    assert [row["name"] for row in table] == ["Linden", "Oak"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["export", "bee.hiv"], "bee.hiv"),
        (["export", "bee.hive", "--filter", "frmes > 1"], "frmes"),
        (["explain", "nothing"], "nothing"),
        (["explain", "--rule", "bee.strng", "--record", "x"], "bee.strng"),
        (["pack", "install", "no_such_pack"], "no_such_pack"),
    ],
)
def test_a_name_that_does_not_exist_is_one_line_and_exit_code_1(site, arguments, word) -> None:
    said = site(*arguments, expect=1)
    assert word in said.err
    assert "Traceback" not in said.err


def test_an_import_that_cannot_begin_says_why_and_leaves_nothing(site) -> None:
    file = site.home / "hives.csv"
    file.write_text("nmae,frames\nLinden,3\n", encoding="utf-8")
    said = site("import", "bee.hive", file, expect=1)
    assert said.err.startswith("the mapping cannot be used for bee.hive\n")
    assert "did you mean “name”?" in said.err
    told = site("import", "bee.hive", file, "--json", expect=1).json
    assert (told["ok"], [p["code"] for p in told["problems"]]) == (False, ["unknown-field"])
    assert "bee.hives" in site("import", "bee.hives", file, expect=1).err
    file.write_text("name\nLinden\n", encoding="utf-8")
    for place in (site.home / "no" / "such" / "out.csv", file):
        assert "name another file" in site("import", "bee.hive", file, "--rejects", place, expect=2).err
    assert site("export", "bee.hive", "--format", "jsonl").out == ""


def test_a_rule_and_a_decision_are_explained(site) -> None:
    file = site.home / "hives.csv"
    file.write_text("name,frames\nLinden,14\nOak,3\n", encoding="utf-8")
    site("import", "bee.hive", file)
    hives = {
        one["name"]: one["id"]
        for one in map(json.loads, site("export", "bee.hive", "--format", "jsonl").out.splitlines())
    }
    told = site("explain", "--rule", "bee.strong", "--record", hives["Linden"])
    assert "yes frames >= param.strong_from" in told.out
    why = site("explain", "--rule", "bee.strong", "--record", hives["Oak"], "--json").json
    assert "frames is 3" in why["sentence"]
    again = site("explain", why["decision"]["decision"], "--json").json
    assert (again["rule"], again["fired"]) == ("bee.strong", False)


def test_checks_name_each_problem_with_its_place(shell) -> None:
    pack = apiary.written(shell.home)
    assert shell("check", pack).out.splitlines()[-1] == "no problems"
    told = shell("pack", "validate", pack, "--json").json
    assert (told["ok"], told["problems"]) == (True, [])
    # A season of bees has no owner, and cannot be given up.
    assert {one["code"] for one in told["warnings"]} == {
        "stage-without-owner",
        "stage-without-exit",
        "stage-without-way-out",
    }
    apiary.spoil(pack, [("rules/strong.json", "/if", "frmes > 1"), ("rules/visited.json", "/then/0/do", "fly")])
    for command in (["check"], ["pack", "validate"]):
        said = shell(*command, pack, expect=1)
        assert [line.partition(": ")[0] for line in said.out.splitlines()] == [
            "apiary/rules/strong.json/if", "apiary/rules/visited.json/then/0/do", "2 problems"]  # fmt: skip
    told = shell("check", pack, "--json", expect=1).json
    assert [(p["source"], p["pointer"]) for p in told["problems"]] == [
        ("apiary/rules/strong.json", "/if"), ("apiary/rules/visited.json", "/then/0/do")]  # fmt: skip


def test_a_pack_is_installed_once_and_listed(site) -> None:
    again = site("pack", "install", site.home / "apiary", "--json").json
    assert (again["unchanged"], again["packs"]["apiary"], again["changes"]) == (True, "1.0.0", [])
    apiary.spoil(site.home / "apiary", [("pack.json", "/version", "1.1.0"),
                                        ("entities/yard.json", "/properties/area", {"field": "decimal"})])  # fmt: skip
    done = site("pack", "install", site.home / "apiary", "--reason", "areas", "--json").json
    assert (done["unchanged"], done["packs"]["apiary"]) == (False, "1.1.0")
    assert any("area" in change for change in done["changes"])
    assert site("pack", "list", "--json").json["in_force"] == {"apiary": "1.1.0"}


def test_the_doctor_finds_a_healthy_workspace_in_order(site) -> None:
    said = site("doctor")
    assert said.out.splitlines()[-1] == "everything is in order"
    told = site("doctor", "--json").json
    assert (told["packs"]["apiary"], told["faults"], told["backlog"]["dead_messages"]) == ("1.0.0", [], 0)


def test_the_doctor_names_what_is_wrong(site, monkeypatch, database_url) -> None:
    monkeypatch.setattr(plugins, "faults", lambda: [plugins.Fault("scales", "cannot be imported")])
    with Database(database_url) as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE dw_audit SET action = 'other' WHERE seq = 1")
    said = site("doctor", expect=1)
    assert said.out.splitlines()[-1] == "2 faults:"
    assert said.err.splitlines() == [
        "  the audit log is not whole: entry 1 is not as it was written", "  plugin scales: cannot be imported"]  # fmt: skip
    assert len(site("doctor", "--json", expect=1).json["faults"]) == 2


@pytest.mark.parametrize(
    "done",
    [
        ["DELETE FROM dw_audit WHERE seq = 2"],
        ["UPDATE dw_audit SET data = '{}' WHERE seq = 2"],
        ["UPDATE dw_audit SET seq = 99 WHERE seq = 2", "UPDATE dw_audit SET seq = 2 WHERE seq = 3",
         "UPDATE dw_audit SET seq = 3 WHERE seq = 99"],
        ["UPDATE dw_audit SET seq = 4 WHERE seq = 3", "INSERT INTO dw_audit SELECT 3, at, actor, address, action, subject,"
         " data, digest, digest FROM dw_audit WHERE seq = 2"],
    ],
    ids=["removed", "changed", "reordered", "put between"],
)  # fmt: skip
def test_the_doctor_finds_an_audit_log_that_is_not_as_it_was_written(site, database_url, done) -> None:
    site("user", "add", "ida@example.com")
    assert site("doctor", "--json").json["audit"]["entries"] == 3
    with Database(database_url) as database, database.write() as connection:
        for statement in done:
            connection.exec_driver_sql(statement)
    (fault,) = site("doctor", "--json", expect=1).json["faults"]
    assert fault.startswith(f"the audit log is not whole: entry {3 if len(done) == 2 else 2} is not")


def test_the_doctor_finds_the_end_of_the_audit_log_cut_off_beside_an_earlier_head(site, database_url) -> None:
    head = site("doctor", "--json").json["audit"]["head"]
    site("user", "add", "ida@example.com")
    assert site("doctor", "--audit-head", head).out.splitlines()[-1] == "everything is in order"
    with Database(database_url) as database, database.write() as connection:
        connection.exec_driver_sql("DELETE FROM dw_audit WHERE seq >= 2")
    assert site("doctor").out.splitlines()[-1] == "everything is in order"
    assert "is gone or another" in site("doctor", "--audit-head", head, expect=1).err
    site("doctor", "--audit-head", "none", expect=2)


def test_the_demo_has_people_and_records_and_goes_on_when_it_is_called_again(shell) -> None:
    said = shell("demo", "--no-serve", "--history", "none", "--folder", shell.home / "demo", "--port", "8123")
    lines = said.out.splitlines()
    assert "http://127.0.0.1:8123" in lines[0]
    people = [line.split()[0] for line in lines[1:]]
    url = ["--database", f"sqlite:///{shell.home}/demo/demo.db"]
    assert sorted(people) == sorted(one["email"] for one in shell("user", "list", "--json", *url).json)
    deals = [
        json.loads(line) for line in shell("export", "sales.opportunity", "--format", "jsonl", *url).out.splitlines()
    ]
    assert {one["tier"] for one in deals} == {"A", "B", "C"}
    assert {one["status"] for one in deals} == {"open", "won", "lost"}
    again = shell("demo", "--no-serve", "--history", "none", "--folder", shell.home / "demo", "--port", "8123")
    assert again.out == said.out
    assert len(shell("export", "sales.opportunity", "--format", "jsonl", *url).out.splitlines()) == len(deals)
    assert shell("doctor", *url).out.splitlines()[-1] == "everything is in order"


@pytest.mark.parametrize(("size", "count"), [("small", 129), pytest.param("full", 609, marks=pytest.mark.nightly)])
def test_the_history_of_the_demo_tells_a_funnel(shell, size: str, count: int) -> None:
    url = f"sqlite:///{shell.home}/demo.db"
    with clock.frozen(datetime(2026, 11, 23, 8, tzinfo=UTC)):
        shell("demo", "--no-serve", "--history", size, "--folder", shell.home)
        with Database(url) as database, database.read() as connection:
            work = Work(Workspace(database, shell.home), connection, access.operator())
            told = {
                name: reports.shown(work, reports.make(work, f"sales.{name}", Asked()))["rows"]
                for name in ("funnel", "dwell", "win_rate_by_seller", "forecast", "losses", "leaderboard")
            }
            stalled = page(work, "base.task", filter='title.startsWith("Stalled")', size=100).items
            heard_of = fetch_many(work, "sales.opportunity", [one["about"]["id"] for one in stalled]).values()
            deals = {
                one["key"]["status"]: one["count"] for one in aggregate(work, "sales.opportunity", group=["status"])
            }
    entered = [row["figures"]["entered"] for row in told["funnel"]]
    assert len(entered) == 5 and entered == sorted(entered, reverse=True) and entered[-1] >= 10
    # Most are lost where needs are confirmed: the valley of the funnel, and the first of the losses.
    assert [row["key"][0] for row in told["funnel"] if row["figures"]["mark"] == "valley"] == ["needs"]
    assert told["losses"][0]["key"][0] == "needs"
    assert all(row["figures"]["closed"] >= 10 for row in told["dwell"])
    assert len(told["win_rate_by_seller"]) == 5 and told["leaderboard"] and len(told["forecast"]) >= 5
    # What was won or lost long ago stalls no more; of what is open, its supervisor has heard.
    assert stalled and {one["status"] for one in heard_of} == {"open"}
    assert sum(deals.values()) == count


def test_everybody_of_the_demo_finds_something_to_do(shell) -> None:
    shell("demo", "--no-serve", "--history", "none", "--folder", shell.home)
    url = f"sqlite:///{shell.home}/demo.db"
    seen = {}
    with Database(url) as database, database.read() as connection:
        workspace = Workspace(database, shell.home)
        catalog = workspace.catalog(connection)
        for one in accounts.everybody(connection, catalog):
            facts = accounts.facts(connection, catalog, one["user"]) or {}
            user = access.User(one["user"], one["email"], one["email"], tuple(one["roles"]), facts)
            if not access.rights(catalog, user, "sales.opportunity").grants:
                theirs = {"fang@example.com": "comp.third_party", "guo@example.com": "fmcg.dealer_month"}
                assert page(Work(workspace, connection, user), theirs[one["email"]]).items
                continue
            seen[one["email"]] = {
                row["name"] for row in page(Work(workspace, connection, user), "sales.opportunity").items
            }
    everything = seen["admin@example.com"]
    assert len(everything) == 9
    assert all(seen.values())
    # Two representatives of different teams see different deals; the quality reviewer sees them all, without money.
    assert seen["li@example.com"] & seen["ada@example.com"] == set()
    assert seen["qian@example.com"] == everything


def test_serve_and_worker_run_until_they_are_told_to_stop(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/workspace.db"
    assert dealwright(tmp_path, "init", url=url).returncode == 0
    with serving(tmp_path, url, "--web-only") as (address, _):
        assert address.startswith("http://127.0.0.1:")
