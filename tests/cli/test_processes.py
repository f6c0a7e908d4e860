"""``serve --processes``: one address, several processes, none of which may be missed for long."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dealwright.cli import processes
from served import Visitor, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")


def children(pid: int) -> dict[int, str]:
    """Return the children of a process with their states: ``S`` sleeps, ``Z`` is dead."""
    found = {}
    for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            found[int(one)] = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[0]
    return found


def until(holds, seconds: float = 30) -> None:
    for _ in range(int(seconds / 0.05)):
        if holds():
            return
        select.select([], [], [], 0.05)
    raise AssertionError("it did not come to hold")


def test_several_processes_answer_at_one_address_and_a_killed_one_is_replaced(tmp_path, database_url):
    with serving(tmp_path, database_url, "--processes", "2") as (address, pid):
        visitor = Visitor(address)
        assert visitor.ask("GET", "/sign-in").status == 200
        until(lambda: len(children(pid)) == 3)  # two that answer, and the worker
        first = set(children(pid))
        for one in first:
            os.kill(one, signal.SIGKILL)
        until(lambda: len(children(pid)) == 3 and first.isdisjoint(children(pid)))
        assert visitor.ask("GET", "/sign-in").status == 200
        last = set(children(pid))
    until(lambda: not any(Path(f"/proc/{one}").exists() for one in last), 5)
    log = (tmp_path / "server.log").read_text()
    assert log.count("ended by signal 9; another takes its place") == 3
    assert "Traceback" not in log


def test_children_of_a_killed_parent_end_by_themselves(tmp_path, database_url):
    with (
        contextlib.suppress(AssertionError),
        serving(tmp_path, database_url, "--processes", "2", "--web-only") as (_, pid),
    ):
        until(lambda: len(children(pid)) == 2)
        left = set(children(pid))
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{one}").exists() for one in left))


def test_what_dies_as_often_as_it_is_begun_ends_the_server_with_its_reason():
    program = (
        "import sys, time; from dealwright.cli.processes import supervise\n"
        "def well():\n    time.sleep(60)\n"
        "def badly():\n    raise ValueError('no room on the disk')\n"
        "sys.exit(supervise({'well': well, 'badly': badly}))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "badly ended by exit code 1, and so did 4 before it: giving up" in ended.stderr
    assert "no room on the disk" in ended.stderr


def test_every_process_has_a_socket_of_each_protocol_on_one_port_that_nobody_else_may_have():
    both = processes.listening("localhost", 0, 2)
    every = [one for sockets in both for one in sockets]
    try:
        (port,) = {one.getsockname()[1] for one in every}
        for sockets in both:
            assert len({one.family for one in sockets}) == len(sockets)
        with pytest.raises(OSError, match="in use"):
            processes.listening("localhost", port, 2)
    finally:
        for one in every:
            one.close()
