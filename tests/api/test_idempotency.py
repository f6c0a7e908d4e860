"""Two requests with one Idempotency-Key at the same time: the work is done once, and nobody gets another's answer.

PostgreSQL answers the second with 409 at once. SQLite, with its one writer, lets it wait and gives it the answer of the
first (``docs/decisions/031-idempotency-in-flight.md``). Both hold between processes.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import records
from dealwright.api import answers
from dealwright.app import create_app
from dealwright.records import Workspace
from dealwright.storage import Database, database
from worlds import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

D = "/api/v1/records/t.deal"
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def token(tokens: Mapping[str, str]) -> str:
    return tokens["admin"]


def post(workspace: Workspace, token: str, name: str = "once") -> tuple[int, Any, bool]:
    """Return status and body of a request to create a deal under the key ``k``, and whether it is a replay."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    answer = create_app(workspace).test_client().post(D, json={"name": name}, headers=headers)
    return answer.status_code, answer.json, "Idempotent-Replay" in answer.headers


class Held:
    """A first request that stands still within its transaction, after its work, until it is let go."""

    def __init__(
        self, workspace: Workspace, token: str, monkeypatch: pytest.MonkeyPatch, ends: Callable[[], None]
    ) -> None:
        self.working, self.go = threading.Event(), threading.Event()
        self.answer: list[tuple[int, Any, bool]] = []
        real = records.save_one
        first = threading.current_thread

        def save(*arguments: Any, **more: Any) -> Any:
            saved = real(*arguments, **more)
            if first() is self.thread:
                self.working.set()
                assert self.go.wait(60)
                ends()
            return saved

        monkeypatch.setattr(records, "save_one", save)
        self.thread = threading.Thread(target=lambda: self.answer.append(post(workspace, token)))
        self.thread.start()
        assert self.working.wait(10), self.answer

    def end(self) -> tuple[int, Any, bool]:
        self.go.set()
        self.thread.join(60)
        return self.answer[0]


@pytest.fixture
def deals(workspace: Workspace) -> Iterator[Callable[[], int]]:
    yield lambda: len(rows_of(workspace.database, "t__deal"))


def second(
    workspace: Workspace, token: str, held: Held, monkeypatch: pytest.MonkeyPatch, name: str = "once"
) -> tuple[tuple[int, Any, bool], tuple[int, Any, bool]]:
    """Send a second request while the first is held, which goes on when the second asks to write; return both answers."""
    found: list[tuple[int, Any, bool]] = []
    asks = threading.Event()
    real = workspace.database.write

    def write() -> Any:
        asks.set()
        return real()

    monkeypatch.setattr(workspace.database, "write", write)
    thread = threading.Thread(target=lambda: found.append(post(workspace, token, name)))
    thread.start()
    assert asks.wait(60)
    if workspace.database.dialect == "postgresql":
        thread.join(60)
    first = held.end()
    thread.join(60)
    return first, found[0]


def nothing() -> None:
    """End the first request as it is."""


def broken() -> None:
    """End the first request by an error, after its work."""
    raise answers.ConflictError("broken")


def test_a_second_request_in_flight_gets_409_or_the_answer_of_the_first(workspace, token, monkeypatch, deals):
    on_sqlite = workspace.database.dialect == "sqlite"
    first, other = second(workspace, token, Held(workspace, token, monkeypatch, nothing), monkeypatch)
    assert (first[0], first[2]) == (201, False)
    if on_sqlite:
        assert other == (201, first[1], True)
    else:
        assert (other[0], other[1]["code"]) == (409, "conflict")
    assert post(workspace, token) == (201, first[1], True)
    assert deals() == 1


def test_if_the_first_one_fails_the_second_or_its_repetition_does_the_work(workspace, token, monkeypatch, deals):
    on_sqlite = workspace.database.dialect == "sqlite"
    first, other = second(workspace, token, Held(workspace, token, monkeypatch, broken), monkeypatch)
    assert first[0] == 409
    assert (other[0], other[2]) == ((201, False) if on_sqlite else (409, False))
    last = post(workspace, token)
    assert (last[0], last[2]) == (201, on_sqlite)
    assert deals() == 1


def test_another_body_in_flight_is_never_answered_with_the_first_one_s_record(workspace, token, monkeypatch, deals):
    held = Held(workspace, token, monkeypatch, nothing)
    _, other = second(workspace, token, held, monkeypatch, "other")
    assert other[0] == (422 if workspace.database.dialect == "sqlite" else 409)
    assert deals() == 1


def test_who_has_waited_too_long_is_told_to_come_back_and_then_gets_the_answer(
    workspace, token, monkeypatch, tmp_path, deals
):
    monkeypatch.setattr(database, "PATIENCE", 1)
    monkeypatch.setattr(database, "_SQLITE_PRAGMAS", ("busy_timeout=50", *database._SQLITE_PRAGMAS[1:]))
    held = Held(workspace, token, monkeypatch, nothing)
    # As from another process: with connections of its own.
    with Database(workspace.database.url) as apart:
        other = post(Workspace(apart, tmp_path), token)
    first = held.end()
    assert other[0] == (503 if workspace.database.dialect == "sqlite" else 409)
    assert post(workspace, token) == (201, first[1], True)
    assert deals() == 1


def test_the_same_holds_for_a_request_to_another_process(workspace, token, monkeypatch, tmp_path, deals):
    on_sqlite = workspace.database.dialect == "sqlite"
    held = Held(workspace, token, monkeypatch, nothing)
    answer, asks = tmp_path / "answer.json", tmp_path / "asks"
    url = workspace.database.url
    other = subprocess.Popen([sys.executable, __file__, url, token, str(answer), str(asks)], env=ENVIRONMENT)
    while not asks.exists():
        assert other.poll() is None
        select.select([], [], [], 0.02)
    if not on_sqlite:
        assert other.wait(60) == 0
    first = held.end()
    assert other.wait(60) == 0
    status, body, replay = json.loads(answer.read_text())
    if on_sqlite:
        assert (status, body, replay) == (201, first[1], True)
    else:
        assert status == 409
    assert deals() == 1


if __name__ == "__main__":
    _, url, key, to, begins = sys.argv
    with Database(url) as apart:
        begin = apart.write

        def noted() -> Any:
            Path(begins).touch()
            return begin()

        apart.write = noted
        Path(to).write_text(json.dumps(post(Workspace(apart, Path("files")), key)))
