"""The command ``dealwright`` in this process, on a workspace of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dealwright.cli import main

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.fixture
def site(shell: Shell, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Shell:
    """A terminal with a workspace that has the stranger's pack; on each kind of database."""
    import apiary

    monkeypatch.setenv("DEALWRIGHT_DATABASE_URL", database_url)
    shell("init", "--currency", "EUR")
    shell("pack", "install", apiary.written(shell.home))
    return shell
