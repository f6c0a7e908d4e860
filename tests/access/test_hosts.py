"""Several workspaces in one server, by the name of the host: what belongs to one is nothing in the other."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client, TestResponse

from access.surfaces import ROUTES
from dealwright import clock
from dealwright.access import rates
from dealwright.app import by_host
from dealwright.cli import hosts
from dealwright.cli.places import files_folder
from dealwright.errors import DefinitionError
from dealwright.records import Workspace
from dealwright.storage import Database, audit, migrations
from dealwright.web.csp import HEADERS
from security.site import CANARY, Site, opened
from security.traces import traces
from served import Visitor, dealwright, serving
from worlds import opened as world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
D = "/api/v1/records/t.deal"


class Server:
    """Two workspaces in one application; ``a.example.com`` and ``b.example.com``."""

    def __init__(self, a: Site, b: Site) -> None:
        self.sites = {"a": a, "b": b}
        self.client = Client(by_host({f"{name}.example.com": site.app for name, site in self.sites.items()}))

    def ask(
        self, host: str, method: str, address: str, headers: Any = None, body: Any = None, **more: Any
    ) -> TestResponse:
        """Send a request to a host; ``a`` and ``b`` stand for the two that there are."""
        sent = {**(headers or {}), "Host": f"{host}.example.com" if host in self.sites else host}
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        # A client that keeps no cookies: each request carries its own.
        client = Client(self.client.application, use_cookies=False)
        return client.open(address, method=method, headers=sent, buffered=True, **more)

    def keys(self, site: str, who: str, address: str) -> dict[str, str]:
        """Return the headers by which somebody of a workspace is known to it."""
        return dict(self.sites[site].visitors[who].headers(address))


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Two files, or two schemas of one database."""
    with ExitStack() as stack:
        found = []
        if request.param == "sqlite":
            for name in ("a", "b"):
                shutil.copy(request.getfixturevalue("sqlite_world"), tmp_path / f"{name}.db")
                database = stack.enter_context(Database(f"sqlite:///{tmp_path}/{name}.db"))
                found.append(opened(Workspace(database, tmp_path / name)))
        else:
            pg = request.getfixturevalue("pg")
            made = pg.create()
            stack.callback(pg.drop, made)
            for name in ("a", "b"):
                database = stack.enter_context(Database(f"{pg.url(made)}?schema=ws_{name}"))
                migrations.upgrade(database)
                found.append(opened(world(database, folder=tmp_path / name)))
        yield Server(*found)


def test_each_host_serves_its_own_workspace(server):
    for name, other in (("a", "b"), ("b", "a")):
        named = server.sites[name].names
        answer = server.ask(name, "GET", f"{D}/{named['deal']}", server.keys(name, "ada", D))
        assert (answer.status_code, answer.json["name"]) == (200, f"{CANARY} deal")
        answer = server.ask(other, "GET", f"{D}/{named['deal']}", server.keys(other, "root", D))
        assert answer.status_code == 404


def test_a_token_or_session_of_one_workspace_is_nothing_in_the_other_on_every_route(server):
    before = traces(server.sites["b"].workspace.database)
    let_in = []
    for one in ROUTES:
        if one.guard == "public":
            continue
        address = one.address.format(**server.sites["b"].names)
        form = {"data": one.body} if one.body is not None and not address.startswith("/api/") else {}
        body = one.body if not form else None
        answer = server.ask("b", one.method, address, server.keys("a", "root", address), body, **form)
        sent_away = answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in")
        if not sent_away and answer.status_code not in (401, 403):
            let_in.append((one.method, one.rule, answer.status))
        assert CANARY not in answer.text
    assert let_in == []
    assert traces(server.sites["b"].workspace.database) == before


