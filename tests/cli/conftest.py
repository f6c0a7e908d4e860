"""The command ``dealwright`` in this process, on a workspace of its own."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import apiary
from copies import copied
from dealwright.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgres import Postgres


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """A person at a terminal, whose home and current folder is ``home``."""

    home: Path

    def __call__(self, *arguments: object, given: str = "", expect: int = 0) -> Said:
        """Run a command to its end and hold its exit code against what is expected."""
        done = CliRunner().invoke(main, [str(one) for one in arguments], input=given, catch_exceptions=True)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == expect, done.output
        return Said(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A terminal with an empty home and no workspace."""
    for name in ("DEALWRIGHT_DATABASE_URL", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path)


def _installed(url: str, folder: Path) -> None:
    """Make a workspace with the stranger's pack, as a person would."""
    there = {"DEALWRIGHT_DATABASE_URL": url, "HOME": str(folder), "XDG_DATA_HOME": None}
    for arguments in (["init", "--currency", "EUR"], ["pack", "install", str(apiary.written(folder))]):
        done = CliRunner(env=there).invoke(main, arguments)
        assert done.exit_code == 0, done.output


@pytest.fixture(scope="session")
def sqlite_apiary(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apiary")
    shutil.copy(sqlite_template, folder / "workspace.db")
    _installed(f"sqlite:///{folder / 'workspace.db'}", folder)
    return folder / "workspace.db"


@pytest.fixture(scope="session")
def postgresql_apiary(pg: Postgres, pg_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    name = pg.create(template=pg_template)
    _installed(pg.url(name), tmp_path_factory.mktemp("apiary"))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a workspace that has the stranger's pack; on each kind of database."""
    with copied(request, request.getfixturevalue(f"{request.param}_apiary"), tmp_path) as url:
        yield url


@pytest.fixture
def site(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Shell:
    """A terminal of that workspace, with the pack in the folder it was installed from."""
    apiary.written(shell.home)
    monkeypatch.setenv("DEALWRIGHT_DATABASE_URL", database_url)
    return shell
