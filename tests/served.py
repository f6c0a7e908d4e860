"""dealwright from outside: its command in processes of its own, its server over HTTP with the standard library alone."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message
    from pathlib import Path

_DEALWRIGHT = [sys.executable, "-m", "dealwright"]


def environment(home: Path, url: str | None = None) -> dict[str, str]:
    """Return the environment of a person whose data folder is in ``home``; ``url`` names the database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DEALWRIGHT_", "XDG_"))}
    named = {"DEALWRIGHT_DATABASE_URL": url} if url else {}
    return {**kept, "HOME": str(home), "PYTHONWARNINGS": "default", "COLUMNS": "120", **named}


def dealwright(
    home: Path, *arguments: object, url: str | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; ``given`` is its standard input."""
    return subprocess.run(
        [*_DEALWRIGHT, *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        env=environment(home, url),
        cwd=home,
        timeout=100,
        check=False,
    )


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Message
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Visitor:
    """Somebody at a server: a program with a token, or a person in a browser, who keeps cookies."""

    def __init__(self, address: str, token: str | None = None, language: str = "en") -> None:
        self.address = address
        self.headers = {"Accept-Language": language}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | list[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; redirections are followed."""
        sent = {**self.headers, **(headers or {})}
        data = None
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        elif body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        address = self.address + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(address, data, sent, method=method)
        try:
            with self.opener.open(request, timeout=30) as response:
                return Answer(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file and return the value that a record's field takes."""
        part = f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        sent = {**self.headers, "Content-Type": "multipart/form-data; boundary=cut"}
        data = part + content + b"\r\n--cut--\r\n"
        request = urllib.request.Request(f"{self.address}/api/v1/files", data, sent, method="POST")
        with self.opener.open(request, timeout=30) as response:
            return dict(json.load(response))

    def sign_in(self, email: str, password: str) -> Answer:
        """Sign in as a person does: read the page, send its form."""
        return self.send("/sign-in", {"email": email, "password": password})

    def send(self, path: str, values: Mapping[str, str]) -> Answer:
        """Send the form of a page, with the token that the page carries."""
        page = self.ask("GET", path)
        token = re.search(r'name="csrf-token" content="(\w+)"', page.text)
        assert token is not None, page.text[:2000]
        return self.ask("POST", path, form={"csrf_token": token[1], **values})


@contextmanager
def serving(home: Path, url: str, *options: str) -> Iterator[tuple[str, int]]:
    """Run ``dealwright serve`` on a free port; yield its address and process id, and end it with SIGTERM."""
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*_DEALWRIGHT, "serve", "--port", "0", *options],
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment(home, url),
            cwd=home,
        )
    try:
        yield _address(process, home / "server.log"), process.pid
        assert process.poll() is None, (home / "server.log").read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, (home / "server.log").read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(600):
        said = re.search(r"^(http://127\.0\.0\.1:\d+) serves", log.read_text(), re.MULTILINE)
        if said is not None:
            return said[1]
        assert process.poll() is None, log.read_text()
        select.select([], [], [], 0.05)
    raise AssertionError(log.read_text())