def test_the_same_idempotency_key_is_another_one_in_each_workspace(server):
    answers = [
        server.ask(name, "POST", D, {**server.keys(name, "ada", D), "Idempotency-Key": "k"}, {"name": "once"})
        for name in ("a", "b", "a")
    ]
    assert [one.status_code for one in answers] == [201] * 3
    first, other, again = (one.json["id"] for one in answers)
    assert first == again != other
    assert ["Idempotent-Replay" in one.headers for one in answers] == [False, False, True]


def test_a_cursor_of_one_workspace_shows_nothing_of_it_in_the_other(server):
    for n in range(3):
        server.ask("a", "POST", D, server.keys("a", "ada", D), {"name": f"only in a {n}"})
    page = server.ask("a", "GET", f"{D}?page_size=1&sort=name", server.keys("a", "ada", D)).json
    address = f"{D}?page_size=9&sort=name&cursor={page['next_cursor']}"
    answer = server.ask("b", "GET", address, server.keys("b", "ada", D))
    assert answer.status_code in (200, 400)
    assert "only in a" not in answer.text


def test_a_form_of_one_workspace_is_not_taken_by_the_other(server):
    token = server.sites["a"].visitors["ada"].headers("/")["X-CSRF-Token"]
    address = f"/records/t.deal/{server.sites['b'].names['deal']}/edit"
    mine = {**server.keys("b", "ada", address), "X-CSRF-Token": token}
    assert server.ask("b", "POST", address, mine, data={"name": "forged"}).status_code == 403


def test_what_one_workspace_asks_is_not_counted_in_the_other(server, monkeypatch):
    few = rates.Rates(rates.Rate("caller", 1, 3), rates.Rate("stranger", 1, 3))
    monkeypatch.setattr(rates, "of", lambda catalog: few)
    with clock.frozen(NOON):
        for host, status in (("a", 401), ("a", 401), ("a", 401), ("a", 429), ("b", 401)):
            assert server.ask(host, "GET", "/api/v1/me").status_code == status


def test_the_audit_log_of_one_workspace_waits_for_no_other(server):
    done = threading.Event()

    def other() -> None:
        with server.sites["b"].workspace.database.write() as connection:
            audit.append(connection, action="t.b", actor=None, at=NOON)
        done.set()

    with server.sites["a"].workspace.database.write() as connection:
        audit.append(connection, action="t.a", actor=None, at=NOON)
        thread = threading.Thread(target=other)
        thread.start()
        assert done.wait(20)
    thread.join()


def test_the_files_of_workspaces_lie_apart():
    urls = [
        "sqlite:////srv/a.db", "sqlite:////srv/b.db", "postgresql://u:p@db/crm", "postgresql://u:p@db/crm?schema=a",
        "postgresql://u:p@db/crm?schema=b", "postgresql://u:p@db:6432/crm", "postgresql://u:p@other/crm", "postgresql:///crm",
    ]  # fmt: skip
    folders = [files_folder(url) for url in urls]
    assert len(set(folders)) == len(urls)
    assert not any(one in other.parents for one in folders for other in folders)
    assert files_folder("postgresql://other:user@db/crm") == files_folder("postgresql://u:p@db/crm")


def test_a_host_that_nobody_has_gets_an_answer_that_tells_nothing(server):
    nothing = server.ask("no.example.com", "GET", "/")
    strange = ["c.example.com", "example.com", "a.example.com.evil.test", "xa.example.com", "", "127.0.0.1", "[::1]:80"]
    for host in [*strange, "a b", "*", "a,b"]:
        answer = server.ask(host, "GET", "/api/v1/me", server.keys("a", "ada", "/api/"))
        assert (answer.status_code, answer.data) == (421, nothing.data)
        assert "example.com" not in answer.text and "dw_" not in str(answer.headers)
        assert all(answer.headers[name] == value for name, value in HEADERS.items())


def test_a_host_may_be_written_in_any_way_that_means_it(server):
    for host in ("A.Example.COM", "a.example.com:8000", "a.example.com.", "a.example.com.:443"):
        assert server.ask(host, "GET", "/api/v1/me", server.keys("a", "ada", "/api/")).status_code == 200


