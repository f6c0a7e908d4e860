"""A process killed while a trigger of any kind comes to its threshold: each rule has acted afterwards, and once."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from copies import copied
from dealwright import rules
from dealwright.records import Workspace
from dealwright.storage import Database
from passing import pass_until
from triggers import AT_ONCE, BY_TIME, MONTH, fired, make_by_time, world

from .kill_points import dies_at, some
from .site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from postgres import Postgres

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")


@pytest.fixture(scope="session")
def sqlite_triggers(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A file in which each kind of trigger has a rule, and what time will bring lies ahead."""
    path = tmp_path_factory.mktemp("sqlite") / "triggers.db"
    shutil.copy(sqlite_template, path)
    return path, _filled(f"sqlite:///{path}", path.parent)


@pytest.fixture(scope="session")
def postgresql_triggers(
    pg: Postgres, pg_template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, str]]:
    """A database of the same."""
    name = pg.create(template=pg_template)
    return name, _filled(pg.url(name), tmp_path_factory.mktemp("files"))


def _filled(url: str, folder: Path) -> dict[str, str]:
    with Database(url) as database:
        tokens = world(database, folder)
        make_by_time(Workspace(database, folder), ("at",))
    return tokens


@pytest.fixture(params=["sqlite", "postgresql"])
def copies(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Callable[[], Any], dict[str, str], Path]]:
    """What yields the address of a new copy, the tokens of the people in it, and a folder."""
    # The matcher in C is tried in a process of its own, which takes a second and touches no database.
    monkeypatch.setattr(rules, "prove", rules.matcher_status)
    template, tokens = request.getfixturevalue(f"{request.param}_triggers")
    numbers = itertools.count()

    def copy() -> Any:
        folder = tmp_path / str(next(numbers))  # what a killed process left beside its file is none of the next one's
        folder.mkdir()
        return copied(request, template, folder)

    yield copy, tokens, tmp_path


@pytest.mark.slow
def test_what_time_brings_is_done_once_where_the_worker_dies(copies: Any) -> None:
    copy, _, folder = copies

    def act(database: Database) -> None:
        pass_until(Workspace(database, folder), MONTH)

    with copy() as url:
        _, total = dies_at(0, lambda: Database(url), act)
    for at in (*some(total, 3), total):
        with copy() as url:
            lived, _ = dies_at(at, lambda url=url: Database(url), act)
            assert not lived, at
            with Database(url) as database:
                act(database)
                assert {kind: found for kind, found in fired(database).items() if kind in BY_TIME} == {
                    key: ["at"] for key in BY_TIME
                }, at


@pytest.mark.slow
def test_what_happens_at_once_is_done_once_where_the_server_dies_and_the_client_asks_again(copies: Any) -> None:
    copy, tokens, folder = copies
    with copy() as url:
        site = Site(url, folder, tokens["ann"], "")

        def ask(who: str, key: str, path: str, body: Any) -> Any:
            site.token = tokens[who]
            status, answer = site.ask("POST", path, body, key)
            assert status < 300, answer
            return answer

        def act(run: int) -> None:
            def deal(kind: str, **data: Any) -> str:
                body = {"name": kind, "code": f"{kind} {run}", **data}
                return str(ask("ann", f"deal-{run}-{kind}", "/records/t.deal", body)["id"])

            deal("record", amount="100")
            staged = deal("stage", amount="100")
            ask("ann", f"move-{run}", f"/records/t.deal/{staged}/move", {"to": "offer", "data": {"account": account}})
            told = {"entity": "t.deal", "record": deal("event"), "data": {"seconds": 60}}
            ask("ann", f"call-{run}", "/events", {"type": "call.made", **told})
            told = {"entity": "t.deal", "record": deal("count"), "data": {}}
            for number in range(3):
                ask("ann", f"open-{run}-{number}", "/events", {"type": "engagement.opened", **told})
            asked = f"/records/t.deal/{deal('approval')}/approvals"
            approval = ask("ann", f"ask-{run}", asked, {"approval": "t.two"})["id"]
            for name in ("bea", "cid"):
                ask(name, f"{name}-{run}", f"/approvals/{approval}/approve", {})

        site.token = tokens["bea"]
        account = site.create("t.account", name="Acme")

        def child(run: int, at: int) -> tuple[bool, int]:
            site.close()
            return dies_at(at, lambda: site.workspace.database, lambda database: act(run))

        _, total = child(0, 0)
        runs = [0]
        for run, at in enumerate((*some(total - 20, 4), total - 20), start=1):
            lived, _ = child(run, at)
            assert not lived, at
            act(run)
            runs.append(run)
        found = fired(site.workspace.database)
        assert {kind: found[kind] for kind in AT_ONCE} == dict.fromkeys(AT_ONCE, sorted(map(str, runs)))
        site.close()
