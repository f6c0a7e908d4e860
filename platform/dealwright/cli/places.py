"""Which workspace a command works on, and how it prints."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import click

from dealwright.errors import DealwrightError
from dealwright.records import Workspace
from dealwright.storage import Database, migrations

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog

P = ParamSpec("P")
T = TypeVar("T")

#: Languages that the product speaks.
LOCALES = ("en", "zh-CN")

#: Environment variable that names the database.
VARIABLE = "DEALWRIGHT_DATABASE_URL"


def data_folder() -> Path:
    """Return the user's own folder for data (XDG Base Directory Specification; Application Support on macOS)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "dealwright"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "dealwright"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "dealwright"


def default_url() -> str:
    """Return the address of the database that is used when none is named: a file in the user's data folder."""
    return f"sqlite:///{data_folder() / 'workspace.db'}"


def database_option(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the option ``--database``."""
    text = f"Address of the workspace's database; else ${VARIABLE}, else a file in your data folder."
    return click.option("--database", "url", envvar=VARIABLE, default=default_url, metavar="URL", help=text)(command)


def json_option(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the option ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")(command)


@contextmanager
def opened(
    url: str, *, fresh: bool = False, on_catalog: Callable[[Catalog], object] | None = None
) -> Iterator[Workspace]:
    """Open a workspace for the length of a command, its own tables brought up to date.

    Args:
        url: Address of the database.
        fresh: Whether it may be made if it is not there; a file that was made for a command that failed is removed.
        on_catalog: Told of each catalog that this process sees for the first time.
    """
    path = _file(url)
    made = path is not None and not path.exists()
    if path is not None:
        if not fresh and not path.exists():
            fail(f"there is no workspace at {path}; make one with dealwright init")
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        database = Database(url)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        with database:
            migrations.upgrade(database)
            yield Workspace(database, files_folder(url), on_catalog=on_catalog)
    except DealwrightError:
        if made and path is not None:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
        raise


def files_folder(url: str) -> Path:
    """Return where uploaded files of a workspace lie: beside a SQLite file, else in the user's data folder.

    There each workspace has a folder of its own, named by server, database and schema: what no record names is removed,
    and records of one workspace know nothing of another's files.
    """
    path = _file(url)
    if path is not None:
        return path.with_suffix(".files")
    found = urlsplit(url)
    schema = parse_qs(found.query).get("schema", ["public"])[0]
    names = (found.hostname or "local", str(found.port or 5432), found.path.strip("/"), schema)
    return (data_folder() / "files").joinpath(*(quote(name, safe="") for name in names))


def _file(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def fail(*lines: str) -> NoReturn:
    """End the command with exit code 1, one line a problem."""
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)


def told(command: Callable[P, T]) -> Callable[P, T]:
    """Let a command end with one line for each problem, and exit code 1, on any error of ours."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except DealwrightError as error:
            if kwargs.get("as_json"):
                show({"ok": False, "code": error.code, "detail": error.detail, "problems": problems(error)}, True)
                sys.exit(1)
            fail(error.detail, *(f"  {problem}" for problem in error.problems))

    return run


def problems(error: DealwrightError) -> list[dict[str, str]]:
    """Return the problems of an error as plain JSON."""
    return [{"source": p.source, "pointer": p.pointer, "code": p.code, "message": p.message} for p in error.problems]


def show(content: Any, as_json: bool, *lines: str) -> None:
    """Print the lines, or the content as JSON."""
    if as_json:
        click.echo(json.dumps(content, ensure_ascii=False, indent=1, default=str))
        return
    for line in lines:
        click.echo(line)