def test_health_is_told_under_any_name(server):
    for host in ("a", "10.0.0.7", "no.example.com"):
        assert server.ask(host, "GET", "/healthz").data == b"ok\n"


def test_the_host_that_a_proxy_names_is_believed_of_declared_proxies_only(server):
    apps = {f"{name}.example.com": site.app for name, site in server.sites.items()}
    headers = {**server.keys("b", "ada", "/api/"), "Host": "a.example.com", "X-Forwarded-Host": "b.example.com"}
    for proxies, status in ((0, 401), (1, 200)):
        client = Client(by_host(apps, proxies=proxies), use_cookies=False)
        assert client.get("/api/v1/me", headers=headers).status_code == status


GOOD = {"hosts": ["a.example.com"], "database": "sqlite:////srv/a.db"}


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        ([], [""]),
        ({"workspaces": {}}, [""]),
        ({"workspaces": [], "more": 1}, [""]),
        ({"workspaces": []}, ["/workspaces"]),
        ({"workspaces": [{"hosts": ["a"]}]}, ["/workspaces/0"]),
        ({"workspaces": [{**GOOD, "hosts": "a"}]}, ["/workspaces/0"]),
        ({"workspaces": [{**GOOD, "hosts": []}]}, ["/workspaces/0/hosts"]),
        ({"workspaces": [{**GOOD, "hosts": ["ok", "A.example.com", "a:80", "-a", "a..b", "a_b", 1, "人.cn"]}]},
         [f"/workspaces/0/hosts/{n}" for n in range(1, 8)]),
        ({"workspaces": [{**GOOD, "database": "mysql://x/y"}]}, ["/workspaces/0/database"]),
        ({"workspaces": [{**GOOD, "database": 1}]}, ["/workspaces/0/database"]),
        ({"workspaces": [GOOD, {**GOOD, "database": "sqlite:////srv/b.db"}]}, ["/workspaces/1/hosts/0"]),
        ({"workspaces": [GOOD, {**GOOD, "hosts": ["b"]}]}, ["/workspaces/1/database"]),
    ],
)  # fmt: skip
def test_a_file_of_workspaces_that_cannot_be_used_is_refused_with_every_place(tmp_path, content, pointers):
    file = tmp_path / "workspaces.json"
    file.write_text(json.dumps(content))
    with pytest.raises(DefinitionError) as caught:
        hosts.read(file)
    assert [one.pointer for one in caught.value.problems] == pointers


def test_the_server_serves_the_workspaces_of_its_file(tmp_path):
    people = {}
    for name in ("a", "b"):
        url = f"sqlite:///{tmp_path}/{name}.db"
        made = ("init", "--admin", f"{name}@example.com", "--password-stdin")
        assert dealwright(tmp_path, *made, url=url, given="four words of a test\n").returncode == 0
        people[name] = dealwright(tmp_path, "user", "token", f"{name}@example.com", url=url).stdout.strip()
    file = tmp_path / "workspaces.json"
    served = [{"hosts": [f"{name}.localhost"], "database": f"sqlite:///{tmp_path}/{name}.db"} for name in people]
    file.write_text(json.dumps({"workspaces": served}))
    with serving(tmp_path, "", "--workspaces", str(file)) as (address, _):
        for name, token in people.items():
            for host in people:
                answer = Visitor(address, token).ask("GET", "/api/v1/me", headers={"Host": f"{host}.localhost"})
                assert answer.status == (200 if host == name else 401)
        assert Visitor(address).ask("GET", "/").status == 421
    both = dealwright(tmp_path, "serve", "--workspaces", file, "--database", "sqlite:///x.db")
    assert (both.returncode, "either" in both.stderr) == (2, True)
    file.write_text("{}")
    assert dealwright(tmp_path, "serve", "--workspaces", file).returncode == 1
