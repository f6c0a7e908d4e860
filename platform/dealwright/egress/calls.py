"""One request and its answer, bounded in time and size, over a connection to an address that was checked."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dealwright import clock
from dealwright.egress.addresses import Target, may_reach, read
from dealwright.egress.allowed import Policy, policy
from dealwright.errors import AddressRefusedError, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said.

    Attributes:
        status: HTTP status; redirects (3xx) come back as they are.
        headers: Names in lower case; of a repeated header the last one.
        body: At most ``Policy.max_answer`` bytes, as sent: never unpacked.
        cut: Whether there was more.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False


def _addresses(target: Target) -> list[str]:
    """Look the host up once and return its addresses, all of them checked.

    Raises:
        AddressRefusedError: If one of them may not be reached; a host that points both outside and inside is a trap.
        DeliveryError: If the name is not known now.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise DeliveryError(f"{target.host} is not known: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    closed = [] if target.excepted else [address for address in addresses if not may_reach(address)]
    if closed:
        raise AddressRefusedError(
            f"{target.host} is {closed[0]}, an address inside a network or of a special range, which is not asked; "
            f"the operator can allow it with DEALWRIGHT_EGRESS_ALLOW={target.host}:{target.port}"
        )
    return addresses


class _TimedReader(io.RawIOBase):
    """Reads a socket until one moment for everything: a byte now and then does not keep it open."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self._until - clock.elapsed()
        if left <= 0:
            raise TimeoutError("the time for the answer is over")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _TimedSocket:
    """The three things that :mod:`http.client` asks of a socket, each until one moment."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(max(self._until - clock.elapsed(), 0.001))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._until))

    def close(self) -> None:
        self._sock.close()


def connect(target: Target, using: Policy | None = None) -> socket.socket:
    """Open a connection to ``target`` on an address that was checked, with verified TLS for ``https``.

    Raises:
        AddressRefusedError: If an address of the host may not be reached.
        DeliveryError: If nobody answers there, or the certificate is not valid for the host.
    """
    using = using or policy()
    error: OSError | None = None
    for address in _addresses(target)[:3]:
        try:
            sock = socket.create_connection((address, target.port), timeout=using.connect_seconds)
        except OSError as failure:
            error = failure
            continue
        if target.scheme == "http":
            return sock
        try:
            return ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)
        except OSError as failure:
            sock.close()
            raise DeliveryError(f"no safe connection to {target.host}: {failure}") from failure
    raise DeliveryError(f"{target.host}:{target.port} does not answer: {error}")


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    using: Policy | None = None,
) -> Answer:
    """Send one request and return the answer, whatever its status. Redirects are not followed.

    Args:
        method: ``GET`` or ``POST``.
        url: Where to; see :func:`read`.
        headers: Sent beside ``Host``, ``Content-Length`` and ``Accept-Encoding: identity``, which are set here.
        body: Sent as it is.
        using: The policy; that of the process when None.

    Raises:
        AddressRefusedError: If the address may not be asked; trying again does not help.
        DeliveryError: If the other side cannot be reached or does not speak HTTP in time.
    """
    if method not in ("GET", "POST"):
        raise ValueError(f"egress sends GET and POST, not {method}")
    using = using or policy()
    target = read(url, using)
    sock = connect(target, using)
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = _TimedSocket(sock, clock.elapsed() + using.total_seconds)
    try:
        connection.request(
            method,
            target.path,
            body or None,
            {**(headers or {}), "Host": _shown(target), "Accept-Encoding": "identity"},
        )
        answer = connection.getresponse()
        content = answer.read(using.max_answer + 1)
        return Answer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.getheaders()},
            body=content[: using.max_answer],
            cut=len(content) > using.max_answer,
        )
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(f"{target.host} gave no proper answer: {type(error).__name__} {error}".rstrip()) from error
    finally:
        connection.close()
        sock.close()


def _shown(target: Target) -> str:
    """Return the Host header: brackets around IPv6, the port where it is not the scheme's own."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == {"http": 80, "https": 443}[target.scheme] else f"{host}:{target.port}"
