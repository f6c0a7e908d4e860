"""The web server, and how it hands a connection over to what keeps it.

waitress answers each request in one of a few threads, and goes through all its connections whenever something happens on
one of them. A page that waits for changes would cost the one or slow down the other. So its request may ask to keep the
connection (``environ["dealwright.hold"]``): when the beginning of the answer is sent, who asked gets a second handle of the
socket, and for the server the connection has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask

from dealwright.web.pulse import HOLD

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

#: Threads that answer requests in one process.
THREADS: Final = 8
#: Connections at once. Browsers keep a few each, idle; the library's own limit of 100 would lock the next ones out.
CONNECTIONS: Final = 2000


class _Task(WSGITask):  # type: ignore[misc]
    """One request, which may keep its connection."""

    taken: Callable[..., None] | None = None

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[HOLD] = self._hold
        return environ

    def _hold(self, taken: Callable[..., None]) -> None:
        self.taken = taken

    def finish(self) -> None:
        if self.taken is None or not self.status.startswith("200") or self.request.command.upper() != "GET":
            super().finish()
            return
        channel = self.channel
        with channel.outbuf_lock:
            while channel.total_outbufs_len and channel._flush_some(do_close=False):
                pass
            if not channel.connected or channel.total_outbufs_len:
                self.close_on_finish = True  # it is gone, or does not even take the beginning
                return
            taken = channel.socket.dup()  # the server closes its own, whenever it comes to it
        self.close_on_finish = True
        self.taken(taken, chunked=self.chunked_response)


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task


def web_server(application: WSGIApplication, **where: Any) -> BaseWSGIServer:
    """Return a server for an application that can hand connections over; ``run`` serves, ``close`` ends it.

    Args:
        application: What it serves.
        where: ``host`` and ``port`` to listen on, or ``sockets`` that listen already.
    """
    server = create_server(
        application,
        **where,
        threads=THREADS,
        ident=None,
        connection_limit=_open_files(),
        asyncore_use_poll=True,
    )
    # A name such as localhost can stand for several sockets, each with a server of its own in one loop.
    for one in (server, *getattr(server, "map", {}).values()):
        if isinstance(one, BaseWSGIServer):
            one.channel_class = _Channel
    return server


def _open_files() -> int:
    """Return how many connections to take, having asked the system for as many open files as it gives."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(4 * CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(100, min(CONNECTIONS, soft // 2))
