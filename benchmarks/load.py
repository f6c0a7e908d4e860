"""Clients: some connections over which requests go out one after the other, in one thread without a framework.

A request costs this client about 30 microseconds, so that it takes little of the machine that it shares.
"""

from __future__ import annotations

import itertools
import selectors
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


class AnswerError(Exception):
    """An answer that is not the expected one."""


@dataclass(frozen=True)
class Rate:
    """What a run gave: answers, answers a second, milliseconds of one, and what the client itself took of one core."""

    count: int
    per_second: float
    median: float
    slowest: float
    client: float


class _Line:
    """One connection with its request on the way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun = 0.0
        self._parts: list[bytes] = []
        self._missing = -1

    def send(self, request: bytes) -> None:
        self._parts, self._missing, self.begun = [], -1, time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Take what has come; return the answer when it is whole."""
        block = self.socket.recv(1 << 18)
        if not block:
            raise AnswerError("the connection was closed")
        self._parts.append(block)
        if self._missing < 0:
            whole = b"".join(self._parts)
            head, blank, rest = whole.partition(b"\r\n\r\n")
            if not blank:
                return None
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._missing = int(length) - len(rest)
        else:
            self._missing -= len(block)
        return b"".join(self._parts) if self._missing <= 0 else None


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def ask(port: int, sent: bytes) -> tuple[int, bytes]:
    """Send one request over a connection of its own; return status and body."""
    line = _Line(port)
    try:
        line.send(sent)
        while (answer := line.receive()) is None:
            pass
    finally:
        line.socket.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head[9:12]), body


def run(ports: Sequence[int], requests: Iterator[bytes], clients: int, seconds: float) -> Rate:
    """Let so many clients send requests for so long, divided among the servers, and count the answers.

    Raises:
        AnswerError: If one is not 200 or 201.
    """
    lines = [_Line(port) for port, _ in zip(itertools.cycle(ports), range(clients), strict=False)]
    took: list[float] = []
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        begun, cpu = time.perf_counter(), time.process_time()
        for line in lines:
            line.send(next(requests))
        under_way = len(lines)
        until = begun + seconds
        while under_way:
            for key, _ in selector.select():
                line = key.data
                answer = line.receive()
                if answer is None:
                    continue
                now = time.perf_counter()
                if not answer.startswith(b"HTTP/1.1 20"):
                    raise AnswerError(answer[:2_000].decode(errors="replace"))
                took.append(now - line.begun)
                if now < until:
                    line.send(next(requests))
                else:
                    under_way -= 1
        lasted, cpu = time.perf_counter() - begun, time.process_time() - cpu
    for line in lines:
        line.socket.close()
    took.sort()
    return Rate(
        len(took), len(took) / lasted, statistics.median(took) * 1e3, took[int(len(took) * 0.99)] * 1e3, cpu / lasted
    )
