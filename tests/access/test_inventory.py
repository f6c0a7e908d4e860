"""No route, command, event, job or hook without a row in ``surfaces``; and what each guard says to whom."""

from __future__ import annotations

import inspect
import json
import pkgutil
from importlib import import_module

import click

from access.surfaces import COMMANDS, EVENTS, GUARDS, HOOKS, JOBS, PUBLIC, ROUTES, Surface
from dealwright import events, jobs, plugins
from dealwright.cli import main
from dealwright.records import following, importing
from dealwright.storage import recompute
from security.site import CANARY, NOBODIES, Site
from security.traces import traces


def served(site: Site) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in site.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def ask(site: Site, who: str, one: Surface):
    names = site.names
    address = one.address.format(**names)
    if one.body is None:
        return site.ask(who, one.method, address)
    body = json.loads(json.dumps(one.body).replace("{deal}", names["deal"]).replace("{ada}", names["ada"]))
    return (
        site.ask(who, one.method, address, body)
        if address.startswith("/api/")
        else site.ask(who, one.method, address, form=body)
    )


def turned_away(one: Surface, response) -> bool:
    """Whether somebody unknown was asked to sign in, which is less than being told what a person may not do."""
    return response.status_code == 401 if one.address.startswith("/api/") else refused(one, response)


def refused(one: Surface, response) -> bool:
    if one.address.startswith("/api/"):
        return response.status_code in (401, 403, 404)
    return response.status_code in (401, 403, 404) or (
        response.status_code == 303 and response.headers["Location"].startswith("/sign-in")
    )


def test_every_route_has_one_row_and_every_row_a_route(site):
    rows = [f"{one.method} {one.rule}" for one in ROUTES]
    assert sorted(rows) == sorted(set(rows))
    assert served(site) == set(rows)


def test_a_route_without_a_row_is_found(site):
    site.app.add_url_rule("/backdoor", "backdoor", lambda: "in", methods=["DELETE"])
    assert served(site) - {f"{one.method} {one.rule}" for one in ROUTES} == {"DELETE /backdoor"}


def test_public_routes_are_few_and_known():
    assert {f"{one.method} {one.rule}" for one in ROUTES if one.guard == "public"} == PUBLIC
    assert len(PUBLIC) + 1 <= 10
    assert {one.guard for one in ROUTES} == set(GUARDS)


def test_every_command_has_a_row():
    def names(command: click.Command, path: tuple[str, ...] = ()):
        if isinstance(command, click.Group):
            context = click.Context(command)
            known = {name: command.get_command(context, name) for name in command.list_commands(context)}
            return [found for name, one in known.items() for found in names(one, (*path, name))]
        return [" ".join(path)]

    assert set(names(main)) == set(COMMANDS)


def test_every_family_of_events_has_a_row_and_cannot_be_sent():
    assert set(EVENTS) == events.PLATFORM_FAMILIES
    assert not any(events.is_sendable(f"{family}.updated") for family in EVENTS)
    assert {kind.partition(".")[0] for kind in events.RECORD_TYPES} == {"record"}


def test_every_kind_of_job_has_a_row():
    modules = [import_module(f"dealwright.jobs.{one.name}") for one in pkgutil.iter_modules(jobs.__path__)]
    own = {module.JOB for module in modules if hasattr(module, "JOB")}
    given = {"files", "reports", following.JOB, recompute.JOB, importing.JOB}  # given to the worker by the command
    assert own | given == set(JOBS)


def test_every_hook_has_a_row():
    hooks = {name for name, _ in inspect.getmembers(plugins.Hooks, inspect.isfunction)}
    assert hooks == set(HOOKS)


def test_strangers_and_dead_keys_get_nothing_and_leave_nothing(site):
    before = traces(site.workspace.database)
    let_in = []
    for one in ROUTES:
        for who in NOBODIES:
            response = ask(site, who, one)
            if one.guard != "public" and not turned_away(one, response):
                let_in.append((who, one.method, one.rule, response.status))
            assert response.status_code < 500
            assert CANARY not in response.text
    assert let_in == []
    assert traces(site.workspace.database) == before


def test_who_has_no_grant_gets_nothing_and_leaves_nothing(site):
    before = traces(site.workspace.database)
    let_in = []
    for one in ROUTES:
        if one.rule == "/sign-out":
            continue
        response = ask(site, "gus", one)
        if one.guard in ("entity", "record", "admin") and not refused(one, response):
            let_in.append((one.method, one.rule, response.status))
        assert response.status_code < 500
        assert CANARY not in response.text
    assert let_in == []
    assert traces(site.workspace.database) == before


def test_another_team_gets_nothing_of_the_record(site):
    let_in = []
    for one in ROUTES:
        if one.guard not in ("entity", "record", "admin") or one.rule.startswith("/lookup"):
            continue
        before = traces(site.workspace.database)
        response = ask(site, "bo", one)
        if one.guard in ("record", "admin") and not refused(one, response):
            let_in.append((one.method, one.rule, response.status))
        if response.status_code >= 400:
            assert traces(site.workspace.database) == before, one
        assert response.status_code < 500
        assert f"{CANARY} deal" not in response.text, one
    assert let_in == []


def test_the_owner_is_let_in(site):
    """The positive control of the three before: with a grant the same requests find the record."""
    found = {one.rule for one in ROUTES if one.method == "GET" and f"{CANARY} deal" in ask(site, "ada", one).text}
    assert {
        "/api/v1/records/<entity>",
        "/api/v1/records/<entity>/<record>",
        "/api/v1/records/<entity>/export",
        "/api/v1/search",
        "/records/<entity_id>",
        "/records/<entity_id>/<record_id>",
    } <= found


def test_a_session_does_not_open_the_api_and_a_token_no_page(site):
    cookie = site.visitors["ada"].headers("/")
    bearer = site.visitors["ada"].headers("/api/")
    assert site.ask("nobody", "GET", "/api/v1/me", headers=cookie).status_code == 401
    assert site.ask("nobody", "GET", "/records/t.deal", headers=bearer).status_code == 303


def test_other_methods_tell_strangers_nothing(site):
    for one in ROUTES:
        if one.guard != "public":
            for method in {"HEAD", "OPTIONS", "TRACE", "PUT", "BREW"} - {one.method}:
                response = site.ask("nobody", method, one.address.format(**site.names))
                assert response.status_code < 500
                assert response.text == "" or response.status_code >= 300
                assert CANARY not in response.text
