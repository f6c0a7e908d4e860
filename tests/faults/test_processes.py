"""The real commands under load, killed again and again: what was answered is there once, and nothing is there by half.

``dealwright serve`` (web and worker) and a second ``dealwright worker`` work on one workspace while clients write.
Some clients repeat a request that was not answered, with its key; the others give up, and may find it done or not.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from dealwright import clock
from dealwright.storage import outbox, queue, system

from .invariants import violations
from .scenarios import BIG, LINES, deals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .site import Site

SEED = int(os.environ.get("DEALWRIGHT_TEST_SEED", "20270128"))


class Receiver:
    """A real receiver of webhooks: counts how often each key came."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        keys = self.keys

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                keys[self.headers["Idempotency-Key"]] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


class Process:
    """A command of the platform in a process of its own; killed at the end of the block if it still runs."""

    def __init__(self, site: Site, receiver: Receiver, *words: str) -> None:
        self._words = [sys.executable, "-m", "dealwright", *words, "--database", site.url]
        self._environment = {
            **os.environ,
            "DEALWRIGHT_EGRESS_ALLOW": receiver.address,
            "DEALWRIGHT_WEBHOOK_URL_ERP": f"http://{receiver.address}/in",
        }
        self._log = site.folder / f"{words[0]}.log"
        self.child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Process:
        with self._log.open("ab") as log:
            self.child = subprocess.Popen(self._words, env=self._environment, stdout=log, stderr=log)
        return self

    def __exit__(self, *error: object) -> None:
        assert self.child is not None
        self.child.kill()
        self.child.wait(10)

    def kill_and_start(self) -> None:
        """End the process by SIGKILL, and start another in its place."""
        self.__exit__()
        self.__enter__()

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


class Clients:
    """Threads that write. ``answered`` maps a key to the id that the answer named; ``given_up`` are keys without one."""

    def __init__(self, site: Site, port: int, count: int) -> None:
        self.answered: dict[str, str] = {}
        self.changed: dict[str, int] = {}
        self.given_up: list[str] = []
        self.wrong: list[str] = []
        self._site, self._port, self._ending = site, port, threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it has begun."""
        self._ending.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client got no answer for a minute"

    def send(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        """Return status and body of one attempt; status 0 if there was no answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/v1/records/{path}",
            data=json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {self._site.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": key,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, str(error)
        except (OSError, http.client.HTTPException):  # among them an answer that was cut off
            return 0, None

    def until_answered(self, method: str, path: str, body: Any, key: str) -> Any:
        """Repeat a request with its key until it is answered, 90 seconds at most; 503 says that it is to be repeated."""
        end = time.monotonic() + 90
        while time.monotonic() < end:
            status, answer = self.send(method, path, body, key)
            if 200 <= status < 300:
                return answer
            if status not in (0, 409, 503):
                break
            threading.Event().wait(0.1)
        self.wrong.append(f"{key}: {status} {answer}")
        return None

    def data(self, key: str) -> dict[str, Any]:
        return {"name": key, "code": key, "account": self._site.account, "lines": LINES, **BIG}

    def _write(self, number: int) -> None:
        patient = number % 2 == 0
        for count in range(10_000):
            if self._ending.is_set():
                return
            key = f"c{number}-{count}"
            if not patient:
                status, answer = self.send("POST", "t.deal", self.data(key), key)
                if status == 201:
                    self.answered[key] = answer["id"]
                else:
                    self.given_up.append(key)
                    self._ending.wait(0.1)
                continue
            answer = self.until_answered("POST", "t.deal", self.data(key), key)
            if answer is None:
                return
            self.answered[key] = answer["id"]
            moved = self.until_answered("POST", f"t.deal/{answer['id']}/move", {"to": "offer"}, f"move-{key}")
            done = self.until_answered("PATCH", f"t.deal/{answer['id']}", {"margin": "7"}, f"margin-{key}")
            if moved is not None and done is not None:
                self.changed[key] = done["version"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(true: Callable[[], bool], seconds: float, why: Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, why()
        threading.Event().wait(0.1)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def hurry(site: Site) -> bool:
    """Let the claims of the dead run out now instead of in two minutes; return whether everything was sent."""
    with site.workspace.database.write() as connection:
        late = sa.and_(system.outbox.c.state == "pending", system.outbox.c.next_at > clock.now())
        connection.execute(sa.update(system.outbox).where(late).values(next_at=clock.now()))
        return "pending" not in outbox.counts(connection)


def killed_under_load(site: Site, receiver: Receiver, kills: int, clients: int) -> Clients:
    """Kill the server and the second worker by turns, at moments of chance, while clients write."""
    queue.install(site.workspace.database)
    chance, port = random.Random(SEED), free_port()
    print(f"DEALWRIGHT_TEST_SEED={SEED}")
    with ExitStack() as stack:
        server = stack.enter_context(Process(site, receiver, "serve", "--port", str(port)))
        worker = stack.enter_context(Process(site, receiver, "worker"))
        until(lambda: answers(port), 60, server.said)
        writers = Clients(site, port, clients)
        writers.start()
        for kill in range(kills):
            known = len(writers.answered)
            until(lambda known=known: len(writers.answered) > known, 60, server.said)
            threading.Event().wait(chance.uniform(0.1, 1.5))
            victim = (server, worker)[kill % 2]
            victim.kill_and_start()
        writers.stop()
        until(lambda: hurry(site), 90, worker.said)
        for key in writers.answered:  # a repeated request gets its stored answer, whatever was killed since
            if len(writers.answered) < 200 or chance.random() < 0.1:
                again = writers.until_answered("POST", "t.deal", writers.data(key), key)
                assert again is not None and again["id"] == writers.answered[key]
        return writers


def hold_to_account(site: Site, receiver: Receiver, writers: Clients) -> None:
    assert writers.wrong == []
    assert violations(site.workspace.database, site.catalog, set(receiver.keys)) == []
    found = Counter(one["code"] for one in deals(site))
    ids = {one["code"]: one["id"] for one in deals(site)}
    assert {key: ids.get(key) for key in writers.answered} == writers.answered
    assert set(found) <= set(writers.answered) | set(writers.given_up)
    assert set(found.values()) == {1}
    versions = {one["code"]: one["version"] for one in deals(site)}
    assert {key: versions[key] for key in writers.changed} == writers.changed == dict.fromkeys(writers.changed, 3)
    with site.workspace.database.read() as connection:
        assert set(receiver.keys) == set(connection.scalars(sa.select(system.outbox.c.key)))
        assert set(outbox.counts(connection)) == {"sent"}
    assert len(receiver.keys) == len(found), "each deal is big, so each has one message"


@pytest.mark.slow
def test_processes_killed_under_load_lose_nothing_and_double_nothing(site: Site, receiver: Receiver) -> None:
    writers = killed_under_load(site, receiver, kills=2, clients=4)
    hold_to_account(site, receiver, writers)
    assert len(writers.answered) > 10


@pytest.mark.nightly
def test_processes_killed_a_hundred_times_lose_nothing_and_double_nothing(site: Site, receiver: Receiver) -> None:
    hold_to_account(site, receiver, killed_under_load(site, receiver, kills=100, clients=6))
