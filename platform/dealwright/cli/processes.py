"""Several serving processes behind one address: forked from one that has read everything, begun anew when one dies.

A Python process answers on one core, so a machine with more of them needs more processes. They are forks of a parent
that has imported the platform and read the definitions: a child is there in no time, and shares what it only reads.
The parent answers nothing itself, has no thread and no connection to a database, and so can fork again whenever a child
has died.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

_log: Final = logging.getLogger(__name__)
#: A child that dies within so many seconds of its beginning has not come up.
_YOUNG: Final = 10.0
#: So many children in a row that have not come up end the parent: what keeps them down must be seen.
_HOPELESS: Final = 5
_BACKLOG: Final = 1024


def can_fork() -> bool:
    """Tell whether this system has processes of this kind."""
    return hasattr(os, "fork")


def listening(host: str, port: int, count: int) -> list[list[socket.socket]]:
    """Return for each of ``count`` processes the sockets that it accepts from.

    They are several where a name such as localhost stands for several protocols. On Linux each process has sockets of its
    own, among which the kernel spreads connections by chance; whichever process is awake would otherwise take all that
    come at one moment. They stay open here, so what waits for a process that dies is answered by the next one.
    Elsewhere all share one.

    Args:
        host: Name or address of this machine.
        port: 0 takes a free one.
        count: How many processes.

    Raises:
        OSError: If the address is none of this machine, or taken.
    """
    spread = sys.platform == "linux"
    found = list(dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)))
    for one in found if spread and port else ():
        _bound(one, port, spread=False).close()  # or a second server would share the port of the first, unnoticed
    made: list[list[socket.socket]] = []
    for _ in range(count if spread else 1):
        made.append([])
        for one in found:
            port = port or (made[0][0].getsockname()[1] if made[0] else 0)
            made[-1].append(_bound(one, port, spread=spread))
    for sockets in made:
        for each in sockets:
            each.listen(_BACKLOG)
    return made if spread else made * count


def _bound(found: tuple[Any, ...], port: int, *, spread: bool) -> socket.socket:
    family, kind, protocol, _, address = found
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if spread:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address[0], port, *address[2:]))
        if not spread:
            made.listen(_BACKLOG)  # an address can be bound twice, but listened on once
    except OSError:
        made.close()
        raise
    return made


def supervise(roles: Mapping[str, Callable[[], None]]) -> int:
    """Run each role in a process of its own until SIGTERM or SIGINT, which every one of them gets and drains on.

    Args:
        roles: By name for the log: what a process does. It installs its own handling of SIGTERM, and returns.

    Returns:
        The exit code: 0 after a signal, 1 if processes die as often as they are begun.

    A child that dies is begun anew. Children whose parent is gone, even by SIGKILL, end as by SIGTERM.
    """
    gc.collect()
    gc.freeze()  # or the first look for garbage in each child would write to, and so copy, all that they share
    return _Supervisor(roles).run()


class _Supervisor:
    def __init__(self, roles: Mapping[str, Callable[[], None]]) -> None:
        self._roles = roles
        self._alive: dict[int, tuple[str, float]] = {}
        self._ending = False
        # Nobody writes to it: that its other end is closed tells a child that the parent is no more.
        self._lifeline, self._held = os.pipe()

    def run(self) -> int:
        handlers = {number: signal.signal(number, self._end) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            for name in self._roles:
                self._begin(name)
            return self._watch()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _watch(self) -> int:
        failed = 0
        while self._alive:
            pid, status = os.wait()
            name, since = self._alive.pop(pid, ("", 0.0))
            if self._ending or not name:
                continue
            how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit code {os.WEXITSTATUS(status)}"
            failed = failed + 1 if clock.elapsed() - since < _YOUNG else 0
            if failed >= _HOPELESS:
                _log.error("%s ended by %s, and so did %s before it: giving up", name, how, failed - 1)
                self._end(signal.SIGTERM, None)
                continue
            _log.warning("%s (%s) ended by %s; another takes its place", name, pid, how)
            self._begin(name)
        return 1 if failed >= _HOPELESS else 0

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._ending = True
        for pid in list(self._alive):
            os.kill(pid, signal.SIGTERM)

    def _begin(self, name: str) -> None:
        # A signal in between would find the child not yet known, or the parent's handler still in the child.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
        pid = os.fork()
        if pid:
            self._alive[pid] = (name, clock.elapsed())
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            if self._ending:
                os.kill(pid, signal.SIGTERM)
            return
        code = 1
        try:
            for one in (signal.SIGTERM, signal.SIGINT):
                signal.signal(one, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            os.close(self._held)
            threading.Thread(target=self._leave_with_parent, name="lifeline", daemon=True).start()
            self._roles[name]()
            code = 0
        except BaseException:
            _log.exception("%s failed", name)
        finally:
            sys.stderr.flush()
            os._exit(code)  # what the parent has opened is the parent's to close

    def _leave_with_parent(self) -> None:
        os.read(self._lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)
